"""What is simulated: an account of the presets, and two shipped strategies in a few minutes."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from pathlib import Path

from msgspec.structs import replace

from daemon.app import Account, accounts_of
from daemon.domain.instants import SECOND_NS
from daemon.domain.money import E4
from daemon.domain.plans.parsing import parse
from daemon.domain.plans.schema import Leg, LegTrail, Plan, Strike, TrailStep
from daemon.runtime.budget import Window
from daemon.settings import Settings

DAY = date(2026, 3, 9)
BEGINS, ENDS = time(9, 19, 50), time(9, 24)
"""Where the market is entered, and when nothing goes wrong any more."""
_SHIPPED = Path(__file__).parents[2] / "strategies"
_RECONCILE_NS = 5 * SECOND_NS
_LEGGING_MS = 15_000
"""So long that an entry may be priced again after the feed has fallen silent."""
_LOTS = 30
"""More than one order may carry, so that a leg is cut into slices."""
_CASH_E4 = 100_000_000 * E4
_WINDOWS = (Window(5, SECOND_NS, 2), Window(20, 60 * SECOND_NS, 8))
"""Narrower than the presets, so that a few minutes meet their ends."""
_TRAIL = LegTrail(TrailStep(points=Decimal(4)), TrailStep(points=Decimal(3)))


def account() -> Account:
    """Return an account of the presets but for its cash and windows; its book is read at times."""
    (only,) = accounts_of(Settings(), strict=False)
    terms = replace(only.terms, reconcile_ns=_RECONCILE_NS)
    return replace(only, terms=terms, cash_e4=_CASH_E4, windows=_WINDOWS)


def plans() -> tuple[Plan, ...]:
    """Return the shipped straddle and condor, close together in time and in strikes.

    The straddle's stops trail, so that there is a level to lose; the condor has longs beside its
    shorts, so that there is an order among exits.
    """
    straddle = _timed("nifty_short_straddle", time(9, 20), time(9, 22, 30))
    condor = _timed("nifty_iron_condor", time(9, 20, 20), time(9, 22, 50))
    legs = tuple(replace(leg, lots=_LOTS, trail=_TRAIL) for leg in straddle.legs)
    return replace(straddle, legs=legs), replace(condor, legs=tuple(map(_nearer, condor.legs)))


def planned(plan: Plan, lot: int) -> dict[tuple[str, str], int]:
    """Return the units that each leg of a strategy is to hold; it enters once in its day."""
    return {(plan.id, leg.id): leg.lots * lot for leg in plan.legs}


def _timed(name: str, enters: time, leaves: time) -> Plan:
    plan = parse((_SHIPPED / f"{name}.toml").read_bytes())
    until = time(9, 21, 30)
    legging = replace(plan.entry.legging, timeout_ms=_LEGGING_MS)
    entry = replace(plan.entry, at=enters, no_later_than=until, legging=legging)
    return replace(plan, entry=entry, exit=replace(plan.exit, at=leaves))


def _nearer(leg: Leg) -> Leg:
    """Return a leg of the condor at a quarter of its distance from the money."""
    assert leg.strike is not None, "every leg of the condor has a strike"
    assert leg.strike.atm is not None, "which is told by its distance"
    return replace(leg, lots=_LOTS, strike=Strike(atm=leg.strike.atm // 4))
