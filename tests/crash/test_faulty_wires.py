"""The wires to a real Redis and a real PostgreSQL fail: the day is the one that nobody disturbed.

The daemon is a process of its own, with the clients that it has, and a proxy stands between it and
each store. While a short straddle is held, locked and left, one fault follows another. What the
ledger's wire does for longer than a quarter of a second fails the ledger until the next start, so
the daemon is killed then and goes on. `make test` meets a few faults, `make crash` all of them on
two days (`ORDO_FAULTY_DAYS`).
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from daemon.messages import EntryDecided
from tests.kit import crashes
from tests.kit.crash_days import DATE, ENVIRON, MANY
from tests.kit.crashes import Day
from tests.kit.daemon_process import DaemonProcess, Reply, enter, running
from tests.kit.fault_proxy import FaultProxy, fault_proxy
from tests.kit.fault_ways import Fault, Then
from tests.kit.servers import redis_server
from tests.kit.stores import InSchema, audited

COUNT = int(os.environ.get("ORDO_FAULTY_DAYS", "2" if MANY else "0"))
SEEDS = range(1, 1 + max(COUNT, 1))
SPEED = "60" if COUNT else "240"
FRAMES = ENVIRON | {"ORDO_FEED__INTERVAL_MS": "5000"}
FEW = ("a black hole", "reset", "cut in an answer")
SYMBOL = "NIFTY-2026-03-10-23100-CE"
TRIED = {"symbol": SYMBOL, "side": "buy", "quantity": 65, "order_type": "market", "dry_run": True}
NOT_FINAL = (503, 504)
PATIENCE_S = 120.0
_LOOK_S = 0.05
pytestmark = pytest.mark.timeout(600 if COUNT else 120)


class Harm(Struct, frozen=True):
    """One thing that a wire does.

    Attributes:
        name: of it.
        do: has a proxy do it; chance decides where it is done.
        loses: whoever asks something gets no answer in time while it lasts.
    """

    name: str
    do: Callable[[FaultProxy, random.Random], None]
    loses: bool = True


def both(name: str, fault: Fault, *, loses: bool = True) -> Harm:
    return Harm(name, lambda proxy, _: proxy.tell(fault, fault), loses)


def asks(name: str, fault: Fault) -> Harm:
    return Harm(name, lambda proxy, _: proxy.tell(asks=fault))


def tells(name: str, fault: Fault) -> Harm:
    return Harm(name, lambda proxy, _: proxy.tell(tells=fault))


def once(name: str, way: str, then: Then) -> Harm:
    """Whoever is connected meets it somewhere in what is said next, and nobody later."""

    def do(proxy: FaultProxy, chance: random.Random) -> None:
        fault = Fault(after_bytes=chance.choice((0, chance.randint(1, 400))), then=then)
        proxy.tell(**{way: fault}, later=False)

    return Harm(name, do, loses=False)


def refused(proxy: FaultProxy, _: random.Random) -> None:
    proxy.refuse()
    proxy.cut()


NOTHING = {then: Fault(after_bytes=0, then=then) for then in Then}
HARMS = (
    both("late", Fault(latency_ms=15, jitter_ms=15), loses=False),
    both("very late", Fault(latency_ms=2_500, jitter_ms=500)),
    tells("dripping", Fault(bytes_per_s=4, piece_bytes=1)),
    both("stalled", NOTHING[Then.STALLS]),
    asks("asks swallowed", NOTHING[Then.SWALLOWS]),
    tells("answers swallowed", NOTHING[Then.SWALLOWS]),
    both("a black hole", NOTHING[Then.SWALLOWS]),
    asks("half closed by us", NOTHING[Then.ENDS]),
    tells("half closed by the server", NOTHING[Then.ENDS]),
    tells("cut at each answer", NOTHING[Then.CUTS]),
    Harm("refused", refused),
    Harm("reset", lambda proxy, _: proxy.cut(resets=True), loses=False),
    once("cut in what is asked", "asks", Then.CUTS),
    once("cut in an answer", "tells", Then.CUTS),
    once("reset in what is asked", "asks", Then.RESETS),
    once("reset in an answer", "tells", Then.RESETS),
)


class Course(Struct):
    """What befell a day.

    Attributes:
        met: the faults that did something.
        lost: of these, which lost the store.
        answers: to requests by their ids, where the answer is final.
    """

    met: list[str] = []
    lost: list[str] = []
    answers: dict[str, Reply] = {}


@pytest.fixture(scope="module")
def calm(request, tmp_path_factory) -> Day:
    """The day of one strategy that nobody disturbs."""
    if not MANY:
        found: Day = request.getfixturevalue("undisturbed")
        return found
    args = ("--until", DATE, "--speed", "max")
    with running(tmp_path_factory.mktemp("calm"), *args, environ=FRAMES) as process:
        assert process.wait_end() == 0, process.log
    return crashes.read(process.state)


@pytest.fixture
def harms(seed: int) -> Iterator[Harm]:
    """Return faults in an order by chance; a day that few are looked at in meets few."""
    if not COUNT:
        return iter([each for name in FEW for each in HARMS if each.name == name])
    order = list(HARMS)
    random.Random(seed).shuffle(order)
    return iter(order)


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_the_wire_to_the_redis_does_the_day_is_the_same(tmp_path, calm, seed, harms):
    """It is not there at the start and in the entry, and then again and again."""
    course, chance = Course(), random.Random(seed)
    with redis_server(port=0) as server, fault_proxy(server.path, seed=seed) as proxy:
        environ = {"ORDO_HOT_STATE__URL": f"redis://127.0.0.1:{proxy.at}"}
        next(each for each in harms if each.loses).do(proxy, chance)
        enter(tmp_path, FRAMES | environ)
        proxy.heal()
        environ |= {"ORDO_HOT_STATE__PAUSE_ENTRIES": "true"}
        with daemon(tmp_path, environ) as process:
            until(process, lambda: hot_state(process)["round_trip_ms"] is not None, "mirrors")
            for harm in harms:
                if is_flat(process):
                    break
                proxy.harmed = 0
                harm.do(proxy, chance)
                if harm.loses:
                    until(process, lambda: not hot_state(process)["ok"], f"loses it: {harm.name}")
                    course.lost.append(harm.name)
                time.sleep(chance.uniform(0, 0.5))
                assert_guarded(process)
                if proxy.harmed or harm.name in ("reset", "refused"):
                    course.met.append(harm.name)
                proxy.heal()
                until(process, lambda: hot_state(process)["ok"], f"has it again: {harm.name}")
            until(process, lambda: is_flat(process), "has left")
            until(
                process,
                lambda: count(process, "EntriesFreed") == count(process, "EntriesHeld"),
                "lets entries go on",
            )
            held = count(process, "EntriesHeld")
    sys.stdout.write(f"seed {seed}: met {course.met}, lost {course.lost}, held {held} times\n")

    assert held >= len(course.lost)
    assert_same(calm, crashes.read(tmp_path / "state"))


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_the_wire_to_the_postgres_does_the_day_is_the_same(
    tmp_path, calm, postgres, seed, harms
):
    course, chance, kept = Course(), random.Random(seed), InSchema(postgres)
    with fault_proxy(kept.port, seed=seed) as proxy:
        environ = {"ORDO_LEDGER__URL": kept.url.replace(f":{kept.port}/", f":{proxy.at}/")}
        enter(tmp_path, FRAMES | environ)
        over = False
        while not over:
            with daemon(tmp_path, environ) as process:
                for request_id, reply in course.answers.items():
                    again = process.post("/api/order", TRIED, request_id)
                    assert (again.status, again.body) == (reply.status, reply.body), request_id
                over = not harmed(process, proxy, harms, chance, course)
                if over:
                    until(process, lambda: is_flat(process), "has left")
    sys.stdout.write(f"seed {seed}: met {course.met}, lost {course.lost}\n")

    assert audited(kept).broken is None
    assert_same(calm, crashes.read(tmp_path / "state", kept.store))


@pytest.mark.skipif(not COUNT, reason="one of many days: `make crash`, or ORDO_FAULTY_DAYS")
@pytest.mark.parametrize("seed", SEEDS)
def test_commits_whose_answers_are_lost_all_day_are_looked_for_and_made_once(
    tmp_path, calm, postgres, seed
):
    """From before the open to after the close; where looking takes too long, the ledger fails."""
    chance, kept, cuts = random.Random(seed), InSchema(postgres), 0
    with fault_proxy(kept.port, seed=seed) as proxy:
        environ = {"ORDO_LEDGER__URL": kept.url.replace(f":{kept.port}/", f":{proxy.at}/")}
        args = ("--until", DATE, "--speed", "max")
        with running(tmp_path, *args, environ=FRAMES | environ) as process:
            process.wait_ready()
            while not process.is_over():
                chance.choice([each for each in HARMS if each.name.startswith("cut in")]).do(
                    proxy, chance
                )
                time.sleep(chance.uniform(0.05, 0.4))
                cuts += 1
            proxy.heal()
            failed = any("ALERT no more entries" in line for line in process.lines)
            assert process.wait_end() == 0, process.log
        if failed:
            with running(tmp_path, *args, environ=FRAMES | environ) as process:
                assert process.wait_end() == 0, process.log
    sys.stdout.write(
        f"seed {seed}: {cuts} cuts told, {proxy.harmed} met, {proxy.connections} connections, "
        f"{'the ledger failed' if failed else 'the ledger held'}\n"
    )

    day = crashes.read(tmp_path / "state", kept.store)
    assert proxy.harmed
    assert audited(kept).broken is None
    if failed and len(day.of(EntryDecided)) == 0:  # before the one entry: none is taken then
        assert day.orders == ()
    else:
        assert_same(calm, day)


def harmed(
    process: DaemonProcess,
    proxy: FaultProxy,
    harms: Iterator[Harm],
    chance: random.Random,
    course: Course,
) -> bool:
    """Let one fault follow another until one fails the ledger; return whether one did."""
    for harm in harms:
        if is_flat(process):
            return False
        assert ledger(process)["ok"]
        proxy.harmed = 0
        harm.do(proxy, chance)
        for number in range(3):
            tried(process, f"{harm.name}-{number}".replace(" ", "_"), course)
        if harm.loses:
            until(process, lambda: not ledger(process)["ok"], f"loses it: {harm.name}")
        time.sleep(chance.uniform(0, 2.0))
        assert_guarded(process)
        failed = not ledger(process)["ok"]
        if proxy.harmed or harm.name in ("reset", "refused"):
            course.met.append(harm.name)
        if failed:
            course.lost.append(harm.name)
            process.wait_line("ALERT no more entries")
            process.kill()
        proxy.heal()
        if failed:
            return True
    return False


@contextmanager
def daemon(folder: Path, environ: dict[str, str]) -> Iterator[DaemonProcess]:
    """Go on with the day, over a wire."""
    with running(folder, "--speed", SPEED, environ=FRAMES | environ) as process:
        yield process.wait_ready()


def tried(process: DaemonProcess, request_id: str, course: Course) -> None:
    """Ask what would become of an order, which is recorded; an answer that is final is kept."""
    reply = process.post("/api/order", TRIED, request_id)
    if reply.status not in NOT_FINAL:
        course.answers[request_id] = reply


def assert_same(calm: Day, day: Day) -> None:
    """Hold a day against the one that nobody disturbed: nothing may differ."""
    assert crashes.cut_strategies(day) == frozenset()
    crashes.assert_traded_alike(calm, day)
    assert crashes.sent_twice(day) == []
    assert crashes.ours(day) == crashes.theirs(day) == {}


def assert_guarded(process: DaemonProcess) -> None:
    """See that every open leg is guarded, or on its way out."""

    def guarded() -> bool:
        snapshot = process.get("/api/portfolio/snapshot").document
        legs = [leg for each in snapshot["strategies"] for leg in each["legs"] if leg["quantity"]]
        return all(leg["guarded"] for leg in legs)

    until(process, guarded, "guards every leg")


def is_flat(process: DaemonProcess) -> bool:
    snapshot = process.get("/api/portfolio/snapshot").document
    return not any(held["quantity"] for held in snapshot["positions"])


def until(process: DaemonProcess, seen: Callable[[], bool], what: str) -> None:
    """Ask again and again, with pauses; each question is a line of log, which would wake a wait."""
    until_s = time.monotonic() + PATIENCE_S
    while not seen():
        assert not process.is_over(), f"it ended before it {what}: {process.log[-20:]}"
        assert time.monotonic() < until_s, f"it never {what}: {said(process)}"
        time.sleep(_LOOK_S)


def said(process: DaemonProcess) -> str:
    """Return what it said to people that is more than the course of the day."""
    return "\n".join(line for line in process.lines if not line[:2].isdecimal())


def count(process: DaemonProcess, kind: str) -> int:
    return sum(each["event"] == kind for each in process.events)


def hot_state(process: DaemonProcess) -> Any:
    return process.get("/api/admin/health").document["hot_state"]


def ledger(process: DaemonProcess) -> Any:
    return process.get("/api/admin/health").document["ledger"]
