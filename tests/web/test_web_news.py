from datetime import date

import pytest
from msgspec.structs import replace

from daemon.actors.alert_keeper.conditions import Conditions
from daemon.domain.instants import DAY_NS, day_of, start_of
from daemon.domain.market.notes import NoteKind
from daemon.domain.money import e4
from daemon.domain.orders.words import (
    ConfirmationWanted,
    IntentRecorded,
    OrderAccepted,
    OrderParked,
    OrderRefused,
    OrderType,
    OrderUpdated,
    OutcomeUnknown,
    Refusal,
    Side,
    State,
)
from daemon.domain.risk.moves import LevelMoved, Move
from daemon.domain.risk.words import ExitReason
from daemon.messages import (
    MAY_HAVE_FILLED,
    AlertAcknowledged,
    AlertCleared,
    AlertEscalated,
    AlertRaised,
    BasketEnded,
    BooksAgree,
    BooksDiffer,
    CredentialsKept,
    DayOpened,
    EntriesFreed,
    EntriesHeld,
    EntriesPaused,
    EpochBegan,
    ExitDecided,
    ExitFinished,
    ExitOverdue,
    ExitOwed,
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
    OrderAsked,
    Released,
    Scope,
    SessionReady,
    Stage,
    StrategyDeclared,
    StrategyRemoved,
    StrategyStarted,
    StrategyStopped,
)
from daemon.messages.arming import AccountArmed, AccountDisarmed
from daemon.messages.modes import Modes
from daemon.runtime.words import ActorDisarmed, DeadLetter
from daemon.web.told.news import News
from tests.kit.acting import opened
from tests.kit.facts import INTENT, NOW
from tests.kit.seen import DIFFER

ID = INTENT.intent_id
CALL = "sell 75 NIFTY-2025-09-02-24550-CE"

TODAY = date(2026, 3, 9)


def updated(state, quantity=0, value_e4=0, text=""):
    return OrderUpdated(ID, "B1", state, quantity, value_e4, NOW, None, text)


