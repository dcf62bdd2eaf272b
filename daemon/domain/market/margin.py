"""Margin: what open positions are thought to need, by a stated model and not the exchange's own.

A short option costs a share of strike x quantity, more on its expiry day, capped by what the spread
can lose where a long option of the same expiry and kind hedges it. A long option costs its premium.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from functools import lru_cache

from msgspec import Struct

from daemon.domain.market.instruments import Instrument, Kind
from daemon.domain.market.rules import Amount, Row, Shapes, latest, rows, unknown
from daemon.domain.money import e4, percent_of

_TABLE = "margin"


class Holding(Struct, frozen=True):
    """One net position.

    Attributes:
        instrument: of what.
        net_quantity: units, below zero when short.
        price_e4: the premium of an option; the price of a future or a share.
    """

    instrument: Instrument
    net_quantity: int
    price_e4: int


class _Model(Row, frozen=True, kw_only=True):
    short_option: Amount
    short_option_on_expiry: Amount
    future: Amount
    intraday_equity: Amount


SHAPES: Shapes = {"model": _Model}


def margin_e4(holdings: list[Holding], day: date) -> int:
    """Return the margin of a portfolio, in `_e4` of a rupee.

    Args:
        holdings: net positions, each instrument at most once.
        day: the trading day.

    Raises:
        RuleUnknown: the model does not reach back so far.
    """
    model = _model(day)
    spreads: dict[tuple[str, date | None, Kind], list[Holding]] = defaultdict(list)
    total_e4 = 0
    for holding in holdings:
        what = holding.instrument
        if what.kind.is_option:
            spreads[what.underlying, what.expiry, what.kind].append(holding)
        else:
            total_e4 += _outright_e4(holding, model)
    return total_e4 + sum(_options_e4(legs, day, model) for legs in spreads.values())


def _outright_e4(holding: Holding, model: _Model) -> int:
    if holding.instrument.kind is Kind.INDEX:
        raise ValueError(f"{holding.instrument.symbol} is an index and is never held")
    percent = model.future if holding.instrument.kind is Kind.FUTURE else model.intraday_equity
    return percent_of(abs(holding.net_quantity) * holding.price_e4, e4(percent))


def _options_e4(legs: list[Holding], day: date, model: _Model) -> int:
    """Return the margin of options of one expiry and kind: premiums, hedged and naked shorts."""
    premiums_e4 = sum(leg.net_quantity * leg.price_e4 for leg in legs if leg.net_quantity > 0)
    naked = {_strike_e4(leg): -leg.net_quantity for leg in legs if leg.net_quantity < 0}
    hedges = {_strike_e4(leg): leg.net_quantity for leg in legs if leg.net_quantity > 0}
    on_expiry = legs[0].instrument.expiry == day
    percent_e4 = e4(model.short_option) + (e4(model.short_option_on_expiry) if on_expiry else 0)
    hedged_e4 = 0
    for width_e4, short, long in _pairs(naked, hedges, legs[0].instrument.kind):
        per_unit_e4 = percent_of(short, percent_e4)
        if width_e4 >= per_unit_e4:
            continue
        quantity = min(naked[short], hedges[long])
        naked[short] -= quantity
        hedges[long] -= quantity
        hedged_e4 += quantity * width_e4
    naked_e4 = sum(percent_of(strike * units, percent_e4) for strike, units in naked.items())
    return premiums_e4 + hedged_e4 + naked_e4


def _pairs(naked: dict[int, int], hedges: dict[int, int], kind: Kind) -> list[tuple[int, int, int]]:
    """Return (what a unit can lose, short strike, long strike), the narrowest spread first."""
    sign = 1 if kind is Kind.CALL else -1
    return sorted(
        (max(0, sign * (long - short)), short, long) for short in naked for long in hedges
    )


def _strike_e4(leg: Holding) -> int:
    return leg.instrument.strike_e4


@lru_cache(maxsize=4_096)
def _model(day: date) -> _Model:
    row = latest(rows(_TABLE, "model", _Model), day)
    if row is None:
        raise unknown(_TABLE, day, "the margin model", "replay a day from 2019 on")
    return row
