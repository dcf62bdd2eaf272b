"""The walk of a restart: the power goes after an order has left, before its answer is heard."""

from __future__ import annotations

import pytest

from daemon.domain.orders.words import OrderUpdated
from daemon.domain.risk.moves import LevelMoved
from daemon.messages import (
    AccountRead,
    Ask,
    EpochBegan,
    ExitDecided,
    ExitFinished,
    FrameArrived,
    Place,
    SeeAccount,
    SeeRisk,
)
from daemon.runtime.words import Started
from tests.kit.trace import Kind, WorldFell
from tests.kit.traced_world import ROUTER, TracedWorld, at
from tests.kit.walk_page import Page, assert_page, chapters, steps_of

TEXT = """\
There is one worst moment to lose power: the order is out, and the answer is not in. Who sends it
again may hold it twice; who forgets it may hold it unguarded. In this walk a sold straddle is
stopped out of its call, the request reaches the exchange and is filled, and nobody is there to hear
of it. Then the daemon starts again, from its ledger and from nothing else."""
FALLEN = """\
The floor under the profit was locked four minutes ago. Now the call passes its stop: the exit is
owed, its order is durable, the request leaves. The exchange takes it and fills it. The lights go
out."""
BUILT = """\
Every actor is built from the facts in the ledger, by the same path as on any other day. The router
knows that it wanted an order and has no answer to it: what became of it is unknown, and that is
recorded. It does not send it again: it asks for the broker's whole book. The session is opened
anew, under the next generation."""
RECONCILED = """\
The book of the broker knows the order, and that it was filled. This is evidence like any other, so
our own book takes it in, the position is flat, and the obligation from before the crash is met.
There was one order, and one fill."""
GUARDED = """\
Levels need no market: the stop of the put and the locked floor stand where they stood. But a
position is guarded only while somebody looks at a price, and that is said openly until the first
frame has come. With it, the put is guarded again."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("restart")


@pytest.fixture(scope="module")
def fallen(folder):
    """The world up to the moment at which the exchange has answered, and nobody hears it."""
    world = TracedWorld(folder, "nifty-short-straddle")
    world.run_until(at("09:39:07"))
    world.falls = lambda request: isinstance(request, Place)
    with pytest.raises(WorldFell):
        world.run_until(at("09:39:08"))
    sentence = "goes, after the exchange has answered and before anybody has heard it"
    world.trace.happened(("power", ""), sentence, world.now_ns)
    world.close()
    return world


@pytest.fixture(scope="module")
def risen(folder, fallen):
    """The same folder, entered again, with a person who asks before and after the first frame."""
    world = TracedWorld(folder, "nifty-short-straddle")
    world.ask("watchdog", SeeRisk())
    world.run_until(at("09:39:09"))
    world.ask("watchdog", SeeRisk())
    world.run_until(at("09:39:20"))
    yield world
    world.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The same minutes with the power on."""
    world = TracedWorld(tmp_path_factory.mktemp("whole"), "nifty-short-straddle")
    world.run_until(at("09:39:20"))
    yield world
    world.close()


def seen(world) -> list:
    """What the watchdog has answered, in order."""
    asked = [e for e in world.trace.told(Ask, who="watchdog") if isinstance(e.about.about, SeeRisk)]
    return [event.effects[0].view.answer for event in asked]


def test_the_order_in_doubt_is_not_sent_again_and_its_fill_is_found(risen):
    """The broker's book tells of it on the first reading; three orders were sent, as wanted."""
    assert risen.trace.asked(Place) == []
    read = risen.trace.told(AccountRead)[0]
    ((found, updated),) = risen.trace.recorded(OrderUpdated)
    ((finished, _),) = risen.trace.recorded(ExitFinished)
    assert found is finished
    assert found.cause is read
    assert updated.filled_quantity == 65
    assert len(risen.exchange.trades()) == 3
    assert risen.ask(ROUTER, SeeAccount()).reconciled


def test_levels_are_those_from_before_the_crash(fallen, risen):
    """No level moves at the start, and each stands where the ledger left it."""
    watch = seen(risen)[0].watches[0]
    moved = {fact.leg_id: fact.to_e4 for _, fact in fallen.trace.recorded(LevelMoved)}
    assert moved == {"ce": 167_6350, "pe": 157_4950, "": 750_0000}
    assert {leg.leg_id: leg.stop_e4 for leg in watch.legs} | {"": watch.current_sl_e4} == moved
    assert risen.trace.recorded(LevelMoved) == []


def test_the_first_frame_after_the_start_guards_what_is_held(risen):
    before, after = (answer.watches[0].legs[1] for answer in seen(risen)[:2])
    assert before.quantity == after.quantity == -65
    assert before.unguarded_because
    assert after.unguarded_because == ()


def test_afterwards_all_is_as_if_the_power_had_stayed(risen, whole):
    """Profit, levels, positions at the exchange, and what was decided."""
    assert risen.ask("watchdog", SeeRisk()) == whole.ask("watchdog", SeeRisk())
    assert risen.exchange.positions() == whole.exchange.positions()
    assert risen.facts(ExitDecided, LevelMoved) == whole.facts(ExitDecided, LevelMoved)
    assert [fact.epoch for fact in risen.facts(EpochBegan)] == [1, 2]


def test_the_page_of_the_restart_tells_what_happened(fallen, risen):
    ((decided, _),) = fallen.trace.recorded(ExitDecided)
    power = fallen.trace.events[-1]
    before = steps_of(fallen.trace.events, decided.cause.cause, power)
    events = [event for event in risen.trace.events if event.at_ns <= at("09:39:09")]
    roots = [event for event in events if event.cause is None and is_root(event)]
    after = steps_of(events, *roots)
    read = risen.trace.told(AccountRead)[0]
    looks = next(step for step in after if isinstance(step.about, Ask))
    assert_page(
        Page(
            "restart",
            "A crash, and the start after it",
            TEXT,
            chapters(
                [*before, *after],
                ("The power goes", FALLEN, before[0]),
                ("Built again", BUILT, after[0]),
                ("The two books are held against each other", RECONCILED, read),
                ("Guarded again", GUARDED, looks),
            ),
        )
    )


def is_root(event) -> bool:
    """The start, the frames, and what a person asks."""
    return event.kind is Kind.HAPPENED or isinstance(event.about, Started | FrameArrived | Ask)
