"""Closes: what the frames of a recorded day tell of the closing values of its indices.

An exchange works the closing value out after the session, so a recording brings it in a frame that
nobody can trade on any more: not at once, and never in a copy of an earlier frame. Where it has
none, and the closing value is the average of the last half hour, the mean of the levels of that
half hour is near to it, if there is a level in each five minutes of it.
"""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from daemon.domain.instants import SECOND_NS
from daemon.domain.market.calendar import Segment, auctions, session_close_ns, settlement_ns
from daemon.domain.market.closed_days import trades_ordinarily
from daemon.domain.market.frames import Frame
from daemon.domain.market.instruments import parts_of
from daemon.domain.money import divide_half_even

_MINUTE_NS = 60 * SECOND_NS
_SPAN_NS = 5 * _MINUTE_NS
_SPANS = 6
_WORKED_OUT_NS = _MINUTE_NS
"""No closing value is told sooner after a session; what comes by then is a last tick or a copy."""
_SHOWN_E4 = 100
"""The level of an index is told in hundredths."""


class Closes(Struct, frozen=True):
    """What a recorded day tells of its closing values, by the name of an index.

    Attributes:
        known_ns: when the closing value is known.
        averaged: it is the average of the last half hour, and not that of a closing auction.
        after_e4: the last level after the session.
        mean_e4: the mean of the last half hour, where there are enough levels to say so.
    """

    known_ns: int
    averaged: bool
    after_e4: dict[str, int] = {}
    mean_e4: dict[str, int] = {}


class Levels:
    """Gathers the levels of the indices of one day, from its last half hour on.

    Attributes:
        begins_ns: frames up to this instant tell nothing of the close.
        prints: of those frames, so that a copy of one is known; the path of every tick.

    Args:
        day: which.

    Raises:
        RuleUnknown: the day has no session, or its hours are not known.
    """

    def __init__(self, day: date) -> None:
        self._known_ns = settlement_ns(day)
        self._averaged = not auctions(day)
        self._close_ns = session_close_ns(day, Segment.DERIVATIVES)
        # On the day of a special session nothing expires, and what follows one may be of another.
        self._has_after = trades_ordinarily(day)
        self.begins_ns = self._newest_ns = self._known_ns - _SPANS * _SPAN_NS
        self.prints: list[int] = []
        self._seen: set[int] = set()
        self._after_e4: dict[str, int] = {}
        self._spans: dict[str, list[list[int]]] = {}

    def hear(self, frame: Frame, fingerprint: int) -> None:
        """Take in a frame after `begins_ns`, unless it is a copy, or older than one before it.

        Args:
            frame: what was recorded.
            fingerprint: equal for equal content; 0: it makes no such claim.
        """
        if self.prints:
            self._seen.update(self.prints)
            self.prints.clear()
        is_copy = fingerprint != 0 and fingerprint in self._seen
        self._seen.add(fingerprint)
        if is_copy or frame.at_ns <= self._newest_ns:
            return
        self._newest_ns = frame.at_ns
        for name, quote in frame.quotes.items():
            if quote.ltp_e4 > 0 and _is_underlying(name):
                self._note(name, quote.ltp_e4, frame.at_ns)

    def closes(self) -> Closes:
        """Return what all that was heard tells."""
        means = {name: _mean_e4(spans) for name, spans in self._spans.items() if all(spans)}
        return Closes(
            self._known_ns, self._averaged, dict(self._after_e4), means if self._averaged else {}
        )

    def _note(self, name: str, level_e4: int, at_ns: int) -> None:
        if at_ns <= self._known_ns:
            spans = self._spans.setdefault(name, [[] for _ in range(_SPANS)])
            spans[(at_ns - self.begins_ns - 1) // _SPAN_NS].append(level_e4)
        elif self._has_after and at_ns > self._close_ns + _WORKED_OUT_NS:
            self._after_e4[name] = level_e4


def _is_underlying(name: str) -> bool:
    parts = parts_of(name)
    return parts is not None and parts.expiry is None


def _mean_e4(spans: list[list[int]]) -> int:
    """Return the mean of the means of equal spans, so that many levels in one weigh no more."""
    total_e4 = sum(divide_half_even(sum(levels), len(levels)) for levels in spans)
    return divide_half_even(total_e4, len(spans) * _SHOWN_E4) * _SHOWN_E4
