"""`ordo simulate`: whole daemons under seeded faults, and what did not hold."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
import orjson
from msgspec import Struct

import daemon
from daemon.app.machine.deployed import code_sha256
from daemon.cli.options import AS_JSON
from daemon.cli.words import count
from daemon.simulation.faults import Struck, struck
from daemon.simulation.outcome import Given, Outcome
from daemon.simulation.sweep import Sweep, every_gap, fewest, swept

_SPAN = re.compile(r"(\d{1,9})(?::(\d{1,9}))?")
_FIRST_FAILURES = 3
"""Of so many failures the fewest faults are looked for; one defect fails many seeds."""
_VIOLATIONS = {
    "violations": (),
    "duplicates": ("I2",),
    "lost": ("I1", "I4", "I5", "I16"),
    "unresolved without alarm": ("I3", "I9"),
}
"""What runs that fail are counted as, and the invariants that stand for it; none: all do."""


def _seeds(_: click.Context, __: click.Parameter, value: str) -> range:
    """Return the seeds that a span names.

    Raises:
        BadParameter: it names none.
    """
    found = _SPAN.fullmatch(value)
    if found is None or int(found[2] or found[1]) < int(found[1]):
        text = f"{value!r} names no seeds; write 7, or 1:200 for those from 1 to 200"
        raise click.BadParameter(text)
    return range(int(found[1]), int(found[2] or found[1]) + 1)


def _faults(_: click.Context, __: click.Parameter, value: tuple[str, ...]) -> tuple[Struck, ...]:
    """Return the faults that these texts name.

    Raises:
        BadParameter: one of them is none.
    """
    try:
        return tuple(map(struck, value))
    except ValueError as error:
        text = f"{error}; take a fault as a run that failed prints it"
        raise click.BadParameter(text) from error


@click.command("simulate")
@click.option(
    "--seeds", callback=_seeds, default="1:200", show_default=True, help="Which runs: FIRST[:LAST]."
)
@click.option(
    "--crash-every-gap", is_flag=True, help="Crash a short run of each seed at every gap."
)
@click.option("--crash-at", type=click.IntRange(0), help="Crash a short run at this gap first.")
@click.option(
    "--without", callback=_faults, multiple=True, help="Leave this fault out; repeatable."
)
@click.option(
    "--days",
    type=click.IntRange(1, 2),
    default=1,
    show_default=True,
    help="Days that a run plays a part of; 2: what is held is carried over a night.",
)
@click.option("--crash-points", type=click.IntRange(1), help="End after so many crashes.")
@click.option(
    "--jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that play."
)
@AS_JSON
def command(**asked: Any) -> int:
    """Play whole daemons in virtual time under seeded faults, and check what must always hold."""
    return _simulate(_Asked(**asked))


class _Asked(Struct, frozen=True):
    """What the command was given, by the names of its options."""

    seeds: range
    crash_every_gap: bool
    crash_at: int | None
    without: tuple[Struck, ...]
    days: int
    crash_points: int | None
    jobs: int
    as_json: bool


def _simulate(asked: _Asked) -> int:
    if asked.days > 1 and (asked.crash_every_gap or asked.crash_at is not None):
        raise click.UsageError("a run that is crashed at a named gap takes seconds of one day")
    without = frozenset(asked.without)
    givens: Iterable[Given] = (
        Given(seed, without, asked.crash_at, asked.days) for seed in asked.seeds
    )
    if asked.crash_every_gap:
        givens = every_gap(asked.seeds)
    with _Progress() as progress:
        sweep = swept(givens, progress.tell, jobs=asked.jobs, enough=asked.crash_points)
    shown = [fewest(failed) for failed in sweep.failed[:_FIRST_FAILURES]]
    if asked.as_json:
        click.echo(orjson.dumps(_told(sweep, shown), option=orjson.OPT_INDENT_2))
    else:
        _print(sweep, shown)
    return 1 if sweep.failed or sweep.never_hit() else 0


class _Progress:
    """Counts runs on a terminal; a pipe sees nothing of it."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._runs = self._failed = 0

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._write("\r\x1b[K")

    def tell(self, outcome: Outcome) -> None:
        """Count one run."""
        self._runs += 1
        self._failed += bool(outcome.violated)
        self._write(f"\r{count(self._runs, 'run')}, {self._failed} failed")

    def _write(self, text: str) -> None:
        if self._shown:
            click.echo(text, nl=False, err=True)


