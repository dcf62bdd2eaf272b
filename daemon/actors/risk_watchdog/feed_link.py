"""What a watchdog knows of the link that its prices come through."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from msgspec.structs import replace

from daemon.actors.newest import Newest
from daemon.actors.risk_watchdog.watch import Watch
from daemon.actors.turn import Turn
from daemon.domain.market.bands import reference_e4
from daemon.domain.market.frames import Frame
from daemon.domain.market.freshness import STALE_FLOOR_NS, Link, lives_ns
from daemon.domain.market.index_silence import (
    LOOK_NS,
    Telling,
    begun_in,
    ended_in,
    left,
    seen,
    silent,
    told_again,
)
from daemon.domain.market.instruments import is_index, parts_of
from daemon.domain.market.notes import NoteKind
from daemon.domain.market.trading_hours import Hours, index_hours
from daemon.messages import DayOpened, LinkRevived, Noted, PaceLearnt


class FeedLink:
    """Whether prices may be acted on: while their link lives, and so long after they came.

    That it lives says nothing of an index which is told no more, for others may be. People are told
    of that, once in each silence; what is held is judged as before. What was told before the link
    died judges nothing any more, but an index that was told before is owed again once it lives.

    Args:
        newest: the newest quotes that came through it.

    Attributes:
        alive: the feed has not told that it is dead.
        interval_ns: how far apart frames of this day are declared to be; 0: not known.
        looks_ns: when the indices under what is held are looked at next.
    """

    __slots__ = (
        *("_active", "_day", "_held", "_hours", "_lives_ns", "_newest", "_revived_ns", "_tellings"),
        *("alive", "interval_ns", "looks_ns"),
    )

    def __init__(self, newest: Newest) -> None:
        self.alive = True
        self.interval_ns = self.looks_ns = self._revived_ns = 0
        self._day: date | None = None
        self._newest = newest
        self._lives_ns = STALE_FLOOR_NS
        self._hours: Hours = ()
        self._tellings: dict[str, Telling] = {}
        self._active: tuple[Watch, ...] = ()
        self._held: dict[str, list[str]] = {}

    def begin_day(self, opened: DayOpened) -> None:
        """Go by what is declared of a day, until the feed has learnt its pace."""
        self.interval_ns = opened.interval_ns
        self._lives_ns = lives_ns(Link(opened.interval_ns))
        self._hours = index_hours(opened.sessions)
        if opened.day != self._day:  # after a restart the same day opens again
            self._day = opened.day
            self._tellings.clear()

    def hear(self, told: LinkRevived | PaceLearnt | Noted) -> None:
        """Take in what the feed says, or what people were told before a restart."""
        match told:
            case LinkRevived(at_ns):
                self.alive, self._revived_ns = True, at_ns
            case PaceLearnt(lives_ns):
                self._lives_ns = lives_ns
            case Noted(NoteKind.STALE, text):
                if index := begun_in(text):
                    self._tellings[index] = Telling.recalled()
                self._tellings.pop(ended_in(text), None)

    @property
    def silent(self) -> frozenset[str]:
        """The indices that people know to be silent."""
        return frozenset(index for index, telling in self._tellings.items() if telling.noted)

    def keeps(self, at_ns: int, now_ns: int) -> bool:
        """Say whether what came at an instant is read before it has died of its age."""
        return now_ns - at_ns <= self._lives_ns

    def look(
        self, turn: Turn | None, frame: Frame, active: tuple[Watch, ...], now_ns: int
    ) -> Turn | None:
        """Tell, on a frame, which indices under what is held have fallen silent, or are told again.

        Args:
            turn: to be told in; None: there is none yet.
            frame: the newest.
            active: the entries that are watched.
            now_ns: the instant.

        Returns:
            The turn; None: there was none, and nothing is to be told.
        """
        self.looks_ns = now_ns + max(LOOK_NS, self._lives_ns)
        if not self.alive:
            return turn  # what is asked for tells of no other prices that come
        for index, symbols in self._held_by(active).items():
            before = self._tellings.get(index)
            if before is not None and before.is_steady and _tells(frame, index):
                continue  # so it is on most looks
            told_ns = self._told_ns(frame, index, symbols, before)
            if not told_ns:
                continue  # never told, or told to have none: that is no silence
            after = seen(before, told_ns, self._since_ns(now_ns), now_ns, self._lives_ns)
            self._tellings[index] = after
            if after.noted != (before is not None and before.noted):
                lost = not self._newest.of((index, *symbols))
                revived_ns = self._revived_ns if lost else 0
                text = silent(index, told_ns, revived_ns) if after.noted else told_again(index)
                turn = turn or Turn()
                turn.record(Noted(NoteKind.STALE, text, now_ns))
        return turn

    def let_go(self, turn: Turn, active: tuple[Watch, ...], now_ns: int) -> None:
        """Tell where nothing of an index is held any more that people know to be silent."""
        held = self._held_by(active)
        for index, telling in self._tellings.items():
            if telling.noted and index not in held:
                self._tellings[index] = replace(telling, noted=False)
                turn.record(Noted(NoteKind.STALE, left(index), now_ns))

    def _held_by(self, active: tuple[Watch, ...]) -> dict[str, list[str]]:
        """Return what is held, by the index under it; after a fill `active` is another tuple."""
        if active is not self._active:
            self._active, self._held = active, _held(active)
        return self._held

    def _since_ns(self, now_ns: int) -> int:
        """Return since when indices are owed; now, where none is."""
        for opens_ns, closes_ns in self._hours:
            if opens_ns <= now_ns <= closes_ns:
                return max(opens_ns, self._revived_ns)
        return now_ns

    def _told_ns(
        self, frame: Frame, index: str, symbols: Iterable[str], before: Telling | None
    ) -> int:
        """Return when an index, or what is held of it, was told last; 0: the index has no price.

        One that was told before its link died has the price of then, until it is told otherwise.
        """
        if _tells(frame, index):
            return frame.at_ns  # nothing is read for that
        newest = self._newest.of((index, *symbols))
        told_ns = {symbol: at_ns for symbol, quote, at_ns in newest if reference_e4(quote)}
        if before is not None and all(symbol != index for symbol, _, _ in newest):
            told_ns[index] = before.told_ns
        return max(told_ns.values()) if index in told_ns else 0


def _tells(frame: Frame, index: str) -> bool:
    quote = frame.quotes.get(index)
    return quote is not None and bool(quote.ltp_e4)


def _held(active: Iterable[Watch]) -> dict[str, list[str]]:
    """Return what is held, by the index under it."""
    found: dict[str, list[str]] = {}
    for watch in active:
        for leg in watch.legs.values():
            parts = parts_of(leg.symbol) if leg.net_quantity else None
            if parts is not None and is_index(parts.underlying):
                found.setdefault(parts.underlying, []).append(leg.symbol)
    return found
