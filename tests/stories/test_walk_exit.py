"""The walk of an exit: a stop is hit, the first order is refused, the second one fills."""

from __future__ import annotations

import pytest

from daemon.domain.orders.refusals import ANSWERS, Answer
from daemon.domain.orders.words import IntentRecorded, OrderRefused, Purpose, Refusal
from daemon.domain.risk.words import ExitReason
from daemon.messages import (
    ExitDecided,
    ExitFinished,
    ExitOverdue,
    ExitOwed,
    FindOrder,
    Noted,
    Place,
)
from daemon.twin.faults import Call, Fault, FaultKind
from daemon.twin.words import Reason
from tests.kit.traced_world import TracedWorld, at
from tests.kit.walk_page import Page, assert_page, chapters, steps_of

TEXT = """\
A stop is a promise to somebody who is not looking. The easy half of it is to notice that the price
has passed; the hard half is to get out when the first order is refused. In this walk the exchange
is made to refuse the first order of an exit, as exchanges do when a price lies outside the band
that they allow just now."""
DECIDED = """\
One frame shows the call of a sold straddle above its stop. The watchdog decides, and says so on the
control lane, ahead of everything else that waits. For the router this is not a request but an
obligation: `ExitOwed` is durable together with the first order, and only the broker's evidence of a
flat position ends it."""
REFUSED = """\
A refusal is looked up in a table: each kind has one answer. BAND means back to the touch of now,
inside the band that we know ourselves, once a second has passed; what lies as far out is not asked
again for half a minute unless the touch is there. The old order is closed by the broker's own word,
so a new one under a new id may follow; nothing is ever sent twice under one id."""
FILLED = """\
The new order rests until a frame brings an offer that it can take. The fill moves the position, the
position is flat, and in the same breath the obligation is met."""
LATER = """\
A broker has been known to say no and to fill all the same. So the refused order is asked about once
more, after everybody has forgotten it. Here its book has never heard of it."""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A straddle whose first exit, the third order of the day, is refused."""
    refused = Fault(Call.PLACE, FaultKind.REFUSE, number=3, reason=Reason.BAND)
    world = TracedWorld(tmp_path_factory.mktemp("exit"), "nifty-short-straddle", refused)
    world.run_until(at("09:39:20"))
    yield world
    world.close()


def exits(world) -> list:
    """The intents of exits, each with the event that made it durable."""
    found = world.trace.recorded(IntentRecorded)
    return [(e, f.intent) for e, f in found if f.intent.purpose is Purpose.EXIT]


def test_the_exit_is_owed_and_durable_before_its_order_leaves(world):
    ((decided, why),) = world.trace.recorded(ExitDecided)
    ((owed, _),) = world.trace.recorded(ExitOwed)
    place = world.trace.asked(Place)[2]
    assert why.reason is ExitReason.STOP
    assert decided.place < owed.place < place.place
    assert owed is exits(world)[0][0]


def test_the_refusal_is_answered_by_the_table_with_a_new_order_at_the_touch_of_now(world):
    """Another id, not before the refusal was heard; the market has gone on meanwhile."""
    (refused,) = world.trace.told(OrderRefused)
    (first, second) = exits(world)
    assert refused.about.kind is Refusal.BAND
    assert ANSWERS[Refusal.BAND] is Answer.REPRICE
    (noted,) = [fact for _, fact in world.trace.recorded(Noted) if Answer.REPRICE in fact.text]
    assert noted.at_ns == refused.at_ns
    assert refused.about.intent_id == first[1].intent_id != second[1].intent_id
    assert refused.place < second[0].place
    assert second[1].price_e4 > first[1].price_e4


def test_the_obligation_ends_with_the_fill_and_nobody_is_paged(world):
    ((_, finished),) = world.trace.recorded(ExitFinished)
    assert finished.leg_ids == ("ce",)
    net = {each.symbol[-2:]: each.net_quantity for each in world.exchange.positions()}
    assert net == {"CE": 0, "PE": -65}
    assert world.trace.recorded(ExitOverdue) == []


def test_the_page_of_the_exit_tells_what_happened(world):
    events = world.trace.events
    ((decided, _),) = world.trace.recorded(ExitDecided)
    root = decided.cause.cause
    steps = steps_of(events, root)
    (refused,) = world.trace.told(OrderRefused)
    filled = next(step for step in steps if step.who == "exchange")
    asked_again = next(step for step in steps if isinstance(step.about, FindOrder)).cause
    assert_page(
        Page(
            "exit",
            "An exit that is refused",
            TEXT,
            chapters(
                steps,
                ("A stop is hit", DECIDED, root),
                ("The answer is no", REFUSED, refused),
                ("The second order fills", FILLED, filled),
                ("Asked once more", LATER, asked_again),
            ),
        )
    )
