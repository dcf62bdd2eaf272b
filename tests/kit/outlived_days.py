"""A day at a broker that outlives the daemon: real servers, proxies between, and kill -9.

The daemon's ledger is in a PostgreSQL, its mirror in a Redis, its account at the broker process.
Each is reached through a proxy. What is harmed, and when the daemon dies, follows from a seed.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from datetime import time as clock
from pathlib import Path

from msgspec import Struct

from daemon.domain.instants import at
from daemon.domain.money import e4
from daemon.kill import standing
from tests.kit import crash_days, crashes
from tests.kit.broker_process import FILE, BrokerProcess, Manner, broker_process
from tests.kit.crash_days import DATE, MOMENTS, Outcome, fact_came, guarded_again
from tests.kit.crashes import Day
from tests.kit.daemon_process import DaemonProcess
from tests.kit.fault_proxy import FaultProxy, fault_proxy
from tests.kit.fault_ways import Fault, Then
from tests.kit.plans import ROOT
from tests.kit.remote_ordo import MODULE
from tests.kit.servers import PostgresServer, free_port, redis_server
from tests.kit.stores import InSchema

CASH = 10_000_000
SOUND = Manner(cash_e4=e4(CASH))
_STRAIGHT = "stop = { percent = 30 }"
_TRAILING = "stop = { percent = 30 }\ntrail = { every = { points = 5 }, by = { points = 4 } }"
_RESIDENT = "\nresident_stop = { beyond_percent = 10 }\n"
_LATER = {"ten": ("10:00:00", "10:30:00"), "later": ("10:05:00", "10:40:00")}
"""When they are entered, and when they are left."""
_MORE = {"noon": ("12:20:00", "13:30:00"), "two": ("14:00:00", "15:10:00")}
"""And where a day is killed often."""
_DAY_S = 600.0
"""So long a day may take on a busy machine, where each of its frames goes over a wire."""


class Scene(Struct, frozen=True):
    """All that is around a daemon.

    Attributes:
        folder: where it runs, and the broker's book lies.
        kept: where its ledger is.
        process: the broker.
        broker: between it and its broker.
        redis: between it and its mirror.
        postgres: between it and its ledger.
        args: the options of every start.
        environ: the settings of every start.
    """

    folder: Path
    kept: InSchema
    process: BrokerProcess
    broker: FaultProxy
    redis: FaultProxy
    postgres: FaultProxy
    args: tuple[str, ...]
    environ: dict[str, str]

    def start(self, speed: str) -> DaemonProcess:
        """Begin the day, or go on with it."""
        args = (*self.args, "--speed", speed)
        return DaemonProcess(self.folder, *args, environ=self.environ, command=(MODULE,))

    def day(self) -> Day:
        """Return what the ledger tells of it by now, and what the broker's own book does."""
        return crashes.read(self.folder / "state", self.kept.store, self.folder / FILE)

    @property
    def ways(self) -> tuple[FaultProxy, ...]:
        """The proxies."""
        return self.broker, self.redis, self.postgres


class Course(Struct, frozen=True):
    """How often a daemon is killed, and how a day is played meanwhile.

    Attributes:
        kills: how often.
        speed: market seconds in one second.
        life_s: how long a daemon lives at most once it is ready, if no fact is waited for.
        harms: connections are harmed.
        presses_at: from which life on a person kills everything, once; 0: nobody does. Once that
            is over, trading goes on.
        moments: the facts at which lives end, in turns; none: by chance.
        ends_at: when of the day the last life is ended, in order; None: with the day.
    """

    kills: int
    speed: str
    life_s: float
    harms: bool = False
    presses_at: int = 0
    moments: tuple[str, ...] = ()
    ends_at: clock | None = None


