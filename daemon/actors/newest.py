"""The newest quote of everything that one feed has told of, for whom looks back but rarely.

What is absent from a frame is unchanged, so a strike that is quiet was quoted some frames ago. Who
begins to watch it only now must not wait until it is quoted again.
"""

from __future__ import annotations

from collections.abc import Iterable

from daemon.domain.market.frames import Frame, Quote

_MOST_UNREAD = 64
"""Frames laid down while nobody asks; more are read, so that memory stays bounded."""


class Newest:
    """The newest quotes of a living link."""

    __slots__ = ("_came_ns", "_quotes", "_unread")

    def __init__(self) -> None:
        self._quotes: dict[str, Quote] = {}
        self._came_ns: dict[str, int] = {}
        self._unread: list[Frame] = []

    def see(self, frame: Frame) -> None:
        """Lay a frame down until somebody asks; the path of every tick."""
        unread = self._unread
        unread.append(frame)
        if len(unread) >= _MOST_UNREAD:
            self._read()

    def lose(self) -> None:
        """Forget every quote: the link is dead, or the day is another."""
        self._unread.clear()
        self._quotes.clear()
        self._came_ns.clear()

    def of(self, symbols: Iterable[str]) -> tuple[tuple[str, Quote, int], ...]:
        """Return the quotes of these symbols that are known, each with the instant it came at."""
        self._read()
        return tuple(
            (symbol, self._quotes[symbol], self._came_ns[symbol])
            for symbol in symbols
            if symbol in self._quotes
        )

    def _read(self) -> None:
        for frame in self._unread:
            self._quotes.update(frame.quotes)
            self._came_ns.update(dict.fromkeys(frame.quotes, frame.at_ns))
        self._unread.clear()
