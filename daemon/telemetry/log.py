"""The log: a line of JSON for each event, or a plain line on a terminal.

A line holds what it was given and the instant; no text can break out of its line, for control
characters and the marks that turn the direction of writing are escaped. Secrets are never given.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
from typing import Any, TextIO

import orjson
import structlog
from structlog.typing import FilteringBoundLogger, Processor

_SECOND_NS = 1_000_000_000
_TURNING = frozenset(
    "\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
_LONGEST = 2_000
Log = FilteringBoundLogger


def make_log(stream: TextIO, now_ns: Callable[[], int]) -> Log:
    """Return a log that writes to a stream.

    Args:
        stream: takes the lines.
        now_ns: host time, wall.
    """
    render = _plain if stream.isatty() else _json
    processors: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        _Stamp(now_ns),
        render,
    ]
    log: Log = structlog.wrap_logger(
        structlog.PrintLogger(stream),
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger("info"),
        context_class=dict,
        cache_logger_on_first_use=True,
    )
    return log


class _Stamp:
    """Puts the instant in front; the first two arguments are structlog's own, here and below."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns

    def __call__(
        self, _: object, __: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        seconds, rest_ns = divmod(self._now_ns(), _SECOND_NS)
        moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest_ns // 1_000)
        return {"at": moment.isoformat(), **event}


def _json(_: object, __: str, event: MutableMapping[str, Any]) -> str:
    trace = event.pop("exception", "")
    told = {key: _safe(value) for key, value in event.items()}
    if trace:
        told["exception"] = trace
    return orjson.dumps(told, default=str).decode()


def _plain(_: object, __: str, event: MutableMapping[str, Any]) -> str:
    at, level, what = (str(event.pop(key, "")) for key in ("at", "level", "event"))
    trace = event.pop("exception", "")
    told = " ".join(f"{key}={_safe(value)}" for key, value in event.items())
    return f"{at} {level} {_safe(what)} {told}".rstrip() + (f"\n{trace}" if trace else "")


def _safe(value: object) -> object:
    return printable(value) if isinstance(value, str) else value


def printable(text: str) -> str:
    r"""Return a text that keeps to its line: what would not is written as `\x1b` or `\u202e`."""
    short = text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
    return "".join(
        one
        if one.isprintable() and one not in _TURNING
        else one.encode("unicode_escape", "backslashreplace").decode()
        for one in short
    )
