"""The walk of a kill: from a file on disk to an account that is proven flat."""

from __future__ import annotations

import pytest

from daemon import kill
from daemon.actors.order_router.known.alarms import LookUpDue
from daemon.domain.market.frames import Frame
from daemon.domain.orders.words import IntentRecorded, OrderType, OrderUpdated, Purpose, Side, State
from daemon.messages import (
    AccountRead,
    Cancel,
    Declined,
    KillStaged,
    OrderAsked,
    Place,
    PlaceByHand,
    PullLatch,
    SeeAccount,
    Stage,
)
from tests.kit.traced_world import DAY, ROUTER, TracedWorld, at
from tests.kit.walk_page import Page, assert_page, chapters, steps_of

TEXT = """\
A kill must work when everything else does not. So it begins with a file, written by a few lines
that use nothing but the standard library, and the daemon is told afterwards. In this walk a person
types `ordo kill` while an iron condor of four legs is open and an order by hand rests in the book,
and the command finds no daemon to talk to: it leaves the file, and the daemon finds it within a
second."""
LATCHED = """\
Once the file is durable no entry passes the door any more, whoever sends it and whatever else
happens, a restart included. Only a person takes it away again."""
CANCELLING = """\
The router records the latch and the first stage of the kill, owes an exit of all four legs, and
takes back the order that could still open something, all in one decision. The two sold legs are
bought back first: were there too few slots in the message budget, the cancellation would wait for
them, and the sale of the hedges for the cancellation."""
CLOSING = """\
The resting order is gone by the broker's own word, and the stage is CLOSING. As soon as both shorts
are bought back the two hedges are sold."""
VERIFYING = """\
Our book says flat. That is not proof enough: a request may still be on its way, a fill may not have
been told. So the whole book of the broker is read, again and again, until readings that lie further
apart than a request can be late all show that nothing is held and nothing rests."""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A condor that is open, an order by hand that rests, and a latch that somebody leaves."""
    world = TracedWorld(tmp_path_factory.mktemp("kill"), "nifty-iron-condor")
    world.run_until(at("09:31:00"))
    world.ask(ROUTER, PlaceByHand(by_hand(world, "first")))
    world.run_until(at("09:31:05"))
    latch = kill.Latch("kill-1", kill.KILL, kill.ALL, "", "enough for today", "a person", 0)
    world.latch_without_the_daemon(latch)
    world.run_until(at("09:31:20"))
    yield world
    world.close()


def by_hand(world, request_id: str) -> OrderAsked:
    """A purchase of a put, too cheap to be filled."""
    symbol = f"NIFTY-{DAY.replace(day=10)}-22800-PE"
    return OrderAsked(
        request_id=request_id,
        account="paper",
        symbol=symbol,
        side=Side.BUY,
        quantity=65,
        order_type=OrderType.LIMIT,
        price_e4=40_0000,
        trigger_e4=0,
        tag="",
        by="a person",
        at_ns=world.now_ns,
    )


def stages(world) -> list:
    """Each stage, with the event that made it durable."""
    return world.trace.recorded(KillStaged)


def test_the_latch_is_on_disk_before_the_router_hears_of_it(world):
    (written,) = (event for event in world.trace.events if event.who == "kill")
    (pulled,) = world.trace.told(PullLatch)
    assert written.place < pulled.place
    assert pulled.cause.cause is written
    assert [latch.latch_id for latch in kill.standing(world.folder)] == ["kill-1"]


def test_the_kill_goes_through_its_stages_to_flat_within_five_seconds(world):
    told = [staged for _, staged in stages(world)]
    assert [each.stage for each in told] == [
        Stage.CANCELLING,
        Stage.CLOSING,
        Stage.VERIFYING,
        Stage.FLAT,
    ]
    assert told[-1].at_ns - told[0].at_ns <= 5_000_000_000
    assert [each.left for each in told[1:]][-1] == ()


def test_what_rests_is_cancelled_and_the_shorts_are_bought_back_before_the_longs_are_sold(world):
    (pulled,) = world.trace.told(PullLatch)
    (cancelled,) = world.trace.asked(Cancel)
    exits = [
        place for place in world.trace.asked(Place) if intent_of(place).purpose is Purpose.EXIT
    ]
    assert cancelled.cause is pulled
    assert [intent_of(place).side for place in exits] == [
        *(Side.BUY, Side.BUY),
        *(Side.SELL, Side.SELL),
    ]
    bought = {intent_of(place).intent_id for place in exits[:2]}
    filled = [e for e in world.trace.told(OrderUpdated) if e.about.state is State.FILLED]
    closing = [event for event in filled if event.about.intent_id in bought]
    assert exits[2].cause is exits[3].cause is closing[-1]


def test_flat_is_said_after_two_equal_readings_of_the_brokers_book(world):
    """Not before the second, and by it."""
    verifying, flat = stages(world)[-2:]
    read = [e for e in world.trace.told(AccountRead) if verifying[0].place < e.place]
    assert len([event for event in read if event.place < flat[0].place]) >= 2
    assert isinstance(flat[0].cause.about, AccountRead)
    assert all(position.net_quantity == 0 for position in world.exchange.positions())


def test_it_stays_latched_when_all_is_flat(world):
    """A later order by hand is refused by name, and nothing is sent."""
    sent = len(world.trace.recorded(IntentRecorded))
    answer = world.ask(ROUTER, PlaceByHand(by_hand(world, "second")))
    assert isinstance(answer, Declined)
    assert "enough for today" in answer.sentence
    assert len(world.trace.recorded(IntentRecorded)) == sent
    assert [each.latch_id for each in world.ask(ROUTER, SeeAccount()).latches] == ["kill-1"]


def test_the_page_of_the_kill_tells_what_happened(world):
    (written,) = (event for event in world.trace.events if event.who == "kill")
    steps = steps_of(
        world.trace.events,
        written,
        also=lambda event: hurried(event, written.place),
        but=(LookUpDue,),
    )
    _, (closing, _), (verifying, _), _ = stages(world)
    (pulled,) = world.trace.told(PullLatch)
    assert_page(
        Page(
            "kill",
            "A kill",
            TEXT,
            chapters(
                steps,
                ("The latch", LATCHED, written),
                ("Cancelling", CANCELLING, pulled),
                ("Closing", CLOSING, closing.cause),
                ("Verifying", VERIFYING, verifying.cause),
            ),
        )
    )


def hurried(event, since: int) -> bool:
    """A frame on which the router went on with the kill."""
    is_frame = event.who == ROUTER and isinstance(event.about, Frame)
    return is_frame and event.place > since and bool(event.effects)


def intent_of(place):
    """The intent that a door was asked to let through."""
    return place.about.approved.intent
