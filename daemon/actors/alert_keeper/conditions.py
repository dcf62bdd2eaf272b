"""Which recorded facts a person is alerted by, and which of them end that.

A fold of facts and nothing else: so the conditions that stood are known again after a restart, and
whoever records a fact need not know that somebody is alerted by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from datetime import date

from msgspec.structs import replace

from daemon.actors.alert_keeper.noted import Key, begun_by, ended_by, in_account
from daemon.actors.risk_watchdog.account import LIMITS
from daemon.domain.instants import SECOND_NS, wall_of
from daemon.domain.orders.states import is_open
from daemon.domain.orders.words import (
    ConfirmationWanted,
    Intent,
    IntentRecorded,
    OrderParked,
    OrderRefused,
    OrderUpdated,
)
from daemon.messages import (
    LEDGER_FAILED,
    MAY_HAVE_FILLED,
    BasketEnded,
    BooksAgree,
    BooksDiffer,
    CodeLoaded,
    DayOpened,
    EntriesFreed,
    EntriesHeld,
    EntriesPaused,
    EntryDecided,
    EpochBegan,
    ExitFinished,
    ExitOverdue,
    HeldBy,
    JobDone,
    KillStaged,
    Latched,
    LegExpired,
    LinkDied,
    LinkRevived,
    Noted,
    Released,
    SessionReady,
    Stage,
    StartMissed,
    StrategyRemoved,
    StrategyStarted,
    StrategyStopped,
)
from daemon.messages.alerts import BEHIND, UNTOLD, Condition, Severity
from daemon.messages.jobs import Job
from daemon.runtime.words import ActorDisarmed

HEARS = (
    *(ActorDisarmed, BooksAgree, BooksDiffer, CodeLoaded, ConfirmationWanted, DayOpened),
    *(BasketEnded, EntriesFreed, EntriesHeld),
    *(EntriesPaused, EntryDecided, EpochBegan, ExitFinished, ExitOverdue, IntentRecorded, JobDone),
    *(KillStaged, Latched, LegExpired, LinkDied, LinkRevived, Noted, OrderParked, OrderRefused),
    *(OrderUpdated, Released, SessionReady, StartMissed),
    *(StrategyRemoved, StrategyStarted, StrategyStopped),
)
"""The facts that begin or end a condition, or tell which account is at home."""

_CRITICAL, _WARNING = Severity.CRITICAL, Severity.WARNING
_JOBS = {
    Job.EARLY_CHECK: _WARNING,
    Job.CHECK: _CRITICAL,
    Job.MARGIN: _CRITICAL,
    Job.SESSION: _CRITICAL,
    Job.SQUARE_OFF: _CRITICAL,
    Job.REPORT: _WARNING,
    Job.BACKUP: _CRITICAL,
}
"""How much hangs on a job that could not be done, or that found something amiss."""
_PATIENCE_NS = 60 * SECOND_NS
"""So long an entry may wait and be tried again before a person is told."""
_OF_A_DAY = frozenset(
    {
        *("entries_paused", "order_parked", "feed_silent", "worth_unknown"),
        *("overfilled", "start_missed", "session", "square_off", "confirmation_wanted"),
        *("traded_outside", "hours_changed", "entry_waits", "index_silent", UNTOLD),
    }
)
_RENEWED = frozenset({"books_differ", "hours_changed", "no_session"})
"""By another amount, or for another reason, it is another condition."""
_OF_A_RUN = frozenset(
    {
        *("ledger_failed", "actor_disarmed", "entries_held", "no_session", "strategy_left_out"),
    }
)


class Conditions:
    """What is not as it should be, by all that was recorded.

    Attributes:
        standing: the conditions that hold, by code and what each is about.
    """

    def __init__(self) -> None:
        self.standing: dict[Key, Condition] = {}
        self._intents: dict[str, Intent] = {}
        self._day: date | None = None
        self._waits_ns: dict[str, int] = {}
        self._home = ""

    def hear(self, fact: object) -> None:
        """Take one fact in."""
        for key in self._ended(fact):
            self.standing.pop(key, None)
        if isinstance(fact, BasketEnded) and not fact.waits:
            about = in_account(fact.account, fact.strategy_id)
            self._waits_ns.pop(about, None)
            self.standing.pop(("entry_waits", about), None)
        if isinstance(fact, DayOpened):
            self._press()
        if isinstance(fact, CodeLoaded):
            self._home = fact.home or self._home
        begun = self._begun(fact)
        if begun is None:
            return
        # At home nobody names the account; a sink is of none.
        if getattr(fact, "account", None) == "" and begun.code != UNTOLD:
            begun = replace(begun, account=self._home)
        key = (begun.code, begun.about)
        if begun.code in _RENEWED:
            self.standing[key] = begun
        else:
            self.standing.setdefault(key, begun)

    def _press(self) -> None:
        """Once a day has opened, an account without a session cannot even close what it holds."""
        for key, condition in self.standing.items():
            if condition.code == "no_session":
                self.standing[key] = replace(condition, severity=_CRITICAL)

    def _begun(self, fact: object) -> Condition | None:
        match fact:
            case IntentRecorded(intent):
                self._intents[intent.intent_id] = intent
            case ConfirmationWanted(intent_id):
                text = f"{fact.said}; answer it there, Ordo never does"
                return self._of_order("confirmation_wanted", intent_id, text)
            case OrderParked(intent_id):
                if ("confirmation_wanted", intent_id) in self.standing:
                    return None  # what was heard of it is told already
                text = "nothing was heard of it, perhaps it fills; look at the broker"
                return self._of_order("order_parked", intent_id, text)
            case ExitOverdue() | KillStaged() | BooksDiffer() | LegExpired() | StartMissed():
                return _of_trading(fact)
            case BasketEnded(waits=True):
                return self._waits(fact)
            case StrategyStopped(strategy_id, because=because) if because:
                text = f"{strategy_id} takes no entries: {because}; look why, then start it again"
                return Condition(
                    _CRITICAL, "strategy_stopped", strategy_id, text, strategy_id=strategy_id
                )
            case Noted():
                return begun_by(fact, self._day)
            case Latched(latch_id, unwritten=True, account=account):
                text = f"{latch_id} stands in the record alone, its file could not be written"
                mend = "see to the folder of latches and its disk; it is tried again"
                about = in_account(account, latch_id)
                return Condition(_CRITICAL, "latch_unwritten", about, f"{text}; {mend}", account)
            case JobDone(job, _, ok, text) if not ok:
                return Condition(_JOBS[job], job.value, "", text)
            case EntriesPaused() | EntriesHeld() | ActorDisarmed() | LinkDied():
                return _of_machine(fact, self._home)
        return None

    def _waits(self, ended: BasketEnded) -> Condition | None:
        """Return that an entry waits on and on; what is waited for once is told by what it is."""
        strategy_id, account = ended.strategy_id, ended.account
        about = in_account(account, strategy_id)
        since_ns = self._waits_ns.setdefault(about, ended.at_ns)
        if ended.at_ns - since_ns < _PATIENCE_NS:
            return None
        text = f"{strategy_id} has been to enter since {wall_of(since_ns):%H:%M:%S}, and waits"
        text = f"{text}: {ended.because}; it is tried again as long as it may be entered"
        return Condition(_WARNING, "entry_waits", about, text, account, strategy_id)

    def _ended(self, fact: object) -> Iterator[Key]:
        match fact:
            case ExitFinished(exit_id):
                yield "exit_overdue", exit_id
            case KillStaged(latch_id, Stage.FLAT, account=account) | Released(
                latch_id, account=account
            ):
                yield "kill_incomplete", in_account(account, latch_id)
                if isinstance(fact, Released):
                    yield "latch_unwritten", in_account(account, latch_id)
            case BooksAgree(account):
                yield "books_differ", f"{account} {fact.pocket}"
            case EntryDecided() | StrategyStopped() | StrategyStarted() | StrategyRemoved():
                yield "start_missed", fact.strategy_id
                if isinstance(fact, StrategyStarted | StrategyRemoved):
                    yield "strategy_stopped", fact.strategy_id
                    yield "strategy_left_out", fact.strategy_id
            case JobDone(job):
                yield from _done(job)
            case EntriesFreed(account, by):
                yield "entries_held", f"{account} {by}"
            case LinkRevived() | SessionReady():
                ready = fact.account if isinstance(fact, SessionReady) else ""
                yield ("no_session", ready) if ready else ("feed_silent", "")
            case Noted():
                yield from ended_by(fact)
            case OrderUpdated() | OrderRefused():
                self._heard_of(fact)
                yield "order_parked", fact.intent_id
                yield "confirmation_wanted", fact.intent_id
            case EpochBegan():
                yield from self._of(_OF_A_RUN)
                # Whether more waits than is read is found anew; the rest of `untold` is of a day.
                yield from [key for key in self._of({UNTOLD}) if key[1].endswith(BEHIND)]
            case DayOpened(day) if day != self._day:
                self._day = day
                self._waits_ns.clear()
                yield from self._of(_OF_A_DAY)

    def _heard_of(self, fact: OrderUpdated | OrderRefused) -> None:
        """Forget an order that is over."""
        if isinstance(fact, OrderRefused) or not is_open(fact.state):
            self._intents.pop(fact.intent_id, None)

    def _of_order(self, code: str, intent_id: str, said: str) -> Condition:
        intent = self._intents.get(intent_id)
        what = f"{intent.side} {intent.quantity} {intent.symbol}" if intent else "an order"
        account, strategy_id = (intent.account, intent.strategy_id) if intent else ("", "")
        text = f"{what} ({intent_id}): {said}"
        return Condition(_CRITICAL, code, intent_id, text, account, strategy_id)

    def _of(self, codes: Set[str]) -> list[Key]:
        return [key for key in self.standing if key[0] in codes]


def _done(job: Job) -> tuple[Key, ...]:
    """Return what a job that was done, or tried again, ends."""
    done = (job.value, "")
    # The second check of a morning looks at the same as the first, only later.
    return (done, (Job.EARLY_CHECK.value, "")) if job is Job.CHECK else (done,)


def _of_trading(
    fact: ExitOverdue | KillStaged | BooksDiffer | LegExpired | StartMissed,
) -> Condition | None:
    match fact:
        case ExitOverdue(exit_id, strategy_id, because, account=account):
            text = f"{strategy_id}: an exit is overdue, {because}; look at the broker, and close "
            unheard = because.endswith(MAY_HAVE_FILLED)
            text += "only what is open there, or it is traded twice" if unheard else "it"
            return Condition(_CRITICAL, "exit_overdue", exit_id, text, account, strategy_id)
        case KillStaged(latch_id, Stage.INCOMPLETE, left, account=account):
            text = f"{latch_id} could not close everything: {'; '.join(left)}; close it by hand"
            about = in_account(account, latch_id)
            return Condition(_CRITICAL, "kill_incomplete", about, text, account)
        case BooksDiffer(account, _, ours, theirs):
            what = fact.pocket
            text = f"{account}: the broker holds {theirs} {what}, our book says {ours}; compare"
            return Condition(_CRITICAL, "books_differ", f"{account} {what}", text, account)
        case StartMissed(strategy_id, due_ns):
            text = f"{strategy_id} did not start at {wall_of(due_ns)}: no prices came to enter on"
            text = f"{text}; see `ordo status`, and look at the feed"
            return Condition(_CRITICAL, "start_missed", strategy_id, text, strategy_id=strategy_id)
        case LegExpired(strategy_id, leg_id, symbol, account=account, outside=False):
            text = f"{strategy_id} {leg_id}: {symbol} expired, and nobody knows what it was worth"
            about = in_account(account, f"{strategy_id} {leg_id} {symbol}")
            return Condition(_WARNING, "worth_unknown", about, text, account, strategy_id)
    return None


def _of_machine(
    fact: EntriesPaused | EntriesHeld | ActorDisarmed | LinkDied, home: str
) -> Condition:
    match fact:
        case EntriesHeld(account, by, because):
            text = f"{account}: no new entries while {because}"
            severity = _CRITICAL if by is HeldBy.BOOKS else _WARNING
            return Condition(severity, "entries_held", f"{account} {by}", text, account)
        case ActorDisarmed(actor):
            text = f"{actor} fell too often and was left out; read why, and restart the daemon"
            return Condition(_CRITICAL, "actor_disarmed", actor, text)
        case EntriesPaused(because, account=account) if because.startswith(LEDGER_FAILED):
            text = f"no new entries: {because}; exits go on, mend the disk and restart the daemon"
            return Condition(_CRITICAL, "ledger_failed", account, text, account)
        case EntriesPaused(because, account=account):
            whose = account or home
            left = ", and all that its strategies hold is left" if because in LIMITS else ""
            text = f"{whose}: no new entries today{left}: {because}".removeprefix(": ")
            return Condition(_WARNING, "entries_paused", account, text, account)
        case LinkDied():
            text = "the feed is silent: its prices are stale, and trigger no stop"
            text = f"{text}; where something is held at a broker, its quotes are asked for"
            return Condition(_WARNING, "feed_silent", "", text)