@pytest.mark.parametrize(
    ("fact", "kind", "text"),
    [
        (IntentRecorded(INTENT, NOW), "order", f"{CALL} at 118.60 is sent"),
        (
            IntentRecorded(replace(INTENT, trigger_e4=1_199_500), NOW),
            "order",
            f"{CALL} at 118.60, triggered at 119.95, is sent",
        ),
        (OrderAccepted(ID, "B1", NOW), "order", f"{CALL} is in the book"),
        (
            OrderRefused(ID, Refusal.BAND, "out of range", NOW),
            "order",
            f"{CALL} was refused, BAND: out of range",
        ),
        (
            OutcomeUnknown(ID, "no answer", NOW),
            "alert",
            f"{CALL}: perhaps it was executed; no answer",
        ),
        (
            ConfirmationWanted(ID, "q7", "are you sure?", NOW),
            "order",
            f"{CALL}: the broker asks before it takes it: are you sure? (question q7)",
        ),
        (OrderParked(ID, NOW), "order", f"{CALL}: nothing was heard of it; it counts as exposure"),
        (updated(State.WORKING), "order", f"{CALL} is working"),
        (
            updated(State.REJECTED, text="too late"),
            "order",
            f"{CALL} is rejected: too late",
        ),
        (
            updated(State.WORKING, 25, 25 * 1_186_000),
            "fill",
            f"{CALL}: 25 filled at 118.60",
        ),
        (updated(State.FILLED, 75, 75 * 1_186_000), "fill", f"{CALL}: filled at 118.60"),
        (updated(State.CANCELLED), "order", f"{CALL} is cancelled"),
        (
            updated(State.CANCELLED, 25, 25 * 1_186_000),
            "fill",
            f"{CALL}: 25 filled at 118.60, the rest is cancelled",
        ),
        (
            updated(State.REJECTED, 25, 25 * 1_186_000, "the session ended"),
            "fill",
            f"{CALL}: 25 filled at 118.60, the rest is rejected: the session ended",
        ),
        (opened(), "risk", "s enters 2 legs"),
        (BasketEnded("b", "straddle", True, "", NOW), "risk", "straddle: the entry is complete"),
        (
            BasketEnded("b", "straddle", False, "no beat", NOW, waits=True),
            "risk",
            "straddle: the entry waits, no beat",
        ),
        (
            BasketEnded("b", "straddle", False, f"late, {MAY_HAVE_FILLED}", NOW),
            "alert",
            "straddle: the entry goes no further, late, and they may have filled",
        ),
        (
            BasketEnded("b", "straddle", False, "refused", NOW),
            "alert",
            "straddle: the entry failed, refused",
        ),
        (
            ExitDecided("straddle", ("ce", "pe"), ExitReason.LOCK, 5, NOW),
            "risk",
            "straddle leaves ce, pe: lock and trail",
        ),
        (
            ExitOwed("x", "straddle", ("ce",), ExitReason.MANUAL, NOW),
            "risk",
            "straddle has to leave ce: manual",
        ),
        (
            ExitOwed("x", "straddle", ("ce",), ExitReason.MANUAL, NOW, because="the news"),
            "risk",
            "straddle has to leave ce: manual: the news",
        ),
        (
            ExitOwed("x", "straddle", ("ce",), ExitReason.RESIDENT_STOP, NOW),
            "risk",
            "straddle has to leave ce: resident stop",
        ),
        (ExitFinished("x", "straddle", ("ce",), NOW), "risk", "straddle has left ce"),
        (
            *(ExitFinished("x", "straddle", ("ce",), NOW, 75, 150), "risk"),
            "straddle has closed 75 of 225 units of ce",
        ),
        (
            ExitOverdue("x", "straddle", "no quote", NOW),
            "risk",
            "straddle: an exit is overdue, no quote",
        ),
        (
            LevelMoved("straddle", "", Move.FLOOR_RAISED, e4(1500), e4(1750), NOW),
            "risk",
            "straddle: floor raised from 1500.00 to 1750.00",
        ),
        (
            LevelMoved("straddle", "ce", Move.ARMED, 0, e4("167.635"), NOW),
            "risk",
            "straddle ce: armed at 167.64",
        ),
        (
            LevelMoved("straddle", "wing", Move.ARMED, 0, 0, NOW),
            "risk",
            "straddle wing: armed without a stop of its own",
        ),
        (
            LevelMoved("straddle", "", Move.LOCKED, 0, 0, NOW),
            "risk",
            "straddle: locked at 0.00",
        ),
        (
            LegExpired("straddle", "ce", "NIFTY", NOW),
            "risk",
            "straddle ce: NIFTY expired and nobody knows what it was worth",
        ),
        (
            LegExpired("straddle", "ce", "NIFTY", NOW, outside=True),
            "risk",
            (
                "straddle ce: NIFTY was closed outside after its day and nobody knows what it was "
                "worth"
            ),
        ),
        (
            Latched("kill-1", LatchKind.KILL, Scope.ALL, "", "too fast", "me", NOW),
            "kill",
            "kill of all by me, too fast",
        ),
        (
            Latched("pause-1", LatchKind.PAUSE, Scope.ACCOUNT, "paper", "", "me", NOW),
            "kill",
            "pause of account paper by me",
        ),
        (Released("kill-1", "me", NOW), "kill", "kill-1 was released by me"),
        (
            KillStaged("kill-1", Stage.CLOSING, ("75 NIFTY", "an order"), 1, NOW),
            "kill",
            "kill-1 is closing; left: 75 NIFTY, an order",
        ),
        (KillStaged("kill-1", Stage.FLAT, (), 1, NOW), "kill", "kill-1 is flat"),
        (
            OrderAsked(
                "r", "paper", "NIFTY", Side.BUY, 75, OrderType.LIMIT, e4(1), 0, "", "me", NOW
            ),
            "order",
            "me asks to buy 75 NIFTY",
        ),
        (EntriesPaused("the loss of the day", NOW), "risk", "no new entries: the loss of the day"),
        (EntriesHeld("a", HeldBy.BEAT, "no beat", NOW), "risk", "a: entries wait: no beat"),
        (
            EntriesFreed("a", HeldBy.CLOCK, NOW),
            "risk",
            "a: entries need not wait for the clock any more",
        ),
        (
            BooksDiffer("paper", "NIFTY", 0, 75, NOW),
            "risk",
            "paper: the broker shows 75 NIFTY, our book 0",
        ),
        (
            BooksAgree("paper", "NIFTY", NOW),
            "risk",
            "paper: the broker shows the same NIFTY as our book again",
        ),
        (AlertRaised("alert-1", DIFFER, NOW), "alert", "they differ"),
        (AlertAcknowledged("alert-1", "me", NOW), "alert", "alert-1 was acknowledged by me"),
        (
            AlertEscalated("alert-1", 2, NOW),
            "alert",
            "nobody has acknowledged alert-1; it escalates to level 2",
        ),
        (
            AlertEscalated("alert-1", 2, NOW, DIFFER),
            "alert",
            "nobody has acknowledged alert-1; it escalates to level 2: they differ",
        ),
        (AlertCleared("alert-1", NOW), "alert", "alert-1 is over"),
        (AlertCleared("alert-1", NOW, DIFFER), "alert", "alert-1 is over: they differ"),
        (JobDone(Job.REPORT, TODAY, True, "so", NOW), "actor", "report of 2026-03-09: so"),
        (
            JobDone(Job.SQUARE_OFF, TODAY, False, "no", NOW),
            "actor",
            "square off of 2026-03-09: no",
        ),
        (StrategyStarted("straddle", "me", NOW), "actor", "straddle was started by me"),
        (StrategyStopped("straddle", "me", NOW), "actor", "straddle was stopped by me"),
        (
            StrategyStopped("straddle", "ordo", NOW, "a storm"),
            "actor",
            "straddle was stopped by ordo, a storm",
        ),
        (StrategyDeclared("s", "{}", "me", NOW), "actor", "s was declared by me"),
        (StrategyRemoved("s", "me", NOW), "actor", "s was removed by me"),
        (
            CredentialsKept("paper", ("api_key", "pin"), "me", NOW),
            "actor",
            "paper: api_key, pin put into the vault by me",
        ),
        (
            AccountArmed("zed", date(2026, 3, 9), "a try", "me", NOW),
            "alert",
            "zed is armed for live trading on 2026-03-09 by me, a try",
        ),
        (
            AccountDisarmed("zed", "enough", "me", NOW),
            "alert",
            "zed is armed no more, says me: enough",
        ),
        (SessionReady("paper", 1, NOW), "actor", "paper: the broker session is ready"),
        (ActorDisarmed("runner:x", NOW), "actor", "runner:x fell too often and was left out"),
        (DeadLetter("feed", "Frame", "oops", NOW), "actor", "feed fell over Frame: oops"),
        (LinkDied(NOW), "actor", "the feed is silent: its prices are stale"),
        (LinkRevived(NOW), "actor", "the feed brings prices again"),
        (Noted(NoteKind.GAP, "a gap", NOW), "alert", "a gap"),
    ],
    ids=lambda each: type(each).__name__ if not isinstance(each, str) else "",
)
def test_a_fact_is_told_in_one_line_of_its_kind(fact, kind, text):
    news = News()
    news.of(IntentRecorded(INTENT, NOW))
    item = news.of(fact)

    assert (item["kind"], item["text"], item["fact"]) == (kind, text, type(fact).__name__)
    assert item["at"].endswith("+05:30")


