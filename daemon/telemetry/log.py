"""The log: a line of JSON for each event, or a plain line on a terminal.

A line holds what it was given and the instant. No text can break out of its line, for control
characters and the marks that turn the direction of writing are escaped; no secret stands in it.
Where systemd's journal reads, a line begins with its priority: so `journalctl -p err` works.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any, TextIO

import orjson
import structlog
from structlog.typing import FilteringBoundLogger, Processor

from daemon.telemetry.printing import straight
from daemon.telemetry.redaction import Secrets

_SECOND_NS = 1_000_000_000
_PRIORITIES = {"critical": 2, "error": 3, "warning": 4, "info": 6, "debug": 7}
Log = FilteringBoundLogger
Event = dict[str, Any]
"""One line, clean: plain values under plain keys."""
Render = Callable[[Event], str]


def make_log(
    write: TextIO | Callable[[Event], None],
    now_ns: Callable[[], int],
    secrets: Secrets | None = None,
    mode: str = "",
) -> Log:
    """Return a log.

    Args:
        write: takes each event; a stream has it written at once, in the form that suits it.
        now_ns: host time, wall.
        secrets: what must not be told.
        mode: whose money is traded with, which each line says; empty: nobody trades.
    """
    put = write if callable(write) else to_stream(write, {})
    processors: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        _Stamp(now_ns, mode),
        _Clean(secrets or Secrets()),
    ]
    log: Log = structlog.wrap_logger(
        _Given(put),
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger("info"),
        context_class=dict,
        cache_logger_on_first_use=True,
    )
    return log


class _Given:
    """Takes every event, whatever its level: that stands in it."""

    def __init__(self, put: Callable[[Event], None]) -> None:
        self.info = self.warning = self.error = self.critical = put


class _Stamp:
    """Puts instant, level, mode and event in front.

    The first two arguments are structlog's own, here and below.
    """

    def __init__(self, now_ns: Callable[[], int], mode: str) -> None:
        self._now_ns = now_ns
        self._mode = {"mode": mode} if mode else {}

    def __call__(
        self, _: object, __: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        seconds, rest_ns = divmod(self._now_ns(), _SECOND_NS)
        moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest_ns // 1_000)
        first = {"at": moment.isoformat(timespec="microseconds"), "level": event["level"]}
        return {**first, **self._mode, "event": event["event"], **event}


class _Clean:
    """Hands on what may be told."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    def __call__(
        self, _: object, __: str, event: MutableMapping[str, Any]
    ) -> tuple[tuple[Event], dict[str, Any]]:
        trace = event.pop("exception", "")
        told: Event = self._secrets.clean(event)
        if trace:
            told["exception"] = self._secrets.clean_lines(trace)
        return (told,), {}


def as_json(event: Event) -> str:
    """Return an event as one line of JSON."""
    return orjson.dumps(event).decode()


def as_text(event: Event) -> str:
    """Return an event as a person reads it; a trace follows on lines of its own."""
    rest = dict(event)
    at, level, what = (str(rest.pop(key, "")) for key in ("at", "level", "event"))
    trace = rest.pop("exception", "")
    told = " ".join(f"{key}={value}" for key, value in rest.items())
    return f"{at} {level} {what} {told}".rstrip() + (f"\n{trace}" if trace else "")


def for_journald(event: Event) -> str:
    """Return an event as JSON behind its priority, which the journal takes off and keeps."""
    return f"<{_PRIORITIES.get(event.get('level', 'info'), 6)}>{as_json(event)}"


def suiting(stream: TextIO, environ: Mapping[str, str]) -> Render:
    """Return the form that suits a stream: a terminal, systemd's journal, or anything else.

    Args:
        stream: takes the lines.
        environ: says in JOURNAL_STREAM which file the journal reads from.
    """
    if stream.isatty():
        return as_text
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):  # no file stands behind it
        return as_json
    journal = environ.get("JOURNAL_STREAM", "") == f"{found.st_dev}:{found.st_ino}"
    return for_journald if journal else as_json


def to_stream(stream: TextIO, environ: Mapping[str, str]) -> Callable[[Event], None]:
    """Return what writes events to a stream at once, in the form that suits it."""
    render, write = suiting(stream, environ), straight(stream)

    def put(event: Event) -> None:
        write(render(event) + "\n")

    return put
