"""What is simulated: an account of the presets, and shipped strategies in a few minutes or seconds.

Minutes for whole runs; seconds for those of which very many are played, each to see one crash.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time
from decimal import Decimal
from functools import cache
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from daemon.app import Account, accounts_of
from daemon.domain.instants import SECOND_NS
from daemon.domain.money import E4
from daemon.domain.orders.words import Product
from daemon.domain.plans.parsing import parse
from daemon.domain.plans.schema import (
    Bound,
    CombinedPremiumStop,
    Leg,
    LegTrail,
    LockAndTrail,
    Plan,
    ResidentStop,
    Risk,
    Stop,
    Strike,
    TrailStep,
)
from daemon.domain.plans.words import Weekday
from daemon.runtime.budget import Window
from daemon.settings import Settings
from daemon.simulation.dice import Dice
from daemon.simulation.judging.judge import Measures
from daemon.simulation.market import FRAME_NS
from daemon.simulation.outcome import Given
from daemon.simulation.pump import SLOWEST_NS

DAY, NEXT_DAY, LAST_DAY = date(2026, 3, 9), date(2026, 3, 10), date(2026, 3, 11)
"""On the second of them the options expire that are traded on the first."""
_LATE, _EVENING = time(9, 21, 40), time(9, 22)
"""When what is carried is entered, so that not all of it has met a stop by the evening."""
_NIGHT = time(15, 20)
"""When what expires in a night is to be left: too late for a daemon that ended in the morning."""
_SHIPPED = Path(__file__).parents[2] / "strategies"
_RECONCILE_NS = 5 * SECOND_NS
_LOTS = 30
"""More than one order may carry, so that a leg is cut into slices."""
_CASH_E4 = 100_000_000 * E4
_FRESH_NS = 3 * FRAME_NS
_BUNCHED_NS = 2 * SLOWEST_NS
"""A write waits for the disk while it finishes one batch and writes the next."""
_WINDOWS = (Window(5, SECOND_NS, 2), Window(20, 60 * SECOND_NS, 8))
"""Narrower than the presets, so that a few minutes meet their ends."""
_TRAIL = LegTrail(TrailStep(points=Decimal(4)), TrailStep(points=Decimal(3)))
_STOP = Stop(percent=Decimal(8))
_CLOSE_TRAIL = LegTrail(TrailStep(points=Decimal(1)), TrailStep(points=Decimal(1)))
_RESTS = ResidentStop(beyond_percent=Decimal(1))
_CLOSE_STOP = Stop(percent=Decimal(4))
_RISK = Risk(
    stop=Bound(rupees=Decimal(60_000)),
    target=Bound(rupees=Decimal(90_000)),
    lock_and_trail=LockAndTrail(
        at=Decimal(15_000), lock=Decimal(7_500), every=Decimal(2_500), by=Decimal(2_000)
    ),
)
"""Ten times that of the straddle's one lot: so wide that its legs' own stops are met as well."""
_SHARES = replace(
    _RISK,
    stop=None,
    combined_premium_stop=CombinedPremiumStop(percent=Decimal(1)),
    target=Bound(premium_percent=Decimal(3)),
    lock_and_trail=LockAndTrail(
        at=Decimal(5_000), lock=Decimal(2_500), every=Decimal(2_500), by=Decimal(1_000)
    ),
)
"""Shares of what its legs were sold for; nearer, so that they and the floor are often met first."""


class Scenario(Struct, frozen=True):
    """What the daemon of one run has to do, and when.

    Attributes:
        plans: its strategies.
        begins: where the market is entered.
        over: from when on nothing is entered any more, and no entry is under way.
        ends: when nothing goes wrong any more.
        kills: before which steps a kill may be pulled: below one of these.
        evening: when nothing goes wrong on the first of two days any more; None: it is the only
            one.
        expires: in the night between them all expires that is held.
    """

    plans: tuple[Plan, ...]
    begins: time
    over: time
    ends: time
    kills: tuple[int, int]
    evening: time | None = None
    expires: bool = False

    @property
    def days(self) -> tuple[date, ...]:
        """The days that it plays parts of; it begins on the first and ends on the last of them."""
        if self.evening is None:
            return (DAY,)
        return (NEXT_DAY, LAST_DAY) if self.expires else (DAY, NEXT_DAY)

    def kill_at(self, dice: Dice) -> int:
        """Return the step before which a kill is pulled, often before an entry; -1: none is."""
        if dice.below(10, "kill") not in range(4):
            return -1
        return dice.below(self.kills[dice.below(2, "kill late")], "kill at")


def chosen(dice: Dice, given: Given) -> Scenario:
    """Return what a run plays.

    Args:
        dice: its chance.
        given: what it is made from.
    """
    rests, shares = dice.below(2, "stops rest") == 0, dice.below(2, "shares") == 0
    if given.crash_at is not None:
        return seconds(hedged=dice.below(2, "hedged") == 0, rests=rests)
    if given.days > 1:
        expires = dice.below(3, "expires") == 0
        return nights(rests=rests, shares=shares, expires=expires)
    return minutes(rests=rests, shares=shares)


@cache
def account() -> Account:
    """Return an account of the presets but for its cash and windows; its book is read at times."""
    (only,) = accounts_of(Settings(), strict=False)
    terms = replace(only.terms, reconcile_ns=_RECONCILE_NS)
    return replace(only, terms=terms, cash_e4=_CASH_E4, windows=_WINDOWS)


@cache
def minutes(*, rests: bool, shares: bool = False) -> Scenario:
    """Return the shipped straddle and condor, close together in time and in strikes.

    The straddle's stops trail, so that there is a level to lose; the condor has longs beside its
    shorts, so that there is an order among exits. An entry that waits long may be priced again
    after the feed has fallen silent.

    Args:
        rests: wider stops of the shorts rest at the broker.
        shares: limits of the straddle are shares of its premium, not rupees.
    """
    until, legging_ms = time(9, 21, 30), 15_000
    straddle = _timed("nifty_short_straddle", (time(9, 20), until, time(9, 22, 30)), legging_ms)
    condor = _timed("nifty_iron_condor", (time(9, 20, 20), until, time(9, 22, 50)), legging_ms)
    legs = tuple(replace(leg, lots=_LOTS, stop=_STOP, trail=_TRAIL) for leg in straddle.legs)
    straddle = replace(straddle, legs=legs, risk=_SHARES if shares else _RISK)
    condor = replace(condor, legs=tuple(map(_nearer, condor.legs)))
    plans = tuple(map(_resting, (straddle, condor))) if rests else (straddle, condor)
    return Scenario(plans, time(9, 19, 50), time(9, 21, 46), time(9, 24), (100, 2_500))


@cache
def seconds(*, hedged: bool, rests: bool) -> Scenario:
    """Return one strategy that is in and out within ten seconds, unless its stops are sooner.

    Args:
        hedged: it is the condor, with longs beside its shorts; else the straddle.
        rests: wider stops of the shorts rest at the broker.
    """
    name = "nifty_iron_condor" if hedged else "nifty_short_straddle"
    plan = _timed(name, (time(9, 20), time(9, 20, 10), time(9, 20, 9)), 3_000)
    if hedged:
        legs = tuple(map(_nearer, plan.legs))
    else:
        legs = tuple(
            replace(leg, lots=_LOTS, stop=_CLOSE_STOP, trail=_CLOSE_TRAIL) for leg in plan.legs
        )
    begins, over, ends = time(9, 19, 58), time(9, 20, 14), time(9, 20, 16)
    risk = plan.risk if hedged else _RISK
    plan = replace(plan, legs=legs, risk=risk)
    return Scenario((_resting(plan) if rests else plan,), begins, over, ends, (60, 240))


@cache
def nights(*, rests: bool, shares: bool, expires: bool = False) -> Scenario:
    """Return the strategies of minutes, carried over a night and left on the day of their expiry.

    They enter on the first day alone, and are over minutes after the second has begun. Or that
    first day is the one of their expiry, and nobody is there any more when they are to be left.

    Args:
        rests: wider stops of the shorts rest at the broker.
        shares: limits of the straddle are shares of its premium, not rupees.
        expires: what is held in the evening expires in the night.
    """
    one = minutes(rests=rests, shares=shares)
    plans = tuple(map(_carried, one.plans))
    if expires:
        plans = tuple(_left(replace(plan, days=(Weekday.TUE,)), _NIGHT) for plan in plans)
    return replace(one, plans=plans, evening=_EVENING, kills=(100, 5_000), expires=expires)


def measures(plans: Sequence[Plan], lot: int) -> Measures:
    """Return what the judge of these strategies goes by; each of them enters once.

    Args:
        plans: the strategies.
        lot: units of one lot of their options.
    """
    legs = {(plan.id, leg.id): leg for plan in plans for leg in plan.legs}
    planned = {key: leg.lots * lot for key, leg in legs.items()}
    only = account()
    return Measures(only.id, only.windows, planned, legs, _FRESH_NS, _BUNCHED_NS)


def _timed(name: str, times: tuple[time, time, time], legging_ms: int) -> Plan:
    """Return a shipped strategy that enters, enters no more, and leaves at these times."""
    enters, until, leaves = times
    plan = parse((_SHIPPED / f"{name}.toml").read_bytes())
    legging = replace(plan.entry.legging, timeout_ms=legging_ms)
    entry = replace(plan.entry, at=enters, no_later_than=until, legging=legging)
    return replace(plan, entry=entry, exit=replace(plan.exit, at=leaves))


def _carried(plan: Plan) -> Plan:
    entry = replace(plan.entry, at=_LATE, no_later_than=_EVENING)
    return replace(plan, entry=entry, product=Product.CARRY, days=(Weekday.MON,))


def _left(plan: Plan, at: time) -> Plan:
    return replace(plan, exit=replace(plan.exit, at=at))


def _resting(plan: Plan) -> Plan:
    return replace(plan, order=replace(plan.order, resident_stop=_RESTS))


def _nearer(leg: Leg) -> Leg:
    """Return a leg of the condor at a quarter of its distance from the money."""
    assert leg.strike is not None, "every leg of the condor has a strike"
    assert leg.strike.atm is not None, "which is told by its distance"
    return replace(leg, lots=_LOTS, strike=Strike(atm=leg.strike.atm // 4))
