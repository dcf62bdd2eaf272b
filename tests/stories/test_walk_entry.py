"""The walk of an entry: an iron condor, its hedges first."""

from __future__ import annotations

import pytest

from daemon.domain.orders.words import IntentRecorded, OrderUpdated, Side, State
from daemon.messages import (
    BasketEnded,
    EntryDecided,
    FrameArrived,
    LevelMoved,
    Place,
    PositionChanged,
    SeeRisk,
)
from daemon.runtime.words import Alarm
from tests.kit.trace import Kind
from tests.kit.traced_world import ROUTER, TracedWorld, at
from tests.kit.walk_page import Page, assert_page, chapters, steps_of

TEXT = """\
An iron condor sells a call and a put, and buys one of each further out: the bought ones cost a part
of the premium and cap the loss. Whoever sends all four at once may for a moment hold two naked
shorts. This walk follows the four legs from the frame that opens the window to the stop that guards
the last of them, in less than two tenths of a second of market time."""
DECIDED = """\
At half past nine the strategy looks for its strikes in the chain that it has seen so far. What it
decides is recorded with the quotes that the decision rests on; from then on the entry is the
router's business alone."""
HEDGES = """\
The gate has looked at both purchases. Their intents are durable, in one piece with the basket,
before a single request leaves: whatever happens now, a restart knows which orders there may be. The
two sales are not sent yet."""
SHORTS = """\
A filled hedge is the ticket for the sales. With each fill the watchdog is told what is held now and
arms a stop at once, not when the basket is complete: the first sold leg is guarded while the second
is still on its way."""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The first minute of a condor."""
    world = TracedWorld(tmp_path_factory.mktemp("entry"), "nifty-iron-condor")
    world.run_until(at("09:30:01"))
    yield world
    world.close()


def test_no_order_leaves_before_its_intent_is_durable(world):
    """For each of the four, the ledger comes before the door."""
    durable = {fact.intent.intent_id: e for e, fact in world.trace.recorded(IntentRecorded)}
    asked = world.trace.asked(Place)
    assert len(asked) == len(durable) == 4
    for place in asked:
        assert durable[place.about.approved.intent.intent_id].place < place.place


def test_the_hedges_are_filled_before_anything_is_sold(world):
    """The first sale is sent by the very message that filled the second hedge."""
    asked = world.trace.asked(Place)
    sides = [place.about.approved.intent.side for place in asked]
    assert sides == [Side.BUY, Side.BUY, Side.SELL, Side.SELL]
    filled = [e for e in world.trace.told(OrderUpdated) if e.about.state is State.FILLED]
    bought = {place.about.approved.intent.intent_id for place in asked[:2]}
    assert {event.about.intent_id for event in filled[:2]} == bought
    assert asked[2].cause is asked[3].cause is filled[1]


def test_each_sold_leg_has_its_stop_from_its_first_fill_on(world):
    """The watchdog arms it on hearing of the fill, before the next leg is filled."""
    armed = {fact.leg_id: event for event, fact in world.trace.recorded(LevelMoved) if fact.to_e4}
    held = {event.about.leg_id: event for event in world.trace.told(PositionChanged)}
    assert list(armed) == ["short_ce", "short_pe"]
    for leg_id, event in armed.items():
        assert event.cause is held[leg_id]
        assert event.at_ns == held[leg_id].about.at_ns
    assert armed["short_ce"].place < held["short_pe"].place


def test_the_entry_ends_complete_with_every_leg_guarded(world):
    """The hedges too, though nobody has quoted these far strikes for seconds."""
    ((_, ended),) = world.trace.recorded(BasketEnded)
    assert ended.complete
    (watch,) = world.ask("watchdog", SeeRisk()).watches
    assert [leg.quantity for leg in watch.legs] == [65, 65, -65, -65]
    assert all(leg.unguarded_because == () for leg in watch.legs)


def test_the_causes_of_the_trace_are_those_that_the_ledger_has(world):
    """Each number that the driver gave stands for one message, and so does each cause."""
    numbers: dict[int, object] = {}
    alarms = {id(a.message) for e in world.trace.events for a in e.effects if isinstance(a, Alarm)}
    recorded = [event for event in world.trace.events if event.kind is Kind.RECORDED]
    assert len(recorded) == 22
    for event in recorded:
        step = event.cause
        assert numbers.setdefault(event.origin.message, step) is step
        brought = step.cause
        while brought is not None and brought.kind is not Kind.TOLD:
            brought = brought.cause
        if brought is None or id(step.about) in alarms:
            assert event.origin.cause == 0
        else:
            assert numbers.setdefault(event.origin.cause, brought) is brought


def test_the_page_of_the_entry_tells_what_happened(world):
    ((decided, _),) = world.trace.recorded(EntryDecided)
    root = decided.cause.cause
    assert isinstance(root.about, FrameArrived)
    steps = steps_of([e for e in world.trace.events if e.at_ns < at("09:30:01")], root)
    begun = next(step for step in steps if step.who == ROUTER)
    hedged = world.trace.asked(Place)[2].cause
    assert_page(
        Page(
            "entry",
            "An entry of four legs",
            TEXT,
            chapters(
                steps,
                ("The decision", DECIDED, root),
                ("The hedges leave", HEDGES, begun),
                ("The hedges are filled, the sales follow", SHORTS, hedged),
            ),
        )
    )
