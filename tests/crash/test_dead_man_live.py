"""The daemon is gone, and something is open at a broker: the guardian closes it over the wire.

The twin of Zerodha runs in a process of its own, and its own book judges.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from daemon.errors import SessionRefused
from daemon.guardian.taking_over import Takeover
from daemon.guardian.telling import ALERT, Teller
from daemon.kill import standing
from daemon.settings import Account, Settings
from daemon.settings.guardian import SOCKET
from daemon.storage.exclusive import is_held
from daemon.twin.words import Side
from tests.guardian.test_guardian_taking_over import traded
from tests.kit.commands import told
from tests.kit.guardian_process import watching
from tests.kit.kite_process import CALL, LOT, PUT, House, KiteProcess, crossed, passing
from tests.kit.live_daemon import WHOLE, Twin, live_daemon, started_again, thorough, witnessed

FREEZE, TOUCH = 1_755, 650
ENDED = {"COMPLETE", "CANCELLED", "REJECTED"}
"""The most of a contract of NIFTY that one order may be of, in whole lots; what a quote offers."""


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A twin, a minute after its market has opened."""
    process = KiteProcess(tmp_path_factory.mktemp("twin"))
    try:
        process.reach("09:16:00")
        yield process
    finally:
        process.end()


@pytest.fixture(scope="module")
def left(tmp_path_factory, running):
    """One folder for all: so no tag is used twice on a day."""
    return House(tmp_path_factory.mktemp("house"), running)


@pytest.fixture
def twin(running):
    """The twin with a new session, and nothing that goes wrong."""
    running.ask("DELETE", "faults")
    running.log_in()
    return running


@pytest.fixture
def house(left, twin):
    """What a daemon left that was killed just now, its session kept."""
    left.lose()
    left.keep(twin.token)
    return left


def open_straddle(twin: KiteProcess) -> int:
    """Open a short straddle, a carried long beside it, and rest an order; return all fills."""
    twin.place(CALL, "SELL")
    twin.place(PUT, "SELL")
    twin.place(PUT, "BUY", product="NRML")
    twin.place(PUT, "BUY", order_type="LIMIT", price="90", product="NRML")
    return len(twin.book()["trades"])


def held_whole(twin: KiteProcess) -> None:
    """Let time pass until nothing of what was asked for is still to be filled."""
    for _ in range(10):
        twin.ask("POST", "advance", by_ms=1_000)
        if {each["status"] for each in twin.book()["orders"]} <= ENDED:
            return
    raise AssertionError("the market never gave all of it")


def assert_closed_once(twin: Twin, since: int) -> None:
    """Flat, nothing rests, no position was ever led across, and no order was sent twice."""
    book = twin.ask("GET", "book")
    assert book["held"] == []
    assert {each["status"] for each in book["orders"]} <= ENDED
    assert crossed(book, since) == []
    tags = [each["tag"] for each in book["orders"] if each["tag"]]
    assert len(tags) == len(set(tags))
    sides = [each["transaction_type"] for each in book["trades"][since:]]
    assert sides == sorted(sides), "shorts are bought back before longs are sold"


FAULTS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "the answer to an order is dropped once it is booked": {
        "kind": "drop",
        "on": "place",
        "arrives": "now",
    },
    "an order is lost on its way": {"kind": "drop", "on": "place", "arrives": "never"},
    "an order times out and arrives late": {
        "kind": "timed_out",
        "on": "place",
        "arrives": "late",
        "late_ms": 3_000,
    },
    "too many requests": {"kind": "too_many", "on": "place"},
    "an order is taken and rejected later": {"kind": "reject", "on": "place"},
    "a cancellation is refused": {"kind": "reject", "on": "cancel"},
    "reads fail": {"kind": "error", "on": "read", "count": 5},
}


async def taken_over(house: House, twin: KiteProcess, settings: Settings | None = None) -> bool:
    """Let a guardian take over in this process, while the twin's time passes."""
    ways, settings = house.ways(), settings or house.settings()
    with passing(twin):
        try:
            return await Takeover(settings, Teller(house.state, [].append), ways).run("-")
        finally:
            await ways.close()


@pytest.mark.parametrize("name", FAULTS)
async def test_whatever_goes_wrong_once_all_is_closed_and_nothing_twice(house, twin, name):
    since = open_straddle(twin)
    if FAULTS[name]:
        twin.ask("POST", "faults", **FAULTS[name])
    assert await taken_over(house, twin)
    assert_closed_once(twin, since)
    assert twin.ask("GET", "faults")["faults"] == []
    (latch,) = standing(house.state)
    assert (latch.by, latch.kind, latch.scope) == ("guardian", "kill", "all")


