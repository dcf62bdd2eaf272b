"""The session keeper: when it logs in, and what it tells of it."""

import pytest

from daemon.actors.session_keeper import BroughtInVain, SessionEnds, SessionKeeper, TryAgain
from daemon.domain.instants import SECOND_NS
from daemon.domain.market.notes import NoteKind
from daemon.messages import (
    Ask,
    CredentialsKept,
    Done,
    LoggedIn,
    LogIn,
    LoginFailed,
    NoteCredentials,
    Noted,
    RenewSession,
    SessionReady,
    StepWanted,
    TakeStep,
    Told,
)
from daemon.messages.arming import SeeSession
from daemon.runtime.words import NOTHING, Alarm, Call, Commit, Publish, Show, Started
from tests.kit.acting import alarms, facts, others

T = 1_000 * SECOND_NS


def keeper(*messages, before=()) -> SessionKeeper:
    """A keeper that was told these."""
    made = SessionKeeper("paper", "paper:paper", before)
    for message in messages:
        made.handle(message, T)
    return made


def log_in(generation) -> tuple:
    """The log-in of a generation."""
    return (Call("paper:paper", LogIn(generation)),)


def renew(generation) -> RenewSession:
    """The router met a refusal."""
    return RenewSession("paper", generation)


READY = (Started(), LoggedIn(1, T))
FAILED = LoginFailed(1, "no route", T)


@pytest.mark.parametrize(
    ("before", "generation"),
    [
        ((), 1),
        ((SessionReady("paper", 1, 5), SessionReady("paper", 4, 6)), 5),
        ((SessionReady("other", 9, 5),), 1),
    ],
)
def test_it_logs_in_when_it_starts_under_a_generation_never_used_before(before, generation) -> None:
    """A session from before a restart is not taken to stand."""
    assert keeper(before=before).handle(Started(), T) == log_in(generation)


def test_a_session_that_is_ready_is_recorded_and_told() -> None:
    """With the generation under which it was asked for."""
    ready = SessionReady("paper", 1, T)
    assert keeper(Started()).handle(LoggedIn(1, T), T) == (Commit((ready,), (Publish(ready),)),)


@pytest.mark.parametrize(
    ("told", "message", "effects"),
    [
        (READY, renew(1), log_in(2)),
        (READY, renew(0), NOTHING),
        ((*READY, renew(1)), renew(1), NOTHING),
        ((*READY, renew(1)), renew(2), NOTHING),
        ((*READY, renew(1), LoggedIn(2, T)), renew(1), NOTHING),
        ((*READY, renew(1), LoggedIn(2, T)), renew(2), log_in(3)),
        ((Started(),), renew(1), NOTHING),
        (READY, LoggedIn(1, T), NOTHING),
        ((*READY, renew(1)), LoggedIn(1, T), NOTHING),
        ((*READY, renew(1)), LoginFailed(1, "late", T), NOTHING),
        ((Started(), FAILED), TryAgain(1), log_in(2)),
        ((Started(), FAILED, TryAgain(1)), TryAgain(1), NOTHING),
        ((Started(), FAILED, TryAgain(1), LoggedIn(2, T)), TryAgain(1), NOTHING),
        ((*READY, renew(1), LoginFailed(2, "no", T)), TryAgain(2), log_in(3)),
    ],
)
def test_only_a_word_about_the_newest_generation_is_acted_on(told, message, effects) -> None:
    """Two refusals of one session are one renewal."""
    assert keeper(*told).handle(message, T) == effects


@pytest.mark.parametrize(
    "before",
    [
        (Started(),),
        (Started(), FAILED, TryAgain(1)),
        (*READY, renew(1)),
        (*READY, renew(1), LoginFailed(2, "no", T), TryAgain(2)),
        (*READY, SessionEnds(1)),
        (*READY, Ask(7, TakeStep("operator"))),
    ],
)
def test_a_session_that_was_refused_before_its_log_in_was_over_is_followed_by_another(
    before,
) -> None:
    """It was taken to stand until its end, and nobody had it; the next that stands is told."""
    made = keeper(*before)
    now = made._generation
    assert made.handle(renew(now), T) == NOTHING
    assert made.handle(LoggedIn(now, T, 9 * T), T) == log_in(now + 1)
    assert made.handle(Ask(3, SeeSession()), T) == (Show(Told(3, "EXPIRED")),)
    assert made.handle(renew(now), T) == NOTHING
    assert facts(made.handle(LoggedIn(now + 1, T), T)) == [SessionReady("paper", now + 1, T)]


