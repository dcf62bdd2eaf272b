from __future__ import annotations

from daemon.domain.money import e4
from daemon.domain.orders.ladder import Ladder
from daemon.domain.orders.limits import Limits
from daemon.domain.orders.storm import REFUSALS, REPEATS, Rate
from daemon.domain.risk.account import AccountLimits
from daemon.domain.risk.words import LockRule
from daemon.runtime.breaker import BreakerPolicy
from daemon.runtime.budget import Window
from daemon.settings import (
    Settings,
    account_limits,
    breaker,
    ladder,
    limits,
    storms,
    windows,
)
from tests.kit.settings_file import loaded

SECOND_NS = 1_000_000_000


def test_the_presets_are_those_of_the_engine():
    settings = Settings()

    assert limits(settings, settings.accounts[0]) == Limits()
    assert ladder(settings) == Ladder()
    assert storms(settings) == (REPEATS, REFUSALS)
    assert breaker(settings, "paper") == BreakerPolicy()
    assert account_limits(settings.accounts[0]) == AccountLimits()
    assert windows(settings, settings.accounts[0]) == (
        Window(8, SECOND_NS, 3),
        Window(300, 60 * SECOND_NS, 60),
        Window(5_000, 86_400 * SECOND_NS, 500, binds_exits=False),
    )


def test_limits_are_the_owners():
    settings = loaded(
        """\
[[accounts]]
id = "a"
broker = "paper"
max_lots = 12
[risk]
max_order_lots = 1
max_instrument_lots = 2
max_strategy_lots = 3
max_order_value = 4
max_notional = 5
max_equity_value = 6
duplicate_window_ms = 700
collar_percent = 8
collar_least = 9
max_margin_percent = 80
linear_collar_percent = 10
collar_ticks = 11
"""
    )

    assert limits(settings, settings.accounts[0]) == Limits(
        max_order_lots=1,
        max_instrument_lots=2,
        max_strategy_lots=3,
        max_value_e4=e4(4),
        max_notional_e4=e4(5),
        max_equity_e4=e4(6),
        duplicate_window_ms=700,
        collar_percent_e4=e4(8),
        collar_least_e4=e4(9),
        margin_percent_e4=e4(80),
        linear_collar_percent_e4=e4(10),
        collar_ticks=11,
        max_account_lots=12,
    )


def test_exits_are_priced_as_written():
    settings = loaded(
        "[risk]\nladder_steps_percent = [1, 2.5]\nladder_edge_percent = 3\nladder_interval_ms = 400"
    )

    assert ladder(settings) == Ladder((10_000, 25_000), 30_000, 400)


def test_an_account_is_held_to_its_day():
    settings = loaded(
        """\
[[accounts]]
id = "a"
broker = "paper"
max_daily_loss = 20_000
max_daily_profit = 50_000
profit_lock = { at = 10_000, lock = 5_000, every = 2_000, by = 1_000 }
"""
    )

    assert account_limits(settings.accounts[0]) == AccountLimits(
        e4(20_000), e4(50_000), LockRule(e4(10_000), e4(5_000), e4(2_000), e4(1_000))
    )


def test_a_broker_is_called_as_written():
    settings = loaded(
        """\
[brokers.paper]
writes_per_second = 5
writes_per_minute = 50
exit_per_second = 2
exit_per_minute = 20

[[accounts]]
id = "paper"
broker = "paper"
max_orders_per_day = 200
"""
    )

    assert windows(settings, settings.accounts[0]) == (
        Window(5, SECOND_NS, 2),
        Window(50, 60 * SECOND_NS, 20),
        Window(200, 86_400 * SECOND_NS, 20, binds_exits=False),
    )


def test_storms_are_the_owners_figures():
    """A storm of three is two that may be."""
    given = loaded(
        "[risk]\nmax_entries = 4\nmax_entries_minutes = 5\n"
        "refusal_storm = 7\nrefusal_storm_ms = 800\n"
        "[brokers.paper]\nbreaker_failures = 2\nbreaker_cool_down_ms = 900\n",
    )
    assert storms(given) == (Rate(4, 300 * 10**9), Rate(6, 800 * 10**6))
    assert breaker(given, "paper") == BreakerPolicy(2, 900 * 10**6)
