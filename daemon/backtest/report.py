"""The report of a backtest: one document, from the recorded facts alone.

The names are those of the contract with the outside. Amounts are rupees as JSON numbers, for this
is the edge where exact amounts meet a format that has none; times are Indian, to the second.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from daemon.backtest.trades import LegTrade, Trades
from daemon.domain.instants import day_of, moment_of
from daemon.domain.market.notes import NoteKind
from daemon.domain.money import E4
from daemon.domain.plans.schema import Plan
from daemon.messages import DayMarked, DayOpened, Noted

Document = dict[str, Any]


def report(plan: Plan, facts: Iterable[object], journal_sha256: str) -> Document:
    """Return the report of one strategy over the days that were played.

    Args:
        plan: the strategy.
        facts: everything that was recorded, in order.
        journal_sha256: of the run.
    """
    trades = Trades(plan.id)
    days: dict[date, Document] = {}
    for fact in facts:
        trades.take(fact)
        _take(days, fact, plan.id)
    for trade in trades.finish():
        days[trade.day]["trades"].append(_trade(trade))
        _add_charges(days[trade.day], trade.charges_e4)
    if trades.without_charges:
        _note_unknown(days, trades.without_charges)
    listed = [days[day] for day in sorted(days)]
    for day in listed:
        day["charges"] = _rupees(day["charges"])
        day["notes"].sort(key=_instant)
    return {
        "strategy_id": plan.id,
        "mark": plan.risk.mark.value,
        "journal_sha256": journal_sha256,
        "days": listed,
        "total": _total(listed, trades.all),
    }


def _take(days: dict[date, Document], fact: object, strategy_id: str) -> None:
    match fact:
        case DayOpened(day):
            days.setdefault(day, _empty(day))
        case Noted(kind, text, at_ns, about) if about in ("", strategy_id):
            note = {"at": _at(at_ns), "kind": kind.value, "text": text}
            days.setdefault(day_of(at_ns), _empty(day_of(at_ns)))["notes"].append(note)
        case DayMarked(about, day, low, high, last, status, floor_e4) if about == strategy_id:
            days[day]["pnl"] = {"low": _mark(low), "high": _mark(high), "last": _mark(last)}
            floor = _rupees(floor_e4) if status == "LOCKED" else None
            days[day]["risk"] = {"status": status, "current_sl": floor}


def _empty(day: date) -> Document:
    return {
        "date": day.isoformat(),
        "trades": [],
        "pnl": {"low": None, "high": None, "last": None},
        "charges": 0,
        "risk": {"status": "NONE", "current_sl": None},
        "notes": [],
    }


def _trade(trade: LegTrade) -> Document:
    is_closed = bool(trade.exit_ns)
    return {
        "leg_id": trade.leg_id,
        "symbol": trade.symbol,
        "side": trade.side.value,
        "quantity": trade.quantity,
        "entry_at": _at(trade.entry_ns),
        "entry": _rupees(trade.entry_e4),
        "exit_at": _at(trade.exit_ns) if is_closed else None,
        "exit": _rupees(trade.exit_e4) if is_closed else None,
        "exit_reason": trade.exit_reason if is_closed else None,
        "pnl": _rupees(trade.pnl_e4),
        "charges": _rupees(trade.charges_e4),
    }


def _add_charges(day: Document, charges_e4: int | None) -> None:
    known = day["charges"]
    day["charges"] = None if known is None or charges_e4 is None else known + charges_e4


def _note_unknown(days: dict[date, Document], because: str) -> None:
    """Tell once, on the first day with a trade, that charges are not guessed."""
    for day in days.values():
        if day["charges"] is None:
            at = day["trades"][0]["entry_at"]
            day["notes"].append({"at": at, "kind": NoteKind.UNKNOWN_TABLE.value, "text": because})
            return


def _total(days: list[Document], trades: list[LegTrade]) -> Document:
    pnl = [trade.pnl_e4 for trade in trades]
    charges = [trade.charges_e4 for trade in trades]
    kinds = [note["kind"] for day in days for note in day["notes"]]
    return {
        "days": len(days),
        "days_traded": sum(bool(day["trades"]) for day in days),
        "trades": len(trades),
        "pnl": _rupees(_sum(pnl)),
        "charges": _rupees(_sum(charges)),
        "notes": {kind.value: kinds.count(kind.value) for kind in NoteKind if kind in kinds},
    }


def _sum(amounts: list[int | None]) -> int | None:
    """Add amounts; what is not known makes their sum unknown."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if len(known) == len(amounts) else None


def _instant(note: Document) -> Any:
    return note["at"]


def _mark(mark: tuple[int, int] | None) -> Document | None:
    return {"at": _at(mark[0]), "value": _rupees(mark[1])} if mark else None


def _at(at_ns: int) -> str:
    return moment_of(at_ns).isoformat(timespec="seconds")


def _rupees(amount_e4: int | None) -> int | float | None:
    if amount_e4 is None:
        return None
    whole, rest = divmod(amount_e4, E4)
    return amount_e4 / E4 if rest else whole
