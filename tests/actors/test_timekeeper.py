"""The timekeeper: which day it is, and when its market trades."""

from datetime import date, time

import pytest

from daemon.actors.day_table import AGAIN_NS, Timed, morning, timed
from daemon.actors.timekeeper import PORT, DayBegins, DayEnds, DaySettles, Timekeeper
from daemon.domain.instants import at, wall_of
from daemon.domain.market.calendar import Segment
from daemon.domain.market.notes import NoteKind
from daemon.messages import DayEnded, DayOpened, Job, JobDone, Noted, RunJob, SessionReady
from daemon.runtime.words import NOTHING, Alarm, Call, Commit, Publish, Started
from tests.kit.acting import DAY, clock, facts, published, sessions

HOLIDAY = date(2025, 8, 27)
AT = clock("09:00:00")


@pytest.mark.parametrize(
    ("day", "hours"), [(DAY, sessions()), (HOLIDAY, ()), (date(2025, 8, 31), ())]
)
def test_a_day_begins_with_its_sessions(day, hours) -> None:
    """None on a holiday and on a Sunday; recorded and heard."""
    effects = Timekeeper().handle(DayBegins(day, 65), AT)
    assert facts(effects) == published(effects) == [DayOpened(day, hours, AT, 65)]


def test_a_day_ends() -> None:
    """Recorded and heard."""
    effects = Timekeeper(Segment.CASH).handle(DayEnds(DAY), AT)
    assert facts(effects) == published(effects) == [DayEnded(DAY, AT)]


def test_a_day_that_no_table_reaches_is_closed_and_that_is_told() -> None:
    """Before the day itself, with the table that is short."""
    said = published(Timekeeper().handle(DayBegins(date(1990, 1, 1)), AT))
    assert [type(each) for each in said] == [Noted, DayOpened]
    assert (said[0].kind, said[1].sessions) == (NoteKind.UNKNOWN_TABLE, ())
    assert "calendar" in said[0].text


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2027, 1, 4), ("09:15", "15:40")), (date(2026, 11, 8), ("09:00", "23:30"))],
    ids=["beyond the calendar", "a session whose hours nobody published"],
)
def test_in_the_market_of_now_a_day_that_no_table_knows_is_guarded_and_that_is_told(
    day, hours
) -> None:
    """The exchange may trade, so what is held must be watched, and can be left."""
    noted, opened = published(Timekeeper().handle(DayBegins(day, may_trade=True), AT))
    ((opens_ns, closes_ns),) = opened.sessions
    assert tuple(f"{wall_of(each):%H:%M}" for each in (opens_ns, closes_ns)) == hours
    assert noted.kind is NoteKind.UNKNOWN_TABLE
    assert noted.text.endswith(
        "; what is held is guarded as on a day that trades, and no strategy enters"
    )


def test_a_weekend_beyond_the_tables_is_closed() -> None:
    """Whoever says so: the exchange trades on none without a word."""
    said = published(Timekeeper().handle(DayBegins(date(2027, 1, 2), may_trade=True), AT))
    assert [type(each) for each in said] == [Noted, DayOpened]
    assert (said[1].sessions, said[0].text[-4:]) == ((), "says")


@pytest.mark.parametrize("message", [Started(), DaySettles(DAY)])
def test_a_start_and_a_settlement_are_no_turns_of_a_day(message) -> None:
    """The world brings the days, and the exchange settles."""
    assert Timekeeper().handle(message, AT) == NOTHING


def test_what_is_not_for_it_fells_it() -> None:
    """A message nobody meant is a programmer's error."""
    with pytest.raises(AssertionError, match="the timekeeper was told"):
        Timekeeper().handle("hello", AT)


OPENED, ENDED = DayOpened(DAY, sessions(), AT), DayEnded(DAY, AT)
REPORTED, FAILED = (JobDone(Job.REPORT, DAY, ok, "so", AT) for ok in (True, False))
COPIED = JobDone(Job.BACKUP, DAY, True, "so", AT)
LACKS, WHOLE = (JobDone(Job.SESSION, DAY, ok, "so", AT) for ok in (False, True))
READY = SessionReady("zed", 1, AT)
JOBS = timed(DAY, sessions())
TOMORROW = date(2025, 9, 2)
MORNING = morning(TOMORROW, sessions(TOMORROW))
WAITS = tuple(Alarm(each.at_ns, each) for each in MORNING)


