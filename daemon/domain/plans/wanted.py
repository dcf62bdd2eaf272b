"""What the strategies of a day must be shown: what they are measured on, what they choose from.

A strike is chosen at the moment of an entry, by the prices of all of them. So every strike of an
expiry that is traded is wanted; where a market cannot show so many, those nearest to the money.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from msgspec import Struct

from daemon.domain.market.instruments import Kind, parse_symbol, symbol_of
from daemon.domain.money import PERCENT_E4
from daemon.domain.plans.days import Expiries, resolve
from daemon.domain.plans.schema import Plan
from daemon.domain.plans.validation import Fault
from daemon.domain.plans.words import Basis
from daemon.errors import RuleUnknown

Chain = tuple[str, date]
"""The options of an underlying that expire on a day."""


class Wanted(Struct, frozen=True):
    """What some strategies need on a day.

    Attributes:
        symbols: underlyings and futures.
        chains: of which every option may be chosen.
    """

    symbols: tuple[str, ...]
    chains: tuple[Chain, ...]


class Shown(Struct, frozen=True):
    """What a market is asked to show.

    Attributes:
        symbols: in the order of their weight.
        left_out: how many options there was no room for.
    """

    symbols: tuple[str, ...]
    left_out: int = 0


def wanted(plans: Iterable[Plan], day: date, expiries: Expiries) -> Wanted:
    """Return what strategies need; of one whose expiries are not known, its underlying alone.

    Args:
        plans: the strategies.
        day: the trading day.
        expiries: the calendar of expiries.
    """
    symbols, chains = dict[str, None](), dict[Chain, None]()
    for plan in plans:
        symbols[plan.underlying] = None
        if plan.basis is Basis.FUTURE:
            symbols |= dict.fromkeys(_front_future(plan.underlying, day, expiries))
        resolved = resolve(plan, day, expiries)
        if isinstance(resolved, Fault):
            continue
        for leg, expiry in zip(plan.legs, resolved, strict=True):
            if leg.instrument.is_option:
                assert expiry is not None, "an option of a plan has an expiry"
                chains[plan.underlying, expiry] = None
            elif expiry is not None:
                symbols[symbol_of(plan.underlying, expiry, 0, Kind.FUTURE)] = None
    return Wanted(tuple(symbols), tuple(chains))


def shown(
    symbols: Sequence[str],
    options: Mapping[Chain, Sequence[str]],
    money_e4: Mapping[str, int],
    room: int,
) -> Shown:
    """Return what is to be shown where there is room for so much.

    Where not all options fit, those of an underlying without a price wait until it has one.

    Args:
        symbols: what is shown in any case.
        options: what is listed of each chain.
        money_e4: the last price of each underlying that has one.
        room: how many instruments may be shown; at least `symbols`.
    """
    every = list(dict.fromkeys(option for listed in options.values() for option in listed))
    left = room - len(symbols)
    if len(every) <= left:
        return Shown((*symbols, *every))
    near = sorted(
        (_away(option, money_e4[underlying]), option)
        for (underlying, _), listed in options.items()
        if money_e4.get(underlying)
        for option in listed
    )
    taken = [option for _, option in near[:left]]
    return Shown((*symbols, *taken), len(every) - len(taken))


def _away(option: str, price_e4: int) -> int:
    """Return how far a strike lies from the money, as a share of it."""
    return abs(parse_symbol(option).strike_e4 - price_e4) * PERCENT_E4 // price_e4


def _front_future(underlying: str, day: date, expiries: Expiries) -> Sequence[str]:
    try:
        return (symbol_of(underlying, expiries.monthly(underlying, day), 0, Kind.FUTURE),)
    except RuleUnknown:
        return ()
