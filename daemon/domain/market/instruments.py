"""Instruments: Ordo's own symbols, and what one contract is (lot, tick, freeze quantity).

A lot belongs to the contract and not to the day, so two lots of one underlying live side by side
around each change. Every number comes from a dated table; what it does not know is refused.
"""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from functools import cache, lru_cache
from typing import Literal

from msgspec import Struct

from daemon.domain.market.rules import (
    Amount,
    Count,
    Row,
    Shapes,
    Tick,
    latest,
    nearest,
    rows,
    unknown,
)
from daemon.domain.money import e4, units

_TABLE = "instruments"
_ANY = "*"
_MASTER = "take it from the broker's instrument master, or add a row, as docs/rules.md says"
_DERIVATIVE = re.compile(
    r"(?P<underlying>[A-Z0-9][A-Z0-9&-]*?)-(?P<expiry>\d{4}-\d{2}-\d{2})-"
    r"(?:FUT|(?P<strike>\d+(?:\.\d{1,4})?)-(?P<kind>CE|PE))"
)
_PLAIN = re.compile(r"[A-Z0-9][A-Z0-9&]*(?:-(?!(?:CE|PE|FUT)$)[A-Z&]+)?")


class Kind(StrEnum):
    """What is traded."""

    INDEX = "INDEX"
    EQUITY = "EQ"
    FUTURE = "FUT"
    CALL = "CE"
    PUT = "PE"

    @property
    def is_option(self) -> bool:
        """Whether it has a strike."""
        return self is _CALL or self is _PUT

    @property
    def is_derivative(self) -> bool:
        """Whether it expires."""
        return self.is_option or self is Kind.FUTURE


_CALL, _PUT = Kind.CALL, Kind.PUT  # looked up once: asking the class costs twenty times a name


class Exchange(StrEnum):
    """Where it is traded."""

    NSE = "NSE"
    BSE = "BSE"


class Instrument(Struct, frozen=True):
    """One tradable contract, or an index that others are measured on.

    Attributes:
        symbol: Ordo's own, the same for every broker: `NIFTY-2026-11-23-24550-CE`.
        underlying: `NIFTY`; for an equity its own symbol.
        kind: what it is.
        lot: units in one lot; orders are whole multiples of it.
        tick_e4: the price step.
        freeze_quantity: the most units that one order may carry.
        expiry: the last day of trading; none for an index and an equity.
        strike_e4: options only.
    """

    symbol: str
    underlying: str
    kind: Kind
    lot: int
    tick_e4: int
    freeze_quantity: int
    expiry: date | None = None
    strike_e4: int = 0


class Parts(Struct, frozen=True):
    """What a symbol says.

    Attributes:
        underlying: `NIFTY`; for an equity its own symbol.
        kind: what it is.
        expiry: none for an index and an equity.
        strike_e4: options only.
    """

    underlying: str
    kind: Kind
    expiry: date | None = None
    strike_e4: int = 0


class _Underlyings(Row, frozen=True, kw_only=True):
    exchange: Exchange
    names: tuple[str, ...]


class _Lot(Row, frozen=True, kw_only=True):
    underlying: str
    lot: Count
    first_expiry: date = date.min
    last_expiry: date = date.max


class _Tick(Row, frozen=True, kw_only=True):
    underlying: str
    of: Literal["index", "equity", "future", "option"]
    tick: Tick


class _Step(Struct, frozen=True, forbid_unknown_fields=True, rename={"least": "from"}):
    least: Amount
    tick: Tick


class ShareTicks(Row, frozen=True, kw_only=True):
    """From which close on a share has which tick.

    Attributes:
        ticks: the steps, from the least close up.
    """

    ticks: tuple[_Step, ...]


class _Freeze(Row, frozen=True, kw_only=True):
    quantities: dict[str, Count]


SHAPES: Shapes = {
    "underlyings": _Underlyings,
    "lots": _Lot,
    "ticks": _Tick,
    "share_ticks": ShareTicks,
    "freeze": _Freeze,
}


_TICK_OF = {
    Kind.INDEX: "index",
    Kind.EQUITY: "equity",
    Kind.FUTURE: "future",
    Kind.CALL: "option",
    Kind.PUT: "option",
}


def symbol_of(underlying: str, expiry: date | None, strike_e4: int, kind: Kind) -> str:
    """Return Ordo's symbol; the strike keeps its decimals and no idle zeros."""
    if not kind.is_derivative or expiry is None:
        return underlying
    if kind is Kind.FUTURE:
        return f"{underlying}-{expiry}-{kind}"
    strike = f"{units(strike_e4):f}".rstrip("0").rstrip(".")
    return f"{underlying}-{expiry}-{strike}-{kind}"


@lru_cache(maxsize=8_192)
def parse_symbol(text: str) -> Parts:
    """Return what a symbol says.

    Raises:
        ValueError: it is no symbol of Ordo's, or not in its one canonical spelling.
    """
    found = _DERIVATIVE.fullmatch(text)
    if found is None:
        if _PLAIN.fullmatch(text) is None:
            raise ValueError(_misspelt(text))
        return Parts(text, Kind.INDEX if is_index(text) else Kind.EQUITY)
    try:
        expiry = date.fromisoformat(found["expiry"])
    except ValueError as error:
        raise ValueError(f"{text!r} names a day that does not exist: {found['expiry']}") from error
    kind = Kind(found["kind"] or "FUT")
    parts = Parts(found["underlying"], kind, expiry, e4(found["strike"] or 0))
    if symbol_of(parts.underlying, expiry, parts.strike_e4, kind) != text or (
        kind.is_option and parts.strike_e4 == 0
    ):
        raise ValueError(_misspelt(text))
    return parts


