"""A real Redis that is emptied all the time, and kill -9 of the daemon: the day is the same.

`make test` does it a few times on the preset day, `make crash` 200 times with five strategies. The
Redis is a mirror, so emptying it may change nothing at all: neither exits, nor levels, nor orders.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis

from daemon.domain.risk.lock_and_trail import Lock, LockStatus, advance
from daemon.domain.risk.mirrored import MirroredLevels
from daemon.messages import BasketOpened
from daemon.storage.hot.codec import believed, owned, owner_of
from daemon.storage.hot.words import Kept
from daemon.storage.sqlite import SqliteStore
from daemon.storage.stored import Stored
from tests.kit import crashes
from tests.kit.crash_days import (
    CRASHES,
    MANY,
    SEED,
    SHIPPED,
    Outcome,
    disturbed_day,
)
from tests.kit.crashes import OWNER, Day
from tests.kit.daemon_process import DaemonProcess, running
from tests.kit.servers import RedisServer, free_port, redis_server

pytestmark = pytest.mark.timeout(2_400 if MANY else 300)
PACE = ("--speed", "20")
LEVELS = f"strategy:{SHIPPED}:risk_state"
EVERY_S = 1.0 if MANY else 0.1
"""The day takes minutes where there are many kills, and seconds where there are few."""


class Emptied:
    """A Redis that is emptied time and again.

    Attributes:
        times: how often it was.
        found: how many keys it held when it was.
    """

    def __init__(self, server: RedisServer) -> None:
        self.times = self.found = 0
        self._over = threading.Event()
        self._path = server.path
        self._thread = threading.Thread(target=self._empty)

    @contextmanager
    def emptying(self) -> Iterator[None]:
        """Empty it until the block ends."""
        self._thread.start()
        try:
            yield
        finally:
            self._over.set()
            self._thread.join()

    def _empty(self) -> None:
        with closing(redis.Redis(unix_socket_path=str(self._path))) as client:
            while not self._over.wait(EVERY_S):
                self.found += client.dbsize()
                client.flushall()
                self.times += 1


@pytest.fixture(scope="module")
def disturbed(tmp_path_factory) -> tuple[Day, Outcome, Emptied]:
    with redis_server() as server:
        emptied = Emptied(server)
        with emptied.emptying():
            folder = tmp_path_factory.mktemp("flushed")
            day, outcome = disturbed_day(folder, SEED + 1, {"ORDO_HOT_STATE__URL": server.url})
        return day, outcome, emptied


def test_the_redis_was_used_emptied_and_the_daemon_killed(disturbed):
    crashed, outcome, emptied = disturbed
    cut = sorted(crashes.cut_strategies(crashed))
    counted = f"{outcome.crashes} kills, emptied {emptied.times} times of {emptied.found} keys"
    sys.stdout.write(f"{counted}, {len(crashed.orders)} orders, cut: {cut}\n")

    assert outcome.crashes == CRASHES
    assert emptied.times > CRASHES
    assert emptied.found
    for never in ("knew better", "is not believed", "is not taken"):
        assert not [line for line in outcome.lines if never in line]


def test_exits_levels_and_fills_are_those_of_the_day_that_nobody_disturbed(undisturbed, disturbed):
    crashed, *_ = disturbed
    crashes.assert_traded_alike(undisturbed, crashed)


def test_no_order_is_sent_twice_and_both_books_end_flat(disturbed):
    crashed, *_ = disturbed

    assert crashes.sent_twice(crashed) == []
    assert crashes.ours(crashed) == crashes.theirs(crashed) == {}


def test_emptied_under_a_running_daemon_it_is_written_anew(held):
    with redis_server() as server, daemon(held, server.url) as process:
        with closing(redis.Redis(unix_socket_path=str(server.path))) as other:
            process.wait(lambda: bool(other.get(LEVELS)), "mirrors the levels")
            other.flushall()
            process.wait(lambda: bool(other.get(LEVELS)), "mirrors them again")
            before = levels(process)
        process.kill()
        with daemon(held, server.url) as again:
            assert levels(again) == before


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["dies", "hangs"])
def test_a_redis_that_fails_costs_no_stop_and_health_says_so_until_it_is_back(held, how):
    port = free_port()
    url = f"redis://127.0.0.1:{port}"
    with ExitStack() as servers:
        server = servers.enter_context(redis_server(port=port))
        with daemon(held, url, pauses="true") as process:
            process.wait(lambda: health(process)["round_trip_ms"] is not None, "mirrors")
            assert health(process)["ok"] is True
            before = levels(process)
            os.kill(server.pid, how)
            process.wait_line("could not be written")
            process.wait(lambda: health(process)["ok"] is False, "says that it is lost")
            process.wait_event("EntriesHeld", by="hot_state")
            assert levels(process) == before
            process.kill()
        with daemon(held, url, pauses="true") as again:  # and it is not there at the start either
            again.wait_line("could not be looked at")
            again.wait_event("EntriesHeld", by="hot_state")
            assert levels(again) == before
            if how is signal.SIGSTOP:
                os.kill(server.pid, signal.SIGCONT)
            else:
                server = servers.enter_context(redis_server(port=port))
            again.wait_line("the hot state is there again")
            again.wait_event("EntriesFreed", by="hot_state")
            with closing(redis.Redis(unix_socket_path=str(server.path))) as other:
                again.wait(lambda: bool(mirrored(other).basket_id), "mirrors again")


def test_a_higher_floor_of_the_mirror_is_recorded_under_its_name_and_outlives_it(held):
    """The record was restored from an older copy, say: the mirror knows what came after."""
    with redis_server() as server, closing(redis.Redis(unix_socket_path=str(server.path))) as other:
        with daemon(held, server.url) as process:
            process.wait(lambda: bool(other.get(LEVELS)), "mirrors the levels")
            process.kill()
        put(other, lock_of(held, 2_000))
        with daemon(held, server.url) as process:
            process.wait_line(f"the hot state knew better: the floor of {SHIPPED} stands at")
            process.wait_event("ExitDecided", reason="lock_and_trail")
            process.kill()
    (origin,) = (
        row.actor for row in rows(held) if row.kind == "LevelMoved" and b"locked" in row.body
    )
    assert origin == "hot_state"


@pytest.mark.parametrize("profit", [0, 10**6], ids=["malformed", "absurd"])
def test_what_somebody_else_wrote_is_told_to_a_person_and_raises_nothing(held, profit):
    with redis_server() as server, closing(redis.Redis(unix_socket_path=str(server.path))) as other:
        with daemon(held, server.url) as process:
            process.wait(lambda: bool(other.get(LEVELS)), "mirrors the levels")
            before = levels(process)
            process.kill()
        if profit:
            put(other, lock_of(held, profit))
        else:
            other.set(LEVELS, owned(b"\x80pickled", owner_of(other.get(LEVELS))))
        with daemon(held, server.url) as process:
            process.wait_line("cannot have had" if profit else "holds no levels of this version")
            assert levels(process) == before
            process.wait(lambda: mirrored(other).lock is LockStatus.NONE, "writes it anew")


def test_a_daemon_takes_no_floor_of_another_on_the_same_redis(held):
    """Their entries of one day bear one name, and only their records tell them apart."""
    with redis_server() as server, closing(redis.Redis(unix_socket_path=str(server.path))) as other:
        with daemon(held, server.url) as process:
            process.wait(lambda: bool(other.get(LEVELS)), "mirrors the levels")
            before = levels(process)
            process.kill()
        theirs = "f" * 32
        put(other, lock_of(held, 2_000), theirs)
        stood = other.get(LEVELS)
        with daemon(held, server.url) as process:
            process.wait_line("holds the state of another daemon")
            assert health(process)["ok"] is False
            assert levels(process) == before
            assert other.get(LEVELS) == stood
            other.flushall()
            process.wait_line("the hot state is there again")
            process.wait(lambda: mirrored(other).lock is LockStatus.NONE, "writes its own")
            assert owner_of(other.get(LEVELS)) not in ("", theirs)
            told = [line for line in process.lines if "another daemon" in line]
        assert len(told) == 1


def daemon(folder: Path, url: str, pauses: str = "false") -> Any:
    """Go on with the day, with a Redis."""

    @contextmanager
    def made() -> Iterator[DaemonProcess]:
        environ = {"ORDO_HOT_STATE__URL": url, "ORDO_HOT_STATE__PAUSE_ENTRIES": pauses}
        with running(folder, *PACE, environ=environ) as process:
            yield process.wait_ready()

    return made()


def levels(process: DaemonProcess) -> tuple[Any, ...]:
    """Return each open leg with its quantity and its stop, and the strategy's floor."""
    (watch,) = process.get("/api/portfolio/snapshot").document["strategies"]
    legs = [(leg["leg_id"], leg["quantity"], leg["stop"]) for leg in watch["legs"]]
    return legs, watch["risk"]["current_sl"]


