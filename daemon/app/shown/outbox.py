"""The outbox of one daemon: the publishers of its sinks, run beside all that decides.

They run in host time on a driver of their own, for trading waits until its own ports have answered,
and must never wait for these. What the record holds is read in a thread. A sink that hangs, or a
store that does, holds up its own publisher and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from functools import partial
from operator import methodcaller
from typing import TypeVar

from daemon.actors.outbox_publisher import SINK, STORE, OutboxPublisher
from daemon.actors.sink_conduct import Conduct
from daemon.app.given.assignment import Assignment, RecordedDays
from daemon.app.machine.host import Host
from daemon.app.machine.outcome import outcome
from daemon.app.machine.own_thread import OwnThread
from daemon.app.machine.telemetry import Telemetry
from daemon.app.machine.works import called_off
from daemon.app.shown.courier import Courier
from daemon.app.shown.outbox_store import SinkStore
from daemon.app.shown.past_record import URGENT, PastRecord
from daemon.app.shown.sink_port import Recipient, SinkPort
from daemon.control import Refusal
from daemon.domain.instants import MILLISECOND_NS
from daemon.domain.market.notes import NoteKind
from daemon.errors import StoreError
from daemon.messages import Noted
from daemon.messages.modes import Modes
from daemon.messages.outbox import Awake, LettersWanted, SinkSeen, Unrecorded
from daemon.runtime.clock import Clock, SteadyClock
from daemon.runtime.words import Ledger, Origin
from daemon.settings import SinkSettings
from daemon.sinks.factory import sink_of
from daemon.storage.outbox import Outbox
from daemon.storage.store import Aside, Store
from daemon.web.told.lines import Item

T = TypeVar("T")
_MAY_FALL = 5
_GOODBYE_S = 1.0


class Desk:
    """What is kept of the outbox in the store, asked for in a thread of its own.

    Args:
        store: of the records; opened when it is first needed.
        owner_id: whose records.
    """

    def __init__(self, store: Store, owner_id: str) -> None:
        self._store = store
        self._owner_id = owner_id
        self._aside: Aside | None = None
        self._thread = OwnThread("outbox")

    async def do(self, work: Callable[[Outbox], T]) -> T:
        """Have something done, and return what came of it.

        Raises:
            StoreError: it could not be done.
        """
        return await self._thread.do(partial(self._with, work))

    async def close(self) -> None:
        """Let go of the store, once what is under way is done, or soon in any case."""
        closing = self._thread.do(self._let_go)
        self._thread.close()
        await asyncio.wait({closing}, timeout=_GOODBYE_S)
        closing.cancel()  # a store that hangs is left behind

    def _with(self, work: Callable[[Outbox], T]) -> T:
        if self._aside is None:
            self._aside = self._store.open_aside()
        return work(Outbox(self._aside, self._owner_id))

    def _let_go(self) -> None:
        if self._aside is not None:
            self._aside.close()


class Outboxes:
    """All sinks of one daemon.

    Args:
        recipients: the sinks.
        desk: what is kept of them.
        host: host time, steady.
        telemetry: takes lines.
        say: tells people something.
    """

    def __init__(
        self,
        recipients: Sequence[Recipient],
        desk: Desk,
        host: Clock,
        telemetry: Telemetry,
        say: Callable[[str], None],
    ) -> None:
        self._recipients = {each.settings.id: each for each in recipients}
        self._desk = desk
        self._telemetry = telemetry
        self._say = say
        self._fallen: set[str] = set()
        self._past = PastRecord(host.now_ns)
        self._note: Callable[[str], None] = say  # once there is a record, it is told by that
        self._ports = {
            sink: SinkPort(each, telemetry.log, self._tell_untaken)
            for sink, each in self._recipients.items()
        }
        self._couriers = {
            sink: Courier(
                partial(OutboxPublisher, sink, conduct_of(each.settings)),
                {
                    STORE: SinkStore(each.settings, desk.do, each.modes).ask,
                    SINK: self._ports[sink].ask,
                },
                host.now_ns,
            )
            for sink, each in self._recipients.items()
        }

    def hear(self, items: Sequence[Item], failed_because: str) -> None:
        """Tell every publisher of what has just become durable; waits for nothing.

        Args:
            items: the lines that are told of it.
            failed_because: why the ledger had failed by then; empty: the record tells of it.
        """
        if failed_because:
            urgent = self._past.urgent(items)
            for sink, each in self._recipients.items():
                takes = frozenset(map(str, each.settings.events))
                events = tuple(event for event in urgent if event.kind in takes)
                others = sum(item["kind"] in takes - URGENT for item in items)
                if sink not in self._fallen:
                    told = Unrecorded(f"the ledger failed: {failed_because}", events, others)
                    self._couriers[sink].tell_past(told)
        self.wake()

    def begin_day(self) -> None:
        """Have what a sink still does not take told anew; what was told ended with the day."""
        for port in self._ports.values():
            port.begin_day()

    def wake(self) -> None:
        """Tell every publisher that something more is recorded; waits for nothing."""
        for sink, courier in self._couriers.items():
            if sink not in self._fallen:
                courier.tell(Awake())

    def seen(self) -> tuple[tuple[SinkSeen, Recipient, bool], ...]:
        """Return how each sink stands, and whether it is looked after."""
        return tuple(
            (courier.publisher.seen(), self._recipients[sink], sink not in self._fallen)
            for sink, courier in self._couriers.items()
        )

    async def _begin(self) -> None:
        """Give every new sink its cursor, before anything that it is to be told of is recorded."""
        for sink in self._couriers:
            try:
                await self._desk.do(methodcaller("begin", sink))
            except StoreError as error:  # its publisher asks again
                self._telemetry.log.warning("sink not begun", sink=sink, because=str(error))

    async def replay(self, sink: str = "", number: int = 0) -> int:
        """Have dead letters delivered after all; return how many.

        Args:
            sink: of this one; empty: of all.
            number: of the record; 0: all of them.

        Raises:
            Refusal: none such waits, there is no such sink, or the store failed.
        """
        if not self._couriers:
            raise Refusal("no_outbox", "this daemon has no sinks")
        if sink and sink not in self._couriers:
            known = ", ".join(self._couriers)
            raise Refusal("unknown_letter", f"there is no sink {sink}; there are: {known}")

        def want(outbox: Outbox) -> tuple[dict[str, int], int]:
            asked: Collection[str] = [sink] if sink else self._couriers
            count = {each: outbox.want(each, number) for each in asked}
            return {each: outbox.waiting(each) for each in asked if count[each]}, sum(
                count.values()
            )

        try:
            waiting, count = await self._desk.do(want)
        except StoreError as error:
            raise Refusal(error.code, str(error)) from error
        if number and not count:
            raise Refusal("unknown_letter", f"no dead letter {sink}:{number} waits")
        for each, dead in waiting.items():
            self._couriers[each].tell(LettersWanted(dead))
        return count

    @asynccontextmanager
    async def kept(self, ledger: Ledger, market_ns: Callable[[], int]) -> AsyncIterator[None]:
        """Tell the sinks beside the block; what they were not told by its end waits for a start.

        A new sink has its cursor before the block begins.

        Args:
            ledger: where it is recorded that a sink does not take what it must.
            market_ns: market time.
        """

        def note(text: str) -> None:
            at_ns = market_ns()
            ledger.append((Noted(NoteKind.UNTOLD, text, at_ns),), Origin("outbox", 0, 0), at_ns)

        self._note = note
        loop = asyncio.get_running_loop()
        await self._begin()
        tasks = {
            loop.create_task(self._keep(sink, courier), name=f"outbox {sink}")
            for sink, courier in self._couriers.items()
        }
        try:
            yield
        finally:
            await called_off(tasks, self._say)
            await self._close()

    def _tell_untaken(self, text: str) -> None:
        self._note(text)

    async def _close(self) -> None:
        """Let go of the sinks and of the store."""
        for each in self._recipients.values():
            await each.sink.close()
        if self._recipients:
            await self._desk.close()

    async def _keep(self, sink: str, courier: Courier) -> None:
        """Begin a publisher anew when it falls; a defect of its own costs nobody his guard."""
        for _ in range(_MAY_FALL + 1):
            error = await outcome(courier.keep())
            self._telemetry.log.error("publisher fell", sink=sink, exc_info=error)
        self._fallen.add(sink)
        self._say(f"ALERT the sink {sink} is told nothing more until a restart: its publisher fell")


def conduct_of(settings: SinkSettings) -> Conduct:
    """Return how a sink is treated."""
    return Conduct(
        tries=settings.tries,
        pause_ns=settings.pause_ms * MILLISECOND_NS,
        longest_pause_ns=settings.longest_pause_ms * MILLISECOND_NS,
    )


def outboxes_of(
    given: Assignment,
    host: Host,
    telemetry: Telemetry,
    modes: Modes,
    say: Callable[[str], None],
) -> Outboxes:
    """Return the sinks of a daemon; nobody is spoken to yet. A replay has none.

    Raises:
        SettingsError: the secret of one of them cannot be used.
    """
    wanted = () if isinstance(given.played, RecordedDays) else given.settings.sinks
    steady = SteadyClock(host.wall, host.running)
    recipients = [
        Recipient(each, sink_of(each, host.credentials, steady, telemetry.know), modes)
        for each in wanted
    ]
    desk = Desk(given.store, given.accounts[0].owner)
    return Outboxes(recipients, desk, steady, telemetry, say)