def working(*facts) -> Timekeeper:
    """A timekeeper that has a port for its jobs."""
    return Timekeeper(facts=facts, working=True)


def called(job, day=DAY) -> Commit:
    """What is asked of the port once all that came before is handled."""
    return Commit((), (Call(PORT, RunJob(job, day), None),))


def test_a_day_that_opens_sets_an_alarm_for_each_of_its_jobs() -> None:
    """Those whose time has passed are not set."""
    (commit,) = working().handle(DayBegins(DAY), AT)
    assert commit.then[1:] == tuple(Alarm(each.at_ns, each) for each in JOBS)
    late = working(OPENED, WHOLE).handle(Started(), JOBS[0].at_ns + 1)
    assert late == tuple(Alarm(each.at_ns, each) for each in JOBS[1:])


@pytest.mark.parametrize("told", [(), (LACKS,)])
def test_a_start_within_a_day_whose_session_nobody_found_whole_looks_at_it_soon(told) -> None:
    """What the process before has found lacking is no end of it; nor is a start after its time."""
    now_ns = JOBS[0].at_ns + 1
    again = Timed(Job.SESSION, DAY, now_ns + AGAIN_NS)
    alarms = tuple(Alarm(each.at_ns, each) for each in (again, *JOBS[1:]))
    assert working(OPENED, *told).handle(Started(), now_ns) == alarms
    (commit,) = working().handle(DayBegins(DAY), now_ns)
    assert commit.then[1:] == alarms
    asked = working(OPENED, *told).handle(again, again.at_ns)
    assert asked == (Call(PORT, RunJob(Job.SESSION, DAY), None),)


@pytest.mark.parametrize("day", [date(2027, 1, 4), date(2026, 11, 8)])
def test_on_a_day_that_no_table_knows_no_session_is_looked_at(day) -> None:
    """It may be closed, and then nothing comes, minute by minute."""
    keeper = working()
    (commit,) = keeper.handle(DayBegins(day, may_trade=True), at(day, time(8)))
    for effects in (commit.then, keeper.handle(Started(), at(day, time(8)))):
        jobs = {each.message.job for each in effects if type(each) is Alarm}
        assert jobs == {Job.SQUARE_OFF}


def test_a_job_whose_time_has_come_is_asked_for_while_its_day_lasts() -> None:
    """The alarm of a day that is over means nothing."""
    job = JOBS[0]
    assert working(OPENED).handle(job, job.at_ns) == (Call(PORT, RunJob(job.job, DAY), None),)
    assert working(OPENED, ENDED).handle(job, job.at_ns) == NOTHING
    assert working().handle(job, job.at_ns) == NOTHING


def test_a_session_that_lacks_something_is_looked_at_again_while_its_day_lasts() -> None:
    """Until it lacks nothing, or is over."""
    again = Timed(Job.SESSION, DAY, AT + AGAIN_NS)
    assert working(OPENED).handle(LACKS, AT) == (Commit((LACKS,), (Alarm(again.at_ns, again),)),)
    assert working(OPENED).handle(WHOLE, AT) == (Commit((WHOLE,)),)
    assert Alarm not in map(type, working(OPENED, ENDED).handle(LACKS, AT)[0].then)


@pytest.mark.parametrize(
    "before", [(OPENED, ENDED), (OPENED, ENDED, DayOpened(TOMORROW, sessions(TOMORROW), AT))]
)
def test_a_check_that_found_something_amiss_is_made_again_once_somebody_has_logged_in(
    before,
) -> None:
    """Before its market opens and after, live and after a restart, until nothing is amiss."""
    amiss, mended = (JobDone(Job.CHECK, TOMORROW, ok, "so", AT) for ok in (False, True))
    again = Timed(Job.CHECK, TOMORROW, AT + AGAIN_NS)
    live = working(*before)
    assert live.handle(READY, AT) == NOTHING
    live.handle(amiss, AT)
    for keeper in (live, working(*before, amiss)):
        assert keeper.handle(READY, AT) == (Alarm(again.at_ns, again),)
        asked = keeper.handle(again, again.at_ns)
        assert asked == (Call(PORT, RunJob(Job.CHECK, TOMORROW), None),)
        keeper.handle(mended, AT)
        assert keeper.handle(READY, AT) == NOTHING


