"""Black-76: what an option on a forward is worth, and the smile that it is priced over."""

from __future__ import annotations

from math import erf, log, sqrt

_ROOT_TWO = sqrt(2.0)
_WIDEST = 3.5
"""Beyond so many deviations the smile rises no further; the quotes there are a few ticks."""


def otm_value(forward: float, strike: float, deviation: float) -> float:
    """Return the value of the put below the forward, or the call above it, undiscounted.

    Args:
        forward: what the underlying is expected at.
        strike: of the option, above zero.
        deviation: volatility x the root of the time that is left, above zero.
    """
    d1 = log(forward / strike) / deviation + 0.5 * deviation
    d2 = d1 - deviation
    if strike < forward:
        below1, below2 = 0.5 - 0.5 * erf(d1 / _ROOT_TWO), 0.5 - 0.5 * erf(d2 / _ROOT_TWO)
        return strike * below2 - forward * below1
    above1, above2 = 0.5 + 0.5 * erf(d1 / _ROOT_TWO), 0.5 + 0.5 * erf(d2 / _ROOT_TWO)
    return forward * above1 - strike * above2


def smile(away: float, skew: float, curve: float) -> float:
    """Return the volatility of a strike as a multiple of that at the money.

    Args:
        away: log(strike / forward) in deviations.
        skew: by how much a strike one deviation below is dearer.
        curve: by how much strikes on both sides are.
    """
    z = min(max(away, -_WIDEST), _WIDEST)
    return 1.0 - skew * z + curve * z * z
