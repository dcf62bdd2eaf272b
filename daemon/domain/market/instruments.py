"""Instruments: Ordo's own symbols, and what one contract is (lot, tick, freeze quantity)."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from msgspec import Struct


class Kind(StrEnum):
    """What is traded."""

    INDEX = "INDEX"
    EQUITY = "EQ"
    FUTURE = "FUT"
    CALL = "CE"
    PUT = "PE"


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
