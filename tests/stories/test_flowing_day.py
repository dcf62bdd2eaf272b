"""A short day of the straddle on time that flows, at a broker that takes its time to answer."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import date
from fractions import Fraction
from functools import partial, reduce
from itertools import cycle, takewhile
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from daemon.app import App
from daemon.app.at_brokers.accounts import Account
from daemon.app.at_brokers.connections import Opened, on_paper
from daemon.app.given.assignment import Assignment, GeneratedDays, Time
from daemon.app.given.records import Records
from daemon.app.service import Service
from daemon.bench.live_marks import watching
from daemon.brokers.paper import Paper
from daemon.cli.engine import accounts_for
from daemon.domain.instants import MILLISECOND_NS, SECOND_NS
from daemon.domain.orders.limits import Approved
from daemon.domain.risk.words import ExitReason
from daemon.feeds.formats.words import RecordedFrame
from daemon.messages import (
    BasketEnded,
    BooksAgree,
    BooksDiffer,
    DayEnded,
    DayMarked,
    EntryDecided,
    ExitDecided,
    ExitFinished,
    ExitOverdue,
    PositionChanged,
)
from daemon.ports.broker import Answer
from daemon.runtime.clock import Clock, MonotonicClock, PacedClock
from daemon.runtime.flow import Flow
from daemon.settings import Daemon, LedgerSettings, Settings, Web
from daemon.twin.file import TwinFile
from daemon.worlds import GeneratedMarket
from tests.kit.acting import clock
from tests.kit.plans import ROOT, parse

DAY = date(2026, 3, 9)
SPEED = Fraction(8)
at = partial(clock, day=DAY)
SHORTER = {"14:30:00": "09:20:30", "15:20:00": "09:21:10", "percent = 30 ": "percent = 1 "}
TEXT = (ROOT / "strategies" / "nifty_short_straddle.toml").read_text()
PLAN = parse(reduce(lambda text, old: text.replace(old, SHORTER[old]), SHORTER, TEXT))
LATE_MS = (50, 500, 420, 300, 480)
"""How long the broker takes to answer one write after the other, in time that it is awake."""
BEAT_S = 0.01
STALL_NS = 40 * MILLISECOND_NS
"""So much of a stall is counted, and the rest of it is not: 320 ms of this market's."""


class ShortDay(GeneratedMarket):
    """The preset day from its entry until all is left, and its last seconds."""

    def frames(self, day: date, after_ns: int = 0) -> Iterator[RecordedFrame]:
        morning = super().frames(day, after_ns)
        yield from takewhile(lambda each: each.frame.at_ns < at("09:23:00"), morning)
        yield from super().frames(day, at("15:29:56"))


class AwakeClock:
    """The host's running time, without what it spent elsewhere.

    At eight times the pace a host that does nothing for 400 ms is a broker that answers three
    seconds late and a price that has died. Both are shown elsewhere, and not by chance. Here time
    stops with the loop, and with it whoever is waited for.
    """

    def __init__(self) -> None:
        self._host = MonotonicClock()
        self._beat_ns = self._host.now_ns()
        self._counted_ns = 0

    def now_ns(self) -> int:
        """Return for how long the loop was awake, in ns."""
        return self._counted_ns + min(self._host.now_ns() - self._beat_ns, STALL_NS)

    async def run(self) -> None:
        """Count on, for ever."""
        while True:
            self._counted_ns, self._beat_ns = self.now_ns(), self._host.now_ns()
            await asyncio.sleep(BEAT_S)


class FlowingDays(GeneratedDays, frozen=True):
    """Generated days whose time flows on while the daemon works."""

    def time(self, host: Clock, speed: Fraction | None) -> Time:
        assert speed is not None, "time that flows has a pace"
        return Flow(PacedClock(host, 0, speed), host, speed)


