"""Margin by a stated model, not SPAN: what an account must have free for what it holds and works.

A short option needs 12 % of strike x quantity and 2 % more on its expiry day, but never more than
the defined risk of the spread that a long option of the same expiry and kind makes of it; a long
option needs its premium, a future 12 % and an equity 20 % of its value, or all of it where it is
carried. Working orders count at their worst: sales as if done, purchases neither as hedges nor as
closed shorts, before they fill.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from daemon.domain.market.instruments import Instrument, Kind
from daemon.domain.money import E4, percent_of

SHORT_OPTION_PERCENT_E4 = 12 * E4
EXPIRY_DAY_PERCENT_E4 = 2 * E4
LINEAR_PERCENT_E4 = {Kind.FUTURE: 12 * E4, Kind.EQUITY: 20 * E4}

_WHOLE_E4 = 100 * E4
Strikes = list[tuple[int, int]]
"""(strike in `_e4`, units)."""


class Exposure(Struct, frozen=True):
    """What one symbol is held and worked at; quantities in units, values in `_e4`.

    Attributes:
        instrument: of what.
        net_quantity: units held, below 0 for a short.
        open_value_e4: what they were opened at.
        buying_quantity: units in working purchases.
        buying_value_e4: their units x limits.
        selling_quantity: units in working sales.
        selling_value_e4: their units x limits.
        carried: not only for the day; of shares that is delivery, which is paid in full.
    """

    instrument: Instrument
    net_quantity: int = 0
    open_value_e4: int = 0
    buying_quantity: int = 0
    buying_value_e4: int = 0
    selling_quantity: int = 0
    selling_value_e4: int = 0
    carried: bool = False


def required(exposures: Iterable[Exposure], day: date) -> int:
    """Return the margin that all exposures need together on a day, in `_e4`."""
    total_e4 = 0
    spreads: dict[tuple[str, date | None, Kind], tuple[Strikes, Strikes]] = {}
    for exposure in exposures:
        instrument = exposure.instrument
        percent_e4 = LINEAR_PERCENT_E4.get(instrument.kind)
        if exposure.carried and instrument.kind is Kind.EQUITY:
            percent_e4 = _WHOLE_E4
        if percent_e4 is not None:
            total_e4 += percent_of(_linear_value(exposure), percent_e4)
            continue
        total_e4 += _premium(exposure)
        key = (instrument.underlying, instrument.expiry, instrument.kind)
        shorts, longs = spreads.setdefault(key, ([], []))
        net = exposure.net_quantity - exposure.selling_quantity
        if net:
            (longs if net > 0 else shorts).append((instrument.strike_e4, abs(net)))
    for (_, expiry, kind), (shorts, longs) in spreads.items():
        total_e4 += spread_margin(shorts, longs, call=kind == Kind.CALL, expires=expiry == day)
    return total_e4


def after(exposure: Exposure, units: int, price_e4: int) -> Exposure:
    """Return an exposure once so many units were bought or, below 0, sold at a price.

    They close what is open the other way before they open anything.
    """
    net = exposure.net_quantity
    closes = min(abs(net), abs(units)) if net * units < 0 else 0
    kept_e4 = exposure.open_value_e4 * (abs(net) - closes) // abs(net) if net else 0
    opened_e4 = (abs(units) - closes) * price_e4
    return replace(exposure, net_quantity=net + units, open_value_e4=kept_e4 + opened_e4)


def spread_margin(shorts: Strikes, longs: Strikes, *, call: bool, expires: bool) -> int:
    """Return what short options of one expiry and kind need beside their hedges, in `_e4`.

    Args:
        shorts: strikes and units sold.
        longs: strikes and units bought; each unit hedges one sold unit, where it saves most first.
        call: calls, otherwise puts.
        expires: whether this is their expiry day.
    """
    percent_e4 = SHORT_OPTION_PERCENT_E4 + (EXPIRY_DAY_PERCENT_E4 if expires else 0)
    bare = [percent_of(strike_e4, percent_e4) for strike_e4, _ in shorts]
    savings = []
    for i, (short_e4, _) in enumerate(shorts):
        for j, (long_e4, _) in enumerate(longs):
            width_e4 = max(0, long_e4 - short_e4 if call else short_e4 - long_e4)
            savings.append((width_e4 - bare[i], i, j))
    total_e4 = sum(unit_e4 * units for unit_e4, (_, units) in zip(bare, shorts, strict=True))
    naked = [units for _, units in shorts]
    unused = [units for _, units in longs]
    for change_e4, i, j in sorted(saving for saving in savings if saving[0] < 0):
        units = min(naked[i], unused[j])
        naked[i] -= units
        unused[j] -= units
        total_e4 += change_e4 * units
    return total_e4


def _premium(exposure: Exposure) -> int:
    """Return the premium of what is held long and of what working purchases would open."""
    held_e4 = exposure.open_value_e4 if exposure.net_quantity > 0 else 0
    return held_e4 + _opening_value(
        exposure.buying_quantity, exposure.buying_value_e4, max(0, -exposure.net_quantity)
    )


def _linear_value(exposure: Exposure) -> int:
    """Return the value that futures and equities are margined on."""
    buying_e4 = _opening_value(
        exposure.buying_quantity, exposure.buying_value_e4, max(0, -exposure.net_quantity)
    )
    selling_e4 = _opening_value(
        exposure.selling_quantity, exposure.selling_value_e4, max(0, exposure.net_quantity)
    )
    return exposure.open_value_e4 + max(buying_e4, selling_e4)


def _opening_value(quantity: int, value_e4: int, closes: int) -> int:
    """Return the share of a value that is left when so many units only close, rounded up."""
    opening = max(0, quantity - closes)
    return -(-value_e4 * opening // quantity) if opening else 0