class Setting(Struct, frozen=True):
    """What a day is like.

    Attributes:
        manner: how the broker behaves.
        interval_ms: how far apart frames lie.
        timeout_ms: how long the broker may take, in host time.
        strategies: writes those that are traded to a folder, and names them.
    """

    manner: Manner
    interval_ms: int
    timeout_ms: int = 5_000
    strategies: Callable[[Path], list[str]] = crash_days.strategies


@contextmanager
def scene(folder: Path, setting: Setting, server: PostgresServer) -> Iterator[Scene]:
    """Set all of it up, until the block ends.

    Args:
        folder: for the daemon and for the broker.
        setting: what the day is like.
        server: where the ledger is kept.
    """
    manner = setting.manner
    kept = InSchema(server)
    with (
        redis_server(port=free_port()) as mirror,
        broker_process(folder, manner) as process,
        fault_proxy(process.port, seed=manner.seed) as broker,
        fault_proxy(mirror.port, seed=manner.seed) as redis,
        fault_proxy(server.port, seed=manner.seed) as postgres,
    ):
        where = ("--market", str(process.port), "--broker", str(broker.at))
        environ = {
            "ORDO_ACCOUNTS__PAPER__CASH": str(CASH),
            "ORDO_BROKERS__PAPER__TIMEOUT_MS": str(setting.timeout_ms),
            "ORDO_FEED__INTERVAL_MS": str(setting.interval_ms),
            "ORDO_HOT_STATE__URL": f"redis://127.0.0.1:{redis.at}",
            "ORDO_LEDGER__URL": kept.url.replace(f":{server.port}/", f":{postgres.at}/"),
        }
        args = (*where, "--until", DATE, *setting.strategies(folder))
        yield Scene(folder, kept, process, broker, redis, postgres, args, environ)


def stopped(folder: Path) -> list[str]:
    """Write straddles with stops that trail, and that rest at the broker; name them."""
    text = (ROOT / "strategies" / "nifty_short_straddle.toml").read_text()
    names = ["nifty-short-straddle"]
    later = _LATER | (_MORE if crash_days.MANY else {})
    for number, (name, (entry, leaves)) in enumerate(later.items(), 1):
        own = text.replace('id = "nifty-short-straddle"', f'id = "{name}"')
        own = own.replace("09:20:00", entry).replace("15:20:00", leaves).replace("14:30:00", leaves)
        own = own.replace("atm = 0", f"atm = {number}")
        own = own.replace(_STRAIGHT, _TRAILING) if number % 2 else own + _RESIDENT
        (folder / f"{name}.toml").write_text(own)
        names.append(f"{name}.toml")
    return [part for name in names for part in ("--strategy", name)]


def undisturbed(around: Scene) -> Day:
    """Return the day as it is when nobody kills anything."""
    process = around.start("max")
    assert process.wait_end(_DAY_S) == 0, process.log
    return around.day()


def disturbed(around: Scene, course: Course, seed: int) -> Outcome:
    """Kill the daemon again and again while the day goes on, and let it go on to its end."""
    rng, outcome = random.Random(seed), Outcome()
    while True:
        last = outcome.crashes == course.kills
        hurried = last or not outcome.crashes
        if last:
            around.process.behave()
        process = around.start("max" if hurried else course.speed)
        try:
            if not last:
                _live(process, around, course, rng, outcome)
                process.kill()
            elif course.ends_at is not None:
                _wait_until(process, around, at(date.fromisoformat(DATE), course.ends_at))
                process.end(signal.SIGTERM)
            code = process.wait_end(_DAY_S)
        finally:
            process.kill()
            outcome.lines += process.lines
            for way in around.ways:
                way.heal()
        if code == 0:
            return outcome
        assert not last, process.log
        if code > 0:
            outcome.fallen += 1
        outcome.crashes += 1