async def test_what_is_larger_than_the_freeze_leaves_in_slices(house, twin):
    """With twelve orders that rest beside it, it is more than a second has room for."""
    for _ in range(4):
        twin.place(CALL, "BUY", TOUCH)
        held_whole(twin)
    for _ in range(12):
        twin.place(PUT, "BUY", order_type="LIMIT", price="90")
    since, before = len(twin.book()["trades"]), len(twin.book()["orders"])
    assert await taken_over(house, twin)
    assert_closed_once(twin, since)
    exits = twin.book()["orders"][before:]
    assert sum(each["filled_quantity"] for each in exits) == 4 * TOUCH
    assert max(each["quantity"] for each in exits) == FREEZE


async def test_an_account_on_paper_beside_it_is_left_to_the_daemon(house, twin):
    """Its prices come through that, and nobody's money is in it."""
    shadow = house.state / "exchange.shadow.sqlite"
    traded(house.state, ("NIFTY-2026-03-10-22900-CE", Side.SELL, LOT, 0), name=shadow.name)
    since, before = open_straddle(twin), shadow.read_bytes()
    settings = house.settings()
    beside = replace(settings, accounts=(*settings.accounts, Account(id="shadow", broker="paper")))
    assert await taken_over(house, twin, beside)
    assert_closed_once(twin, since)
    assert shadow.read_bytes() == before


async def test_a_session_that_dies_at_the_work_ends_this_try_and_lets_go_of_the_folder(house, twin):
    """The market stands meanwhile, so it could never see all flat twice."""
    open_straddle(twin)
    ways = house.ways()
    teller = Teller(house.state, [].append)
    try:
        async with asyncio.TaskGroup() as tasks:
            run = tasks.create_task(ended(Takeover(house.settings(), teller, ways)))
            while twin.book()["held"]:  # noqa: ASYNC110  it is another process's
                await asyncio.sleep(0.05)
            twin.ask("POST", "faults", kind="expire")
        assert "the guardian has no session of zed" in run.result()
        assert not is_held(house.state)
        twin.log_in()
        house.keep(twin.token)
        assert await taken_over(house, twin)
    finally:
        await ways.close()


async def ended(takeover: Takeover) -> str:
    """Return why it could not go on."""
    with pytest.raises(SessionRefused) as refused:
        await takeover.run("-")
    return str(refused.value)


def test_without_a_session_a_guardian_says_so_and_closes_once_there_is_one(house, twin):
    since = open_straddle(twin)
    house.keep("a-session-that-ended")
    before = twin.book()
    with watching(house.folder) as guardian:
        guardian.wait_line("the guardian has no session of zed at its broker")
        alert = house.state / ALERT
        guardian.wait(
            lambda: alert.exists() and "`ordo login zed`" in alert.read_text(), "leaves word"
        )
        assert twin.book() == before
        assert standing(house.state) == ()
        house.keep(twin.token)
        with passing(twin):
            guardian.wait_line("has closed everything")
    assert_closed_once(twin, since)


def test_a_daemon_that_beats_again_in_time_keeps_what_it_holds(house, twin):
    """Its beats come while the guardian waits, and go on for longer than that."""
    open_straddle(twin)
    before = twin.book()
    with watching(house.folder, silence_s=3) as guardian, beating(house.state) as beats:
        guardian.wait(lambda: beats() > 25, "hears beats for longer than it waits")
        assert len(guardian.lines) == 1
    assert twin.book() == before
    assert standing(house.state) == ()


@contextmanager
def beating(state: Path) -> Iterator[Callable[[], int]]:
    """Beat as a daemon does, five times a second; yield how often that was."""
    over, count = threading.Event(), [0]

    def beat() -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wire:
            while not over.wait(0.2):
                wire.sendto(b"WATCHDOG=1", str(state / SOCKET))
                count[0] += 1

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        yield lambda: count[0]
    finally:
        over.set()
        thread.join()


@thorough
def test_a_daemon_that_is_started_again_in_time_goes_on_with_what_it_holds(tmp_path):
    with live_daemon(tmp_path) as (first, twin):
        twin.pass_by(25)
        first.wait_event("BasketEnded", complete=True)
        with watching(tmp_path, silence_s=45) as guardian:
            first.kill()
            with started_again(tmp_path, twin) as second:
                twin.pass_by(50)
                assert witnessed(twin, first, second) == WHOLE
            assert len(guardian.lines) == 1
    assert standing(tmp_path / "state") == ()


def test_a_daemon_that_hangs_is_ended_and_what_it_entered_is_closed_once(tmp_path):
    with live_daemon(tmp_path) as (daemon, twin):
        twin.pass_by(25)
        daemon.wait_event("BasketEnded", complete=True)
        since = len(twin.ask("GET", "book")["trades"])
        with watching(tmp_path) as guardian:
            os.kill(daemon.pid, signal.SIGSTOP)
            with passing(twin):
                guardian.wait_line("has closed everything")
            assert daemon.wait_end() == -signal.SIGKILL
        assert_closed_once(twin, since)
    done = told("audit", "verify", "--ledger", tmp_path / "state" / "ledger.sqlite")
    assert done.code == 0