def health(process: DaemonProcess) -> Any:
    return process.get("/api/admin/health").document["hot_state"]


def mirrored(other: redis.Redis) -> MirroredLevels:
    """Return the levels of the one entry, once they stand there."""
    value = other.get(LEVELS)
    entries = believed(Kept({LEVELS: value or b""})).entries
    return entries[0] if entries else MirroredLevels("", LockStatus.LOCKED, 0, 0, ())


def put(other: redis.Redis, lock: Lock, owner: str = "") -> None:
    """Write another floor in the place of the mirrored one, as its owner or somebody else."""
    was = mirrored(other)
    told = MirroredLevels(was.basket_id, lock.status, lock.floor_e4, lock.best_e4, was.legs)
    value = msgspec.json.encode({"version": 1, "entries": [told]})
    other.set(LEVELS, owned(value, owner or owner_of(other.get(LEVELS))))


def lock_of(folder: Path, profit: int) -> Lock:
    """Return the lock at a profit in rupees, by the rule of the entry in the record."""
    (opened,) = crashes.read(folder / "state").of(BasketOpened)
    return advance(opened.rules.lock, Lock(), profit * 10_000)


def rows(folder: Path) -> Any:
    return Stored(SqliteStore(folder / "state" / "ledger.sqlite"), OWNER).rows()
