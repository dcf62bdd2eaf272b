"""The report of a day in an account, as text: from the recorded facts, and from nothing else.

Its head is what was made on the day, so the days add up to what the trades made; each trade has a
line with its whole profit since its entry. The path of an entry's profit is the one that the
watchdog marked; its low and high are those of the last run, which are told with its start.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from daemon.domain.instants import day_of, wall_of
from daemon.domain.money import sum_known, units
from daemon.domain.orders.words import Pocket
from daemon.domain.risk.words import ExitReason
from daemon.jobs.day_kills import DayKills, when
from daemon.jobs.day_made import DayMade, Made
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
    KillStaged,
    Latched,
    Noted,
    Released,
)

_UNKNOWN = "unknown"
_UNROUNDED = " (transaction tax unrounded: each contract note rounds it to the rupee)"


def day_report(account: str, mode: str, day: date, facts: Iterable[object]) -> str:
    """Return how a day went in an account.

    Args:
        account: whose orders.
        mode: whose money it trades with.
        day: which day.
        facts: everything that was recorded so far, oldest first; what came after the next day
            opened is none of it.
    """
    fold = _Day(account, day)
    for fact in facts:
        if isinstance(fact, DayOpened) and fact.day > day:
            break
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
        self._made = DayMade(account, day)
        self._kills = DayKills(day)
        self._marks: dict[str, dict[str, DayMarked]] = {}
        self._overdue: dict[str, ExitOverdue] = {}
        self._differing: dict[Pocket, BooksDiffer] = {}
        self._alerts: dict[str, list[AlertFact]] = {}
        self._notes: dict[Noted, None] = {}

    def take(self, fact: object) -> None:
        """Take one fact in."""
        match fact:
            case DayOpened():
                self._opened = fact
            case EpochBegan(_, at_ns) if day_of(at_ns) == self._day and not self._marks:
                self._began_ns = at_ns  # once the day is marked no start cuts anything short
            case BooksDiffer(account) if account == self._account:
                self._differing[fact.pocket] = fact
            case BooksAgree(account) if account == self._account:
                self._differing.pop(fact.pocket, None)
            case AlertRaised() | AlertAcknowledged() | AlertCleared():
                self._hear_alert(fact)
            case Latched() | KillStaged() | Released():
                self._kills.take(fact)
            case DayMarked() | ExitOverdue() | Noted() if self._is_today:
                self._hear_strategy(fact)
        self._made.take(fact)

    @property
    def _is_today(self) -> bool:
        return self._opened is not None and self._opened.day == self._day

    def lines(self) -> list[str]:
        """Return what is told."""
        made = self._made.finish()
        pnl_e4 = sum_known(each.today_e4 for each in made)
        charges_e4 = self._made.charges_e4()
        net_e4 = None if pnl_e4 is None or charges_e4 is None else pnl_e4 - charges_e4
        entered = sum(each.trade.day == self._day for each in made)
        held = sum(_is_open(each) for each in made)
        counts = f"{entered} entered", f"{len(made) - held} left", f"{held} still open"
        head = [
            f"P&L            {_rupees(pnl_e4)} before charges{self._because(made)}",
            f"charges        {_rupees(charges_e4)}{_UNROUNDED if charges_e4 else ''}",
            f"after charges  {_rupees(net_e4)}",
            f"trades         {', '.join(counts)}",
            f"books          {self._books()}",
            f"exits overdue  {len(self._overdue) or 'none'}",
            *(f"  {_clock(each.at_ns)} {_told(each)}" for each in self._overdue.values()),
        ]
        names = sorted({each.strategy_id for each in made} | self._marks.keys())
        strategies = [
            line
            for name in names
            for line in self._strategy(name, [each for each in made if each.strategy_id == name])
        ]
        return [*head, *strategies, *self._kills.lines(), *self._told_alerts(), *self._told_notes()]

    def _because(self, made: list[Made]) -> str:
        """Return why the profit of the day is not known, or is of a part of it; empty: it is not.

        A trade that ended at a price that nobody knows says so in its line.
        """
        unseen = [_name(each) for each in made if each.trade.before_e4 is None]
        unvalued = [_name(each) for each in made if each.pnl_e4 is None]
        told = [
            f"{strategy_id} from {_clock(at_ns)} on, for nobody saw it at the last close"
            for strategy_id, at_ns in self._made.late_ns.items()
        ]
        if unseen:
            told.append(f"nobody saw {', '.join(unseen)} at the last close")
        if unvalued:
            told.append(f"nobody knows what {', '.join(unvalued)} is worth")
        return f": {'; '.join(told)}" if told else ""

    def _hear_strategy(self, fact: DayMarked | ExitOverdue | Noted) -> None:
        match fact:
            case DayMarked(strategy_id, day):
                if day == self._day:  # else it is of one that was marked late, on the day after
                    marks = self._marks.setdefault(strategy_id, {})
                    if fact.last is not None or fact.basket_id not in marks:
                        marks[fact.basket_id] = fact  # a start in the evening has seen no price
            case ExitOverdue(exit_id):
                self._overdue.setdefault(exit_id, fact)
            case Noted():
                self._notes[fact] = None

    def _hear_alert(self, fact: AlertRaised | AlertAcknowledged | AlertCleared) -> None:
        """Keep the account's alerts of the day, and those of before that are not over."""
        if isinstance(fact, AlertRaised):
            if fact.condition.account not in ("", self._account):
                return
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

    def _strategy(self, name: str, made: list[Made]) -> list[str]:
        """Return what is told of a strategy; nothing where it had nothing to do."""
        paths = [mark for mark in self._marks.get(name, {}).values() if mark.last is not None]
        if not made and not paths:
            return []
        since = self._since(made)
        return [
            *("", name),
            *(f"  {_path(each, since, alone=len(paths) == 1)}" for each in paths),
            *(f"  {_traded(each, self._day)}" for each in made),
        ]

    def _since(self, made: list[Made]) -> str:
        """Return since when the path of a profit was seen; empty: from its first instant today."""
        sessions = self._opened.sessions if self._opened is not None else ()
        is_within = bool(sessions) and self._began_ns > sessions[0][0]
        if is_within and any(each.trade.entry_ns < self._began_ns for each in made):
            return f", low and high since the start at {_clock(self._began_ns)}"
        return ""

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
            named = f"{when(raised.at_ns, self._day)} {raised.alert_id}"
            lines.append(
                f"  {named}, {raised.condition.severity}, "
                f"acknowledged by {seen}, {'over' if over else 'OPEN'}: {raised.condition.sentence}"
            )
        return lines if len(lines) > 2 else ["", "alerts: none"]  # noqa: PLR2004  the head is two

    def _told_notes(self) -> list[str]:
        told = [f"  {_clock(each.at_ns)} {each.named}" for each in self._notes]
        return ["", "notes", *told] if told else []


