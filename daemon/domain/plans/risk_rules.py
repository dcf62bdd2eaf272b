"""From the tables of a plan to the words of risk: integers, made once and never changed."""

from __future__ import annotations

from decimal import Decimal

from daemon.domain.money import e4
from daemon.domain.plans.schema import Away, Leg, LockAndTrail, Plan
from daemon.domain.plans.words import OnLegStop
from daemon.domain.risk.words import Distance, LegRules, LockRule, StrategyRules, Trail


def leg_rules(leg: Leg) -> LegRules:
    """Return what one leg is held to."""
    trail = leg.trail
    return LegRules(
        stop=_distance(leg.stop),
        target=_distance(leg.target),
        trail=Trail(every=distance(trail.every), by=distance(trail.by)) if trail else None,
    )


def strategy_rules(plan: Plan) -> StrategyRules:
    """Return what the strategy as a whole is held to."""
    risk = plan.risk
    return StrategyRules(
        combined_premium_stop=_distance(risk.combined_premium_stop),
        stop_e4=_e4(risk.stop.rupees if risk.stop else None),
        stop_premium_percent_e4=_e4(risk.stop.premium_percent if risk.stop else None),
        target_e4=_e4(risk.target.rupees if risk.target else None),
        target_premium_percent_e4=_e4(risk.target.premium_percent if risk.target else None),
        lock=_lock(risk.lock_and_trail) if risk.lock_and_trail else None,
        all_on_leg_stop=risk.on_leg_stop is OnLegStop.ALL,
        mark=risk.mark,
    )


def resident_percent_e4(plan: Plan) -> int:
    """Return how far out the stop of each short rests at the broker; 0: there is none."""
    stop = plan.order.resident_stop
    return e4(stop.beyond_percent) if stop else 0


def distance(away: Away) -> Distance:
    """Return a distance in `_e4`."""
    return Distance(percent_e4=_e4(away.percent), points_e4=_e4(away.points))


def _distance(away: Away | None) -> Distance | None:
    return distance(away) if away else None


def _lock(lock: LockAndTrail) -> LockRule:
    return LockRule(e4(lock.at), e4(lock.lock), _e4(lock.every), _e4(lock.by))


def _e4(value: Decimal | None) -> int:
    return 0 if value is None else e4(value)