def _print(sweep: Sweep, shown: list[Outcome]) -> None:
    for outcome in shown:
        _print_failure(outcome)
    for kind in sweep.never_hit():
        click.echo(f"never hit: {kind}")
    for kind in sorted(sweep.struck):
        click.echo(f"{sweep.struck[kind]:>12,}  {kind}")
    found = (f"{what} {sweep.violations(*which):,}" for what, which in _VIOLATIONS.items())
    click.echo(", ".join(found))
    click.echo(
        f"{count(sweep.runs, 'run')}, {sweep.steps:,} steps, {sweep.gaps:,} gaps, "
        f"{sweep.crash_points:,} crashes, {count(sweep.kills, 'kill')}, {sweep.orders:,} orders, "
        f"{sweep.parked:,} parked, {sweep.rested:,} resting stops filled; "
        f"{len(sweep.failed)} failed"
    )


def _print_failure(outcome: Outcome) -> None:
    given = outcome.given
    click.echo(f"seed {given.seed} fails at step {outcome.steps}, code {_code()}")
    click.echo(f"  {outcome.sentence}")
    for line in outcome.last[-200:]:
        click.echo(f"    {line}")
    click.echo(f"  with {', '.join(map(str, outcome.struck)) or 'no fault'}")
    click.echo(f"  replay: {_replay(given)}")


def _replay(given: Given) -> str:
    words = ["ordo", "simulate", "--seeds", str(given.seed)]
    if given.crash_at is not None:
        words += ["--crash-at", str(given.crash_at)]
    if given.days > 1:
        words += ["--days", str(given.days)]
    for fault in sorted(given.without):
        words += ["--without", str(fault)]
    return shlex.join(words)


def _code() -> str:
    return code_sha256(Path(daemon.__file__).parent)[:12]


def _told(sweep: Sweep, shown: list[Outcome]) -> dict[str, Any]:
    """Return the document; of each day that counts a run plays a part."""
    struck_counts = {str(kind): sweep.struck[kind] for kind in sorted(sweep.struck)}
    return {
        "code": _code(),
        "seeds": len(sweep.seeds),
        "simulated_days": sweep.days,
        "violations": sweep.violations(),
        "failures": [
            {
                "seed": each.given.seed,
                "step": each.steps,
                "invariant": each.violated,
                "replay": _replay(each.given),
            }
            for each in sweep.failed
        ],
        "faults_hit": struck_counts,
        "trace_sha256": sweep.trace_sha256,
        "runs": sweep.runs,
        "steps": sweep.steps,
        "gaps": sweep.gaps,
        "crash_points": sweep.crash_points,
        "lives": sweep.lives,
        "kills": sweep.kills,
        "orders": sweep.orders,
        "parked": sweep.parked,
        "rested": sweep.rested,
        "struck": struck_counts,
        "found": {what: sweep.violations(*which) for what, which in _VIOLATIONS.items()},
        "never_hit": list(sweep.never_hit()),
        "failed": [
            {
                "seed": each.given.seed,
                "crash_at": each.given.crash_at,
                "step": each.steps,
                "invariant": each.violated,
                "sentence": each.sentence,
            }
            for each in sweep.failed
        ],
        "fewest": [
            {
                "replay": _replay(each.given),
                "faults": [str(fault) for fault in each.struck],
                "last": list(each.last),
            }
            for each in shown
        ],
    }
