"""Many runs: what they came to, what was never hit, and the fewest faults that a failure needs."""

from __future__ import annotations

import gc
import shutil
import signal
import tempfile
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing, contextmanager
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from daemon.simulation.faults import Kind, Struck
from daemon.simulation.outcome import Given, Outcome
from daemon.simulation.world import play

ENOUGH = 200
"""From so many seeds on, a kind of fault that never struck fails the sweep."""
_NEVER = 1 << 60
_AHEAD = 8
"""So many runs of each process are dealt out before their outcomes are taken."""
_MEMORY = Path("/dev/shm")  # noqa: S108  a folder of our own is made in it


class Sweep(Struct):
    """What many runs came to.

    Attributes:
        runs: how many were played.
        seeds: of which seeds.
        days: how many they played a part of.
        gaps: crashes at a named gap: so many pairs of seed and step.
        crash_points: all crashes, with those in the recovery from another.
        steps: messages read and held effects carried out.
        lives: starts of the daemon.
        kills: runs in which a kill was pulled.
        orders: orders that the exchange has met.
        parked: orders that were parked.
        rested: stops that rested at the broker and have filled there.
        struck: how often each kind of fault struck.
        trace_sha256: the digest over the steps of all runs, in their order: equal for equal runs.
        failed: the runs in which an invariant did not hold.
    """

    runs: int = 0
    seeds: set[int] = field(default_factory=set)
    days: int = 0
    gaps: int = 0
    crash_points: int = 0
    steps: int = 0
    lives: int = 0
    kills: int = 0
    orders: int = 0
    parked: int = 0
    rested: int = 0
    struck: Counter[Kind] = field(default_factory=Counter)
    trace_sha256: str = sha256().hexdigest()
    failed: list[Outcome] = field(default_factory=list)

    def take(self, outcome: Outcome) -> None:
        """Count one run."""
        self.runs += 1
        self.seeds.add(outcome.given.seed)
        self.days += outcome.given.days
        named = outcome.given.crash_at is not None and outcome.lives > 1
        self.gaps += named
        self.struck[Kind.CRASH] += named
        self.crash_points += outcome.lives - 1
        self.steps += outcome.steps
        self.lives += outcome.lives
        self.kills += outcome.killed
        self.orders += outcome.orders
        self.parked += outcome.parked
        self.rested += outcome.rested
        self.struck.update(each.kind for each in outcome.struck)
        self.trace_sha256 = sha256(f"{self.trace_sha256} {outcome.trace}".encode()).hexdigest()
        if outcome.violated:
            self.failed.append(outcome)

    def never_hit(self) -> tuple[Kind, ...]:
        """Return the kinds of fault that struck in none of the runs, where those were enough."""
        if len(self.seeds) < ENOUGH:
            return ()
        return tuple(kind for kind in Kind if not self.struck[kind])

    def violations(self, *invariants: str) -> int:
        """Return in how many runs one of these did not hold; none named: any at all."""
        return sum(not invariants or each.violated in invariants for each in self.failed)


def swept(
    givens: Iterable[Given],
    told: Callable[[Outcome], None],
    *,
    jobs: int = 1,
    enough: int | None = None,
) -> Sweep:
    """Play many runs.

    Args:
        givens: what each is made from.
        told: is told of every run, in their order.
        jobs: in so many processes; what comes of it is the same.
        enough: end once there were so many crashes; None: with the last run.
    """
    sweep = Sweep()
    with closing(_outcomes(givens, jobs)) as outcomes:
        for outcome in outcomes:
            sweep.take(outcome)
            told(outcome)
            if enough is not None and sweep.crash_points >= enough:
                break
    return sweep


def every_gap(seeds: Iterable[int]) -> Iterator[Given]:
    """Yield the runs that crash each seed once at every gap between two steps before its quiet.

    Each is a run of its own from the beginning, so any of them can be played again alone; the
    daemon that lives again is crashed again soon, as long as chance has it.
    """
    for seed in seeds:
        whole = played(Given(seed, crash_at=_NEVER))
        yield from (Given(seed, crash_at=at) for at in range(whole.busy))


def _outcomes(givens: Iterable[Given], jobs: int) -> Generator[Outcome, None, None]:
    """Yield what becomes of each run, in their order, whichever process has played it."""
    if jobs == 1:
        yield from map(played, givens)
        return
    context = get_context("forkserver")  # a fork of this process would take its locks along
    with ProcessPoolExecutor(jobs, context, initializer=_begin_to_play) as pool:
        dealt: deque[Future[Outcome]] = deque()
        for given in givens:
            dealt.append(pool.submit(played, given))
            if len(dealt) > jobs * _AHEAD:
                yield dealt.popleft().result()
        while dealt:
            yield dealt.popleft().result()


def _begin_to_play() -> None:
    """Leave an interrupt to whoever deals out, and look for garbage seldom: most is of a run."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it reaches all processes of a terminal
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def fewest(failed: Outcome) -> Outcome:
    """Return a run that fails in the same way with as few faults as could be found.

    Whole kinds of fault are taken out first, then ever smaller shares of what is left, as long as
    the same invariant does not hold; a fault that appears only because another is gone is tried
    as well. In the end none can be taken out alone.
    """
    best = failed
    for kind in sorted({each.kind for each in failed.struck}):
        best = _without(best, [each for each in best.struck if each.kind is kind]) or best
    share = len(best.struck)
    while share:
        fewer = _fewer(best, share)
        if share > 1 or fewer is None:
            share //= 2
        best = fewer or best
    return best


def _fewer(failed: Outcome, share: int) -> Outcome | None:
    """Return the run without as many shares of its faults as can be spared; None: it needs all."""
    best, at = failed, 0
    while at < len(best.struck):
        fewer = _without(best, best.struck[at : at + share])
        if fewer is None:
            at += share
        else:
            best = fewer
    return best if best is not failed else None


def played(given: Given) -> Outcome:
    """Play one run, with a folder for its latches that goes with it."""
    with _folder() as folder:
        return play(given, folder)


def _without(failed: Outcome, faults: Iterable[Struck]) -> Outcome | None:
    """Return the run without some faults, where it still fails in the same way."""
    given = replace(failed.given, without=failed.given.without.union(faults))
    outcome = played(given)
    fails = outcome.violated == failed.violated and len(outcome.struck) < len(failed.struck)
    return outcome if fails else None


@contextmanager
def _folder() -> Iterator[Path]:
    """Give a folder in memory where there is one, for the latch waits for its disk."""
    folder = Path(tempfile.mkdtemp(prefix="ordo-", dir=_MEMORY if _MEMORY.is_dir() else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
