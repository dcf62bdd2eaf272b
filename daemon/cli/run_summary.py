"""What `ordo run` says of each strategy at its end: how it went, and what of it is still open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from daemon.actors.risk_watchdog import PnlSeen
from daemon.cli.words import clock, count, entry_name, money
from daemon.domain.money import units


def summary(document: dict[str, Any], seen: Mapping[str, PnlSeen]) -> str:
    """Return how a strategy's run went, and what of it is still open.

    Args:
        document: the report of the run so far.
        seen: the newest profit of its entries, by basket, which values what is open.
    """
    total = document["total"]
    head = f"{count(total['trades'], 'trade')} on {total['days_traded']} of "
    head += f"{count(total['days'], 'day')}, {_profit(document, seen)}"
    return "\n".join(
        [
            f"{document['strategy_id']}: {head} before charges of {money(total['charges'])}",
            *(f"  still open: {held}" for held in map(_open, _trades(document)) if held),
            f"journal {document['journal_sha256']}",
        ]
    )


def _profit(document: dict[str, Any], seen: Mapping[str, PnlSeen]) -> str:
    """Return the profit; while a leg is open, its entry is worth what was last seen of it."""
    days = document["days"]
    is_open = {day["date"] for day in days if any(map(_open, day["trades"]))}
    if not is_open:
        return f"P&L {money(document['total']['pnl'])}"
    newest = [each for basket_id, each in seen.items() if _day(basket_id) in is_open]
    if len(newest) < len(is_open):
        return "P&L not valued"
    closed = [trade["pnl"] for day in days if day["date"] not in is_open for trade in day["trades"]]
    if None in closed:
        return f"P&L {money(None)}"
    profit = sum(closed) + float(units(sum(each.pnl_e4 for each in newest)))
    return f"P&L {money(profit)} as last valued at {clock(min(each.at_ns for each in newest))}"


def _day(basket_id: str) -> str:
    """Return the day of an entry; one that had waited has its number behind it."""
    return entry_name(basket_id).partition(".")[0]


def _trades(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [trade for day in document["days"] for trade in day["trades"]]


def _open(trade: dict[str, Any]) -> str:
    """Return what is still open of a trade, in words; empty: nothing is."""
    if trade["exit_at"] is not None:
        return ""
    return (
        f"{trade['leg_id']} {trade['side']} {trade['quantity']} {trade['symbol']} "
        f"at {money(trade['entry'])}"
    )