def test_what_the_check_of_another_day_found_is_not_looked_for_again() -> None:
    """Each morning has its own."""
    amiss = JobDone(Job.CHECK, DAY, False, "so", AT)
    assert working(OPENED, amiss, ENDED).handle(READY, AT) == NOTHING


def test_the_end_of_a_day_has_its_report_made_and_then_its_copy() -> None:
    """The report once all have heard of the end; then one job after the other."""
    keeper = working(OPENED)
    (commit,) = keeper.handle(DayEnds(DAY), AT)
    assert commit == Commit((ENDED,), (Publish(ENDED), *WAITS, called(Job.REPORT)))
    assert keeper.handle(REPORTED, AT) == (Commit((REPORTED,), (called(Job.BACKUP),)),)
    assert keeper.handle(COPIED, AT) == (Commit((COPIED,)),)


def test_a_job_that_failed_does_not_hold_up_the_next() -> None:
    """It is recorded as it is, and tried again at the next start."""
    assert working(OPENED, ENDED).handle(FAILED, AT) == (Commit((FAILED,), (called(Job.BACKUP),)),)
    after = working(OPENED, ENDED, FAILED).handle(Started(), AT)
    assert after == (*WAITS, called(Job.REPORT))


@pytest.mark.parametrize(
    ("done", "left"),
    [((), Job.REPORT), ((REPORTED,), Job.BACKUP), ((REPORTED, COPIED), None)],
)
def test_after_a_restart_only_what_was_left_undone_is_done(done, left) -> None:
    """What was done on that day is not done again."""
    effects = working(OPENED, ENDED, *done).handle(Started(), AT)
    assert effects == (*WAITS, *((called(left),) if left else NOTHING))


def test_a_job_is_not_asked_for_while_it_is_under_way() -> None:
    """By the end of another, nor by its time; once it has ended, by both."""
    keeper, early = working(OPENED, ENDED), MORNING[0]
    assert keeper.handle(Started(), AT)[-1] == called(Job.REPORT)
    asked = keeper.handle(early, early.at_ns)
    assert asked == (Call(PORT, RunJob(Job.EARLY_CHECK, TOMORROW), None),)
    assert keeper.handle(early, early.at_ns) == NOTHING
    checked = JobDone(Job.EARLY_CHECK, TOMORROW, True, "so", early.at_ns)
    assert keeper.handle(checked, early.at_ns) == (Commit((checked,)),)
    assert keeper.handle(early, early.at_ns) == asked
    assert keeper.handle(REPORTED, early.at_ns) == (Commit((REPORTED,), (called(Job.BACKUP),)),)
    assert keeper.handle(checked, early.at_ns) == (Commit((checked,)),)


def test_a_day_that_is_told_anew_has_its_jobs_at_the_hours_of_now() -> None:
    """What was done on it is not done again; nor is what was to be done at the hours of before."""
    anew = DayOpened(DAY, ((clock("14:00:00"), clock("15:00:00")),), AT)
    told = working(OPENED, anew).handle(Started(), clock("09:15:30"))
    assert told == tuple(Alarm(each.at_ns, each) for each in timed(DAY, anew.sessions))
    assert told[0].at_ns == clock("14:02:00")


def test_a_day_that_is_told_anew_as_closed_has_its_evening_all_the_same() -> None:
    """It was traded on; the one after it was not."""
    keeper = working(OPENED, DayOpened(DAY, (), AT))
    assert keeper.handle(Started(), AT) == NOTHING
    (commit,) = keeper.handle(DayEnds(DAY), AT)
    assert commit.then[-1] == called(Job.REPORT)
    after = working(OPENED, DayOpened(HOLIDAY, (), AT))
    (commit,) = after.handle(DayEnds(HOLIDAY), AT)
    assert called(Job.REPORT, HOLIDAY) not in commit.then


