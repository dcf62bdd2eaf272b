"""A loop that stood still: what is ready after it is read in any order, and no entry is deceived.

The feed's silence and a broker's answer were both due while nobody read anything. The answer is
read first, since the word of the dead link has further to go, and the price is known to be dead all
the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from daemon.actors import market_feed, order_router
from daemon.actors.market_feed import MarketFeed
from daemon.actors.order_router import OrderRouter, Terms
from daemon.domain.money import e4
from daemon.domain.orders.ids import IntentIds
from daemon.domain.orders.words import IntentRecorded, OrderType, Side
from daemon.messages import (
    Ask,
    FrameArrived,
    LinkDied,
    MarginRead,
    OrderAsked,
    Place,
    PlaceByHand,
    ReadMargin,
)
from daemon.runtime.budget import Budget
from daemon.runtime.tasks import Tasks
from daemon.runtime.tasks_flowing import FlowingTasks
from tests.kit.disks import turns, until
from tests.kit.router import OPENED, SYMBOLS, T0, WIDE, S, enter, frame
from tests.kit.scripted import Stage

TERMS = Terms("a", "broker", strict=False, asks_margin=True)
DAY = replace(OPENED, interval_ns=S)
IN_TIME = T0 + 3 * S
CE = SYMBOLS["ce"]
ENTRY = enter("ce", deadline_ns=T0 + 60 * S, reprice_ns=60 * S)
BY_HAND = Ask(
    1,
    PlaceByHand(
        OrderAsked(*("r1", "a", CE, Side.BUY, 75, OrderType.MARKET, 0, 0, "", "me", T0)),
        dry_run=False,
    ),
)


class Broker:
    """Tells the margin of an entry when a test says so."""

    def __init__(self) -> None:
        self.asked: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.told: asyncio.Future[MarginRead] = asyncio.get_running_loop().create_future()
        self.placed: list[Place] = []

    async def ask(self, request: object) -> Sequence[MarginRead]:
        match request:
            case ReadMargin(parent):
                self.asked.set_result(parent)
                return [await self.told]
            case Place():
                self.placed.append(request)
        return []


class Stalling(Stage):
    """A feed, the router of an account and its broker, on time that flows."""

    driver = FlowingTasks

    def __init__(self) -> None:
        super().__init__()
        self.broker = Broker()
        self.ports["broker"] = self.broker.ask
        self.reached(T0)
        self.add("feed", hears=market_feed.HEARS, restore=lambda facts: MarketFeed(0, 1, facts))
        self.add("router", hears=order_router.HEARS, restore=self._router)

    async def waiting(self, tasks: Tasks, wanted: object) -> None:
        """Let an entry wait for its margin, at a price of this instant."""
        for name in ("feed", "router"):
            await tasks.tell(name, DAY, T0)
        await tasks.tell("feed", FrameArrived(frame(), 0), T0)
        await tasks.settle()
        await tasks.tell("router", wanted, T0)
        await until(self.broker.asked.done)

    def stand_still(self, until_ns: int) -> None:
        """Let time pass over whatever is due meanwhile, and over the broker's answer."""
        parent = self.broker.asked.result()
        self.broker.told.set_result(MarginRead(parent, e4(1), e4(1_000_000), until_ns))
        self.reached(until_ns)

    def order(self, *kinds: type) -> list[type]:
        """Return the types of these facts, in the order recorded."""
        return [type(fact) for fact in self.ledger.facts() if isinstance(fact, kinds)]

    def _router(self, facts) -> OrderRouter:
        return OrderRouter(TERMS, IntentIds(1), Budget(WIDE), facts)


@pytest.mark.parametrize("wanted", [ENTRY, BY_HAND], ids=["by a strategy", "by hand"])
@pytest.mark.parametrize(
    ("until_ns", "leaves"), [(IN_TIME, True), (IN_TIME + 1, False), (T0 + 20 * S, False)]
)
async def test_no_entry_leaves_at_a_price_that_died_while_the_loop_stood_still(
    wanted, until_ns, leaves
):
    stage = Stalling()
    async with stage.tasks() as tasks:
        await stage.waiting(tasks, wanted)
        stage.stand_still(until_ns)
        await turns()
        await tasks.settle()
        placed = [each.approved.intent.symbol for each in stage.broker.placed]
    assert placed == [CE] * leaves
    assert stage.order(LinkDied) == [LinkDied] * (not leaves)
    assert len(stage.order(IntentRecorded)) == leaves


async def test_the_entry_goes_on_with_the_frame_that_finds_its_link_alive_again():
    """The stall was ours: the feed is not asked to wait for the word of its own death."""
    stage = Stalling()
    async with stage.tasks() as tasks:
        await stage.waiting(tasks, ENTRY)
        stage.stand_still(T0 + 5 * S)
        await tasks.tell("feed", FrameArrived(frame(T0 + 5 * S, ce=90), 0), T0 + 5 * S)
        await turns()
        await tasks.settle()
        placed = [each.approved.intent.price_e4 for each in stage.broker.placed]
    assert placed == [e4("89.95")]
