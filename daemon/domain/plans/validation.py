"""What no single key can tell: keys that contradict each other, and stops beyond all sense.

`faults` judges a plan as it is written; `leg_fault` and `loss_fault` judge it again when the
prices, strikes and lots of an entry are known. Each fault names its place.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from daemon.domain.market.instruments import Kind, indices, is_index
from daemon.domain.money import percent_of
from daemon.domain.orders.parents import TAKEN
from daemon.domain.orders.reconcile import LOOSE
from daemon.domain.orders.words import Product, Side
from daemon.domain.plans.risk_rules import leg_rules, strategy_rules
from daemon.domain.plans.schema import Entry, Exit, Leg, LockAndTrail, Plan, Risk
from daemon.domain.plans.words import ExpiryWord, Weekday
from daemon.domain.risk.words import Distance
from daemon.errors import StrategyError

WHOLE_PERCENT = 100
Checks = tuple[tuple[tuple[str, ...], Callable[..., Iterator[StrategyError]]], ...]
"""Which keys of a plan are held against each other, and by what."""
_WEEKS = frozenset({ExpiryWord.WEEKLY, ExpiryWord.NEXT_WEEKLY})


class Fault(Struct, frozen=True):
    """Why a plan cannot be entered now, and which of its keys says so."""

    place: str
    reason: str


class EntryPrice(Struct, frozen=True):
    """What is known of a leg when it is about to be entered.

    Attributes:
        price_e4: what one unit costs on the side that we trade.
        quantity: units.
        strike_e4: options only.
    """

    price_e4: int
    quantity: int
    strike_e4: int = 0


def faults(parts: Mapping[str, Any]) -> Iterator[StrategyError]:
    """Yield what contradicts itself in a plan, each with its place.

    Args:
        parts: the values of the plan's keys; what is at fault by itself is left out, and nothing
            is said of what would need it.
    """
    yield from judged(_ACROSS, parts)


def judged(checks: Checks, parts: Mapping[str, Any]) -> Iterator[StrategyError]:
    """Yield what these checks say, of those whose keys are all there."""
    for keys, check in checks:
        if all(key in parts for key in keys):
            yield from check(*(parts[key] for key in keys))


def leg_fault(leg: Leg, place: str, entry: EntryPrice) -> Fault | None:
    """Return what is wrong with a leg's stop or target at this entry price, or None.

    Args:
        leg: the leg as it was planned.
        place: such as `legs[0]`.
        entry: its price, quantity and strike.
    """
    rules = leg_rules(leg)
    short, option = leg.side is Side.SELL, leg.instrument.is_option
    stop_e4 = _points(rules.stop, entry.price_e4)
    target_e4 = _points(rules.target, entry.price_e4)
    if short and option and entry.price_e4 + stop_e4 > entry.strike_e4 and rules.stop:
        return Fault(f"{place}.stop", "is beyond the notional: its price lies above the strike")
    if short and not option and stop_e4 > entry.price_e4:
        return Fault(f"{place}.stop", "is beyond the notional: it risks more than the price")
    if not short and stop_e4 >= entry.price_e4:
        return Fault(f"{place}.stop", "is on the wrong side of zero: it could never be reached")
    if short and target_e4 >= entry.price_e4:
        return Fault(f"{place}.target", "is on the wrong side of zero: it could never be reached")
    return None


def loss_fault(plan: Plan, entries: Sequence[EntryPrice]) -> Fault | None:
    """Return which stop of the whole strategy bears more than its notional, or None.

    The notional is strike x quantity for options and price x quantity for the rest.

    Args:
        plan: the strategy.
        entries: one for each leg, in the order of the plan.
    """
    notional_e4 = sum((one.strike_e4 or one.price_e4) * one.quantity for one in entries)
    premium_e4 = sum(one.price_e4 * one.quantity for one in entries if one.strike_e4)
    rules = strategy_rules(plan)
    combined = rules.combined_premium_stop or Distance()
    losses = {
        "risk.combined_premium_stop.percent": percent_of(premium_e4, combined.percent_e4),
        "risk.combined_premium_stop.points": combined.points_e4
        * max((one.quantity for one in entries if one.strike_e4), default=0),
        "risk.stop.rupees": rules.stop_e4,
        "risk.stop.premium_percent": percent_of(premium_e4, rules.stop_premium_percent_e4),
    }
    for place, loss_e4 in losses.items():
        if loss_e4 > notional_e4:
            return Fault(place, "is beyond the notional (strike or price x quantity) of all legs")
    return None


def _points(away: Distance | None, price_e4: int) -> int:
    if away is None:
        return 0
    return away.points_e4 or percent_of(price_e4, away.percent_e4)


def _strategy_id(strategy_id: str) -> Iterator[StrategyError]:
    """Refuse the names of what is no strategy: nobody would guard the legs."""
    if strategy_id in TAKEN:
        said = "is a word that the record tells booked orders by; choose another id"
        yield StrategyError("id", f'"{strategy_id}" {said}')
    if strategy_id in LOOSE:
        yield StrategyError(
            "id", f'"{strategy_id}" is what counts for no strategy; choose another id'
        )


def _hours(entry: Entry, leaving: Exit) -> Iterator[StrategyError]:
    start, latest, end = entry.at, entry.no_later_than, leaving.at
    if start >= end:
        yield StrategyError("entry.at", f"{start} is not before exit.at, {end}")
    elif latest is not None and not start <= latest <= end:
        yield StrategyError(
            "entry.no_later_than", f"{latest} is not between entry.at, {start}, and exit.at, {end}"
        )


def _underlying(underlying: str, legs: Sequence[Leg]) -> Iterator[StrategyError]:
    """Refuse derivatives whose lots and expiries no table has, and shares of an index."""
    if is_index(underlying):
        for at, leg in enumerate(legs):
            if leg.instrument is Kind.EQUITY:
                yield StrategyError(f"legs[{at}].instrument", f"{underlying} is an index, no share")
    elif any(leg.instrument.is_derivative for leg in legs):
        close = difflib.get_close_matches(underlying, indices(), n=1)
        hint = f"; did you mean {close[0]}?" if close else f"; known here: {', '.join(indices())}"
        yield StrategyError(
            "underlying",
            f"options and futures of {underlying} come in a later version, with the daily list "
            f"of contracts{hint}",
        )


def _carried(product: Product, legs: Sequence[Leg]) -> Iterator[StrategyError]:
    """Refuse a short in shares that is to be carried: what was sold is to be delivered."""
    for at, leg in enumerate(legs):
        short = leg.instrument is Kind.EQUITY and leg.side is Side.SELL
        if short and product is Product.CARRY:
            yield StrategyError(
                f"legs[{at}].side",
                'shares that are sold short cannot be carried; say product = "intraday"',
            )


def _days(days: Sequence[Weekday]) -> Iterator[StrategyError]:
    if not days:
        yield StrategyError("days", "names no day: the strategy would never trade")
    yield from _twice("days", days)


def _days_to_expiry(left: Sequence[int] | str) -> Iterator[StrategyError]:
    if not left:
        yield StrategyError("days_to_expiry", "names no day: the strategy would never trade")
    if not isinstance(left, str):
        yield from _twice("days_to_expiry", left)


def _accounts(accounts: Sequence[str]) -> Iterator[StrategyError]:
    yield from _twice("accounts", accounts)


def _twice(place: str, named: Sequence[object]) -> Iterator[StrategyError]:
    if len(set(named)) < len(named):
        yield StrategyError(place, "names one twice")


def _legs(legs: Sequence[Leg]) -> Iterator[StrategyError]:
    ids = [leg.id for leg in legs]
    for at, leg in enumerate(legs):
        if leg.id in ids[:at]:
            yield StrategyError(f"legs[{at}].id", f'"{leg.id}" is the id of an earlier leg too')
        yield from faults_of_leg(leg, f"legs[{at}]")


def faults_of_leg(leg: Leg, place: str) -> Iterator[StrategyError]:
    """Yield what contradicts itself in one leg, each with its place, such as `legs[0].stop`."""
    yield from _contract(leg, place)
    yield from _stop(leg, place)
    yield from _target(leg, place)
    yield from _trail(leg, place)


def _contract(leg: Leg, place: str) -> Iterator[StrategyError]:
    """Judge instrument, expiry and strike together."""
    kind = leg.instrument
    if kind is Kind.INDEX:
        yield StrategyError(f"{place}.instrument", 'an index is not traded: "CE", "PE" or "FUT"')
    elif kind.is_option and leg.strike is None:
        yield StrategyError(f"{place}.strike", "is required for an option, such as { atm = 0 }")
    elif not kind.is_option and leg.strike is not None:
        yield StrategyError(f"{place}.strike", f'belongs to options; this leg is "{kind}"')
    if kind is Kind.EQUITY and leg.expiry is not None:
        yield StrategyError(f"{place}.expiry", "an equity has no expiry")
    if kind is Kind.FUTURE and (leg.expiry in _WEEKS or getattr(leg.expiry, "rank", None)):
        yield StrategyError(
            f"{place}.expiry", "a future's is monthly, next_monthly or { date = 2026-11-23 }"
        )
    if leg.strike and leg.strike.pick is not None and leg.strike.premium is None:
        yield StrategyError(f"{place}.strike.pick", "belongs to `premium`, which is not given")


def _stop(leg: Leg, place: str) -> Iterator[StrategyError]:
    stop = leg.stop
    if stop is None:
        return
    percent, points = stop.percent or 0, stop.points or 0
    strike = leg.strike.exact if leg.strike else None
    if leg.side is Side.BUY and percent >= WHOLE_PERCENT:
        yield StrategyError(
            f"{place}.stop.percent", "must be below 100 for a bought leg: it could not be reached"
        )
    elif leg.side is Side.SELL and not leg.instrument.is_option and percent > WHOLE_PERCENT:
        yield StrategyError(
            f"{place}.stop.percent", "is beyond the notional: it risks more than the price"
        )
    elif leg.side is Side.SELL and strike is not None and points >= strike:
        yield StrategyError(
            f"{place}.stop.points", "is beyond the notional: its price lies above the strike"
        )


def _target(leg: Leg, place: str) -> Iterator[StrategyError]:
    percent = (leg.target.percent if leg.target else None) or 0
    if leg.side is Side.SELL and percent >= WHOLE_PERCENT:
        yield StrategyError(
            f"{place}.target.percent", "must be below 100 for a sold leg: it could not be reached"
        )


def _trail(leg: Leg, place: str) -> Iterator[StrategyError]:
    if leg.trail is None:
        return
    if leg.stop is None:
        yield StrategyError(f"{place}.trail", "moves a stop, and this leg has none")
    if (leg.trail.every.percent is None) != (leg.trail.by.percent is None):
        yield StrategyError(f"{place}.trail.by", "must be of the same unit as `every`")


def _guarded(legs: Sequence[Leg], risk: Risk) -> Iterator[StrategyError]:
    """A short leg must have something that ends its loss, other than the clock."""
    stop = risk.stop
    rupees = stop is not None and stop.rupees is not None
    premium = risk.combined_premium_stop is not None or stop is not None
    for at, leg in enumerate(legs):
        option = leg.instrument.is_option
        if leg.side is Side.SELL and not (leg.stop or rupees or (premium and option)):
            yield StrategyError(
                f"legs[{at}].stop",
                "nothing guards this short leg: give it a stop, or the strategy a stop in "
                "[risk] (rupees; for options also combined_premium_stop or premium_percent)",
            )


def _premium(legs: Sequence[Leg], risk: Risk) -> Iterator[StrategyError]:
    """Refuse a share of a premium where there is none: a future's price, or a share's, is none."""
    if any(leg.instrument.is_option for leg in legs):
        return
    written = {
        "risk.combined_premium_stop": risk.combined_premium_stop is not None,
        "risk.stop.premium_percent": bool(risk.stop and risk.stop.premium_percent),
        "risk.target.premium_percent": bool(risk.target and risk.target.premium_percent),
    }
    for place in (each for each, is_written in written.items() if is_written):
        yield StrategyError(place, "counts the premium of options, and no leg is one; say rupees")


def _risk(risk: Risk) -> Iterator[StrategyError]:
    if risk.lock_and_trail is not None:
        yield from _lock(risk.lock_and_trail)


def _lock(lock: LockAndTrail) -> Iterator[StrategyError]:
    place = "risk.lock_and_trail"
    if lock.lock >= lock.at:
        yield StrategyError(f"{place}.lock", f"{lock.lock} is not below its activation, {lock.at}")
    if (lock.every is None) != (lock.by is None):
        missing = "every" if lock.every is None else "by"
        yield StrategyError(f"{place}.{missing}", "is required: `every` and `by` go together")
    elif lock.every is not None and lock.by is not None and lock.by > lock.every:
        yield StrategyError(
            f"{place}.by", f"{lock.by} is more than `every`, {lock.every}: the floor would overtake"
        )


_ACROSS: Checks = (
    (("id",), _strategy_id),
    (("underlying", "legs"), _underlying),
    (("product", "legs"), _carried),
    (("entry", "exit"), _hours),
    (("days",), _days),
    (("days_to_expiry",), _days_to_expiry),
    (("accounts",), _accounts),
    (("legs",), _legs),
    (("legs", "risk"), _guarded),
    (("legs", "risk"), _premium),
    (("risk",), _risk),
)