def test_a_refusal_of_an_older_session_leaves_the_one_that_is_being_brought() -> None:
    """As what still asked under the one before tells."""
    made = keeper(*READY, renew(1), renew(1), renew(0))
    assert facts(made.handle(LoggedIn(2, T), T)) == [SessionReady("paper", 2, T)]


def test_a_refusal_before_a_log_in_that_failed_tries_none_sooner() -> None:
    """It waits as after any failure, and the refusal means nothing to what comes next."""
    made = keeper(Started(), renew(1))
    assert alarms(made.handle(FAILED, T)) == [(T + 5 * SECOND_NS, TryAgain(1))]
    assert made.handle(renew(1), T) == NOTHING
    made.handle(TryAgain(1), T)
    assert facts(made.handle(LoggedIn(2, T), T)) == [SessionReady("paper", 2, T)]


def test_who_put_which_credentials_in_is_recorded_before_it_is_answered() -> None:
    """Whatever the session is at; what they are is not said."""
    asked = Ask(3, NoteCredentials(("api_key", "pin"), "ann"))
    kept = CredentialsKept("paper", ("api_key", "pin"), "ann", T)
    for before in ((), READY, (Started(), FAILED)):
        effects = keeper(*before).handle(asked, T)
        assert effects == (Commit((kept,), (Show(Told(3, Done())),)),)


def test_a_session_says_in_one_word_where_it_stands() -> None:
    """For whoever must know whether it can be used."""
    for before, said in (((), "NEEDS_LOGIN"), (READY, "READY"), ((*READY, renew(1)), "EXPIRED")):
        assert keeper(*before).handle(Ask(3, SeeSession()), T) == (Show(Told(3, said)),)


