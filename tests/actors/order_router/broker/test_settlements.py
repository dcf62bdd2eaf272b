"""What the exchange closes by itself."""

from datetime import date

import pytest
from msgspec.structs import replace

from daemon.domain.instants import DAY_NS
from daemon.domain.market.notes import NoteKind
from daemon.domain.orders.words import IntentRecorded, OrderUpdated, Pocket, Product, Side, State
from daemon.messages import (
    Basis,
    DayOpened,
    LegExpired,
    Noted,
    PositionChanged,
    Settled,
)
from daemon.runtime.words import Call
from tests.kit.router import (
    CLOSES,
    OPENED,
    SYMBOLS,
    S,
    Stage,
    carried,
    enter,
    leave,
    leg,
    without_wakes,
)

CE = SYMBOLS["ce"]


def test_a_settlement_closes_every_leg_that_holds_the_contract():
    """At its price, without an order: no request leaves."""
    stage = Stage().entered("ce")
    stage.tell(enter(leg("ce", 2), strategy_id="other", basket_id="o"))
    stage.run()
    effects = stage.router.handle(Settled(CE, 225, 12_0000, CLOSES), CLOSES)
    assert [type(fact) for fact in effects[0].facts] == 2 * [
        IntentRecorded,
        OrderUpdated,
        PositionChanged,
    ]
    assert not any(isinstance(each, Call) for each in effects[0].then)
    bought = [(f.strategy_id, f.bought_quantity, f.bought_value_e4) for f in effects[0].facts[2::3]]
    assert bought == [("s", 75, 900_0000), ("other", 150, 1800_0000)]


def test_a_long_is_settled_by_a_sale():
    """A worthless option is sold for nothing."""
    stage = Stage().entered("hc")
    assert stage.tell(Settled(SYMBOLS["hc"], 75, 0, CLOSES)) == [
        "intend 2 sell hc 75 @0.00",
        "hc +0",
    ]


def test_a_settlement_ends_an_exit_that_was_still_owed():
    """Nothing is left to leave, once the exit that rests is gone."""
    stage = Stage(["fill", "work"], ["done"]).entered("ce")
    stage.tell(leave("ce"))
    stage.run(0.5)
    assert without_wakes(stage.tell(Settled(CE, 75, 0, CLOSES))) == [
        "intend 3 buy ce 75 @0.00",
        "ce +0",
        "cancel 2",
    ]
    assert "flat ce" in stage.run(0.1)


def test_a_settlement_of_what_we_do_not_hold_is_told():
    """The two books differ; a person must look."""
    stage = Stage().entered("ce")
    stage.tell(Settled(CE, 150, 0, CLOSES))
    stage.tell(Settled(CE, 75, 0, CLOSES))
    assert [fact.text for fact in stage.told(Noted)] == [
        f"150 {CE} were settled, and -75 were held",
        f"75 {CE} were settled, and +0 were held",
    ]


def test_a_settlement_is_found_after_a_restart():
    """It stands in the book as an intent that was filled at once."""
    stage = Stage().entered("ce")
    stage.tell(Settled(CE, 75, 0, CLOSES))
    stage.build()
    assert stage.router._desk.book.net(CE) == 0
    assert {order.state for order in stage.book().children(f"settlement:{CE}")} == {State.FILLED}


def test_a_long_and_a_short_that_cancel_out_are_both_settled():
    """The account holds nothing net, so nothing is settled, and yet each leg is over."""
    stage = Stage().entered("ce")
    other = replace(leg("ce"), side=Side.BUY)
    stage.entered(other, strategy_id="other", basket_id="o")
    assert without_wakes(stage.tell(Settled(CE, 0, 12_0000, CLOSES))) == [
        "intend 3 buy ce 75 @12.00",
        "ce +0",
        "intend 4 sell ce 75 @12.00",
        "ce +0",
    ]