def _path(mark: DayMarked, since: str, *, alone: bool) -> str:
    """Return the path of an entry's profit; it is named where it is one of several of the day."""
    assert mark.last is not None, "only what was valued has a path"
    whose = "" if alone else f"{mark.basket_id}: "
    told = f"{whose}P&L {_rupees(mark.last[1])} at last"
    if mark.low is None or mark.high is None:  # nothing watches what no entry holds
        return told
    return (
        f"{told}, low {_rupees(mark.low[1])} at {_clock(mark.low[0])}, "
        f"high {_rupees(mark.high[1])} at {_clock(mark.high[0])}{since}"
    )


def _traded(made: Made, day: date) -> str:
    """Return one trade in a line."""
    trade = made.trade
    entered = f"{_clock(trade.entry_ns)} {trade.side} {trade.quantity} {trade.symbol}"
    at = f"{entered} at {_rupees(trade.entry_e4)}"
    if _is_open(made):
        left = f"still open ({trade.net_quantity:+d})"
    else:
        because = "by hand" if trade.exit_reason == ExitReason.MANUAL else trade.exit_reason
        left = f"out {_clock(trade.exit_ns)} at {_rupees(trade.exit_e4)}, {because}"
    worth = f"P&L {_rupees(made.pnl_e4)}, charges {_rupees(trade.charges_e4)}"
    if trade.day != day:
        worth += f", held over from {trade.day}, {_rupees(trade.before_e4)} of its P&L before today"
    return f"{trade.leg_id}: {at}, {left}, {worth}"


def _name(made: Made) -> str:
    return f"{made.strategy_id} {made.trade.leg_id}"


def _is_open(made: Made) -> bool:
    return made.trade.net_quantity != 0


def _told(overdue: ExitOverdue) -> str:
    return f"{overdue.strategy_id}: {overdue.because}"


def _rupees(amount_e4: int | None) -> str:
    return _UNKNOWN if amount_e4 is None else f"{units(amount_e4):,.2f}"


def _clock(at_ns: int) -> str:
    return wall_of(at_ns).isoformat(timespec="seconds")
