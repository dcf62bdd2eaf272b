"""Charges: what a fill costs, component by component, as the law and the fee lists had it that day.

Each component is rounded half to even to 1/10,000 of a rupee. The contract note rounds the
transaction tax of a day to whole rupees; nothing here does, and the report of a day says so. Where
a table does not cover the day the answer is `Unknown`, so a replay goes on and says so.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Literal, TypeVar

from msgspec import Struct

from daemon.domain.market.instruments import Exchange, Instrument, Kind, Parts, exchange_of
from daemon.domain.market.rules import Amount, Row, Shapes, latest, rows
from daemon.domain.money import divide_half_even, e4, percent_of

_TABLE = "charges"
_CRORE = 10_000_000


class ChargedFill(Struct, frozen=True):
    """What was executed.

    Attributes:
        instrument: of what; its symbol says all of it that a charge depends on, and its lot none.
        side: `buy` or `sell`, as the order machine's own word for it reads.
        quantity: units.
        price_e4: the average price, for an option the premium.
        orders: how many orders it took: brokerage is due per order and not per trade, so a later
            part of an order already charged counts 0.
        delivery: an equity that is kept beyond the day.
    """

    instrument: Instrument | Parts
    side: str
    quantity: int
    price_e4: int
    orders: int = 1
    delivery: bool = False


class Charges(Struct, frozen=True):
    """What it costs; all in `_e4` of a rupee.

    Attributes:
        brokerage_e4: the broker's own.
        stt_e4: securities transaction tax, not yet rounded to a rupee per contract note.
        exchange_e4: transaction charge and investor protection fund.
        sebi_e4: the regulator's fee.
        stamp_e4: stamp duty, on purchases.
        gst_e4: tax on brokerage, exchange and regulator.
        total_e4: the sum.
    """

    brokerage_e4: int
    stt_e4: int
    exchange_e4: int
    sebi_e4: int
    stamp_e4: int
    gst_e4: int
    total_e4: int


class Unknown(Struct, frozen=True):
    """The tables do not cover that day.

    Attributes:
        because: a sentence for the notes of a replay.
    """

    because: str


class _Brokerage(Row, frozen=True, kw_only=True):
    of: Literal["delivery", "intraday", "future", "option"]
    flat: Amount | None = None
    per_crore: Amount = "0"
    at_most: Amount | None = None


class _Stt(Row, frozen=True, kw_only=True):
    of: Literal["delivery", "intraday", "future", "option"]
    buy: Amount
    sell: Amount


class _Exchange(Row, frozen=True, kw_only=True):
    exchange: Exchange
    of: Literal["delivery", "intraday", "future", "option"]
    transaction: Amount
    protection: Amount


class _Sebi(Row, frozen=True, kw_only=True):
    rate: Amount


class _Exercise(Row, frozen=True, kw_only=True):
    rate: Amount


class _Stamp(Row, frozen=True, kw_only=True):
    of: Literal["delivery", "intraday", "future", "option"]
    buy: Amount


class _Gst(Row, frozen=True, kw_only=True):
    percent: Amount


class _Depository(Row, frozen=True, kw_only=True):
    per_day: Amount


SHAPES: Shapes = {
    "brokerage": _Brokerage,
    "stt": _Stt,
    "exchange": _Exchange,
    "sebi": _Sebi,
    "exercise": _Exercise,
    "stamp": _Stamp,
    "gst": _Gst,
    "depository": _Depository,
}


class _Rates(Struct, frozen=True):
    """The rows in force, their numbers in `_e4` of a rupee per crore."""

    flat_e4: int | None
    brokerage_e4: int
    brokerage_cap_e4: int | None
    stt_buy_e4: int
    stt_sell_e4: int
    exchange_e4: int
    sebi_e4: int
    stamp_buy_e4: int
    gst_percent_e4: int


def charges(fill: ChargedFill, day: date) -> Charges | Unknown:
    """Return what a fill costs.

    Args:
        fill: what was executed.
        day: the trading day.

    Raises:
        ValueError: an index was filled, or the side is none.
    """
    if fill.side not in {"buy", "sell"}:
        raise ValueError(f"side {fill.side!r} is neither buy nor sell")
    rates = _rates(exchange_of(fill.instrument.underlying), _family(fill), day)
    return rates if isinstance(rates, Unknown) else _charged(fill, rates)


def exercise_tax_e4(
    instrument: Instrument | Parts, quantity: int, price_e4: int, day: date
) -> int | None:
    """Return the transaction tax on an option that was held until it expired, in `_e4`.

    Its buyer pays it on the intrinsic value; who sold it, and who holds a future, pays none.

    Args:
        instrument: what expired.
        quantity: units held; below zero short.
        price_e4: what a unit was settled at.
        day: of the expiry.

    Returns:
        The tax, 0 where none is due; None where the table does not cover the day.
    """
    if quantity <= 0 or not price_e4 or not instrument.kind.is_option:
        return 0
    row = latest(rows(_TABLE, "exercise", _Exercise), day)
    return None if row is None else _share(quantity * price_e4, e4(row.rate))


def depository_e4(day: date) -> int | None:
    """Return what it costs to take a share out of holdings for its sale, in `_e4`, tax included.

    It is due once for a share and day, however many orders sell how much of it.

    Args:
        day: of the sale.

    Returns:
        The charge; None where the tables do not cover the day.
    """
    row = latest(rows(_TABLE, "depository", _Depository), day)
    gst = latest(rows(_TABLE, "gst", _Gst), day)
    if row is None or gst is None:
        return None
    fee_e4 = e4(row.per_day)
    return fee_e4 + percent_of(fee_e4, e4(gst.percent))


def _charged(fill: ChargedFill, rates: _Rates) -> Charges:
    buys = fill.side == "buy"
    turnover_e4 = fill.quantity * fill.price_e4
    brokerage_e4 = _brokerage_e4(fill.orders, turnover_e4, rates)
    stt_e4 = _share(turnover_e4, rates.stt_buy_e4 if buys else rates.stt_sell_e4)
    exchange_e4 = _share(turnover_e4, rates.exchange_e4)
    sebi_e4 = _share(turnover_e4, rates.sebi_e4)
    stamp_e4 = _share(turnover_e4, rates.stamp_buy_e4) if buys else 0
    gst_e4 = percent_of(brokerage_e4 + exchange_e4 + sebi_e4, rates.gst_percent_e4)
    total_e4 = brokerage_e4 + stt_e4 + exchange_e4 + sebi_e4 + stamp_e4 + gst_e4
    return Charges(brokerage_e4, stt_e4, exchange_e4, sebi_e4, stamp_e4, gst_e4, total_e4)


def _brokerage_e4(orders: int, turnover_e4: int, rates: _Rates) -> int:
    if rates.flat_e4 is not None:
        return rates.flat_e4 * orders
    share_e4 = _share(turnover_e4, rates.brokerage_e4)
    cap_e4 = rates.brokerage_cap_e4
    return share_e4 if cap_e4 is None else min(share_e4, cap_e4 * orders)


def _share(turnover_e4: int, per_crore_e4: int) -> int:
    return divide_half_even(turnover_e4 * per_crore_e4, _CRORE * 10_000)


_FAMILY = {Kind.FUTURE: "future", Kind.CALL: "option", Kind.PUT: "option"}


def _family(fill: ChargedFill) -> str:
    if fill.instrument.kind is Kind.INDEX:
        raise ValueError(f"{fill.instrument.underlying} is an index and is never filled")
    return _FAMILY.get(fill.instrument.kind, "delivery" if fill.delivery else "intraday")


@lru_cache(maxsize=4_096)
def _rates(exchange: Exchange, of: str, day: date) -> _Rates | Unknown:
    fees = [row for row in rows(_TABLE, "exchange", _Exchange) if row.exchange is exchange]
    brokerage = _in_force(rows(_TABLE, "brokerage", _Brokerage), of, day)
    stt = _in_force(rows(_TABLE, "stt", _Stt), of, day)
    fee = _in_force(tuple(fees), of, day)
    stamp = _in_force(rows(_TABLE, "stamp", _Stamp), of, day)
    sebi = latest(rows(_TABLE, "sebi", _Sebi), day)
    gst = latest(rows(_TABLE, "gst", _Gst), day)
    if not (brokerage and stt and fee and stamp and sebi and gst):
        reason = f"rules/{_TABLE}.toml does not cover {exchange} {of} on {day}"
        return Unknown(f"{reason}: charges are unknown")
    return _Rates(
        flat_e4=None if brokerage.flat is None else e4(brokerage.flat),
        brokerage_e4=e4(brokerage.per_crore),
        brokerage_cap_e4=None if brokerage.at_most is None else e4(brokerage.at_most),
        stt_buy_e4=e4(stt.buy),
        stt_sell_e4=e4(stt.sell),
        exchange_e4=e4(fee.transaction) + e4(fee.protection),
        sebi_e4=e4(sebi.rate),
        stamp_buy_e4=e4(stamp.buy),
        gst_percent_e4=e4(gst.percent),
    )


C = TypeVar("C", _Brokerage, _Stt, _Exchange, _Stamp)


def _in_force(found: tuple[C, ...], of: str, day: date) -> C | None:
    return latest((row for row in found if row.of == of), day)
