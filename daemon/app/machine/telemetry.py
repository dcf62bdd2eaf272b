"""What the daemon tells of itself: its log, its metrics, and, where somebody asks, its traces."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TextIO

from msgspec import Struct

from daemon.domain.instants import MILLISECOND_NS, iso
from daemon.domain.orders.arming import PAPER, mode_of
from daemon.runtime.clock import Clock, MonotonicClock, WallClock
from daemon.settings import Settings
from daemon.telemetry.daily import DailyFiles
from daemon.telemetry.log import Event, Log, make_log
from daemon.telemetry.metrics import Metrics
from daemon.telemetry.redaction import Secret, Secrets
from daemon.telemetry.tracing import Tracer
from daemon.telemetry.writing import Sink, StreamSink, Writer


def _none() -> int:
    return 0


def _unknown(secret: Secret) -> None:
    """Nothing is told that it could stand in."""


def _unread(event: Mapping[str, object]) -> None:
    """Nobody reads the facts as lines."""


class Telemetry(Struct, frozen=True):
    """What is told, and by whose clock.

    Attributes:
        log: takes lines.
        metrics: is counted in.
        host: host time, by which all that lasts is measured.
        record: takes a recorded fact as a line, plain values under plain keys.
        lost_lines: how many lines of the log were not written.
        slow_ns: what holds up the loop longer is told by name.
        tracer: takes spans; None: nobody traces.
        know: keeps a secret out of all lines from then on.
        mode: whose money is traded with, which each span says.
    """

    log: Log
    metrics: Metrics
    host: Clock = MonotonicClock()
    record: Callable[[Mapping[str, object]], None] = _unread
    lost_lines: Callable[[], int] = _none
    slow_ns: int = 50 * MILLISECOND_NS
    tracer: Tracer | None = None
    know: Callable[[Secret], None] = _unknown
    mode: str = PAPER


def bare() -> Telemetry:
    """Return a telemetry that writes its log to standard error at once, and keeps no file."""
    return Telemetry(make_log(sys.stderr, WallClock().now_ns), Metrics())


@contextmanager
def opened(settings: Settings, stderr: TextIO, environ: Mapping[str, str]) -> Iterator[Telemetry]:
    """Write the log to standard error and to a file for each day, until the block ends.

    Whatever becomes of them, nobody who tells something waits for them, or falls over them.

    Args:
        settings: where the files lie, how long they are kept, and what counts as slow.
        stderr: standard error.
        environ: says whether systemd's journal reads it.
    """
    wall, secrets = WallClock(), Secrets()
    sinks: list[Sink] = [StreamSink(stderr, environ)]
    if settings.logs.days:
        folder = settings.logs.within(settings.daemon.state_dir)
        sinks.append(DailyFiles(folder, settings.logs.days, wall.now_ns))
    writer = Writer(sinks, lambda: iso(wall.now_ns()))
    metrics = Metrics()
    for each in settings.accounts:
        metrics.mode.labels(each.id, mode_of(each.broker)).set(1)

    def record(event: Event | Mapping[str, object]) -> None:
        writer.put(secrets.clean(event))

    try:
        yield Telemetry(
            log=make_log(writer.put, wall.now_ns, secrets, settings.daemon.mode),
            metrics=metrics,
            record=record,
            lost_lines=lambda: writer.lost,
            slow_ns=settings.telemetry.slow_ms * MILLISECOND_NS,
            know=secrets.know,
            mode=settings.daemon.mode,
        )
    finally:
        writer.close()