class FarAway:
    """Paper behind a network: a write is on its way there for half of the time, and back.

    Args:
        paper: who answers them.
        passing: waits for so many ms.

    Attributes:
        under_way: writes that are not answered yet.
        paper: who answers them.
    """

    def __init__(self, paper: Paper, passing: Callable[[Fraction], Awaitable[None]]) -> None:
        self.paper = paper
        self._passing = passing
        self.under_way = 0
        self._late_ms = cycle(LATE_MS)

    async def place(self, approved: Approved) -> Sequence[Answer]:
        return await self._there(partial(self.paper.place, approved))

    async def cancel(self, intent_id: str, broker_order_id: str) -> Sequence[Answer]:
        return await self._there(partial(self.paper.cancel, intent_id, broker_order_id))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.paper, name)

    async def _there(self, ask: Callable[[], Any]) -> Sequence[Answer]:
        half_ms = Fraction(next(self._late_ms), 2)
        self.under_way += 1
        try:
            await self._passing(half_ms)
            answers: Sequence[Answer] = await ask()
            await self._passing(half_ms)
            return answers
        finally:
            self.under_way -= 1


class Flowing(Service):
    """A daemon under watch: what its watchdog judges while a write is on its way is counted."""

    def __init__(self, folder: Path) -> None:
        self.facts: list[Any] = []
        self.frames: Counter[int] = Counter()
        settings = Settings(
            daemon=Daemon(state_dir=folder),
            web=Web(enabled=False),
            ledger=LedgerSettings(flush_ms=10_000),  # a disk that others keep busy has not failed
        )
        market = ShortDay(settings.feed.seed, DAY, 2 * SECOND_NS)
        given = Assignment(
            settings=settings,
            accounts=accounts_for(settings, [PLAN]),
            plans=(PLAN,),
            taking=frozenset({PLAN.id}),
            played=FlowingDays(market, at("09:19:57"), until=DAY),
            folder=folder,
            openers={"paper": self._open},
        )
        self.awake = AwakeClock()
        pace = given.played.time(self.awake, SPEED)
        super().__init__(given, self, pace, lambda *_: None)

    def begin(self, modes) -> None:
        pass

    def say(self, text: str) -> None:
        """Nobody reads along."""

    ready = say

    def show(self, view: object) -> None:
        """Nobody looks on."""

    def tell(self, fact: object, *_: object) -> None:
        """Note what was recorded; once nothing is held any more the day goes on at its end."""
        self.facts.append(fact)
        if isinstance(fact, ExitFinished) and not any(self.net().values()):
            self._pace.jump(at("15:29:50"))

    def told(self, *kinds: type) -> list[Any]:
        return [fact for fact in self.facts if isinstance(fact, kinds)]

    def net(self) -> dict[str, int]:
        """Return the units of each leg by the facts."""
        return {
            fact.symbol: fact.bought_quantity - fact.sold_quantity
            for fact in self.told(PositionChanged)
        }

    def _open(self, account: Account, file: TwinFile | None, now_ns: Callable[[], int]) -> Opened:
        opened = on_paper(account, file, now_ns)
        self.broker = FarAway(opened.paper, self._passing)
        return replace(opened, broker=self.broker)

    async def _passing(self, span_ms: Fraction) -> None:
        span_ns = int(span_ms * MILLISECOND_NS * SPEED)
        await self._pace.reach(self._pace.now_ns() + span_ns)

    def _wired(self, kept: Records) -> App:
        app = super()._wired(kept)
        return replace(app, specs=tuple(map(self._watched, app.specs)))

    def _watched(self, spec: Any) -> Any:
        if spec.name != "watchdog":
            return spec
        return watching(spec, lambda: self.frames.update([self.broker.under_way]))


async def test_a_day_is_traded_though_no_frame_waits_for_an_answer(tmp_path):
    """Entry, stop and exit; both books are equal, and guards judged while orders were under way."""
    daemon = Flowing(tmp_path)
    counting = asyncio.create_task(daemon.awake.run())
    async with asyncio.timeout(110):
        await daemon.run()
    counting.cancel()

    assert len(daemon.told(EntryDecided)) == 1
    assert [fact.complete for fact in daemon.told(BasketEnded)] == [True]
    reasons = {fact.reason for fact in daemon.told(ExitDecided)}
    assert ExitReason.STOP in reasons
    assert daemon.told(ExitOverdue) == []
    assert len(daemon.net()) == 2
    assert set(daemon.net().values()) == {0}
    exchange = daemon.broker.paper.exchange
    assert {p.net_quantity for p in exchange.positions()} == {0}
    assert daemon.told(BooksDiffer, BooksAgree) == []
    assert [fact.day for fact in daemon.told(DayEnded, DayMarked)] == [DAY, DAY]
    assert sum(n for under_way, n in daemon.frames.items() if under_way) >= 3
