"""Percentages of a strategy that may have been meant as fractions: 0.3 for 30 %."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from daemon.domain.plans.schema import Away, MaxSpread, Plan


def small(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield the percentages below 1 at which a plan gives up, earns enough or enters; and the mend.

    Where it may pay past the touch by less than one percent is no sign of a mistake.
    """
    for place, percent in _percentages(plan):
        if percent is not None and percent < 1:
            meant = f"{percent * 100:f}".rstrip("0").rstrip(".")
            told = f"{place}: {percent} is {percent} %, not {meant} %"
            yield told, f"write {meant} where that is meant"


def _percentages(plan: Plan) -> Iterator[tuple[str, Decimal | None]]:
    risk, resident = plan.risk, plan.order.resident_stop
    yield "entry.max_spread.percent", _percent(plan.entry.max_spread)
    for at, leg in enumerate(plan.legs):
        yield f"legs[{at}].stop.percent", _percent(leg.stop)
        yield f"legs[{at}].target.percent", _percent(leg.target)
        if leg.trail is not None:
            yield f"legs[{at}].trail.every.percent", leg.trail.every.percent
            yield f"legs[{at}].trail.by.percent", leg.trail.by.percent
    yield "risk.combined_premium_stop.percent", _percent(risk.combined_premium_stop)
    yield "risk.stop.premium_percent", risk.stop.premium_percent if risk.stop else None
    yield "risk.target.premium_percent", risk.target.premium_percent if risk.target else None
    yield "order.resident_stop.beyond_percent", resident.beyond_percent if resident else None


def _percent(away: Away | MaxSpread | None) -> Decimal | None:
    return away.percent if away is not None else None
