"""The timekeeper: which day it is, when its market trades, and what is to be done on it.

It owns the jobs of a day: when each is due, and which were done. A port does them, each once at a
time. What was done on a day is not done again after a restart; what the end of a day left undone is
done late. What was found amiss before a day or after its opening is looked at again while it lasts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from msgspec import Struct

from daemon.actors.day_table import AGAIN_NS, EVENING, Hours, Timed, morning, timed
from daemon.actors.turn import Turn
from daemon.domain.instants import day_of
from daemon.domain.market.calendar import Segment, guarded, knows_hours, sessions
from daemon.domain.market.closes import Closes
from daemon.domain.market.notes import NoteKind
from daemon.errors import RuleUnknown
from daemon.messages import DayEnded, DayOpened, Noted, SessionReady
from daemon.messages.jobs import Job, JobDone, RunJob
from daemon.runtime.words import Alarm, Call, Commit, Effect, Started

HEARS = (SessionReady,)
"""Where somebody does the jobs: a log-in may mend what a check found amiss."""
PORT = "jobs"
"""The name of the port that does the jobs."""
_DAY = timedelta(days=1)
_GUARDED = "what is held is guarded as on a day that trades, and no strategy enters"


class DayBegins(Struct, frozen=True):
    """A day of market time begins.

    Attributes:
        day: which.
        interval_ns: how often its feed delivers; 0: unknown.
        may_trade: the market is that of now, so it may trade where no table knows the day.
    """

    day: date
    interval_ns: int = 0
    may_trade: bool = False


class DaySettles(Struct, frozen=True):
    """The market of a day has closed, and the exchange settles what expired on it.

    Attributes:
        day: which.
        closes: what a recording of it tells of the closing values; None: it is no recorded one.
    """

    day: date
    closes: Closes | None = None


class DayEnds(Struct, frozen=True):
    """A day of market time ends."""

    day: date


class Timekeeper:
    """Opens and ends the days of one market segment.

    Args:
        segment: which.
        working: there is a port that does the jobs of a day.
        facts: what was recorded before.
    """

    def __init__(
        self,
        segment: Segment = Segment.DERIVATIVES,
        facts: Iterable[object] = (),
        *,
        working: bool = False,
    ) -> None:
        self._segment = segment
        self._working = working
        self._day: date | None = None
        self._hours: Hours = ()
        self._ended, self._traded = True, False  # before the first day none lasts
        self._done: set[Job] = set()
        self._next: date | None = None
        self._morning: set[Job] = set()  # of the next day, what was done
        self._late: date | None = None  # the day that is checked late, as this run began late
        self._amiss: date | None = None  # the day whose newest check found something
        self._under_way: set[RunJob] = set()  # not recorded: with the process ends whoever does it
        for fact in facts:
            if not _is_tried_again(fact):
                self._recall(fact)

    def handle(self, message: object, now_ns: int) -> Sequence[Effect]:
        """Decide on one message."""
        turn = Turn()
        match message:
            case DayBegins(day, interval_ns):
                hours = self._sessions(turn, message, now_ns)
                self._tell_missed(turn, day, now_ns)
                opened = DayOpened(day, hours, now_ns, interval_ns)
                self._recall(opened)
                turn.announce(opened)
                self._set_alarms(turn, now_ns)
            case DayEnds(day):
                ended = DayEnded(day, now_ns)
                self._recall(ended)
                turn.announce(ended)
                self._await_morning(turn, now_ns)
                self._go_on(turn)
            case Started():
                self._set_alarms(turn, now_ns)
                self._await_morning(turn, now_ns)
                self._go_on(turn)
            case Timed(job, day) if day == self._current():
                turn.do(*self._asked(RunJob(job, day)))
            case SessionReady() if self._amiss is not None and self._amiss == self._current():
                self._look_again(turn, Job.CHECK, self._amiss, now_ns)
            case JobDone(job, day):
                self._under_way.discard(RunJob(job, day))
                self._recall(message)
                turn.record(message)
                if job is Job.SESSION and not message.ok and not self._ended:
                    self._look_again(turn, job, day, now_ns)
                self._go_on(turn)
            case DaySettles() | SessionReady() | Timed():
                pass
            case _:
                raise AssertionError(f"the timekeeper was told {message!r}")
        return turn.done()

    def _current(self) -> date | None:
        """Return the day whose jobs are due: the one that lasts, or the next."""
        return self._next if self._ended else self._day

    def _recall(self, fact: object) -> None:
        if isinstance(fact, JobDone) and fact.job is Job.CHECK:
            self._amiss = None if fact.ok else fact.day
        match fact:
            case DayOpened(day, hours):
                if day != self._day:
                    self._done.clear()
                    self._traded = False
                self._traded = self._traded or bool(hours)  # told anew it may be a closed one
                self._day, self._hours, self._ended = day, hours, False
            case DayEnded(day) if day == self._day:
                self._ended = True
                self._await(self._after(day))
            case JobDone(job, day) if self._ended and (self._next is None or day >= self._next):
                self._await(day)
                self._morning.add(job)
            case JobDone(job, day) if day == self._day:
                self._done.add(job)

    def _set_alarms(self, turn: Turn, now_ns: int) -> None:
        """Be woken for each job of the day whose time has not passed.

        A session that nobody has found whole is looked at however late that is. Where no table
        knows the hours of a day nothing need have come after its opening.
        """
        if not self._working or self._day is None or self._ended:
            return
        for due in timed(self._day, self._hours):
            is_session = due.job is Job.SESSION
            if is_session and not knows_hours(self._day):
                continue
            if due.at_ns >= now_ns:
                turn.do(Alarm(due.at_ns, due))
            elif is_session and due.job not in self._done:
                self._look_again(turn, due.job, self._day, now_ns)

    def _look_again(self, turn: Turn, job: Job, day: date, now_ns: int) -> None:
        """Look in a while at what lacked something; by then that may have come."""
        due_ns = now_ns + AGAIN_NS
        turn.do(Alarm(due_ns, Timed(job, day, due_ns)))

    def _await_morning(self, turn: Turn, now_ns: int) -> None:
        """While no day lasts, be woken for what is to be done before the next one opens.

        What is past due is done soon, while that has not opened: the accounts log in meanwhile.
        Before a recording begins there is no time, and none is next.
        """
        if not self._working or not self._ended or not now_ns:
            return
        day = self._coming(now_ns)
        self._await(day)
        hours = self._hours_of(day)
        for due in morning(day, hours):
            if due.job in self._morning:
                continue
            if due.at_ns >= now_ns:
                turn.do(Alarm(due.at_ns, due))
            elif due.job is not Job.EARLY_CHECK and now_ns < hours[0][0]:
                self._late = day
                self._look_again(turn, due.job, day, now_ns)

    def _await(self, day: date) -> None:
        """Take a day for the next one; what was done before another is not done before it."""
        if day != self._next:
            self._next = day
            self._morning.clear()

    def _tell_missed(self, turn: Turn, day: date, now_ns: int) -> None:
        """Tell where nobody was there to check before a day that follows on another one.

        Recorded days may have a gap between them: nobody waited for the one after it.
        """
        is_first = self._day is None
        was_awaited = self._working and self._ended and not is_first and day == self._next
        if was_awaited and day != self._late and Job.CHECK not in self._morning:
            text = "the daemon did not run before the market opened; `ordo check` checks now"
            turn.record(JobDone(Job.CHECK, day, False, text, now_ns))  # noqa: FBT003

    def _go_on(self, turn: Turn) -> None:
        """Do the next job of a day that has ended, once all that it brought is recorded."""
        if not self._working or self._day is None or not self._ended or not self._traded:
            return
        left = next((job for job in EVENING if job not in self._done), None)
        asked = self._asked(RunJob(left, self._day)) if left is not None else ()
        if asked:
            # What follows a commit leaves when every inbox is empty: then the day is marked.
            turn.do(Commit((), asked))

    def _asked(self, wanted: RunJob) -> tuple[Call, ...]:
        """Return the call for a job; nothing while it is under way: two write the same files."""
        if wanted in self._under_way:
            return ()
        self._under_way.add(wanted)
        return (Call(PORT, wanted, None),)

    def _sessions(self, turn: Turn, begins: DayBegins, now_ns: int) -> Hours:
        """Return a day's sessions; where no table knows them that is told.

        Such a day is closed, but in the market of now: there what is held is guarded.
        """
        try:
            sessions(begins.day, self._segment)
        except RuleUnknown as error:
            hours = self._hours_of(begins.day) if begins.may_trade else ()
            said = f"{error}; {_GUARDED}" if hours else str(error)
            turn.announce(Noted(NoteKind.UNKNOWN_TABLE, said, now_ns))
            return hours
        return self._hours_of(begins.day)

    def _hours_of(self, day: date) -> Hours:
        """Return when a day trades, or may where no table knows it; none: it is closed."""
        return tuple((each.open_ns, each.close_ns) for each in guarded(day, self._segment))

    def _coming(self, now_ns: int) -> date:
        """Return the next day whose market has not closed: others passed with nobody there."""
        day = max(self._next or date.min, day_of(now_ns))
        while all(close_ns <= now_ns for _, close_ns in self._hours_of(day)):
            day += _DAY
        return day

    def _after(self, day: date) -> date:
        """Return the next day that trades, or may where no table knows it."""
        while True:
            day += _DAY
            if self._hours_of(day):
                return day


def _is_tried_again(fact: object) -> bool:
    """Return whether a restart does anew what this says, for it failed."""
    return isinstance(fact, JobDone) and not fact.ok and fact.job in (Job.SESSION, *EVENING)