def test_a_new_day_has_its_own_jobs() -> None:
    """What was done yesterday is not done today."""
    tomorrow = TOMORROW
    keeper = working(OPENED, ENDED, REPORTED, COPIED, DayOpened(tomorrow, sessions(), AT))
    (commit,) = keeper.handle(DayEnds(tomorrow), AT)
    assert commit.then[-1] == called(Job.REPORT, tomorrow)


def test_a_day_without_a_session_has_nothing_to_be_done() -> None:
    """It is quiet: no alarm, no report; the one after it has its morning."""
    keeper, following, now_ns = working(), date(2025, 8, 28), at(HOLIDAY, time(23, 59))
    (commit,) = keeper.handle(DayBegins(HOLIDAY), now_ns)
    assert len(commit.then) == 1
    (commit,) = keeper.handle(DayEnds(HOLIDAY), now_ns)
    jobs = morning(following, sessions(following))
    waits = (Alarm(each.at_ns, each) for each in jobs)
    assert commit.then == (Publish(DayEnded(HOLIDAY, now_ns)), *waits)


def test_without_a_port_nothing_is_done() -> None:
    """As in a backtest."""
    (commit,) = Timekeeper(facts=(OPENED,)).handle(DayEnds(DAY), AT)
    assert commit.then == (Publish(ENDED),)


def test_a_morning_is_waited_for_once_the_day_before_has_ended() -> None:
    """Also after a restart in the night; what has passed by then is not done."""
    early, *late = MORNING
    assert working(OPENED, ENDED, REPORTED, COPIED).handle(Started(), early.at_ns + 1) == WAITS[1:]
    checked = JobDone(Job.EARLY_CHECK, TOMORROW, True, "so", early.at_ns)
    again = working(OPENED, ENDED, REPORTED, COPIED, checked)
    assert again.handle(Started(), early.at_ns) == WAITS[1:]
    ended = working(OPENED, ENDED)
    assert ended.handle(early, early.at_ns) == (
        Call(PORT, RunJob(Job.EARLY_CHECK, TOMORROW), None),
    )
    assert working(OPENED).handle(late[0], late[0].at_ns) == NOTHING


@pytest.mark.parametrize("ok", [True, False])
def test_a_morning_that_was_checked_is_not_missed(ok) -> None:
    """Whatever the check has found."""
    checked = JobDone(Job.CHECK, TOMORROW, ok, "so", AT)
    keeper = working(OPENED, ENDED, REPORTED, COPIED, checked)
    assert facts(keeper.handle(DayBegins(TOMORROW), AT), JobDone) == []


def test_a_morning_on_which_nobody_checked_is_told() -> None:
    """Where the day before is known, and was followed by this one."""
    (missed,) = facts(working(OPENED, ENDED).handle(DayBegins(TOMORROW), AT), JobDone)
    assert (missed.job, missed.day, missed.ok) == (Job.CHECK, TOMORROW, False)
    for keeper in (working(), working(OPENED), Timekeeper(facts=(OPENED, ENDED))):
        assert facts(keeper.handle(DayBegins(TOMORROW), AT), JobDone) == []


LATER = date(2025, 9, 3)


@pytest.mark.parametrize("before", [(OPENED, ENDED, REPORTED, COPIED), ()], ids=["a gap", "none"])
def test_the_morning_of_the_next_session_from_now_is_waited_for(before) -> None:
    """Though others have passed since the last day, or none is known; after a restart as well."""
    early, check, margin = morning(LATER, sessions(LATER))
    keeper = working(*before)
    waits = tuple(Alarm(each.at_ns, each) for each in (early, check, margin))
    assert keeper.handle(Started(), at(LATER, time(7))) == waits
    assert keeper.handle(check, check.at_ns) == (Call(PORT, RunJob(Job.CHECK, LATER), None),)
    checked = JobDone(Job.CHECK, LATER, True, "so", check.at_ns)
    keeper.handle(checked, check.at_ns)
    assert facts(keeper.handle(DayBegins(LATER), at(LATER, time(9, 10))), JobDone) == []
    again = working(*before, checked)
    assert again.handle(Started(), check.at_ns) == waits[2:]
    assert facts(again.handle(DayBegins(LATER), at(LATER, time(9, 10))), JobDone) == []