def test_a_failed_log_in_waits_longer_each_time_and_a_minute_at_most() -> None:
    """By market time."""
    made, waits = keeper(Started()), []
    for generation in range(1, 8):
        failed = made.handle(LoginFailed(generation, "no route", T), T)
        ((at_ns, again),) = alarms(failed)
        assert again == TryAgain(generation)
        waits.append((at_ns - T) // SECOND_NS)
        assert made.handle(again, T) == log_in(generation + 1)
    assert waits == [5, 10, 20, 40, 60, 60, 60]


def test_a_person_is_told_once_that_it_fails() -> None:
    """And again only after it has worked meanwhile; then it is tried soon again as well."""
    made = keeper(Started())
    first = made.handle(FAILED, T)
    text = "paper is not logged in, and is tried again: no route"
    assert facts(first) == [Noted(NoteKind.SESSION, text, T, account="paper")]
    made.handle(TryAgain(1), T)
    second = made.handle(LoginFailed(2, "no route", T), T)
    assert facts(second) == []
    assert others(second, Alarm) == [Alarm(T + 10 * SECOND_NS, TryAgain(2))]
    for message in (TryAgain(2), LoggedIn(3, T), renew(3)):
        made.handle(message, T)
    third = made.handle(LoginFailed(4, "no route", T), T)
    assert len(facts(third, Noted)) == 1
    assert others(third, Alarm) == [Alarm(T + 5 * SECOND_NS, TryAgain(4))]


WANTED = StepWanted(1, "once a day", T)
STEP = Ask(7, TakeStep("operator"))


def test_a_broker_that_wants_a_person_is_not_asked_again_until_he_brings_something() -> None:
    """A person is told where to go, and no clock tries again."""
    made = keeper(Started())
    wanted = made.handle(WANTED, T)
    (note,) = facts(wanted)
    assert "needs a person: once a day; `ordo login paper`" in note.text
    assert others(wanted, Alarm) == []
    assert made.handle(STEP, T) == log_in(2)
    assert made.handle(LoggedIn(1, T), T) == NOTHING


def test_a_person_is_wanted_until_a_log_in_may_be_tried_without_him() -> None:
    """Whoever comes sooner goes before it."""
    later = StepWanted(1, "tried this morning", T, 9 * T)
    made = keeper(Started())
    assert others(made.handle(later, T), Alarm) == [Alarm(9 * T, TryAgain(1))]
    assert made.handle(TryAgain(1), 9 * T) == log_in(2)
    made = keeper(Started(), later, Ask(7, TakeStep("operator")), LoggedIn(2, T))
    assert made.handle(TryAgain(1), 9 * T) == NOTHING


@pytest.mark.parametrize(("again_ns", "waits_until_ns"), [(9 * T, 9 * T), (T, T + 5 * SECOND_NS)])
def test_a_log_in_that_failed_is_not_tried_before_it_may_be(again_ns, waits_until_ns) -> None:
    """However short the wait after a failure is."""
    told = keeper(Started()).handle(LoginFailed(1, "not yet", T, again_ns), T)
    assert others(told, Alarm) == [Alarm(waits_until_ns, TryAgain(1))]


@pytest.mark.parametrize(
    "before", [(Started(),), (Started(), WANTED), READY, (Started(), FAILED), (*READY, renew(1))]
)
def test_what_a_person_brings_is_taken_from_wherever_the_session_stands(before) -> None:
    """And the log-in that was under way counts no more."""
    made = keeper(*before)
    (call,) = made.handle(STEP, T)
    generation = call.request.generation
    made.handle(LoggedIn(generation - 1, T), T)
    told = made.handle(LoggedIn(generation, T), T)
    assert others(told, Show) == [Show(Told(7, Done("paper is logged in")))]
    assert SessionReady("paper", generation, T) in facts(told)


@pytest.mark.parametrize(
    ("word", "says"),
    [
        (StepWanted(2, "the token is used up", T), "the token is used up; `ordo login paper`"),
        (LoginFailed(2, "no route", T), "no route"),
    ],
)
def test_a_person_is_told_that_what_he_brought_did_not_do(word, says) -> None:
    """Each time, and the record once."""
    made = keeper(Started(), WANTED, STEP)
    (shown,) = others(made.handle(word, T), Show)
    assert shown.view.number == 7
    assert says in shown.view.answer.sentence
    assert others(made.handle(Ask(8, TakeStep("operator")), T), Show) == []


def test_a_person_whose_session_was_refused_at_once_is_answered_by_the_next_log_in() -> None:
    """He was told that he is logged in, and nothing could leave."""
    made = keeper(Started(), WANTED, STEP, renew(2))
    assert made.handle(LoggedIn(2, T), T) == log_in(3)
    (shown,) = others(made.handle(StepWanted(3, "it is dead", T), T), Show)
    assert (shown.view.number, shown.view.answer.code) == (7, "session_refused")


def test_who_brings_something_second_goes_first() -> None:
    """The other is told so."""
    (shown, call) = keeper(Started(), WANTED, STEP).handle(Ask(8, TakeStep("operator")), T)
    assert (shown.view.number, shown.view.answer.code) == (7, "session_refused")
    assert call == log_in(3)[0]


def test_a_person_is_told_once_that_he_is_wanted_until_a_session_stood() -> None:
    """Failures that are tried again are told of beside it."""
    made = keeper(Started(), FAILED, TryAgain(1))
    assert len(facts(made.handle(StepWanted(2, "x", T), T))) == 1
    made.handle(STEP, T)
    assert facts(made.handle(StepWanted(3, "x", T), T)) == []
    for message in (STEP, LoggedIn(4, T), renew(4)):
        made.handle(message, T)
    assert len(facts(made.handle(StepWanted(5, "x", T), T))) == 1


def test_a_person_is_told_again_that_he_is_wanted_after_it_was_tried_without_him() -> None:
    """The last that he heard was that it is tried again."""
    made = keeper(Started(), WANTED, STEP)
    assert len(facts(made.handle(LoginFailed(2, "refused at once", T), T))) == 1
    made.handle(TryAgain(2), T)
    (note,) = facts(made.handle(StepWanted(3, "it is dead", T), T))
    assert "needs a person: it is dead" in note.text


def test_a_session_ends_when_the_broker_said_and_the_next_is_asked_for() -> None:
    """An end of an older one means nothing."""
    made = keeper(Started())
    (alarm,) = others(made.handle(LoggedIn(1, T, 3 * T), T), Alarm)
    assert (alarm.at_ns, alarm.message) == (3 * T, SessionEnds(1))
    assert made.handle(alarm.message, 3 * T) == log_in(2)
    made.handle(LoggedIn(2, 3 * T, 9 * T), 3 * T)
    assert made.handle(SessionEnds(1), 4 * T) == NOTHING


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ("what", "was told"),
        (BroughtInVain(1), "was told"),
        (RenewSession("other", 1), "not ours"),
    ],
)
def test_it_takes_nothing_that_is_not_its_own(message, says) -> None:
    """That would be a mistake in the program."""
    with pytest.raises(AssertionError, match=says):
        keeper(*READY).handle(message, T)