@lru_cache(maxsize=8_192)
def parts_of(text: str) -> Parts | None:
    """Return what a symbol says; None: it is none of ours, but a file's or broker's word."""
    try:
        return parse_symbol(text)
    except ValueError:
        return None


@cache
def indices() -> dict[str, Exchange]:
    """Return the index underlyings and where their derivatives are traded."""
    found = rows(_TABLE, "underlyings", _Underlyings)
    return {name: row.exchange for row in found for name in row.names}


def is_index(underlying: str) -> bool:
    """Return whether the name is that of an index; any other word is an equity."""
    return underlying in indices()


def exchange_of(underlying: str) -> Exchange:
    """Return where it is traded; equities are traded at NSE."""
    return indices().get(underlying, Exchange.NSE)


def contract(name: str | Parts, day: date, *, strict: bool = True) -> Instrument:
    """Return what one contract is on a trading day.

    Args:
        name: a symbol or its parts.
        day: the trading day.
        strict: False for the replay of older days: a freeze quantity that no row covers is then
            that of the nearest row, and `notes_for` says so.

    Raises:
        RuleUnknown: the tables do not know its lot or tick, or (strict) its freeze quantity.
        ValueError: the name is no symbol.
    """
    return _contract(parse_symbol(name) if isinstance(name, str) else name, day, strict)


def notes_for(name: str | Parts, day: date) -> tuple[str, ...]:
    """Return what `contract(strict=False)` had to fill in, a sentence each.

    Raises:
        ValueError: the name is no symbol.
    """
    parts = parse_symbol(name) if isinstance(name, str) else name
    key = _freeze_key(parts)
    if parts.kind is Kind.INDEX or latest(_freezes(key), day) is not None:
        return ()
    near = nearest(_freezes(key), day)
    if near is None:
        return ()
    stand_in = f"{near.quantities[key]} of {near.effective_from} stands in"
    return (f"freeze quantity of {parts.underlying} on {day} is unknown; {stand_in}",)


@lru_cache(maxsize=8_192)
def _contract(parts: Parts, day: date, strict: bool) -> Instrument:  # noqa: FBT001 - a cache key
    return Instrument(
        symbol=symbol_of(parts.underlying, parts.expiry, parts.strike_e4, parts.kind),
        underlying=parts.underlying,
        kind=parts.kind,
        lot=_lot(parts, day),
        tick_e4=_tick_e4(parts, day),
        freeze_quantity=_freeze_quantity(parts, day, strict=strict),
        expiry=parts.expiry,
        strike_e4=parts.strike_e4,
    )


@lru_cache(maxsize=8_192)
def _lot_row(underlying: str, expiry: date, day: date) -> _Lot | None:
    found = (
        row
        for row in rows(_TABLE, "lots", _Lot)
        if row.underlying == underlying and row.first_expiry <= expiry <= row.last_expiry
    )
    return latest(found, day)


def _lot(parts: Parts, day: date) -> int:
    if parts.expiry is None:
        return 1
    row = _lot_row(parts.underlying, parts.expiry, day)
    if row is None:
        raise unknown(_TABLE, day, f"the lot of {parts.underlying} {parts.expiry}", _MASTER)
    return row.lot


@lru_cache(maxsize=8_192)
def _tick_row(underlying: str, of: str, day: date) -> _Tick | None:
    found = [row for row in rows(_TABLE, "ticks", _Tick) if row.of == of]
    own = latest((row for row in found if row.underlying == underlying), day)
    return own or latest((row for row in found if row.underlying == _ANY), day)


def _tick_e4(parts: Parts, day: date) -> int:
    row = _tick_row(parts.underlying, _TICK_OF[parts.kind], day)
    if row is None:
        raise unknown(_TABLE, day, f"the tick of {parts.underlying} {parts.kind}", _MASTER)
    return e4(row.tick)


def _freeze_key(parts: Parts) -> str:
    return "EQUITY" if parts.kind is Kind.EQUITY else parts.underlying


@cache
def _freezes(key: str) -> tuple[_Freeze, ...]:
    return tuple(row for row in rows(_TABLE, "freeze", _Freeze) if key in row.quantities)


def _freeze_quantity(parts: Parts, day: date, *, strict: bool) -> int:
    if parts.kind is Kind.INDEX:
        return 0
    key = _freeze_key(parts)
    row = latest(_freezes(key), day)
    if row is None and not strict:
        row = nearest(_freezes(key), day)
    if row is None:
        raise unknown(_TABLE, day, f"the freeze quantity of {parts.underlying}", _MASTER)
    return row.quantities[key]


def _misspelt(text: str) -> str:
    return (
        f"{text!r} is no symbol: write an underlying such as NIFTY or RELIANCE, a future such as "
        "NIFTY-2026-11-23-FUT or an option such as NIFTY-2026-11-23-24550-CE"
    )
