"""The mirror: what goes out, what is written anew, and what a lost store costs: nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from daemon.app.machine.telemetry import Telemetry
from daemon.app.shown import mirror as module
from daemon.app.shown.mirror import Mirror
from daemon.control import Refusal
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.money import e4
from daemon.errors import HotStateError
from daemon.messages import FreeEntries, HeldBy, HoldEntries, RiskSeen
from daemon.runtime.words import Lane
from daemon.storage.hot.words import Batch, Hazard, Kept, Kind
from daemon.telemetry.log import make_log
from daemon.telemetry.metrics import Metrics
from tests.kit.watched import risk, watch

STATE = "strategy:straddle:state"
EMPTY = Kept()
GONE = HotStateError("the Redis is gone")


class Store:
    """A store that remembers its batches, and fails where it is told to."""

    kind: Kind = "redis"

    def __init__(self, *, publishes: bool = True) -> None:
        self.publishes = publishes
        self.batches: list[Batch] = []
        self.values: dict[str, bytes] = {}
        self.failing: Exception | None = None
        self.unread: HotStateError | None = None
        self.written = asyncio.Event()

    async def read(self) -> Kept:
        if self.unread is not None:
            raise self.unread
        return Kept(dict(self.values))

    async def hazards(self) -> tuple[Hazard, ...]:
        return ()

    async def write(self, batch: Batch) -> bool:
        self.written.set()
        if self.failing is not None:
            raise self.failing
        self.batches.append(batch)
        self.values.update(batch.changed)
        for key in batch.gone:
            self.values.pop(key, None)
        return self.values.keys() >= set(batch.standing)

    async def close(self) -> None:
        """Nothing is held."""


class Daemon:
    """The verbs, as far as the mirror uses them: reads, names, and telling two routers."""

    def __init__(self) -> None:
        self.seen: RiskSeen | None = risk()
        self.told: list[tuple[str, Any]] = []
        self.reads = self.line = self.names = self
        self.routers = {"one": "router:one", "two": "router:two"}

    async def risk(self) -> RiskSeen:
        if self.seen is None:
            raise Refusal("no_answer", "the watchdog is busy")
        return self.seen

    def marked(self, mark: str) -> str:
        return mark or "one"

    def tell(self, to: str, message: Any, lane: Lane) -> None:
        assert lane is Lane.CONTROL
        self.told.append((to, message))


class Host:
    """Host time that rises by a millisecond with each look."""

    def __init__(self) -> None:
        self.at_ns = 0

    def now_ns(self) -> int:
        self.at_ns += 1_000_000
        return self.at_ns


class World:
    """A mirror with everything around it."""

    def __init__(self, store: Store, kept: Kept | None = EMPTY, *, pauses: bool = False) -> None:
        self.store, self.daemon, self.said = store, Daemon(), list[str]()
        self.log: list[Any] = []
        log = make_log(self.log.append, lambda: 0)
        telemetry = Telemetry(log, Metrics(), host=Host())
        self.mirror = Mirror(store, kept, telemetry, self.said.append, pauses=pauses)

    async def beat(self) -> Batch | None:
        """Beat once, and return what went out."""
        before = len(self.store.batches)
        await self.mirror.beat(self.daemon)
        return self.store.batches[-1] if len(self.store.batches) > before else None


async def test_a_batch_holds_what_has_changed_since_the_last():
    world = World(Store())
    first = await world.beat()
    second = await world.beat()
    world.daemon.seen = risk(watch(status="leaving"))
    third = await world.beat()

    assert len(first.changed) == 4
    assert second.changed == {}
    assert set(third.changed) == {STATE}
    assert set(first.standing) == set(second.standing) == set(third.standing)


async def test_what_is_watched_no_more_is_taken_away_and_so_is_what_an_earlier_run_left():
    old = "strategy:gone:state"
    world = World(Store(), Kept({old: b"{}", STATE: b"{}"}))
    first = await world.beat()
    world.daemon.seen = RiskSeen(1, True, ())
    second = await world.beat()

    assert set(first.gone) == {old}
    assert STATE in first.changed
    assert len(second.gone) == 4
    assert world.store.values == {}


async def test_what_an_earlier_run_left_goes_too_where_it_could_not_be_read_at_the_start():
    """It is read as soon as it is there again, before anything is written."""
    old = "strategy:gone:state"
    world = World(Store(), None)
    world.store.values, world.store.unread = {old: b"{}"}, GONE
    world.mirror.lose(GONE)
    assert await world.beat() is None
    assert world.mirror.lost_because == str(GONE)
    world.store.unread = None
    first = await world.beat()

    assert set(first.gone) == {old}
    assert len(world.store.values) == 4
    assert world.mirror.lost_because == ""


async def test_what_a_store_has_lost_is_written_anew():
    world = World(Store())
    await world.beat()
    world.store.values.clear()
    await world.beat()
    again = await world.beat()

    assert len(again.changed) == 4
    assert len(world.store.values) == 4
    assert world.said == []


async def test_a_store_that_is_lost_is_told_once_and_written_whole_when_it_is_back():
    world = World(Store())
    await world.beat()
    world.store.failing = GONE
    await world.beat()
    await world.beat()
    assert world.mirror.lost_because == str(GONE)
    world.store.failing = None
    again = await world.beat()

    assert len(again.changed) == 4
    assert world.mirror.lost_because == ""
    assert world.said == [
        "ALERT the Redis is gone; every position stays guarded, from memory",
        "the hot state is there again, and is written anew",
    ]
    assert world.daemon.told == []


async def test_by_setting_entries_wait_while_it_is_lost_and_then_go_on():
    world = World(Store(), pauses=True)
    world.store.failing = GONE
    await world.beat()
    await world.beat()
    world.store.failing = None
    await world.beat()

    held, freed = HoldEntries(HeldBy.HOT_STATE, str(GONE)), FreeEntries(HeldBy.HOT_STATE)
    routers = ("router:one", "router:two")
    assert world.daemon.told == [(to, held) for to in routers] + [(to, freed) for to in routers]


async def test_whoever_is_busy_is_asked_again_with_the_next_beat():
    world = World(Store())
    world.daemon.seen = None

    assert await world.beat() is None
    assert world.mirror.lost_because == ""


async def test_the_round_trip_is_measured_in_host_time():
    world = World(Store())
    assert world.mirror.round_trip_ns is None
    await world.beat()

    assert world.mirror.round_trip_ns == 1_000_000


async def test_the_newest_prices_since_the_last_batch_go_out_with_the_next():
    world = World(Store())
    passed = []

    def outside(message: Any, at_ns: int) -> list[tuple[str, Any]]:
        passed.append((message, at_ns))
        return [("feed", message)]

    see = world.mirror.seeing(outside)
    for at_ns, price in ((1, 10), (2, 11)):
        frame = Frame(at_ns, {"A": Quote(e4(price), 0, 0, 0, 0)})
        assert see(frame, at_ns) == [("feed", frame)]
    assert see("news", 3) == [("feed", "news")]
    first, second = await world.beat(), await world.beat()

    told = json.loads(first.news)
    assert (told["at_ns"], told["prices"]["A"]["ltp_e4"]) == (2, e4(11))
    assert second.news == b""
    assert len(passed) == 3


async def test_where_no_store_publishes_no_call_is_added_to_the_path_of_a_tick():
    def outside(message: Any, at_ns: int) -> list[tuple[str, Any]]:
        return []

    assert World(Store(publishes=False)).mirror.seeing(outside) is outside


@asynccontextmanager
async def kept(world: World) -> AsyncIterator[None]:
    async with asyncio.timeout(30), world.mirror.kept(world.daemon):
        yield


async def test_it_goes_on_beside_the_daemon_and_ends_with_it(monkeypatch):
    monkeypatch.setattr(module, "EVERY_S", 0)
    world = World(Store())
    async with kept(world):
        for _ in range(3):
            world.store.written.clear()
            await world.store.written.wait()
    count = len(world.store.batches)
    await asyncio.sleep(0)

    assert count >= 2
    assert len(world.store.batches) == count


async def test_one_that_was_lost_at_the_start_holds_entries_from_the_first_instant():
    world = World(Store(), pauses=True)
    world.mirror.lose(GONE)
    async with kept(world):
        await world.store.written.wait()

    assert world.daemon.told[0] == ("router:one", HoldEntries(HeldBy.HOT_STATE, str(GONE)))


async def test_a_defect_of_its_own_is_told_and_costs_nobody_his_guard():
    world = World(Store(), pauses=True)
    world.store.failing = ZeroDivisionError("a defect")
    async with kept(world):
        await world.store.written.wait()
        await asyncio.sleep(0)

    assert "looked after no more" in world.mirror.lost_because
    assert world.said[0].startswith("ALERT the hot state is looked after no more")
    assert len(world.daemon.told) == 2


def test_a_lost_one_is_told_with_its_newest_reason_and_once():
    world = World(Store())
    world.mirror.lose(GONE)
    world.mirror.lose(HotStateError("it hangs"))

    assert len(world.said) == 1
    assert world.mirror.lost_because == "it hangs"
