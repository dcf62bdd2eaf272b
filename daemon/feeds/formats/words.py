"""The words of recordings: what a source of recorded frames offers, whatever its format."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Protocol

from msgspec import Struct

from daemon.domain.market.frames import Frame
from daemon.domain.market.notes import Note

Wanted = frozenset[str] | str | None
"""Which symbols to keep: these; those that begin so; all."""
MEMORY = 8
"""How many contents are remembered where none can rightly recur."""
_PRIME = (1 << 61) - 1


class ReplayOptions(Struct, frozen=True):
    """What a file cannot say for itself.

    Attributes:
        symbol: the symbol of bars and ticks, or the underlying of a chain; empty: the label in
            the file, else the first word of its name.
        front: the front expiry of an underlying on a day, for chains without an expiry column.
        span_ns: the length of a bar; 0: the most frequent distance between two bars.
    """

    symbol: str = ""
    front: Callable[[str, date], date] | None = None
    span_ns: int = 0


class RecordedFrame(Struct, frozen=True, gc=False):
    """One frame as it was recorded, good or bad: the feed judges it.

    Attributes:
        frame: the prices that were asked for.
        fingerprint: of the whole recorded content, also of what was not asked for and what a
            quote does not hold (volume, open interest). Equal for equal content, never 0; it
            holds inside one run only.
    """

    frame: Frame
    fingerprint: int


class ListedStrikes(Struct, frozen=True):
    """The strikes that a recording shows of one expiry on a day, priced or not.

    Attributes:
        underlying: of which they are.
        expiry: the day on which they expire.
        strikes_e4: ascending, each of a call and a put.
    """

    underlying: str
    expiry: date
    strikes_e4: tuple[int, ...]


class Source(Protocol):
    """One file of recorded frames.

    Attributes:
        days: the days it has frames of, in order.
        notes: what must be said of it as a whole.
        stamped_at_close: each frame tells of the span that ends at its instant.
        memory: how many contents the intake should remember.
        is_chain: each frame is a snapshot of many contracts.
    """

    days: tuple[date, ...]
    notes: tuple[Note, ...]
    stamped_at_close: bool
    memory: int
    is_chain: bool

    def frames(self, day: date, wanted: Wanted) -> Iterator[RecordedFrame]:
        """Yield a day's frames in order of time."""
        ...

    def interval_ns(self, day: date) -> int:
        """Return how far apart that day's frames typically are; 0: fewer than two."""
        ...

    def listed(self, day: date) -> tuple[ListedStrikes, ...]:
        """Return what was listed that day, by expiry; empty: the file does not say."""
        ...

    def release(self) -> None:
        """Free what was held of the file."""
        ...


def keeps(wanted: Wanted, symbol: str) -> bool:
    """Return whether a symbol is among those asked for."""
    if wanted is None:
        return True
    return symbol.startswith(wanted) if isinstance(wanted, str) else symbol in wanted


def fold_prints(content: int) -> int:
    """Return a fingerprint, never 0, of a sum of content hashes."""
    return content % _PRIME + 1
