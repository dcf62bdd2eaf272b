"""Whoever gives a line never waits for it: threads of their own write, one for each sink.

A pipe that nobody reads and a disk that hangs hold up their own thread alone. What no longer
fits is left out and counted, and so is what could not be written; nothing of it is ever raised.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Protocol, TextIO

from daemon.telemetry.log import Event, to_stream
from daemon.telemetry.pen import Pen


class Sink(Protocol):
    """Where lines end up."""

    def write(self, event: Event) -> None:
        """Write an event.

        Raises:
            OSError: it could not be written.
            ValueError: there is nothing to write to any more.
        """
        ...

    def close(self) -> None:
        """Let go of what was opened here."""
        ...


class StreamSink:
    """Writes to a stream, in the form that suits it; at a terminal people read no facts.

    Args:
        stream: takes the lines.
        environ: says whether systemd's journal reads it.
    """

    def __init__(self, stream: TextIO, environ: Mapping[str, str]) -> None:
        self._put = to_stream(stream, environ)
        self._facts = not stream.isatty()

    def write(self, event: Event) -> None:
        """Write an event, at once.

        Raises:
            OSError: whoever read has gone.
            ValueError: the stream is closed.
        """
        if "fact" in event and not self._facts:
            return  # they are told of it in a sentence, on standard output
        self._put(event)

    def close(self) -> None:
        """Leave the stream to whoever opened it."""


class Writer:
    """Writes events to every sink, in the order given, each in a thread of its own.

    Args:
        sinks: where they go.
        now: the instant as lines show it, for what the writer itself has to say.
        most: how many may wait for a sink.
    """

    def __init__(self, sinks: Sequence[Sink], now: Callable[[], str], most: int = 10_000) -> None:
        self._now = now
        self._pens: tuple[Pen[Event], ...] = tuple(
            Pen(sink.write, most, partial(self._tell, number), sink.close)
            for number, sink in enumerate(sinks)
        )

    @property
    def lost(self) -> int:
        """How many lines reached a sink not, or were left out there."""
        return sum(pen.lost for pen in self._pens)

    def put(self, event: Event) -> None:
        """Have an event written; waits for nothing."""
        for pen in self._pens:
            pen.put(event)

    def close(self) -> None:
        """Have written what waits; a sink that hangs is left behind."""
        for pen in self._pens:
            pen.end()
        for pen in self._pens:
            pen.join()

    def _tell(self, failed: int, because: str) -> None:
        """Let those who still can say that one cannot write."""
        told = {"at": self._now(), "level": "error", "event": "log not written"}
        for number, pen in enumerate(self._pens):
            if number != failed:
                pen.put({**told, "because": because})
