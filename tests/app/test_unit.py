"""The daemon as a unit of its machine: what the service manager hears, and who ends it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest

from daemon.app import unit
from daemon.app.machine import clock_watch, sentry
from daemon.app.machine.clock_watch import ClockWatch
from daemon.app.machine.host import Host
from daemon.app.unit import LOST, Unit
from daemon.app.watching import beat
from daemon.control import Control, Line, Names
from daemon.domain.instants import DAY_NS, SECOND_NS, at
from daemon.guardian.listening import Heard, listening
from daemon.kill import LatchUnwritten
from daemon.messages import (
    AccountSeen,
    Alive,
    Ask,
    Declined,
    FreeEntries,
    HeldBy,
    HoldEntries,
    Pulse,
    RiskSeen,
    SeeAccount,
    Told,
)
from daemon.runtime.clock import VirtualClock
from daemon.runtime.words import Lane

ROUTER = "router:paper"
ACCOUNT = AccountSeen("paper", "paper", True, "", (), (), (), (), 0)


class Machine:
    """A unit under test: its manager, its clocks, and actors that answer, or do not."""

    def __init__(self, folder: Path) -> None:
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.bind(str(folder / "notify"))
        self.manager.setblocking(False)
        self.wall, self.running = VirtualClock(30 * DAY_NS), VirtualClock(SECOND_NS)
        self.market_ns = 0
        self.said: list[str] = []
        self.latched: list[str] = []
        self.told: list[Any] = []
        self.answering = True
        self.refusing = False
        self.ends: asyncio.Queue[str] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        self.unit = Unit(
            Host(
                str(folder / "notify"),
                self.wall,
                self.running,
                lambda sentence: loop.call_soon_threadsafe(self.ends.put_nowait, sentence),
                guardian=str(folder / "beat.sock"),
            ),
            self.said.append,
            self.latch,
            "paper",
            lambda: self.market_ns,
        )
        names = Names(folder, {"paper": ROUTER}, {}, {})
        self.control = Control(Line(self.say, lambda: 0, names))

    def latch(self, reason: str) -> None:
        self.latched.append(reason)
        if self.refusing:
            raise LatchUnwritten("the disk is full")

    def say(self, to: str, message: Any, lane: Lane) -> None:
        """Be the driver, and the actors behind it."""
        self.told.append(message)
        match message:
            case Pulse(number, who) if who == ROUTER and self.answering:
                assert self.unit.shown(Alive(number, ROUTER))
            case Ask(number, about) if self.refusing:
                self.control.line.shown(Told(number, Declined("busy", f"{about} is not told")))
            case Ask(number, SeeAccount()):
                self.control.line.shown(Told(number, ACCOUNT))
            case Ask(number):
                self.control.line.shown(Told(number, RiskSeen(0, True, ())))

    async def caught_up(self) -> None:
        """Have nothing under way."""

    @asynccontextmanager
    async def attended(self, *, by_the_wall: bool = False) -> AsyncIterator[None]:
        tasks: Any = self
        async with self.unit.attended(tasks, self.control, by_the_wall=by_the_wall):
            yield

    async def heard(self, wanted: Callable[[bytes], bool]) -> bytes:
        """What the manager hears next that is wanted."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(20):
            while not wanted(datagram := await loop.sock_recv(self.manager, 4096)):
                pass
        return datagram


@pytest.fixture
async def machine(tmp_path, monkeypatch) -> AsyncIterator[Machine]:
    monkeypatch.setattr(beat, "LOOK_S", 0.005)
    monkeypatch.setattr(clock_watch, "LOOK_S", 0.005)
    monkeypatch.setattr(unit, "_STATUS_EVERY_S", 0.005)
    made = Machine(tmp_path)
    with closing(made.manager):
        yield made