def test_an_order_is_told_with_what_it_is_for():
    news = News()
    news.of(IntentRecorded(INTENT, NOW))
    item = news.of(updated(State.FILLED, 75, 75 * 1_186_000))

    assert {key: item[key] for key in ("order_id", "account", "strategy_id", "leg_id")} == {
        "order_id": ID,
        "account": "paper",
        "strategy_id": "straddle",
        "leg_id": "call",
    }
    assert (item["state"], item["filled_quantity"]) == ("FILLED", 75)


def test_an_order_that_was_not_heard_of_before_is_told_by_its_id():
    item = News().of(OrderAccepted(ID, "B1", NOW))

    assert item["text"] == f"order {ID} is in the book"
    assert item["order_id"] == ID


def test_an_order_is_known_by_name_until_the_day_after_is_over():
    news = News()
    news.of(IntentRecorded(INTENT, NOW))
    told = []
    for days in range(1, 4):
        told.append(news.of(OrderAccepted(ID, "B1", NOW))["text"])
        news.of(DayOpened(TODAY, (), INTENT.decided_ns + days * 86_400 * 1_000_000_000))
    assert told == [f"{CALL} is in the book"] * 2 + [f"order {ID} is in the book"]


def test_a_day_that_is_told_anew_is_no_other_day():
    news, day_ns = News(), start_of(day_of(INTENT.decided_ns))
    news.of(IntentRecorded(INTENT, NOW))
    for at_ns in (day_ns + DAY_NS, day_ns + DAY_NS + 1):
        news.of(DayOpened(TODAY, (), at_ns))
    assert news.of(OrderAccepted(ID, "B1", NOW))["text"] == f"{CALL} is in the book"


