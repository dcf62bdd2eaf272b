"""What the exchange closes by itself."""

from daemon.domain.orders.words import IntentRecorded, OrderUpdated, State
from daemon.messages import Noted, PositionChanged, Settled
from daemon.runtime.words import Call
from tests.kit.router import CLOSES, SYMBOLS, Stage, enter, leave, leg, without_wakes

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
