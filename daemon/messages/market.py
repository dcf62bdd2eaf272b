"""What the day and the feed bring."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from msgspec import Struct

from daemon.domain.market.frames import Frame
from daemon.domain.market.notes import NoteKind
from daemon.domain.market.polled import Stamped


class FrameArrived(Struct, frozen=True, gc=False):
    """A feed delivered a frame; `fingerprint` is equal for equal content, 0 where unknown."""

    frame: Frame
    fingerprint: int


class FramePolled(Struct, frozen=True):
    """On a dead link these prices were asked for; they bring it to no life."""

    frame: Frame


class ReadQuotes(Struct, frozen=True):
    """Ask the broker what these symbols cost."""

    symbols: tuple[str, ...]


class QuotesRead(Struct, frozen=True):
    """What the broker says they cost; what it has no quote of is not among them."""

    quotes: Mapping[str, Stamped]
    at_ns: int


class QuotesUnread(Struct, frozen=True):
    """The broker does not say, and why."""

    because: str
    at_ns: int


class DayOpened(Struct, frozen=True, tag=True):
    """A day of market time has begun. Sessions are (first, last) instants; none: closed."""

    day: date
    sessions: tuple[tuple[int, int], ...]
    at_ns: int
    interval_ns: int = 0


class DayEnded(Struct, frozen=True, tag=True):
    """A day of market time is over."""

    day: date
    at_ns: int


class OptionsListed(Struct, frozen=True, tag=True, omit_defaults=True):
    """The market lists these options of an underlying, quoted or not.

    Attributes:
        underlying: of which they are.
        expiry: the day on which they expire.
        calls_e4: the strikes of the calls, ascending.
        puts_e4: the strikes of the puts, ascending.
        at_ns: when it was known.
        recorded: a recording shows them; no market was asked.
    """

    underlying: str
    expiry: date
    calls_e4: tuple[int, ...]
    puts_e4: tuple[int, ...]
    at_ns: int
    recorded: bool = False


class Noted(Struct, frozen=True, tag=True):
    """Something that a person reading the day should know."""

    kind: NoteKind
    text: str
    at_ns: int
    strategy_id: str = ""
    account: str = ""

    @property
    def named(self) -> str:
        """What is noted, with whose it is first; where it is of no strategy, of what kind."""
        name = self.strategy_id or self.kind.value
        is_named = self.text.startswith((f"{name} ", f"{name}:"))
        return self.text if is_named else f"{name}: {self.text}"


class LinkDied(Struct, frozen=True, tag=True):
    """The feed has been silent too long: its prices are stale."""

    at_ns: int


class LinkRevived(Struct, frozen=True, tag=True):
    """The feed brings news again."""

    at_ns: int


class PaceLearnt(Struct, frozen=True):
    """Prices live so long by the pace of their feed; not recorded, for a pace is learnt anew.

    Until it is told on a day, they live as long as the interval that `DayOpened` names makes them.
    """

    lives_ns: int


MarketFact = DayOpened | DayEnded | Noted | LinkDied | LinkRevived | OptionsListed