async def test_before_it_is_ready_each_beat_asks_for_more_time_to_start_in(machine):
    async with machine.attended():
        recovering = await machine.heard(bool)
        more = await machine.heard(lambda told: not told.startswith(b"STATUS"))
    assert recovering.startswith(b"STATUS=PAPER, recovering")
    assert more == b"EXTEND_TIMEOUT_USEC=30000000"


async def test_once_it_is_ready_each_beat_is_the_watchdogs_and_people_read_how_things_stand(
    machine,
):
    async with machine.attended():
        machine.unit.ready()
        told = [await machine.heard(lambda told: b"READY" in told) for _ in range(2)]
        assert told == [b"READY=1\nWATCHDOG=1"] * 2
        standing = await machine.heard(lambda told: told.startswith(b"STATUS=PAPER"))
    assert standing == b"STATUS=PAPER, market time 1970-01-01 05:30:00; nothing is open"


async def test_who_does_not_answer_is_named_in_the_status(machine):
    machine.refusing = True
    async with machine.attended():
        machine.unit.ready()
        assert b"is not told" in await machine.heard(
            lambda told: told.startswith(b"STATUS=PAPER, ALERT")
        )


async def test_while_it_ends_each_beat_asks_for_more_time_to_finish_in(machine):
    async with machine.attended():
        machine.unit.ready()
        machine.unit.stopping()
        stopping = await machine.heard(lambda told: b"STOPPING" in told)
        more = await machine.heard(lambda told: told.startswith(b"WATCHDOG"))
    assert stopping.split(b"\n")[0] == b"STOPPING=1"
    assert more == b"WATCHDOG=1\nEXTEND_TIMEOUT_USEC=30000000"


async def test_a_watchdog_that_does_not_answer_is_no_beat_holds_entries_and_ends_the_process(
    machine, monkeypatch
):
    monkeypatch.setattr(sentry, "LOOK_S", 0.02)
    machine.answering = False
    async with machine.attended():
        machine.unit.ready()
        told = await machine.heard(lambda told: b"the daemon ended" in told)
        async with asyncio.timeout(20):
            assert await machine.ends.get() == LOST
    assert told == b"STATUS=PAPER, " + LOST.encode()
    assert machine.latched == [LOST]
    assert HeldBy.BEAT in {each.by for each in machine.told if isinstance(each, HoldEntries)}


async def test_a_latch_that_the_disk_refuses_does_not_keep_the_process_alive(machine, monkeypatch):
    monkeypatch.setattr(sentry, "LOOK_S", 0.005)
    machine.answering, machine.refusing = False, True
    async with machine.attended(), asyncio.timeout(20):
        assert (await machine.ends.get()).endswith("could not be latched: the disk is full")


@pytest.mark.parametrize("by_the_wall", [True, False])
async def test_a_clock_that_jumps_is_told_and_holds_entries_where_market_time_is_the_wall(
    machine, by_the_wall
):
    watch = ClockWatch(machine.wall.now_ns(), machine.running.now_ns())
    held = machine.control if by_the_wall else None
    machine.wall.advance(3_600 * SECOND_NS)
    machine.unit.look_at_clock(watch, held)
    machine.unit.look_at_clock(watch, held)
    for clock in (machine.wall, machine.running):
        clock.advance(60 * SECOND_NS)
    machine.unit.look_at_clock(watch, held)

    assert [text.split(" by ")[0] for text in machine.said] == [
        "ALERT the machine's clock jumped forward",
        "the machine's clock has run evenly for a while",
    ]
    kinds = [type(each) for each in machine.told]
    assert kinds == ([HoldEntries, FreeEntries] if by_the_wall else [])


