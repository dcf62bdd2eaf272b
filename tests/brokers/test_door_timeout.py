"""A broker that never answers is answered for, and the tree behind the door goes on."""

import asyncio

import pytest

from daemon.actors.order_router import HEARS, OrderRouter, Terms
from daemon.brokers.door import Door
from daemon.domain.orders.ids import IntentIds
from daemon.domain.orders.words import IntentRecorded, OutcomeUnknown
from daemon.messages import (
    AccountRead,
    AccountUnread,
    Cancel,
    CancelAnswered,
    FindOrder,
    LogIn,
    LoginFailed,
    MarginUnread,
    Noted,
    OrderNotFound,
    Place,
    ReadAccount,
    ReadMargin,
)
from daemon.runtime.budget import Budget
from daemon.runtime.supervisor import Supervisor
from daemon.runtime.tasks_standing import StandingTasks
from daemon.runtime.words import ActorSpec, Surroundings
from daemon.storage.memory import MemoryLedger
from tests.brokers.test_door import ENTRY, Behind, approved
from tests.kit.asked import NOW
from tests.kit.router import OPENED, OPENS, T0, WIDE, S, enter, frame
from tests.kit.scripted import MarketHours

TEXT = "the broker gave no answer within 1 ms"


class Silent:
    """A broker that answers nothing, or only what it is told to answer.

    Attributes:
        asked: the kinds of request, in order.
        called_off: those that were given up while it was at them.
    """

    def __init__(self, now_ns=lambda: NOW, answers=()):
        self.asked, self.called_off = [], []
        self._now_ns, self._answers = now_ns, answers

    async def place(self, approved):
        """Take an order, and say nothing."""
        return await self._answer("place", lambda at_ns: ())

    async def cancel(self, intent_id, broker_order_id):
        """Take a cancellation, and say nothing."""
        return await self._answer("cancel", lambda at_ns: ())

    async def find(self, intent_id):
        """Find nothing."""
        return await self._answer("find", lambda at_ns: (OrderNotFound(intent_id, at_ns),))

    async def log_in(self, generation):
        """Let nobody in."""
        return await self._answer("log_in", lambda at_ns: ())

    async def read(self):
        """Show an empty book."""
        return await self._answer("read", lambda at_ns: (AccountRead((), (), at_ns),))

    async def margin(self, parent, legs):
        """Count nothing."""
        return await self._answer("margin", lambda at_ns: ())

    async def _answer(self, kind, answer):
        self.asked.append(kind)
        if (kind, self.asked.count(kind)) not in self._answers:
            try:
                await asyncio.Event().wait()
            finally:
                self.called_off.append(kind)
        return answer(self._now_ns())


@pytest.mark.parametrize(
    ("request_", "answers"),
    [
        (Place(approved(ENTRY)), (OutcomeUnknown(ENTRY.intent_id, TEXT, NOW),)),
        (Cancel("OR1", "B1"), (CancelAnswered("OR1", False, TEXT, NOW),)),
        (FindOrder("OR1"), ()),
        (LogIn(3), (LoginFailed(3, TEXT.replace("1 ms", "8 ms"), NOW),)),
        (ReadAccount(), (AccountUnread(TEXT.replace("1 ms", "3 ms"), NOW),)),
        (ReadMargin("b", ()), (MarginUnread("b", TEXT, NOW),)),
    ],
)
async def test_what_takes_too_long_is_called_off_and_answered_for(request_, answers):
    """A write is in doubt, never refused; a read has failed; a look-up has seen nothing."""
    broker = Silent()
    door = Door(broker, lambda: NOW, lambda *_: "", timeout_ms=1)
    assert await door.ask(request_) == answers
    assert broker.called_off == broker.asked


async def test_a_time_out_of_the_brokers_own_keeps_its_words():
    door = Door(Behind(TimeoutError("its own")), lambda: NOW, lambda *_: "", timeout_ms=60_000)
    assert await door.ask(ReadAccount()) == (AccountUnread("its own", NOW),)


async def test_the_tree_goes_on_behind_a_broker_that_does_not_answer():
    """The read is tried again, the order is unknown and looked up, and was sent once."""
    clock, ledger = MarketHours(), MemoryLedger("me")
    later = {(kind, n) for kind in ("read", "find") for n in range(2, 60)}
    broker = Silent(clock.now_ns, later)
    door = Door(broker, clock.now_ns, lambda *_: "", timeout_ms=1)
    terms = Terms("a", "broker", strict=False, reconcile_ns=5 * S)
    ids, budget = IntentIds(1), Budget(WIDE)
    spec = ActorSpec("router", lambda facts: OrderRouter(terms, ids, budget, facts), hears=HEARS)
    around = Surroundings({"broker": door.ask}, lambda _: None)
    async with StandingTasks(Supervisor((spec,), ledger), ledger, around, clock) as tasks:
        await tasks.tell("router", OPENED, OPENS)
        await tasks.tell("router", frame(T0), T0)
        await tasks.run_until(T0 + 2 * S)
        await tasks.tell("router", frame(T0 + 2 * S), T0 + 2 * S)
        await tasks.tell("router", enter("ce", at_ns=T0 + 2 * S), T0 + 2 * S)
        await tasks.run_until(T0 + 6 * S)
    facts = tuple(ledger.facts())
    (intent_id,) = [fact.intent.intent_id for fact in facts if isinstance(fact, IntentRecorded)]
    (unknown,) = [fact for fact in facts if isinstance(fact, OutcomeUnknown)]
    assert (unknown.intent_id, unknown.because) == (intent_id, TEXT)
    assert next(fact.text for fact in facts if isinstance(fact, Noted)) == (
        f"the book of broker cannot be read: {TEXT.replace('1 ms', '3 ms')}"
    )
    assert broker.called_off[0] == "read"
    assert broker.asked.index("place") > 1, "entries wait for a reading that came"
    assert (broker.asked.count("place"), broker.asked.count("find") > 2) == (1, True)
