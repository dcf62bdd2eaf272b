"""Strays: what an account holds is left neither to nobody nor to another broker."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from daemon.domain.instants import DAY_NS
from daemon.domain.orders.reconcile import EXTERNAL
from daemon.domain.orders.words import (
    IntentRecorded,
    OrderAccepted,
    OrderParked,
    OrderUpdated,
    OutcomeUnknown,
    State,
)
from daemon.messages import CodeLoaded
from daemon.messages.strays import strays
from daemon.settings import Account
from tests.kit.facts import INTENT, NOW

PAPER = Account(id="paper", broker="paper")
SENT = IntentRecorded(replace(INTENT, account="zed"), NOW)
FILLED = OrderUpdated(INTENT.intent_id, "1", State.FILLED, 75, 75 * INTENT.price_e4, NOW)
LAPSED = OrderUpdated(INTENT.intent_id, "", State.CANCELLED, 0, 0, NOW)
ON_PAPER = CodeLoaded("1", "", "", 1, NOW, modes={"zed": "paper"})
OLD_LIVE = replace(ON_PAPER, modes={"zed": "live"})
AT_ZERODHA = replace(OLD_LIVE, brokers={"zed": "zerodha"})


def at(broker: str) -> list[Account]:
    """Return the accounts of settings that have it there."""
    return [PAPER, Account(id="zed", broker=broker)]


@pytest.mark.parametrize(
    ("begun", "broker", "sentence"),
    [
        (ON_PAPER, "zerodha", "on paper by .* have it at zerodha; put its broker back"),
        (OLD_LIVE, "paper", "at a live broker by .* have it on paper; put its broker back"),
        (AT_ZERODHA, "paper", "at zerodha by .* have it on paper; put its broker back"),
        (AT_ZERODHA, "fyers", "at zerodha by .* have it at fyers; put its broker back"),
    ],
)
def test_an_account_that_holds_something_stays_at_its_broker(begun, broker, sentence):
    (zed,) = strays([begun, SENT, FILLED], at(broker)).items()
    assert zed[0] == "zed"
    assert zed[1].startswith(f"account zed holds {INTENT.symbol} ")
    assert re.search(sentence, zed[1])


@pytest.mark.parametrize(
    ("begun", "broker"),
    [
        ((ON_PAPER,), "paper"),
        ((OLD_LIVE,), "zerodha"),
        ((AT_ZERODHA,), "zerodha"),
        ((ON_PAPER, AT_ZERODHA), "zerodha"),
        ((AT_ZERODHA, replace(ON_PAPER, modes={"other": "paper"})), "zerodha"),
        ((replace(ON_PAPER, modes={}),), "zerodha"),  # a record from before that was told
    ],
)
def test_an_account_where_it_was_traded_last_may_hold_anything(begun, broker):
    assert strays([*begun, SENT, FILLED], at(broker)) == {}


def test_an_account_that_is_flat_may_be_at_another_broker_by_now():
    assert strays([ON_PAPER, SENT, LAPSED], at("zerodha")) == {}


@pytest.mark.parametrize(
    "heard",
    [
        (),
        (OutcomeUnknown(INTENT.intent_id, "", NOW),),
        (OutcomeUnknown(INTENT.intent_id, "", NOW), OrderParked(INTENT.intent_id, NOW)),
        (OrderAccepted(INTENT.intent_id, "1", NOW),),
    ],
)
def test_an_account_whose_order_may_have_filled_neither_leaves_nor_moves(heard):
    what = f"has orders that may have filled ({INTENT.intent_id}, sell 75 {INTENT.symbol})"
    (gone,) = strays([SENT, *heard], [PAPER]).values()
    (moved,) = strays([ON_PAPER, SENT, *heard], at("zerodha")).values()

    assert gone == (
        f"account zed {what} by the records of this state folder, and the settings have no such "
        'account but paper; put [[accounts]] id = "zed" back until that is over, or name another '
        "[daemon] state_dir"
    )
    assert moved.startswith(f"account zed {what} on paper by the records")


@pytest.mark.parametrize("end", [LAPSED, replace(LAPSED, state=State.REJECTED)])
def test_an_order_that_was_proven_to_be_over_keeps_no_account(end):
    assert strays([SENT, end], [PAPER]) == {}


def begun_later(days: int) -> CodeLoaded:
    """A run that began so many days later, without the account."""
    return CodeLoaded("2", "", "", 1, NOW + days * DAY_NS, modes={"paper": "paper"})


@pytest.mark.parametrize("accounts", [[PAPER], at("zerodha")], ids=["gone", "moved"])
@pytest.mark.parametrize("heard", [(), (OrderAccepted(INTENT.intent_id, "1", NOW),)])
def test_an_order_of_an_earlier_day_than_the_newest_keeps_no_account(accounts, heard):
    """No order fills on another day, and its end was for nobody to record."""
    assert strays([ON_PAPER, SENT, *heard, begun_later(0)], accounts) != {}
    assert strays([ON_PAPER, SENT, *heard, begun_later(1)], accounts) == {}
    other = replace(INTENT, intent_id="2", account="paper", decided_ns=NOW + DAY_NS)
    assert strays([ON_PAPER, SENT, *heard, IntentRecorded(other, NOW + DAY_NS)], accounts) == {}


@pytest.mark.parametrize("accounts", [[PAPER], at("zerodha")], ids=["gone", "moved"])
def test_what_has_expired_since_is_held_by_no_account(accounts):
    """The contract trades for the last time four days later."""
    assert strays([ON_PAPER, SENT, FILLED, begun_later(4)], accounts) != {}
    assert strays([ON_PAPER, SENT, FILLED, begun_later(5)], accounts) == {}


@pytest.mark.parametrize("symbol", ["INFY", "MCX:CRUDEOIL26MARFUT"])
def test_what_never_expires_is_held_for_ever(symbol):
    shares = replace(SENT, intent=replace(SENT.intent, symbol=symbol))
    (held,) = strays([ON_PAPER, shares, FILLED, begun_later(400)], [PAPER]).values()
    assert held.startswith(f"account zed holds {symbol} on paper by")


def test_what_a_stranger_has_resting_is_his():
    his = replace(SENT, intent=replace(SENT.intent, strategy_id=EXTERNAL))
    assert strays([his], [PAPER]) == {}
    (held,) = strays([his, FILLED], [PAPER]).values()
    assert held.startswith(f"account zed holds {INTENT.symbol} by")
