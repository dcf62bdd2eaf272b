"""What a plan is refused for while it is new: what was taken once, and can do nothing good.

One that was recorded before this was refused is run as it was: it is not lost for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from daemon.domain.orders.words import Side
from daemon.domain.plans.schema import Entry, Leg, Order, Risk
from daemon.domain.plans.validation import WHOLE_PERCENT, Checks, judged
from daemon.errors import StrategyError

_LEAST_MS = 100


def faults_of_new(parts: Mapping[str, Any]) -> Iterator[StrategyError]:
    """Yield what a plan is refused for while it is new, each with its place.

    Args:
        parts: as for `validation.faults`.
    """
    yield from judged(_ACROSS, parts)


def _entry(entry: Entry) -> Iterator[StrategyError]:
    yield from _hasty("entry.legging.timeout_ms", entry.legging.timeout_ms)


def _order(order: Order) -> Iterator[StrategyError]:
    yield from _hasty("order.unfilled_after_ms", order.unfilled_after_ms)


def _hasty(place: str, written_ms: int) -> Iterator[StrategyError]:
    """Refuse so few milliseconds that seconds were meant, or that no broker answers in."""
    if written_ms < _LEAST_MS:
        yield StrategyError(
            place,
            f"{written_ms} is {written_ms} milliseconds; write {_LEAST_MS} or more, 5000 for"
            " 5 seconds",
        )


def _trails(legs: Sequence[Leg]) -> Iterator[StrategyError]:
    """Refuse a trail whose steps bring the stop nearer to the price, until they pass it."""
    for at, leg in enumerate(legs):
        if leg.trail is None:
            continue
        every, by = leg.trail.every, leg.trail.by
        for step, follows in ((every.percent, by.percent), (every.points, by.points)):
            if step is not None and follows is not None and follows > step:
                yield StrategyError(
                    f"legs[{at}].trail.by",
                    f"{follows} is more than `every`, {step}: the stop would overtake the price;"
                    f" write {step} or less",
                )


def _stop(legs: Sequence[Leg], risk: Risk) -> Iterator[StrategyError]:
    """Refuse a loss of all that was paid, or of more, where nothing else of it can be lost."""
    options = [leg for leg in legs if leg.instrument.is_option]
    if not options or any(leg.side is Side.SELL for leg in options):
        return
    combined = (risk.combined_premium_stop.percent if risk.combined_premium_stop else None) or 0
    whole = (risk.stop.premium_percent if risk.stop else None) or 0
    because = "it would fire once all is lost, or never"
    if combined >= WHOLE_PERCENT:
        yield StrategyError(
            "risk.combined_premium_stop.percent",
            f"must be below 100 where all options are bought: {because}",
        )
    if whole >= WHOLE_PERCENT and len(options) == len(legs):
        yield StrategyError(
            "risk.stop.premium_percent",
            f"must be below 100 where all legs are bought options: {because}",
        )


def _target(legs: Sequence[Leg], risk: Risk) -> Iterator[StrategyError]:
    """Refuse more profit than a premium holds, where all of the profit is that premium."""
    percent = (risk.target.premium_percent if risk.target else None) or 0
    sold = all(leg.side is Side.SELL and leg.instrument.is_option for leg in legs)
    if sold and percent >= WHOLE_PERCENT:
        yield StrategyError(
            "risk.target.premium_percent",
            "must be below 100 where all legs are sold options: it could not be reached",
        )


def _lock(risk: Risk) -> Iterator[StrategyError]:
    """Refuse a lock that the target always comes before."""
    target = risk.target.rupees if risk.target else None
    lock = risk.lock_and_trail
    if target is not None and lock is not None and lock.at >= target:
        yield StrategyError(
            "risk.lock_and_trail.at",
            f"{lock.at} is not below risk.target.rupees, {target}: it would never lock;"
            f" write less than {target}",
        )


def _beyond_nothing(legs: Sequence[Leg], order: Order) -> Iterator[StrategyError]:
    """Refuse a stop at the broker for shorts without their own: one of the whole is no price."""
    bare = [at for at, leg in enumerate(legs) if leg.side is Side.SELL and leg.stop is None]
    if order.resident_stop is not None and bare:
        names = ", ".join(f"legs[{at}]" for at in bare)
        yield StrategyError(
            "order.resident_stop",
            f"lies beyond the stop of each sold leg; give one to {names}, as wide as you like",
        )


_ACROSS: Checks = (
    (("entry",), _entry),
    (("order",), _order),
    (("legs",), _trails),
    (("legs", "risk"), _stop),
    (("legs", "risk"), _target),
    (("risk",), _lock),
    (("legs", "order"), _beyond_nothing),
)