def _live(
    process: DaemonProcess, around: Scene, course: Course, rng: random.Random, outcome: Outcome
) -> None:
    """Let a process live until its random moment."""
    if not outcome.crashes:
        process.wait_event("DayOpened")
        return
    presses = course.presses_at and outcome.crashes >= course.presses_at and not outcome.pressed
    if not presses and rng.random() < 0.1:
        outcome.starting += 1
        time.sleep(rng.uniform(0.1, 0.8))
        return
    process.wait(lambda: bool(process.ready_ns) or process.is_over(), "is ready or over")
    if process.is_over():
        return
    outcome.ready_s.append((process.ready_ns - process.spawned_ns) / 1e9)
    if not course.harms and rng.random() < 0.5:
        guarded_again(process, outcome)
    if outcome.pressed:
        _rearm(process)
    if course.harms:
        _harm(around, rng)
    if presses:
        outcome.pressed = _press(process, rng)
        return
    if course.moments or rng.random() < 0.6:
        kinds = MOMENTS if rng.random() < 0.3 else (rng.choice(MOMENTS),)
        if course.moments:
            kinds = (course.moments[outcome.crashes % len(course.moments)],)
        outcome.at_facts += fact_came(process, kinds, len(process.events), course.life_s)
        time.sleep(rng.uniform(0, 0.003))
    else:
        time.sleep(rng.uniform(0, course.life_s))


def _wait_until(process: DaemonProcess, around: Scene, at_ns: int) -> None:
    """Wait until it is ready and the market at an instant, or the day is over."""
    process.wait(lambda: bool(process.ready_ns) or process.is_over(), "is ready or over")
    while around.process.quoted_ns() < at_ns and not process.is_over():
        time.sleep(0.02)


def _press(process: DaemonProcess, rng: random.Random) -> bool:
    """Kill everything, and end the daemon soon after; say whether the latch stands."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(process.brake, "kill", reason="enough").add_done_callback(_heard)
        process.wait(lambda: bool(standing(process.state)) or process.is_over(), "is latched")
        time.sleep(rng.uniform(0.0, 0.2))
        process.kill()
    return bool(standing(process.state))


def _rearm(process: DaemonProcess) -> None:
    """Let trading go on once a kill is over."""
    for latch in standing(process.state):
        stages = process.brake("kill_stage", latch_id=latch.latch_id)["stages"]
        if all(each["stage"] in ("flat", "incomplete") for each in stages):
            process.brake("rearm", latch_id=latch.latch_id)


def _harm(around: Scene, rng: random.Random) -> None:
    """Harm one or two of the connections, each in its own way."""
    for way in rng.sample(around.ways, rng.choice((1, 2))):
        rng.choice(_HARMS)(way, rng)


def _slowed(way: FaultProxy, rng: random.Random) -> None:
    late = Fault(latency_ms=rng.uniform(0, 30), jitter_ms=20, piece_bytes=rng.choice((7, 1_000)))
    way.tell(late, late)


def _silenced(way: FaultProxy, rng: random.Random) -> None:
    """Let what was asked arrive, and its answer reach nobody."""
    after_bytes = rng.randrange(400)
    way.tell(tells=Fault(after_bytes=after_bytes, then=rng.choice((Then.STALLS, Then.SWALLOWS))))


def _ended(way: FaultProxy, rng: random.Random) -> None:
    """Let connections end within what is asked, or within an answer."""
    ends = Fault(after_bytes=rng.randrange(600), then=rng.choice((Then.CUTS, Then.RESETS)))
    if rng.random() < 0.5:
        way.tell(asks=ends, later=False)
    else:
        way.tell(tells=ends, later=False)


def _cut(way: FaultProxy, rng: random.Random) -> None:
    way.cut(resets=rng.random() < 0.5)


def _refused(way: FaultProxy, rng: random.Random) -> None:
    way.refuse()
    way.cut(resets=rng.random() < 0.5)


_HARMS: Sequence[Callable[[FaultProxy, random.Random], None]] = (
    _slowed,
    _silenced,
    _ended,
    _cut,
    _refused,
)


def _heard(answer: Future[object]) -> None:
    """Take what became of a request that the kill may have cut."""
    answer.exception()