def test_a_kill_is_told_with_its_stage_and_what_is_left():
    item = News().of(KillStaged("kill-1", Stage.CLOSING, ("75 NIFTY",), 2, NOW))

    assert (item["kill_id"], item["stage"], item["left"], item["attempts"]) == (
        "kill-1",
        "closing",
        ["75 NIFTY"],
        2,
    )


def test_an_alert_is_told_with_its_severity_code_and_whose_it_is():
    item = News().of(AlertRaised("alert-1", DIFFER, NOW))

    assert {key: item[key] for key in ("alert_id", "severity", "code", "account")} == {
        "alert_id": "alert-1",
        "severity": "critical",
        "code": "books_differ",
        "account": "paper",
    }
    assert "strategy_id" not in item


@pytest.mark.parametrize(
    "fact", [AlertEscalated("alert-1", 2, NOW, DIFFER), AlertCleared("alert-1", NOW, DIFFER)]
)
def test_what_becomes_of_an_alert_is_told_with_what_it_was_raised_with(fact):
    raised, item = News().of(AlertRaised("alert-1", DIFFER, NOW)), News().of(fact)
    told = ("alert_id", "severity", "code", "account")

    assert {key: item[key] for key in told} == {key: raised[key] for key in told}
    assert raised["text"] in item["text"]


ROUTINE = [
    "days: thu is not among wed",
    "days_to_expiry: 3; allowed: 0",
    "legs[1].expiry: 2026-03-17 has expired; today is 2026-03-18",
    "no entry yet: legs[0].strike: no strike of this expiry has been seen yet",
    "no entry today",
    "no entry today in beta",
    "the entry waits in beta: no beat",
    "the entry failed: refused",
]
TOLD_OTHERWISE = [
    "the broker shows +75 NIFTY and our book +0; entries in it are stopped",
    "s is stopped, 9 orders in 1 s; start it again once you know why",
    "kill-1 is incomplete and goes on: 75 NIFTY",
    f"{ID} is parked: the broker shows no such order; it counts as possible",
    "NIFTY-2026-03-17-23400-CE expired on 2026-03-17; its settlement value is unknown",
]