async def test_entries_stay_held_while_market_time_is_ahead_of_a_wall_that_was_set_back(machine):
    """It is told once, with what to do; and freed once both agree."""
    wall, running = machine.wall, machine.running
    machine.market_ns = wall.now_ns() + 3_600 * SECOND_NS
    watch = ClockWatch(machine.market_ns, running.now_ns())
    for _ in range(300):
        machine.unit.look_at_clock(watch, machine.control)
        for clock in (wall, running):
            clock.advance(30 * SECOND_NS)
        machine.market_ns += 20 * SECOND_NS
    assert [type(each) for each in machine.told] == [HoldEntries]
    (said,) = machine.said
    assert "jumped back by 3,600.0 s" in said
    assert "start the daemon again" in said
    assert machine.told[0].because in said
    machine.market_ns = wall.now_ns()
    for clock in (wall, running):
        clock.advance(60 * SECOND_NS)
    machine.unit.look_at_clock(watch, machine.control)
    assert [type(each) for each in machine.told] == [HoldEntries, FreeEntries]


@pytest.mark.parametrize(
    ("stands", "told"), [("15:29", "before the market closes"), ("16:05", "nothing is guarded")]
)
async def test_what_is_told_of_a_wall_set_back_goes_by_where_market_time_stands(
    machine, stands, told
):
    machine.market_ns = at(date(2026, 3, 6), time.fromisoformat(stands))
    machine.wall.advance(machine.market_ns - 5 * 3_600 * SECOND_NS - machine.wall.now_ns())
    watch = ClockWatch(machine.market_ns, machine.running.now_ns())
    machine.unit.look_at_clock(watch, machine.control)
    assert told in machine.said[0]


async def test_the_clocks_are_looked_at_while_it_runs(machine):
    async with machine.attended(by_the_wall=True):
        machine.wall.advance(DAY_NS)
        await machine.heard(lambda _: bool(machine.said))
    assert "jumped forward by 86,400.0 s" in machine.said[0]


async def test_a_work_that_falls_is_told(machine, monkeypatch):
    def fall(*_: object) -> None:
        raise ValueError("no")

    monkeypatch.setattr(machine.unit, "look_at_clock", fall)
    async with machine.attended():
        await machine.heard(lambda _: bool(machine.said))
    assert machine.said == ["ALERT the clock is looked after no more: ValueError('no')"]


async def test_without_a_unit_that_attends_a_view_is_for_others(machine):
    assert not machine.unit.shown(Alive(1, ROUTER))


async def test_a_guardian_hears_each_beat_and_nobody_is_told_where_none_listens(machine, tmp_path):
    async with machine.attended():
        await machine.heard(lambda told: b"EXTEND" in told)
        with listening(tmp_path) as listener:
            while listener.heard() is not Heard.BEAT:
                await machine.heard(lambda told: b"EXTEND" in told)
            machine.answering = False
            machine.unit.stopping()
    assert machine.said == []


async def test_a_start_that_waits_asks_for_time_again_and_again_and_tells_people_once(machine):
    for _ in range(3):
        machine.unit.waiting("the guardian works")
        assert b"EXTEND" in await machine.heard(lambda told: b"guardian works" in told)
    assert machine.said == ["the guardian works"]


async def test_a_start_that_goes_on_reading_tells_manager_and_guardian_once_a_second(
    machine, tmp_path
):
    with listening(tmp_path) as listener:
        for _ in range(1_000):
            machine.unit.reading()
            machine.running.advance(2 * SECOND_NS // 1_000)
        machine.unit.waiting("over")
        heard = [await machine.heard(lambda told: b"EXTEND" in told) for _ in range(3)]
        assert heard[:2] == [b"EXTEND_TIMEOUT_USEC=30000000"] * 2
        assert b"over" in heard[2]
        assert listener.heard() is Heard.READS


async def test_a_start_that_waits_for_its_record_is_told_to_a_guardian_and_others_once_each(
    machine, tmp_path
):
    with listening(tmp_path) as listener:
        machine.unit.waiting("the guardian works")
        assert listener.heard() is Heard.NOTHING
        for _ in range(2):
            machine.unit.waiting_for_records("the server is away")
        assert listener.heard() is Heard.READS
    assert machine.said == ["the guardian works", "the server is away"]