def test_a_day_whose_end_is_told_late_is_followed_by_the_next_session_from_now() -> None:
    """As where the daemon was killed on it, and away on the one after it."""
    (commit,) = working(OPENED).handle(DayEnds(DAY), at(TOMORROW, time(18)))
    alarms = [each.message for each in commit.then if type(each) is Alarm]
    assert alarms == [*morning(LATER, sessions(LATER))]


@pytest.mark.parametrize("before", [(OPENED, ENDED, REPORTED, COPIED), ()], ids=["a day", "none"])
def test_a_start_between_the_time_of_the_check_and_the_opening_has_it_made_soon(before) -> None:
    """Once the accounts had a moment to log in; nobody is said to have been away."""
    keeper, now_ns = working(*before), MORNING[-1].at_ns + 3 * AGAIN_NS
    check, margin = (Timed(job, TOMORROW, now_ns + AGAIN_NS) for job in (Job.CHECK, Job.MARGIN))
    assert keeper.handle(Started(), now_ns) == (
        Alarm(check.at_ns, check),
        Alarm(margin.at_ns, margin),
    )
    assert facts(keeper.handle(DayBegins(TOMORROW), now_ns + 1), JobDone) == []
    asked = keeper.handle(check, check.at_ns)
    assert asked == (Call(PORT, RunJob(Job.CHECK, TOMORROW), None),)
    done = [JobDone(job, TOMORROW, True, "so", now_ns) for job in (Job.CHECK, Job.MARGIN)]
    assert working(*before, *done).handle(Started(), now_ns) == NOTHING


def test_a_start_after_the_opening_checks_no_more_and_tells_that_nobody_did() -> None:
    """Then it is true."""
    keeper, now_ns = working(OPENED, ENDED, REPORTED, COPIED), at(TOMORROW, time(9, 15))
    assert keeper.handle(Started(), now_ns) == NOTHING
    (missed,) = facts(keeper.handle(DayBegins(TOMORROW), now_ns), JobDone)
    assert missed.text == (
        "the daemon did not run before the market opened; `ordo check` checks now"
    )


def test_before_a_recording_begins_no_morning_is_waited_for() -> None:
    """There is no time by which one would be next."""
    assert working().handle(Started(), 0) == NOTHING


def test_a_morning_that_nobody_checked_is_told_of_the_day_after_a_gap_as_well() -> None:
    """It is the day that begins that nobody looked at, not the one that was next."""
    checked = JobDone(Job.CHECK, TOMORROW, True, "so", AT)
    for before in ((OPENED, ENDED), (OPENED, ENDED, checked)):
        keeper, late_ns = working(*before), clock("09:30:00", LATER)
        keeper.handle(Started(), late_ns)
        (missed,) = facts(keeper.handle(DayBegins(LATER), late_ns), JobDone)
        assert (missed.job, missed.day, missed.ok) == (Job.CHECK, LATER, False)


def test_of_a_day_that_comes_after_a_gap_in_recorded_ones_nothing_is_missed() -> None:
    """It ran throughout, and nobody waited for that day."""
    keeper = working(OPENED)
    keeper.handle(DayEnds(DAY), clock("15:30:00"))
    assert facts(keeper.handle(DayBegins(LATER), clock("09:15:00", LATER)), JobDone) == []


@pytest.mark.parametrize(
    ("last", "following", "opens"),
    [
        (date(2026, 12, 31), date(2027, 1, 1), "09:15"),
        (date(2026, 11, 6), date(2026, 11, 8), "09:00"),
        (date(2026, 11, 8), date(2026, 11, 9), "09:15"),
    ],
)
def test_the_morning_of_a_day_that_no_table_knows_is_checked_too(last, following, opens) -> None:
    """And the one after it."""
    keeper = working(DayOpened(last, ((AT, AT),), AT), DayEnded(last, AT))
    alarms = [each for each in keeper.handle(Started(), AT) if type(each) is Alarm]
    hour, minute = map(int, opens.split(":"))
    open_ns = at(following, time(hour, minute))
    assert alarms == [Alarm(each.at_ns, each) for each in morning(following, ((open_ns, open_ns),))]
