"""The report of a backtest: one document, from the recorded facts alone.

The names are those of the contract with the outside. Amounts are rupees as JSON numbers, for this
is the edge where exact amounts meet a format that has none; times are Indian, to the second.

Two profits are told, and they are not added up across. A trade stands, with all of its profit, on
the day of its entry, and `total.pnl` is the sum of the trades of all days. A day's `pnl` is the
path that the strategy's open or closed profit took on that day; of a position that is held over
the night it goes on from where it stood, so the paths of days do not sum to the total. Where it
is left and another entry is made on that day, the path goes on from what the first one came to. A
day that begins or ends with such a position says so in a note.

Whatever fell while the days were played is told in a note, the strategy or what serves it: without
it a strategy that fell reads like one that found nothing to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from operator import itemgetter
from typing import Any

from daemon.domain.instants import day_of, moment_of
from daemon.domain.market.notes import NoteKind
from daemon.domain.money import E4, sum_known
from daemon.domain.orders.words import Product
from daemon.domain.plans.schema import Plan
from daemon.jobs.trades import LegTrade, Trades
from daemon.messages import DayEnded, DayMarked, DayOpened, ExitOverdue, ExitOwed, Noted
from daemon.runtime.words import ActorDisarmed, DeadLetter

Document = dict[str, Any]


def report(plan: Plan, facts: Iterable[object], journal_sha256: str) -> Document:
    """Return the report of one strategy over the days that were played.

    Args:
        plan: the strategy.
        facts: everything that was recorded, in order.
        journal_sha256: of the run.
    """
    trades, told = Trades(plan.id), _Days(plan)
    for fact in facts:
        trades.take(fact)
        told.take(fact)
    days = told.days
    for trade in trades.finish():
        days[trade.day]["trades"].append(_trade(trade))
        _add_charges(days[trade.day], trade.charges_e4)
    told.tell_held_over(trades.all)
    told.tell_fallen()
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


class _Days:
    """Folds what is told of days; their trades are added when all of it is known.

    Attributes:
        days: by date.
    """

    def __init__(self, plan: Plan) -> None:
        self.days: dict[date, Document] = {}
        self._strategy_id = plan.id
        # What a carrying plan means to do was refused to any other: it wanted out that day.
        carries = plan.product is Product.CARRY
        self._held_over = NoteKind.BASIS if carries else NoteKind.REFUSED
        self._opened: dict[date, int] = {}
        self._ended: dict[date, int] = {}
        self._marked: dict[date, dict[str, DayMarked]] = {}
        self._leaving: dict[str, tuple[str, ...]] = {}
        self._overdue: dict[str, Document] = {}
        self._fallen: list[tuple[int, str]] = []

    def take(self, fact: object) -> None:
        """Take one fact in, in the order in which they were recorded."""
        match fact:
            case DayOpened(day, at_ns=at_ns):
                self.days.setdefault(day, _empty(day))
                self._opened.setdefault(day, at_ns)
            case DayEnded(day, at_ns):
                self._ended[day] = at_ns
            case Noted(kind, text, at_ns, about) if about in ("", self._strategy_id):
                self._note(kind, text, at_ns)
            case ExitOwed(exit_id, about, leg_ids) if about == self._strategy_id:
                self._leaving[exit_id] = leg_ids
            case ExitOverdue(exit_id, about) if about == self._strategy_id:
                self._fail(exit_id, fact)
            case DeadLetter(actor, _, error, at_ns):
                self._fallen.append((at_ns, f"{actor} fell and was rebuilt: {error}"))
            case ActorDisarmed(actor, at_ns):
                self._fallen.append((at_ns, f"{actor} fell too often and was left out"))
            case DayMarked(about) if about == self._strategy_id:
                self._mark_day(fact)

    def _mark_day(self, marked: DayMarked) -> None:
        """Tell how a day went; where entries follow one another, with the profit of all of them."""
        entries = self._marked.setdefault(marked.day, {})
        entries[marked.basket_id] = marked
        floor = _rupees(marked.floor_e4) if marked.status == "LOCKED" else None
        risk = {"status": marked.status, "current_sl": floor}
        self.days[marked.day].update(pnl=_path(tuple(entries.values())), risk=risk)

    def tell_held_over(self, trades: Iterable[LegTrade]) -> None:
        """Tell of each day that begins or ends with a position of another day's trade."""
        told = {each for trade in trades for each in self._nights(trade)}
        for at_ns, text in sorted(told):
            self._note(self._held_over, text, at_ns)

    def tell_fallen(self) -> None:
        """Tell of all that fell; what fell before the market had a time, on the first day."""
        first_ns = min(self._opened.values(), default=0)
        for at_ns, text in self._fallen:
            self._note(NoteKind.FELL, text, at_ns or first_ns)

    def _nights(self, trade: LegTrade) -> Iterator[tuple[int, str]]:
        left = day_of(trade.exit_ns) if trade.exit_ns else date.max
        if trade.day in self._ended and trade.day < left:
            yield (
                self._ended[trade.day],
                "held over the night: all that it makes stands here, in its trade",
            )
        text = f"held over from {trade.day}, where its trade stands: P&L counts since its entry"
        for day, at_ns in self._opened.items():
            if trade.day < day <= left:
                yield at_ns, text

    def _fail(self, exit_id: str, overdue: ExitOverdue) -> None:
        """Tell once of an exit that is overdue, with all that stood in its way that day."""
        leg_ids = ", ".join(self._leaving.get(exit_id, ()))
        note = self._overdue.get(exit_id)
        if note is None:
            text = f"the exit of {leg_ids} is overdue: {overdue.because}"
            self._overdue[exit_id] = self._note(NoteKind.REFUSED, text, overdue.at_ns)
        elif note["at"][:10] == _at(overdue.at_ns)[:10] and overdue.because not in note["text"]:
            note["text"] += f"; {overdue.because}"

    def _note(self, kind: NoteKind, text: str, at_ns: int) -> Document:
        day = day_of(at_ns)
        note = {"at": _at(at_ns), "kind": kind.value, "text": text}
        self.days.setdefault(day, _empty(day))["notes"].append(note)
        return note


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
        "pnl": _rupees(sum_known(pnl)),
        "charges": _rupees(sum_known(charges)),
        "notes": {kind.value: kinds.count(kind.value) for kind in NoteKind if kind in kinds},
    }


def _instant(note: Document) -> Any:
    return note["at"]


def _path(entries: Iterable[DayMarked]) -> Document:
    """Return how low, how high and where the profit of a strategy's entries of one day went.

    A strategy has one entry at a time, so beside each stands what those before it came to.
    """
    lows: list[tuple[int, int]] = []
    highs: list[tuple[int, int]] = []
    last, before_e4 = None, 0
    for each in entries:
        for mark, seen in ((each.low, lows), (each.high, highs)):
            if mark is not None:
                seen.append((mark[0], before_e4 + mark[1]))
        if each.last is not None:
            before_e4 += each.last[1]
            last = (each.last[0], before_e4)
    low = min(lows, key=itemgetter(1), default=None)
    high = max(highs, key=itemgetter(1), default=None)
    return {"low": _mark(low), "high": _mark(high), "last": _mark(last)}


def _mark(mark: tuple[int, int] | None) -> Document | None:
    return {"at": _at(mark[0]), "value": _rupees(mark[1])} if mark else None


def _at(at_ns: int) -> str:
    return moment_of(at_ns).isoformat(timespec="seconds")


def _rupees(amount_e4: int | None) -> int | float | None:
    if amount_e4 is None:
        return None
    whole, rest = divmod(amount_e4, E4)
    return amount_e4 / E4 if rest else whole
