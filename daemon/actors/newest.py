"""The newest quote of everything that one feed has told of, for whom looks back but rarely.

What is absent from a frame is unchanged, so a strike that is quiet was quoted some frames ago. Who
begins to watch it only now must not wait until it is quoted again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from daemon.domain.market.bands import reference_e4
from daemon.domain.market.frames import Frame, Quote

_MOST_UNREAD = 64
"""Frames laid down while nobody asks; more are read, so that memory stays bounded."""


class Newest:
    """The newest quotes of a living link.

    Args:
        recent: how many of the newest frames are kept whole.
    """

    __slots__ = ("_frames", "_recent", "_unread", "_worths_e4")

    def __init__(self, recent: int = 0) -> None:
        self._frames: dict[str, Frame] = {}
        self._recent: deque[Frame] = deque(maxlen=recent)
        self._unread: list[Frame] = []
        self._worths_e4: dict[str, int] = {}

    def see(self, frame: Frame) -> None:
        """Lay a frame down until somebody asks; the path of every tick."""
        unread = self._unread
        unread.append(frame)
        if len(unread) >= _MOST_UNREAD:
            self._read()

    def lose(self) -> None:
        """Forget every quote: the link is dead, or the day is another."""
        self._unread.clear()
        self._frames.clear()
        self._recent.clear()
        self._worths_e4.clear()

    def of(self, symbols: Iterable[str]) -> tuple[tuple[str, Quote, int], ...]:
        """Return the quotes of these symbols that are known, each with the instant it came at."""
        self._read()
        found = ((symbol, self._frames.get(symbol)) for symbol in symbols)
        return tuple((name, frame.quotes[name], frame.at_ns) for name, frame in found if frame)

    def quote(self, symbol: str) -> Quote | None:
        """Return the newest quote of a symbol, if it has one."""
        self._read()
        frame = self._frames.get(symbol)
        return frame.quotes[symbol] if frame else None

    def worth_e4(self, symbol: str) -> int:
        """Return what a symbol was worth by the newest quote of it that says so; 0: none does.

        Without a trade half a touch says nothing of that, and the one before it may have.
        """
        quote = self.quote(symbol)
        return (reference_e4(quote) if quote else 0) or self._worths_e4.get(symbol, 0)

    def quotes(self) -> dict[str, Quote]:
        """Return the newest quote of every symbol that has one."""
        self._read()
        return {symbol: frame.quotes[symbol] for symbol, frame in self._frames.items()}

    def recent(self) -> Sequence[Frame]:
        """Return the newest frames, oldest first."""
        self._read()
        return self._recent

    def _read(self) -> None:
        """Read the frames that were laid down, the newest first: most of the others add nothing."""
        if not self._unread:
            return
        newest: dict[str, Frame] = {}
        known: set[str] = set()
        for frame in reversed(self._unread):
            if not known.issuperset(frame.quotes):
                known.update(frame.quotes)
                for symbol in frame.quotes:
                    newest.setdefault(symbol, frame)
        for symbol, frame in newest.items():
            quote = frame.quotes[symbol]
            if not quote.ltp_e4 and not reference_e4(quote):
                self._keep_worth(symbol)
        self._frames.update(newest)
        self._recent.extend(self._unread)
        self._unread.clear()

    def _keep_worth(self, symbol: str) -> None:
        """Keep what a symbol was worth by the newest quote that says so, before that is gone."""
        before = self._frames.get(symbol)
        for frame in (*reversed(self._unread), *((before,) if before else ())):
            quote = frame.quotes.get(symbol)
            if quote is not None and (worth_e4 := reference_e4(quote)):
                self._worths_e4[symbol] = worth_e4
                return
