"""Which strike: by its distance from the money, by its price, or by its premium.

Integers in, an integer out: a strike in `_e4`, or the sentence that says why there is none. What
is listed decides, never a strike step: steps differ between expiries and near the money.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from daemon.domain.market.bands import doubled_reference_e4
from daemon.domain.market.frames import Quote
from daemon.domain.market.instruments import Kind
from daemon.domain.money import e4, units
from daemon.domain.plans.schema import Strike
from daemon.domain.plans.words import Pick

Listed = Mapping[int, Quote | None]
"""The listed strikes of one expiry and kind, in `_e4`, each with its quote once it has come."""


def choose(strike: Strike, kind: Kind, basis_e4: int, listed: Listed) -> int | str:
    """Return the strike that a plan asks for, in `_e4`, or why there is none.

    Args:
        strike: what the plan says.
        kind: call or put.
        basis_e4: the price that the money is measured on; 0 where it is not known.
        listed: what there is to choose from.
    """
    if not listed:
        return "no strike of this expiry has been seen yet"
    if strike.atm is not None:
        return from_the_money(strike.atm, kind, basis_e4, sorted(listed))
    if strike.premium is not None:
        return by_premium(e4(strike.premium), strike.pick or Pick.CLOSEST, kind, listed)
    assert strike.exact is not None, "a strike is atm, exact or premium"
    return exact(e4(strike.exact), listed)


def exact(strike_e4: int, listed: Listed) -> int | str:
    """Return that very strike where it is listed."""
    if strike_e4 in listed:
        return strike_e4
    return f"the strike {units(strike_e4)} is not listed"


def from_the_money(steps: int, kind: Kind, basis_e4: int, strikes: Sequence[int]) -> int | str:
    """Return the strike so many places out of the money (in the money below 0).

    At the money is the strike nearest to the basis; of two equally near, the lower.

    Args:
        steps: places in the list of strikes; 0 is at the money.
        kind: call or put.
        basis_e4: what the money is measured on.
        strikes: listed, ascending, at least one.
    """
    if basis_e4 <= 0:
        return "no price to measure the money on yet"
    if _outside(basis_e4, strikes):
        return f"the listed strikes do not reach {units(basis_e4)}"
    money = min(range(len(strikes)), key=lambda at: (abs(strikes[at] - basis_e4), at))
    at = money + (steps if kind is Kind.CALL else -steps)
    if not 0 <= at < len(strikes):
        return f"no strike is listed {steps} places from {units(strikes[money])}"
    return strikes[at]


def by_premium(premium_e4: int, pick: Pick, kind: Kind, listed: Listed) -> int | str:
    """Return the strike whose premium is nearest to the wanted one, on the side that is allowed.

    The premium of a strike is its last traded price; where it has not traded, or bid and ask have
    left that price behind, the middle of the two. Of two equally near, the one further out of the
    money. A premium falls from strike to strike out of the money: so while the quote of the next
    one towards the wanted premium has not come there is none, for that strike could be the nearer
    one.

    Args:
        premium_e4: the wanted premium.
        pick: the closest, or the nearest at least or at most as high.
        kind: call or put.
        listed: what there is to choose from.
    """
    outward = -1 if kind is Kind.CALL else 1
    wanted = 2 * premium_e4
    near = [
        (abs(doubled - wanted), outward * strike_e4, strike_e4)
        for strike_e4, quote in listed.items()
        if (doubled := _doubled(quote)) and _allowed(doubled - wanted, pick)
    ]
    if not near:
        return f"no quoted premium is {pick.replace('_', ' ')} {units(premium_e4)}"
    distance, _, chosen_e4 = min(near)
    if not distance:
        return chosen_e4
    is_dearer = _doubled(listed[chosen_e4]) > wanted
    next_e4 = _next(chosen_e4, listed, -outward if is_dearer else outward)
    if next_e4 is not None and listed[next_e4] is None:
        return f"the strike {units(next_e4)} beside {units(chosen_e4)} is not quoted yet"
    return chosen_e4


def _next(strike_e4: int, listed: Listed, step: int) -> int | None:
    """Return the listed strike above one, or below it; None: it is the last."""
    strikes = sorted(listed)
    at = strikes.index(strike_e4) + step
    return strikes[at] if 0 <= at < len(strikes) else None


def _allowed(above: int, pick: Pick) -> bool:
    if pick is Pick.AT_LEAST:
        return above >= 0
    return pick is Pick.CLOSEST or above <= 0


def _doubled(quote: Quote | None) -> int:
    """Return twice the premium, so that a middle stays whole; 0 where there is none."""
    return 0 if quote is None else doubled_reference_e4(quote)


def _outside(basis_e4: int, strikes: Sequence[int]) -> bool:
    """Say whether a strike nearer to the basis must exist that is not in the list."""
    lowest, highest = strikes[0], strikes[-1]
    if lowest == highest:
        return False
    return lowest - basis_e4 > strikes[1] - lowest or basis_e4 - highest > highest - strikes[-2]
