"""A made market for benches: one-minute frames of an index and two options, held in memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from daemon.domain.instants import SECOND_NS
from daemon.domain.market.calendar import Segment, is_session, sessions
from daemon.domain.market.expiries import weekly
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.market.instruments import Kind, symbol_of
from daemon.domain.market.notes import Note
from daemon.domain.money import E4
from daemon.feeds.formats.words import ListedStrikes, RecordedFrame

MINUTE_NS = 60 * SECOND_NS
_TICK_E4 = 500
_STRIKE_E4 = 24_500 * E4


class MadeMarket:
    """Days of one-minute frames, made once and played from memory, in the form of a recording.

    Args:
        first: the first day.
        frames: how many at least; the last day is whole like every other.
    """

    stamped_at_close = True
    memory = 1
    notes: tuple[Note, ...] = ()

    def __init__(self, first: date, frames: int) -> None:
        self._days: dict[date, list[RecordedFrame]] = {}
        day, made, walk = first, 0, _Walk()
        while made < frames:
            if is_session(day, Segment.DERIVATIVES):
                minutes = _day(day, walk)
                self._days[day] = minutes
                made += len(minutes)
            day = day + timedelta(days=1)

    def __len__(self) -> int:
        return sum(map(len, self._days.values()))

    def days(self) -> list[date]:
        """Return the days that were made."""
        return list(self._days)

    def frames(self, day: date) -> Iterator[RecordedFrame]:
        """Yield a day's frames."""
        return iter(self._days[day])

    def interval_ns(self, day: date) -> int:  # noqa: ARG002  every day is alike
        """Return how far apart its frames are."""
        return MINUTE_NS

    def listed(self, day: date) -> tuple[ListedStrikes, ...]:  # noqa: ARG002  all of it is quoted
        """Return nothing: what is quoted is all there is."""
        return ()

    def close(self) -> None:
        """Free everything."""
        self._days.clear()


class _Walk:
    """A price that wanders by a linear congruence: equal on every machine."""

    def __init__(self) -> None:
        self._state = 42

    def step(self, span: int) -> int:
        """Return the next number from -span to span."""
        self._state = (self._state * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407) % 2**64
        return (self._state >> 33) % (2 * span + 1) - span


def _day(day: date, walk: _Walk) -> list[RecordedFrame]:
    expiry = weekly("NIFTY", day)
    call = symbol_of("NIFTY", expiry, _STRIKE_E4, Kind.CALL)
    put = symbol_of("NIFTY", expiry, _STRIKE_E4, Kind.PUT)
    session = sessions(day, Segment.DERIVATIVES)[0]
    spot_e4, premium_e4 = _STRIKE_E4, 100 * E4
    minutes: list[RecordedFrame] = []
    for at_ns in range(session.open_ns + MINUTE_NS, session.close_ns + 1, MINUTE_NS):
        spot_e4 += walk.step(40) * _TICK_E4
        premium_e4 = max(premium_e4 + walk.step(4) * _TICK_E4, 20 * E4)
        half_e4 = (spot_e4 - _STRIKE_E4) // (2 * _TICK_E4) * _TICK_E4
        quotes = {
            "NIFTY": Quote(spot_e4, low_e4=spot_e4 - _TICK_E4, high_e4=spot_e4 + _TICK_E4),
            call: _quote(max(premium_e4 + half_e4, _TICK_E4)),
            put: _quote(max(premium_e4 - half_e4, _TICK_E4)),
        }
        minutes.append(RecordedFrame(Frame(at_ns, quotes), at_ns))
    return minutes


def _quote(ltp_e4: int) -> Quote:
    return Quote(ltp_e4, ltp_e4 - _TICK_E4, 10_000, ltp_e4 + _TICK_E4, 10_000)
