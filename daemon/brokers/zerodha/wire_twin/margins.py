"""Funds, and what orders would need, by the exchange's own model and in Zerodha's form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from daemon.brokers.zerodha.wire_twin.asked import amount, count, listed
from daemon.brokers.zerodha.wire_twin.contracts import Listing
from daemon.brokers.zerodha.wire_twin.desk import Desk
from daemon.brokers.zerodha.wire_twin.words import Data, rupees, wrong
from daemon.domain.instants import day_of
from daemon.domain.market.charges import ChargedFill, Unknown, charges
from daemon.twin.margin import Exposure, after, required
from daemon.twin.words import Side, Wanted

_NOTHING = {
    "enabled": False,
    "net": 0,
    "available": dict.fromkeys(
        (
            *("adhoc_margin", "cash", "opening_balance", "live_balance", "collateral"),
            "intraday_payin",
        ),
        0,
    ),
    "utilised": dict.fromkeys(
        (
            *("debits", "exposure", "m2m_realised", "m2m_unrealised", "option_premium", "payout"),
            *("span", "holding_sales", "turnover", "liquid_collateral", "stock_collateral"),
            "delivery",
        ),
        0,
    ),
}
_Leg = tuple[Listing, Wanted]


def funds(desk: Desk) -> dict[str, Data]:
    """Return the account in money; there is no account for commodities."""
    told = desk.exchange.funds()
    cash, free = rupees(told.cash_e4), rupees(told.available_e4)
    unrealised_e4 = sum(each.unrealised_e4 for each in desk.exchange.positions())
    available: Data = dict(_NOTHING["available"])  # type: ignore[call-overload]
    utilised: Data = dict(_NOTHING["utilised"])  # type: ignore[call-overload]
    available |= {"cash": cash, "opening_balance": cash, "live_balance": free}
    utilised |= {
        "debits": rupees(told.used_e4 - told.realised_e4),
        "span": rupees(told.used_e4),
        "m2m_realised": rupees(told.realised_e4),
        "m2m_unrealised": rupees(unrealised_e4),
    }
    equity = {"enabled": True, "net": free, "available": available, "utilised": utilised}
    return {"equity": equity, "commodity": _NOTHING}


def orders(desk: Desk, items: object) -> list[Data]:
    """Return what each order needs by itself.

    Raises:
        Denied: it is no list of orders.
    """
    return [_told(desk, leg) for leg in _legs(desk, items)]


def basket(desk: Desk, items: object, *, beside_positions: bool) -> Data:
    """Return what orders need one by one, and all together.

    Args:
        desk: the account.
        items: the orders.
        beside_positions: count what is held and worked too.

    Raises:
        Denied: it is no list of orders.
    """
    legs = _legs(desk, items)
    each = [_told(desk, leg) for leg in legs]
    wanted = [leg for _, leg in legs]
    together = desk.exchange.needed_for(wanted) if beside_positions else _needed(desk, legs)
    alone_e4 = sum(_needed(desk, [leg]) for leg in legs)
    return {"initial": _sum(alone_e4), "final": _sum(together), "orders": each}


def contract_note(desk: Desk, items: object) -> list[Data]:
    """Return what orders that were filled are charged.

    Raises:
        Denied: it is no list of orders.
    """
    rows = [{**row, "price": row.get("average_price")} for row in _rows(items)]
    return [
        row | {"charges": _charges(leg, desk)}
        for row, leg in zip(rows, _legs(desk, rows), strict=True)
    ]


def _legs(desk: Desk, items: object) -> list[_Leg]:
    found = []
    for row in _rows(items):
        listing = listed(row, desk.contracts)
        form = {name: str(value) for name, value in row.items() if value is not None}
        side = {"BUY": Side.BUY, "SELL": Side.SELL}.get(form.get("transaction_type", ""))
        expiry = listing.contract.expiry
        if side is None or listing.is_index or (expiry is not None and expiry < _day(desk)):
            raise wrong(
                "Invalid `transaction_type`." if side is None else "Invalid `tradingsymbol`."
            )
        symbol = listing.contract.symbol
        price_e4 = amount(form, "price", at_least=0) or desk.tape.last_e4(symbol)
        found.append((listing, Wanted(symbol, side, count(form, "quantity", 1), price_e4)))
    return found


def _rows(items: object) -> Sequence[Mapping[str, Any]]:
    if not isinstance(items, list) or not all(isinstance(each, dict) for each in items):
        raise wrong("The body is no list of orders.")
    return items


def _told(desk: Desk, leg: _Leg) -> Data:
    listing, _ = leg
    needed_e4 = _needed(desk, [leg])
    premium = listing.contract.kind.is_option and leg[1].side is Side.BUY
    return _sum(needed_e4, premium=premium) | {
        "tradingsymbol": listing.name,
        "exchange": listing.exchange,
        "charges": _charges(leg, desk),
    }


def _sum(needed_e4: int, *, premium: bool = False) -> Data:
    needed = rupees(needed_e4)
    return {
        "type": "equity",
        "tradingsymbol": "",
        "exchange": "",
        "span": 0 if premium else needed,
        "exposure": 0,
        "option_premium": needed if premium else 0,
        "additional": 0,
        "bo": 0,
        "cash": 0,
        "var": 0,
        "pnl": {"realised": 0, "unrealised": 0},
        "leverage": 1,
        "total": needed,
    }


def _needed(desk: Desk, legs: Sequence[_Leg]) -> int:
    """Return the margin of orders that were filled, beside nothing else."""
    exposures: dict[str, Exposure] = {}
    for listing, leg in legs:
        held = exposures.get(leg.symbol) or Exposure(listing.contract)
        units = leg.side.sign * leg.quantity
        exposures[leg.symbol] = after(held, units, leg.price_e4)
    return required(exposures.values(), _day(desk))


def _charges(leg: _Leg, desk: Desk) -> Data:
    listing, wanted = leg
    fill = ChargedFill(listing.contract, wanted.side.value, wanted.quantity, wanted.price_e4)
    due = charges(fill, _day(desk))
    if isinstance(due, Unknown):
        return {"total": 0}
    gst = rupees(due.gst_e4)
    return {
        "transaction_tax": rupees(due.stt_e4),
        "transaction_tax_type": "stt",
        "exchange_turnover_charge": rupees(due.exchange_e4),
        "sebi_turnover_charge": rupees(due.sebi_e4),
        "brokerage": rupees(due.brokerage_e4),
        "stamp_duty": rupees(due.stamp_e4),
        "gst": {"igst": gst, "cgst": 0, "sgst": 0, "total": gst},
        "total": rupees(due.total_e4),
    }


def _day(desk: Desk) -> date:
    return day_of(desk.now_ns)
