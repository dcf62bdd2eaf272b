"""Accounts: by which names their actors are reached, and where the records began."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from daemon.app import accounts_of
from daemon.app.at_brokers.accounts import (
    account_of,
    home,
    logins,
    prices_of,
    traded_in,
    watchdog_of,
)
from daemon.domain.orders.words import IntentRecorded, OrderUpdated, State
from daemon.errors import SettingsError
from daemon.messages import CodeLoaded
from daemon.messages.cells import Cell
from daemon.settings import Account, Broker, Feed, Settings
from tests.kit.facts import INTENT, NOW
from tests.kit.plans import plan
from tests.kit.several import settings

THREE = accounts_of(settings(beta=2), strict=False)
SENT = IntentRecorded(replace(INTENT, account="old"), NOW)
FILLED = OrderUpdated(INTENT.intent_id, "1", State.FILLED, 75, 75 * INTENT.price_e4, NOW)


def test_every_account_has_actors_of_its_own():
    assert [each.router for each in THREE] == ["router:alpha", "router:beta", "router:gamma"]
    assert [each.lots_multiplier for each in THREE] == [1, 2, 1]
    assert watchdog_of(Cell("alpha")) == "watchdog"
    assert watchdog_of(Cell("beta", "beta")) == "watchdog:beta"


def test_a_strategy_trades_in_every_account_that_it_names():
    assert [a.id for a in traded_in(plan(head='accounts = ["gamma", "alpha"]'), THREE)] == [
        *("gamma", "alpha")
    ]


def test_a_backtest_trades_on_paper_whatever_the_account_s_broker_is():
    live = Settings(
        accounts=(Account(id="zed", broker="zerodha"),), brokers={"zerodha": Broker(timeout_ms=900)}
    )
    found = account_of(live, plan(), strict=False)
    assert accounts_of(live, strict=False)[0].terms.live
    assert (found.id, found.broker, found.terms.live) == ("zed", "paper", False)
    assert found.timeout_ms == 900


def test_prices_may_come_through_an_account_that_logs_in_and_never_trades():
    shadow = Settings(feed=replace(Feed(), kind="broker", broker="zerodha"))
    found = prices_of(shadow)
    assert found is not None
    assert (found.id, found.broker, found.terms.broker) == ("prices", "zerodha", "zerodha:prices")
    assert (logins(shadow), prices_of(Settings())) == (
        (("paper", "paper"), ("prices", "zerodha")),
        None,
    )


def test_a_new_record_is_at_home_in_the_first_account_and_an_old_one_where_it_began():
    assert home([], THREE) == "alpha"
    assert home([replace(SENT, intent=replace(INTENT, account="beta"))], THREE) == "beta"


def test_an_account_that_left_the_settings_while_it_holds_something_is_refused():
    """Nobody would guard what it holds."""
    with pytest.raises(
        SettingsError, match=r"account old holds NIFTY.*put \[\[accounts\]\] id"
    ) as no:
        home([SENT, FILLED], THREE)
    assert no.value.code == "unknown_account"


def test_an_account_that_is_at_another_broker_while_it_holds_something_is_refused():
    """What was held on paper would be traded with money."""
    begun = CodeLoaded("1", "", "", 1, NOW, modes={"old": "paper"})
    zed = replace(THREE[0], terms=replace(THREE[0].terms, account="old", broker="zerodha:old"))
    with pytest.raises(SettingsError, match="put its broker back") as no:
        home([begun, SENT, FILLED], [zed])
    assert no.value.code == "bad_settings"


def test_what_an_account_that_is_there_holds_keeps_nobody_from_a_start():
    ours = replace(SENT, intent=replace(INTENT, account="beta"))
    assert home([ours, FILLED], THREE) == "beta"


def test_an_account_that_left_the_settings_flat_is_no_matter():
    assert home([SENT, replace(FILLED, state=State.REJECTED, filled_quantity=0)], THREE) == "old"
