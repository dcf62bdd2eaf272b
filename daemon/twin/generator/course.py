"""The course of a day: where an index stands, and how its options are priced, at every second.

Prices move most after the open and before the close, and so does the time value that options lose:
both go by the share of the day's movement that has passed. A day's return is drawn beforehand and
its course led there, so the next day goes on from where this one ends. Volatility is dear at the
open and melts within the first half hour; it rises when the index falls.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate
from math import exp, sqrt
from random import Random

from msgspec import Struct

from daemon.twin.generator.draws import bell, bells, stream
from daemon.twin.generator.walk import DAY_RETURN, Session

_MINUTE = 60
_OPENING, _OPENING_S = 1.8, 25 * _MINUTE
_CLOSING, _CLOSING_S = 0.9, 20 * _MINUTE
_JUMPS, _MOST_JUMPS = 2.5, 8
_UP = 0.5
_JUMP_LEAST, _JUMP_MORE = 0.0008, 0.0016
_SHARED = 0.97
_APART = 0.243  # 0.97^2 + 0.243^2 = 1
_VOLATILITY = 0.125
_MELT, _MELT_S = 0.26, 11 * _MINUTE
_RISE = 5.0
_WANDER, _WANDER_S = 0.02, 40 * _MINUTE
_SKEW, _SKEW_MOVE = 0.06, 0.012


class Course(Struct, frozen=True):
    """A day of one index, by the second of its sessions, the first and the last included.

    It stays for a day or two, so it is kept as numbers side by side: a list of as many objects
    takes four times the room, and leaves holes behind wherever it lay.

    Attributes:
        spot: where it stands.
        volatility: at the money, a year's.
        skew: of the smile.
        passed: which share of the day's movement lies behind.
    """

    spot: Sequence[float]
    volatility: Sequence[float]
    skew: Sequence[float]
    passed: Sequence[float]


def passed(seconds: int) -> Sequence[float]:
    """Return which share of a day's movement lies behind, from 0 to 1, second by second."""
    weights = [0.0]
    for at in range(seconds):
        opening = _OPENING * exp(-at / _OPENING_S)
        weights.append(1.0 + opening + _CLOSING * exp((at - seconds) / _CLOSING_S))
    sums = list(accumulate(weights))
    return _kept(each / sums[-1] for each in sums)


def course(seed: int, name: str, session: Session, shares: Sequence[float]) -> Course:
    """Return the course of one index on one day.

    Args:
        seed: equal seeds, equal courses.
        name: of the index.
        session: where it opens and closes.
        shares: `passed` of that day.
    """
    common = stream(seed, "course", session.day)
    shared = _led(_wandering(common, shares, _SHARED, jumps=True), shares, session.shared)
    alone = stream(seed, "course", name, session.day)
    own = _led(_wandering(alone, shares, _APART, jumps=False), shares, session.own)
    moves = [both + one for both, one in zip(shared, own, strict=True)]
    mood = stream(seed, "mood", session.day)
    seconds = len(shares)
    wander = _reverting(mood, seconds, _WANDER)
    volatility = _kept(
        _VOLATILITY * session.level * (1.0 + _MELT * melt) * (1.0 + more - _RISE * move)
        for melt, more, move in zip(_melting(seconds), wander, moves, strict=True)
    )
    skew = _kept(_SKEW + each for each in _reverting(mood, seconds, _SKEW_MOVE))
    spot = _kept(session.opens * (1.0 + move) for move in moves)
    return Course(spot, volatility, skew, shares)


def _kept(numbers: Iterable[float]) -> array[float]:
    return array("d", numbers)


def _wandering(draws: Random, shares: Sequence[float], part: float, *, jumps: bool) -> list[float]:
    """Return a wandering sum of moves, each as large as the share of the day that it takes."""
    leaps = _leaps(draws, len(shares)) if jumps else {}
    at, before, found = 0.0, 0.0, []
    scale = DAY_RETURN * part
    drawn = bells(draws, len(shares))
    for second, share in enumerate(shares):
        at += scale * sqrt(share - before) * drawn[second]
        if second in leaps:
            at += leaps[second]
        before = share
        found.append(at)
    return found


def _leaps(draws: Random, seconds: int) -> dict[int, float]:
    """Return at which seconds the index jumps, and by how much."""
    found: dict[int, float] = {}
    for _ in range(_MOST_JUMPS):
        happens, second, size, way = (draws.random() for _ in range(4))
        if happens * _MOST_JUMPS < _JUMPS:
            leap = _JUMP_LEAST + _JUMP_MORE * size
            found[1 + int(second * (seconds - 1))] = leap if way < _UP else -leap
    return found


def _led(moves: Sequence[float], shares: Sequence[float], goal: float) -> list[float]:
    """Lead moves from 0 to a goal, a little with every share of the day."""
    missing = goal - moves[-1]
    return [move + missing * share for move, share in zip(moves, shares, strict=True)]


def _reverting(draws: Random, seconds: int, deviation: float) -> list[float]:
    """Return a quantity that keeps coming back to 0."""
    kept = 1.0 - 1.0 / _WANDER_S
    scale = deviation * sqrt(1.0 - kept * kept)
    first = deviation * bell(draws)
    drawn = accumulate(
        bells(draws, seconds), lambda at, each: at * kept + scale * each, initial=first
    )
    return list(drawn)[1:]


def _melting(seconds: int) -> list[float]:
    """Return 1 at the open, fading to nothing."""
    kept = exp(-1.0 / _MELT_S)
    return list(accumulate(range(1, seconds), lambda at, _: at * kept, initial=1.0))