@pytest.mark.parametrize("text", [*ROUTINE, *TOLD_OTHERWISE])
def test_routine_and_what_another_fact_tells_of_pages_nobody(text):
    """A day of rest, an entry that waits for its prices, what an alert is raised by."""
    assert News().of(Noted(NoteKind.REFUSED, text, NOW, "s"))["kind"] == "risk"


def test_a_refusal_that_nothing_else_tells_of_is_an_alert():
    text = f"{ID}, sell 75 NIFTY, is over with its day and may have filled"

    assert News().of(Noted(NoteKind.REFUSED, text, NOW, "s"))["kind"] == "alert"


BEGIN = [
    *(ConfirmationWanted(ID, "q7", "?", NOW), OrderParked(ID, NOW)),
    *(ExitOverdue("x", "s", "no quote", NOW), LegExpired("s", "ce", "NIFTY", NOW)),
    *(BooksDiffer("paper", "NIFTY", 0, 75, NOW), EntriesPaused("enough", NOW)),
    *(EntriesHeld("a", HeldBy.BEAT, "no beat", NOW), ActorDisarmed("runner:x", NOW), LinkDied(NOW)),
    *(JobDone(Job.BACKUP, TODAY, False, "no", NOW), StrategyStopped("s", "ordo", NOW, "a storm")),
    Latched("k1", LatchKind.KILL, Scope.ALL, "", "", "me", NOW, unwritten=True),
    KillStaged("kill-1", Stage.INCOMPLETE, ("75 NIFTY",), 1, NOW),
    *(
        Noted(kind, "so", NOW, "s", "a")
        for kind in (NoteKind.OVERFILLED, NoteKind.OUTSIDE, NoteKind.LEFT_OUT, NoteKind.SESSION)
    ),
    Noted(NoteKind.HOURS, "so", NOW),
    Noted(NoteKind.UNTOLD, "so", NOW),
]


@pytest.mark.parametrize("fact", BEGIN, ids=lambda each: type(each).__name__)
def test_a_fact_that_begins_a_condition_is_no_alert_beside_the_one_that_it_raises(fact):
    conditions = Conditions()
    conditions.hear(fact)
    (begun,) = conditions.standing.values()

    assert News().of(fact)["kind"] in {"order", "risk", "kill", "actor"}
    assert News().of(AlertRaised("alert-1", begun, NOW))["kind"] == "alert"


def test_a_note_names_its_strategy_first_and_once():
    told = [
        News().of(Noted(NoteKind.REFUSED, text, NOW, "s"))["text"]
        for text in ("no entry today", "s is stopped", "some time", "s: no")
    ]

    assert told == ["s: no entry today", "s is stopped", "s: some time", "s: no"]


def test_what_only_the_machine_needs_is_no_news():
    news = News()

    assert news.of(EpochBegan(1, NOW)) is None
    assert news.of(ExitOwed("x", "straddle", ("ce",), ExitReason.STOP, NOW)) is None


def test_what_is_of_an_account_that_is_not_at_home_names_it():
    told = News().of(EntriesPaused("enough", 1, "beta"))

    assert (told["account"], told["text"]) == ("beta", "beta: no new entries: enough")
    assert "account" not in News().of(EntriesPaused("enough", 1))


def test_each_line_says_whose_money_it_is_by_its_account():
    news = News(Modes({"zed": "live", "beta": "paper"}))
    told = [EntriesPaused("enough", 1, "beta"), EntriesPaused("enough", 1), LinkRevived(1)]
    assert [news.of(each)["mode"] for each in told] == ["paper", "live", "live"]


def test_what_becomes_of_an_alert_says_whose_money_it_is():
    news = News(Modes({"zed": "live", "paper": "paper"}))
    told = [AlertRaised("alert-1", DIFFER, NOW), AlertCleared("alert-1", NOW, DIFFER)]

    assert [news.of(each)["mode"] for each in told] == ["paper", "paper"]
    assert news.of(AlertCleared("alert-1", NOW))["mode"] == "live"