def test_a_settlement_at_an_old_price_is_told_once():
    """For all contracts of one underlying, and only where something of it is held."""
    stage = Stage().entered("ce", "pe")
    for symbol in (SYMBOLS["hc"], CE, SYMBOLS["pe"]):
        held = 0 if symbol == SYMBOLS["hc"] else 75
        stage.tell(Settled(symbol, held, 0, CLOSES, aged_ns=1_800 * S, basis=Basis.LAST))
    assert [(fact.kind, fact.text) for fact in stage.told(Noted)] == [
        (NoteKind.STALE, "NIFTY is settled at its last price, 30 minutes before its close")
    ]


@pytest.mark.parametrize(
    ("basis", "aged_ns", "kind", "text"),
    [
        (
            Basis.FORWARD,
            0,
            NoteKind.BASIS,
            "the forward that its options imply: it has no price of its own at its close",
        ),
        (
            Basis.FORWARD,
            1_800 * S,
            NoteKind.STALE,
            "the forward that its options imply, 30 minutes before its close",
        ),
        (
            Basis.MEAN,
            0,
            NoteKind.BASIS,
            "the mean of its last half hour: its closing value was not recorded",
        ),
        (Basis.LAST, 0, NoteKind.BASIS, "its last price: its closing value was not recorded"),
    ],
)
def test_a_settlement_at_anything_but_the_closing_value_is_told_once(basis, aged_ns, kind, text):
    """A price that nobody quoted at the close is never taken without a word."""
    stage = Stage().entered("ce", "pe")
    for symbol in (CE, SYMBOLS["pe"]):
        stage.tell(Settled(symbol, 75, 0, CLOSES, aged_ns=aged_ns, basis=basis))
    assert [(fact.kind, fact.text) for fact in stage.told(Noted)] == [
        (kind, f"NIFTY is settled at {text}")
    ]


AFTER = DayOpened(date(2025, 9, 3), (), CLOSES + 2 * DAY_NS)


def test_what_expired_unsettled_is_written_off_on_the_next_day():
    """No request leaves, no fill is told, and the leg can be entered again."""
    stage = Stage().entered("ce")
    assert without_wakes(stage.tell(AFTER, AFTER.at_ns)) == [
        "intend 2 buy ce 75 @0.00",
        "ce expired",
        f"note {CE} expired on 2025-09-02; its settlement value is unknown",
    ]
    assert not stage.tell(AFTER, AFTER.at_ns)
    assert ("s", "ce") not in stage.router._desk.entered


def test_what_has_not_expired_is_not_written_off():
    """Not on the day of its expiry, for it still trades."""
    stage = Stage().entered("ce")
    expiry = DayOpened(date(2025, 9, 2), OPENED.sessions, CLOSES + DAY_NS)
    stage.tell(expiry, expiry.at_ns)
    assert stage.book().net(CE) == -75


def test_an_exit_that_is_owed_of_what_expired_is_finished():
    """There is nothing to leave any more."""
    stage = Stage(["fill", "work"], ["done"]).entered("ce")
    stage.tell(leave("ce"))
    stage.run(0.2)
    stage.tell(AFTER, AFTER.at_ns)
    stage.run(1)
    assert len(stage.told(LegExpired)) == 1


def test_a_written_off_leg_is_found_so_after_a_restart():
    """And is written off by it, where the day had begun and nobody had done so."""
    stage = Stage().entered("ce")
    stage.facts.append(AFTER)
    stage.now_ns = AFTER.at_ns
    stage.build()
    assert (stage.book().net(CE), len(stage.told(LegExpired))) == (0, 1)
    stage.build()
    assert len(stage.told(LegExpired)) == 1
    assert ("s", "ce") not in stage.router._desk.entered


def test_each_product_of_a_contract_is_settled_by_itself():
    stage = Stage().entered("ce")
    stage.entered(carried("ce"), strategy_id="other", basket_id="o")
    stage.tell(Settled(CE, 75, 0, CLOSES, product=Product.CARRY))
    assert stage.book().position("other", "ce").net_quantity == 0
    assert stage.book().position("s", "ce").net_quantity == -75
    assert stage.intents()[-1].pocket == Pocket(CE, Product.CARRY)
    assert stage.told(Noted) == []
