"""The report of a day in one account, as text: from the recorded facts, and from nothing else.

A trade stands, with all of its profit, on the day of its entry, as in a backtest; what came over
the night is listed apart. The path of a strategy's profit is the one that the watchdog marked;
its low and high are those of the last run, which are told with its start.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from daemon.domain.instants import day_of, wall_of
from daemon.domain.money import sum_known, units
from daemon.domain.orders.words import IntentRecorded, Pocket
from daemon.domain.risk.words import ExitReason
from daemon.jobs.trades import LegTrade, Trades
from daemon.messages import (
    AlertAcknowledged,
    AlertCleared,
    AlertFact,
    AlertRaised,
    BooksAgree,
    BooksDiffer,
    DayMarked,
    DayOpened,
    EpochBegan,
    ExitOverdue,
    Noted,
)

_UNKNOWN = "unknown"


def day_report(account: str, mode: str, day: date, facts: Iterable[object]) -> str:
    """Return how a day went in an account.

    Args:
        account: whose orders.
        mode: whose money it trades with.
        day: which day.
        facts: everything that was recorded so far, oldest first.
    """
    fold = _Day(account, day)
    for fact in facts:
        fold.take(fact)
    head = f"{mode.upper()}: the day {day} in the account {account}"
    return "\n".join([head, "", *fold.lines()]) + "\n"


class _Day:
    """Folds what was recorded."""

    def __init__(self, account: str, day: date) -> None:
        self._account = account
        self._day = day
        self._opened: DayOpened | None = None
        self._began_ns = 0
        self._trades: dict[str, Trades] = {}
        self._marks: dict[str, DayMarked] = {}
        self._overdue: dict[str, ExitOverdue] = {}
        self._differing: dict[Pocket, BooksDiffer] = {}
        self._alerts: dict[str, list[AlertFact]] = {}
        self._notes: dict[Noted, None] = {}

    def take(self, fact: object) -> None:
        """Take one fact in."""
        match fact:
            case DayOpened():
                self._open(fact)
            case EpochBegan(_, at_ns) if day_of(at_ns) == self._day and not self._marks:
                self._began_ns = at_ns  # once the day is marked no start cuts anything short
            case IntentRecorded(intent) if intent.account == self._account:
                self._know(intent.strategy_id)
            case BooksDiffer(account) if account == self._account:
                self._differing[fact.pocket] = fact
            case BooksAgree(account) if account == self._account:
                self._differing.pop(fact.pocket, None)
            case AlertRaised() | AlertAcknowledged() | AlertCleared():
                self._hear_alert(fact)
            case (
                DayMarked(strategy_id)
                | ExitOverdue(_, strategy_id)
                | Noted(strategy_id=strategy_id)
            ) if self._is_today:
                self._hear_strategy(fact, strategy_id)
        for trades in self._trades.values():
            trades.take(fact)

    def _open(self, opened: DayOpened) -> None:
        """Begin a day; what was over before it concerns none from here on."""
        if self._opened is not None and self._opened.day < opened.day <= self._day:
            for trades in self._trades.values():
                trades.let_go()
        self._opened = opened

    @property
    def _is_today(self) -> bool:
        return self._opened is not None and self._opened.day == self._day

    def _know(self, strategy_id: str) -> None:
        """Follow the trades of a strategy from its first order on."""
        if strategy_id not in self._trades:
            trades = self._trades[strategy_id] = Trades(strategy_id)
            trades.take(self._opened)

    def lines(self) -> list[str]:
        """Return what is told."""
        found = {name: trades.finish() for name, trades in self._trades.items()}
        entered = [each for trades in found.values() for each in trades if each.day == self._day]
        pnl_e4 = sum_known(each.pnl_e4 for each in entered)
        charges_e4 = sum_known(each.charges_e4 for each in entered)
        net_e4 = None if pnl_e4 is None or charges_e4 is None else pnl_e4 - charges_e4
        head = [
            f"P&L            {_rupees(pnl_e4)} before charges",
            f"charges        {_rupees(charges_e4)}",
            f"after charges  {_rupees(net_e4)}",
            f"trades         {len(entered)}, of which {sum(map(_is_open, entered))} still open",
            f"books          {self._books()}",
            f"exits overdue  {len(self._overdue) or 'none'}",
            *(f"  {_clock(each.at_ns)} {_told(each)}" for each in self._overdue.values()),
        ]
        told = {name: self._strategy(name, trades) for name, trades in found.items()}
        strategies = [line for name in sorted(told) for line in told[name]]
        return [*head, *strategies, *self._told_alerts(), *self._told_notes()]

    def _hear_strategy(self, fact: DayMarked | ExitOverdue | Noted, strategy_id: str) -> None:
        match fact:
            case DayMarked(day=day):
                if day == self._day:  # else it is of one that was marked late, on the day after
                    self._marks[strategy_id] = fact
            case ExitOverdue(exit_id):
                self._overdue.setdefault(exit_id, fact)
            case Noted():
                self._notes[fact] = None

    def _hear_alert(self, fact: AlertRaised | AlertAcknowledged | AlertCleared) -> None:
        """Keep the alerts of the day, and those of before that are not over."""
        if isinstance(fact, AlertRaised):
            self._alerts[fact.alert_id] = [fact]
        elif isinstance(fact, AlertCleared) and day_of(fact.at_ns) < self._day:
            self._alerts.pop(fact.alert_id, None)
        else:
            self._alerts.setdefault(fact.alert_id, []).append(fact)

    def _books(self) -> str:
        if not self._differing:
            return "equal to the broker's"
        told = (
            f"{each.pocket} {each.ours}, there {each.theirs}" for each in self._differing.values()
        )
        return f"DIFFER from the broker's: {'; '.join(told)}"

    def _strategy(self, name: str, trades: list[LegTrade]) -> list[str]:
        """Return what is told of a strategy; nothing where it had nothing to do."""
        listed = [each for each in trades if self._concerns(each)]
        mark = self._marks.get(name)
        if not listed and (mark is None or mark.last is None):
            return []
        lines = ["", name]
        if mark is not None and mark.last is not None:
            low, high = mark.low or mark.last, mark.high or mark.last
            lines.append(
                f"  P&L {_rupees(mark.last[1])} at last, "
                f"low {_rupees(low[1])} at {_clock(low[0])}, "
                f"high {_rupees(high[1])} at {_clock(high[0])}{self._since(listed)}"
            )
        return lines + [f"  {_traded(each, self._day)}" for each in listed]

    def _since(self, listed: list[LegTrade]) -> str:
        """Return since when the path of a profit was seen; empty: from its first instant today."""
        sessions = self._opened.sessions if self._opened is not None else ()
        is_within = bool(sessions) and self._began_ns > sessions[0][0]
        if is_within and any(each.entry_ns < self._began_ns for each in listed):
            return f", low and high since the start at {_clock(self._began_ns)}"
        return ""

    def _concerns(self, trade: LegTrade) -> bool:
        """Return whether a trade was entered, left or held on the day."""
        left = day_of(trade.exit_ns) if trade.exit_ns else self._day
        return trade.day <= self._day <= left

    def _told_alerts(self) -> list[str]:
        lines = ["", "alerts"]
        for facts in self._alerts.values():
            raised = facts[0]
            if not isinstance(raised, AlertRaised):
                continue  # it was raised before anything that is known
            seen = next(
                (each.by for each in facts if isinstance(each, AlertAcknowledged)), "nobody"
            )
            over = any(isinstance(each, AlertCleared) for each in facts)
            lines.append(
                f"  {_clock(raised.at_ns)} {raised.alert_id}, {raised.condition.severity}, "
                f"acknowledged by {seen}, {'over' if over else 'OPEN'}: {raised.condition.sentence}"
            )
        return lines if len(lines) > 2 else ["", "alerts: none"]  # noqa: PLR2004  the head is two

    def _told_notes(self) -> list[str]:
        told = [
            f"  {_clock(each.at_ns)} {each.strategy_id or each.kind}: {each.text}"
            for each in self._notes
        ]
        return ["", "notes", *told] if told else []


def _traded(trade: LegTrade, day: date) -> str:
    """Return one trade in a line."""
    before = f", held over from {trade.day}" if trade.day != day else ""
    entered = f"{_clock(trade.entry_ns)} {trade.side} {trade.quantity} {trade.symbol}"
    at = f"{entered} at {_rupees(trade.entry_e4)}"
    if _is_open(trade):
        left = f"still open ({trade.net_quantity:+d})"
    else:
        because = "by hand" if trade.exit_reason == ExitReason.MANUAL else trade.exit_reason
        left = f"out {_clock(trade.exit_ns)} at {_rupees(trade.exit_e4)}, {because}"
    worth = f"P&L {_rupees(trade.pnl_e4)}, charges {_rupees(trade.charges_e4)}"
    return f"{trade.leg_id}: {at}, {left}, {worth}{before}"


def _is_open(trade: LegTrade) -> bool:
    return not trade.exit_ns


def _told(overdue: ExitOverdue) -> str:
    return f"{overdue.strategy_id}: {overdue.because}"


def _rupees(amount_e4: int | None) -> str:
    return _UNKNOWN if amount_e4 is None else f"{units(amount_e4):,.2f}"


def _clock(at_ns: int) -> str:
    return wall_of(at_ns).isoformat(timespec="seconds")
