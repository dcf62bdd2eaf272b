"""What the engine is told of the settings, in its own words."""

from __future__ import annotations

from daemon.domain.instants import DAY_NS, MILLISECOND_NS, SECOND_NS
from daemon.domain.orders.ladder import Ladder
from daemon.domain.orders.limits import Limits
from daemon.domain.orders.storm import Rate
from daemon.domain.risk.account import AccountLimits
from daemon.domain.risk.words import LockRule
from daemon.runtime.breaker import BreakerPolicy
from daemon.runtime.budget import Window
from daemon.settings.schema import Account, Settings

_EXITS_OF_A_DAY = 10
"""Of so many orders of a day one is kept for exits."""


def limits(settings: Settings, account: Account) -> Limits:
    """Return what no order of an account may exceed."""
    risk = settings.risk
    return Limits(
        max_order_lots=risk.max_order_lots,
        collar_percent_e4=risk.collar_percent_e4,
        collar_least_e4=risk.collar_least_e4,
        linear_collar_percent_e4=risk.linear_collar_percent_e4,
        collar_ticks=risk.collar_ticks,
        max_value_e4=risk.max_order_value_e4,
        max_notional_e4=risk.max_notional_e4,
        max_equity_e4=risk.max_equity_value_e4,
        max_instrument_lots=risk.max_instrument_lots,
        max_strategy_lots=risk.max_strategy_lots,
        max_account_lots=account.max_lots,
        margin_percent_e4=risk.max_margin_percent_e4,
        duplicate_window_ms=risk.duplicate_window_ms,
    )


def ladder(settings: Settings) -> Ladder:
    """Return how exits are priced."""
    risk = settings.risk
    return Ladder(
        risk.ladder_steps_percent_e4, risk.ladder_edge_percent_e4, risk.ladder_interval_ms
    )


def windows(settings: Settings, account: Account) -> tuple[Window, ...]:
    """Return how often an account may call its broker, with what is kept for exits.

    The broker counts orders by its day; within any 24 hours no more leave, cancellations included,
    so that none of its days sees more. What closes or takes back goes on beyond that: whether a day
    has room for it is for the broker to say, and a no of his costs nothing.
    """
    broker, most = settings.brokers[account.broker], account.max_orders_per_day
    return (
        Window(broker.writes_per_second, SECOND_NS, broker.exit_per_second),
        Window(broker.writes_per_minute, 60 * SECOND_NS, broker.exit_per_minute),
        Window(most, DAY_NS, most // _EXITS_OF_A_DAY, binds_exits=False),
    )


def storms(settings: Settings) -> tuple[Rate, Rate]:
    """Return how often a strategy may decide an entry, and be refused for one reason."""
    risk = settings.risk
    return (
        Rate(risk.max_entries, risk.max_entries_minutes * 60 * SECOND_NS),
        Rate(risk.refusal_storm - 1, risk.refusal_storm_ms * MILLISECOND_NS),
    )


def breaker(settings: Settings, broker_id: str) -> BreakerPolicy:
    """Return when entries wait because calls to a broker fail."""
    broker = settings.brokers[broker_id]
    return BreakerPolicy(broker.breaker_failures, broker.breaker_cool_down_ms * MILLISECOND_NS)


def account_limits(account: Account) -> AccountLimits:
    """Return what an account is held to in one day."""
    lock = account.profit_lock
    rule = LockRule(lock.at_e4, lock.lock_e4, lock.every_e4, lock.by_e4) if lock else None
    return AccountLimits(account.max_daily_loss_e4, account.max_daily_profit_e4, rule)
