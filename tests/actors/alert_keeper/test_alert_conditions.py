"""Which recorded facts alert a person, and which of them end that."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from msgspec.structs import replace

from daemon.actors.alert_keeper.conditions import HEARS, Conditions
from daemon.domain.instants import SECOND_NS as S
from daemon.domain.instants import at
from daemon.domain.market.index_silence import left, silent, told_again
from daemon.domain.market.notes import NoteKind
from daemon.domain.orders.words import (
    ConfirmationWanted,
    IntentRecorded,
    OrderParked,
    OrderRefused,
    OrderUpdated,
    Refusal,
    State,
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
    Job,
    JobDone,
    KillStaged,
    Latched,
    LatchKind,
    LegExpired,
    LinkDied,
    LinkRevived,
    Noted,
    Released,
    Scope,
    SessionReady,
    Severity,
    Stage,
    StartMissed,
    StrategyRemoved,
    StrategyStarted,
    StrategyStopped,
)
from daemon.runtime.words import ActorDisarmed
from tests.kit.facts import INTENT, NOW

ID = INTENT.intent_id
DAY = date(2026, 3, 9)
DAY_NS = at(DAY, time(9, 30))
TODAY, TOMORROW = (DayOpened(date(2026, 3, day), (), NOW) for day in (9, 10))
UNHEARD = ExitOverdue("x2", "straddle", f"nobody tells, {MAY_HAVE_FILLED}", NOW)
OVERDUE = ExitOverdue("x1", "straddle", "30 s", NOW)
DIFFER = BooksDiffer("paper", "NIFTY", 0, 75, NOW)
INCOMPLETE = KillStaged("kill-1", Stage.INCOMPLETE, ("75 NIFTY",), 3, NOW)
PARKED = OrderParked(ID, NOW)
ASKED = ConfirmationWanted(ID, "q7", "are you sure?", NOW)
LIMIT = EntriesPaused("the loss of the day", NOW)
NO_LEDGER = EntriesPaused(f"{LEDGER_FAILED}: the disk is full", NOW)
LEFT_OUT = ActorDisarmed("runner:x", NOW)
UNWRITTEN = Latched("k1", LatchKind.KILL, Scope.ALL, "", "enough", "me", NOW, unwritten=True)
EXPIRED = LegExpired("straddle", "ce", "NIFTY", NOW)
NOT_FOUND = Noted(NoteKind.LEFT_OUT, "s takes no entries: no file", NOW, "s")
NO_SESSION = Noted(NoteKind.SESSION, "zed needs a person: expired", DAY_NS, account="zed")


def stale(text: str, account: str = "") -> Noted:
    return Noted(NoteKind.STALE, text, NOW, account=account)


SILENT = stale(silent("NIFTY", NOW))

FILLED = OrderUpdated(ID, "B1", State.FILLED, 75, 75, NOW)
WORKING = OrderUpdated(ID, "B1", State.WORKING, 0, 0, NOW)
REFUSED = OrderRefused(ID, Refusal.OTHER, "", NOW)


def after(*facts: object) -> Conditions:
    heard = Conditions()
    for fact in facts:
        assert isinstance(fact, HEARS), "the keeper would not be told of it"
        heard.hear(fact)
    return heard


@pytest.mark.parametrize(
    ("fact", "code", "about", "severity", "ends"),
    [
        (OVERDUE, "exit_overdue", "x1", "critical", ExitFinished("x1", "straddle", ("ce",), NOW)),
        (DIFFER, "books_differ", "paper NIFTY", "critical", BooksAgree("paper", "NIFTY", NOW)),
        (
            *(INCOMPLETE, "kill_incomplete", "kill-1", "critical"),
            KillStaged("kill-1", Stage.FLAT, (), 3, NOW),
        ),
        (INCOMPLETE, "kill_incomplete", "kill-1", "critical", Released("kill-1", "me", NOW)),
        (PARKED, "order_parked", ID, "critical", FILLED),
        (PARKED, "order_parked", ID, "critical", WORKING),
        (PARKED, "order_parked", ID, "critical", REFUSED),
        (PARKED, "order_parked", ID, "critical", TODAY),
        (ASKED, "confirmation_wanted", ID, "critical", FILLED),
        (ASKED, "confirmation_wanted", ID, "critical", WORKING),
        (ASKED, "confirmation_wanted", ID, "critical", REFUSED),
        (ASKED, "confirmation_wanted", ID, "critical", TODAY),
        (LEFT_OUT, "actor_disarmed", "runner:x", "critical", EpochBegan(2, NOW)),
        (NO_LEDGER, "ledger_failed", "", "critical", EpochBegan(2, NOW)),
        (LIMIT, "entries_paused", "", "warning", TODAY),
        (
            *(EntriesHeld("paper", HeldBy.BEAT, "x", NOW), "entries_held", "paper beat", "warning"),
            EntriesFreed("paper", HeldBy.BEAT, NOW),
        ),
        (
            *(EntriesHeld("zed", HeldBy.BOOKS, "x", NOW), "entries_held", "zed books", "critical"),
            EntriesFreed("zed", HeldBy.BOOKS, NOW),
        ),
        (
            *(JobDone(Job.BACKUP, DAY, False, "x", NOW), "backup", "", "critical"),
            JobDone(Job.BACKUP, DAY, True, "", NOW),
        ),
        (
            *(StartMissed("s", NOW, NOW), "start_missed", "s", "critical"),
            EntryDecided("s", "s:1", 0, (), NOW),
        ),
        (
            *(StartMissed("s", NOW, NOW), "start_missed", "s", "critical"),
            StrategyStopped("s", "ann", NOW),
        ),
        (
            *(StrategyStopped("s", "ordo", NOW, "a storm"), "strategy_stopped", "s", "critical"),
            StrategyStarted("s", "ann", NOW),
        ),
        (
            *(StrategyStopped("s", "ordo", NOW, "a storm"), "strategy_stopped", "s", "critical"),
            StrategyRemoved("s", "ann", NOW),
        ),
        (LinkDied(NOW), "feed_silent", "", "warning", LinkRevived(NOW)),
        (EXPIRED, "worth_unknown", "straddle ce NIFTY", "warning", TODAY),
        (
            *(UNWRITTEN, "latch_unwritten", "k1", "critical"),
            Released("k1", "me", NOW),
        ),
        (
            *(Noted(NoteKind.OVERFILLED, "x1 filled", NOW, "s"), "overfilled", "x1 filled"),
            *("critical", TODAY),
        ),
        (
            *(Noted(NoteKind.OUTSIDE, "not ours", NOW, "s"), "traded_outside", "not ours"),
            *("warning", TODAY),
        ),
        (Noted(NoteKind.HOURS, "others", NOW), "hours_changed", "", "critical", TODAY),
        (
            *(Noted(NoteKind.UNTOLD, "the sink pager: no", NOW), "untold", "the sink pager"),
            *("critical", TODAY),
        ),
        *(
            (SILENT, "index_silent", "NIFTY", "warning", over)
            for over in (stale(told_again("NIFTY")), stale(left("NIFTY")), TODAY)
        ),
        (NOT_FOUND, "strategy_left_out", "s", "critical", EpochBegan(2, NOW)),
        (NOT_FOUND, "strategy_left_out", "s", "critical", StrategyStarted("s", "ann", NOW)),
        (NO_SESSION, "no_session", "zed", "warning", SessionReady("zed", 2, NOW)),
        (NO_SESSION, "no_session", "zed", "warning", EpochBegan(2, NOW)),
    ],
)
def test_a_condition_holds_from_the_fact_that_begins_it_to_the_one_that_ends_it(
    fact, code, about, severity, ends
):
    heard = after(fact, fact)
    (standing,) = heard.standing.values()

    assert list(heard.standing) == [(code, about)] == [(standing.code, standing.about)]
    assert standing.severity is Severity(severity)
    assert standing.sentence

    heard.hear(ends)
    assert heard.standing == {}


def test_of_what_was_closed_outside_after_its_day_a_note_tells_and_not_its_end_as_well():
    assert after(replace(EXPIRED, outside=True)).standing == {}


@pytest.mark.parametrize(
    "other",
    [
        ExitFinished("x2", "straddle", ("ce",), NOW),
        BooksAgree("paper", "SENSEX", NOW),
        KillStaged("kill-1", Stage.CLOSING, ("75 NIFTY",), 4, NOW),
        Released("kill-2", "me", NOW),
    ],
)
def test_what_ends_another_condition_leaves_it(other):
    facts = (OVERDUE, DIFFER, INCOMPLETE)

    assert after(*facts, other).standing == after(*facts).standing


def test_the_same_day_that_opens_again_after_a_restart_ends_nothing():
    assert list(after(TODAY, LIMIT, TODAY).standing) == [("entries_paused", "")]
    assert after(TODAY, LIMIT, TOMORROW).standing == {}


def test_of_an_exit_whose_orders_may_have_filled_nobody_is_asked_to_close_it_once_more():
    (unheard,), (overdue,) = (after(each).standing.values() for each in (UNHEARD, OVERDUE))

    so = "close only what is open there, or it is traded twice"
    assert unheard.sentence.endswith(f"look at the broker, and {so}")
    assert overdue.sentence.endswith("look at the broker, and close it")


def test_an_order_that_is_parked_is_told_with_what_is_known_of_it():
    (told,) = after(IntentRecorded(INTENT, NOW), PARKED).standing.values()

    assert told.sentence.startswith(f"sell 75 {INTENT.symbol} ({ID}): nothing was heard of it")
    assert (told.account, told.strategy_id) == ("paper", "straddle")


def test_a_question_is_told_with_its_order_and_parking_adds_no_second_alert():
    heard = after(IntentRecorded(INTENT, NOW), ASKED, PARKED)
    (told,) = heard.standing.values()

    said = "the broker asks before it takes it: are you sure? (question q7)"
    assert told.sentence == (
        f"sell 75 {INTENT.symbol} ({ID}): {said}; answer it there, Ordo never does"
    )
    assert (told.account, told.strategy_id) == ("paper", "straddle")


@pytest.mark.parametrize("end", [FILLED, REFUSED])
def test_an_order_that_ended_is_forgotten(end):
    (told,) = after(IntentRecorded(INTENT, NOW), end, PARKED).standing.values()

    assert told.sentence.startswith(f"an order ({ID})")


def test_the_second_check_of_a_morning_speaks_for_the_first():
    early, check = (
        JobDone(job, DAY, ok, "so", NOW)
        for job, ok in ((Job.EARLY_CHECK, False), (Job.CHECK, True))
    )

    assert list(after(early).standing) == [("early_check", "")]
    assert after(early, check).standing == {}


def waits(at_s: int, **fields) -> BasketEnded:
    ended = BasketEnded(f"s:{DAY}", "s", False, "its margin is not known", NOW + at_s * S)
    return replace(ended, waits=True, **fields)


@pytest.mark.parametrize(
    ("facts", "stands"),
    [
        ([0], False),
        ([0, 1, 59], False),
        ([0, 1, 60], True),
        ([0, 60, 61], True),
    ],
)
def test_an_entry_that_is_tried_again_for_a_minute_is_told_and_one_that_waits_once_is_not(
    facts, stands
):
    made = Conditions()
    for at_s in facts:
        made.hear(waits(at_s))
    assert [key for key in made.standing if key[0] == "entry_waits"] == (
        [("entry_waits", "s")] if stands else []
    )


@pytest.mark.parametrize("end", ["complete", "failed", "day"])
def test_an_entry_that_was_told_to_wait_is_told_no_more_once_it_is_over(end):
    over = {
        "complete": replace(waits(70), waits=False, complete=True, because=""),
        "failed": replace(waits(70), waits=False),
        "day": DayOpened(DAY + timedelta(days=1), (), NOW),
    }
    made = Conditions()
    for fact in (waits(0), waits(60), waits(60, account="b"), over[end], waits(80)):
        made.hear(fact)
    assert [key for key in made.standing if key[0] == "entry_waits"] == []


def test_each_account_has_conditions_of_its_own():
    second = [replace(each, account="second") for each in (INCOMPLETE, LIMIT)]
    flat = KillStaged("kill-1", Stage.FLAT, (), 3, NOW)

    assert list(after(INCOMPLETE, LIMIT, *second, flat).standing) == [
        ("entries_paused", ""),
        ("kill_incomplete", "kill-1 second"),
        ("entries_paused", "second"),
    ]


def test_the_limit_of_an_account_is_told_with_whose_it_is_and_that_all_is_left():
    limit = EntriesPaused("the account's limit: account_loss", NOW)
    home = CodeLoaded("1", "a", "b", 1, NOW, home="paper")
    silent = CodeLoaded("1", "a", "b", 1, NOW)
    (unknown,) = after(limit).standing.values()
    first, second = after(home, silent, limit, replace(limit, account="second")).standing.values()

    left = "no new entries today, and all that its strategies hold is left"
    said = f"{left}: the account's limit: account_loss"
    assert (unknown.sentence, unknown.account) == (said, "")
    assert (first.sentence, first.account) == (f"paper: {said}", "paper")
    assert (second.sentence, second.account) == (f"second: {said}", "second")
    (other,) = after(home, LIMIT).standing.values()
    assert other.sentence == "paper: no new entries today: the loss of the day"


def test_what_happens_at_home_is_told_with_the_account_and_what_is_everybodys_is_not():
    home = CodeLoaded("1", "a", "b", 1, NOW, home="paper")

    assert [each.account for each in after(home, OVERDUE, LinkDied(NOW)).standing.values()] == [
        "paper",
        "",
    ]


def test_that_a_sink_was_not_told_is_of_no_account():
    home = CodeLoaded("1", "a", "b", 1, NOW, home="paper")
    untold = Noted(NoteKind.UNTOLD, "the sink pager: no", NOW)
    assert [each.account for each in after(home, untold).standing.values()] == [""]


def test_each_account_that_holds_something_of_a_silent_index_has_an_alert_of_its_own():
    again = stale(told_again("NIFTY"))
    others = stale(silent("SENSEX", NOW), "second"), stale(told_again("BANKNIFTY"), "second")
    made = after(SILENT, stale(silent("NIFTY", NOW), "second"), *others, again)
    assert [(each.about, each.account) for each in made.standing.values()] == [
        ("NIFTY second", "second"),
        ("SENSEX second", "second"),
    ]


def test_a_restart_in_the_midst_of_a_silence_leaves_it_standing():
    assert list(after(TODAY, SILENT, EpochBegan(2, NOW), TODAY).standing) == [
        ("index_silent", "NIFTY")
    ]


def test_that_prices_are_stale_is_told_by_the_death_of_their_link_alone():
    assert after(stale("nothing new since 10:00:00: prices are stale")).standing == {}


def test_a_note_of_anything_else_alerts_nobody():
    assert after(Noted(NoteKind.REFUSED, "x1 is parked", NOW, "s")).standing == {}


def test_a_job_that_was_done_alerts_nobody():
    assert after(JobDone(Job.REPORT, DAY, True, "so", NOW)).standing == {}


def test_a_stage_of_a_kill_that_goes_on_alerts_nobody():
    assert after(KillStaged("kill-1", Stage.CLOSING, (), 0, NOW)).standing == {}


def test_a_session_that_is_lost_once_the_day_has_opened_is_critical_and_told_by_its_newest_reason():
    retried = Noted(NoteKind.SESSION, "zed is tried again: no route", DAY_NS, account="zed")
    early, late = after(NO_SESSION), after(TODAY, retried, NO_SESSION)

    (before,), (open_,) = early.standing.values(), late.standing.values()
    assert (before.severity, open_.severity) == (Severity.WARNING, Severity.CRITICAL)
    assert open_.sentence == (
        "zed needs a person: expired; until then no order of zed leaves, not even an exit"
    )
    assert after(NO_SESSION, SessionReady("shadow", 1, NOW)).standing == early.standing


def test_a_session_that_is_still_lost_when_the_day_opens_becomes_critical_by_that():
    (before,), (after_it,) = (
        after(*facts).standing.values() for facts in ((NO_SESSION,), (NO_SESSION, TODAY))
    )

    assert (before.severity, after_it.severity) == (Severity.WARNING, Severity.CRITICAL)
    assert after_it.sentence == before.sentence
    assert after(NO_SESSION, SessionReady("zed", 2, NOW), TODAY).standing == {}
