"""The runner: whether it takes entries, and what it says that it waits for."""

import pytest

from daemon.actors.strategy_runner.fan_out import Place
from daemon.actors.strategy_runner.runner import StrategyRunner
from daemon.domain.market.notes import NoteKind
from daemon.domain.plans.parsing import parse
from daemon.messages import (
    Ask,
    Done,
    EnterLegs,
    EntryDecided,
    Noted,
    SeeRisk,
    SeeStrategy,
    StrategyDeclared,
    StrategyRemoved,
    StrategySeen,
    StrategyStarted,
    StrategyStopped,
    TakeEntries,
    TakeNoEntries,
    Told,
)
from daemon.runtime.words import NOTHING, Commit, Publish, Show
from tests.kit.acting import (
    NEXT_DAY,
    ROUTER,
    clock,
    day_ended,
    day_opened,
    ended,
    facts,
    opened,
    others,
    prices,
    told,
)
from tests.kit.plans import CALL, GUARD, PUT

AT, TEN = clock("09:20:00"), clock("10:00:00")
START, STOP = TakeEntries("ops"), TakeNoEntries("ops")
DECIDED = EntryDecided("s", "s:2025-09-01", 0, (), AT)


def runner(*before, taking=True, head="") -> StrategyRunner:
    """A runner of a straddle between 09:20 and 10:00, restored from these facts."""
    hours = "[entry]\nat = 09:20:00\nno_later_than = 10:00:00\n[exit]\nat = 15:20:00\n"
    text = f'id = "s"\nunderlying = "NIFTY"\n{head}\n{hours}{CALL}{PUT}{GUARD}'
    return StrategyRunner(parse(text), [Place(ROUTER)], strict=False, taking=taking, facts=before)


def ask(made, about, at_ns=AT):
    """What it answers, and what it does besides."""
    effects = made.handle(Ask(5, about), at_ns)
    (show,) = others(effects, Show)
    assert isinstance(show.view, Told)
    assert show.view.number == 5
    return show.view.answer, effects


def seen(made, at_ns=AT) -> StrategySeen:
    """How it says it stands."""
    return ask(made, SeeStrategy(), at_ns)[0]


def enters(made, at_ns=AT, ce="100", pe="95", nifty="24555") -> bool:
    """Show it a frame, and say whether it enters on it."""
    return bool(told(made.handle(prices(at_ns, ce, pe, NIFTY=nifty), at_ns), EnterLegs))


@pytest.mark.parametrize(
    ("taking", "about", "fact", "text"),
    [
        (True, STOP, StrategyStopped("s", "ops", AT), "takes no entries"),
        (False, START, StrategyStarted("s", "ops", AT), "takes entries"),
    ],
)
def test_a_change_is_recorded_told_to_everybody_and_then_answered(
    taking, about, fact, text
) -> None:
    """The answer comes with what follows the record."""
    answer, effects = ask(runner(taking=taking), about)
    assert answer == Done(text)
    assert effects == (Commit((fact,), (Publish(fact), Show(Told(5, Done(text))))),)


@pytest.mark.parametrize(("taking", "about"), [(True, START), (False, STOP)])
def test_what_is_so_already_is_recorded_no_more(taking, about) -> None:
    """It is answered, and that is all."""
    assert ask(runner(taking=taking), about) == (
        Done("already so"),
        (Show(Told(5, Done("already so"))),),
    )


@pytest.mark.parametrize(
    ("argument", "facts", "taking"),
    [
        (True, (), True),
        (False, (), False),
        (False, (StrategyStarted("s", "ops", 1),), True),
        (True, (StrategyStopped("s", "ops", 1),), False),
        (True, (StrategyStarted("s", "ops", 1), StrategyStopped("s", "ops", 2)), False),
        (False, (StrategyStopped("s", "ops", 1), StrategyStarted("s", "ops", 2)), True),
        (True, (StrategyStopped("other", "ops", 1),), True),
        (False, (StrategyStarted("other", "ops", 1),), False),
        (True, (StrategyDeclared("s", "{}", "ops", 1),), False),
        (True, (StrategyStarted("s", "ops", 1), StrategyDeclared("s", "{}", "ops", 2)), False),
        (False, (StrategyDeclared("s", "{}", "ops", 1), StrategyStarted("s", "ops", 2)), True),
        (True, (StrategyStopped("s", "ops", 1), StrategyRemoved("s", "ops", 2)), True),
        (False, (StrategyStarted("s", "ops", 1), StrategyRemoved("s", "ops", 2)), False),
        (True, (StrategyDeclared("other", "{}", "ops", 1),), True),
        (True, (StrategyStopped("s", "ops", 1), StrategyRemoved("other", "ops", 2)), False),
    ],
)
def test_after_a_restart_the_newest_word_of_a_person_stands(argument, facts, taking) -> None:
    """Before the first of them, what the settings said."""
    assert seen(runner(*facts, taking=argument)).taking is taking


def test_a_strategy_that_the_router_stopped_says_why_until_a_person_starts_it() -> None:
    """And takes no entry before."""
    made = runner(day_opened())
    made.handle(StrategyStopped("other", "ordo", AT, "a storm"), AT)
    made.handle(StrategyStopped("s", "ops", AT), AT)
    assert seen(made).taking
    made.handle(StrategyStopped("s", "ordo", AT, "a storm"), AT)
    assert seen(made) == StrategySeen("s", False, "stopped, a storm")
    assert not enters(made, AT)
    ask(made, START, AT + 1)
    assert seen(made, AT + 1).status == "waiting for prices"
    assert enters(made, AT + 2)


def test_it_says_whether_it_opted_in_to_live_trading() -> None:
    assert not seen(runner()).live
    assert seen(runner(head="live = true")).live


def test_a_restart_keeps_why_a_strategy_was_stopped() -> None:
    """Whoever asks is told the same."""
    made = runner(StrategyStopped("s", "ordo", AT, "a storm"))
    assert seen(made) == StrategySeen("s", False, "stopped, a storm")


def test_while_stopped_it_enters_nothing_and_keeps_the_prices() -> None:
    """Started within its time it enters on the next frame, by prices from before as well."""
    made = runner(day_opened(), taking=False)
    assert not enters(made, AT)
    ask(made, START, AT + 1)
    assert enters(made, AT + 2, ce=None, pe=None)


def test_started_too_late_it_enters_no_more() -> None:
    """The latest time holds for a person too."""
    made = runner(day_opened(), taking=False)
    ask(made, START, TEN)
    assert not enters(made, TEN + 1)
    assert seen(made, TEN + 1).status == "too late today"


@pytest.mark.parametrize(
    ("facts", "at_ns", "status"),
    [
        ((), AT, "resting: no day is open"),
        ((day_opened(),), AT - 1, "waiting for 09:20:00"),
        ((day_opened(),), AT, "waiting for prices"),
        ((day_opened(),), TEN, "waiting for prices"),
        ((day_opened(),), TEN + 1, "too late today"),
        ((day_opened(closed=True),), AT, "resting: the market is closed today"),
        ((day_opened(), DECIDED, opened()), AT, "entering"),
        ((day_opened(), DECIDED, opened(), ended()), AT, "entered today"),
        ((day_opened(), DECIDED, opened(), ended(), day_opened()), AT, "entered today"),
        ((day_opened(), DECIDED, opened(), ended(), day_ended()), AT, "resting: no day is open"),
        (
            (day_opened(), DECIDED, opened(), ended(), day_ended(), day_opened()),
            AT,
            "entered today",
        ),
        (
            (day_opened(), DECIDED, opened(), ended(because="no margin")),
            AT,
            "resting: the entry failed: no margin",
        ),
        (
            (day_opened(), DECIDED),
            AT,
            "waiting for prices",
        ),
        ((day_opened(), opened("other"), ended("other")), AT, "waiting for prices"),
    ],
)
def test_it_has_a_word_for_what_it_waits_for(facts, at_ns, status) -> None:
    """The same whether it lived through the facts or was restored from them."""
    assert seen(runner(*facts), at_ns) == StrategySeen("s", taking=True, status=status)
    assert seen(runner(*facts, taking=False), at_ns) == StrategySeen("s", False, "stopped")


def test_a_day_without_an_entry_is_told_where_one_is_waited_for_and_else_on_being_asked():
    never = "days_to_expiry: 1 trading days to 2025-09-02; allowed: 0"
    idle = runner(taking=False, head="days_to_expiry = [0]")
    assert idle.handle(day_opened(), 0) == NOTHING
    ask(idle, START)
    assert seen(idle).status == f"resting: {never}"
    waiting = runner(head="days_to_expiry = [0]")
    (note,) = facts(waiting.handle(day_opened(), 0), Noted)
    assert note.text == never


def test_what_it_lives_through_moves_its_word_on() -> None:
    """From the entry to its end, and to the next day."""
    made = runner()
    statuses = []
    for message in (day_opened(), None, ended("other"), ended(), day_ended(), day_opened(NEXT_DAY)):
        if message is None:
            assert enters(made)
        else:
            made.handle(message, 0)
        statuses.append(seen(made, 0).status)
    assert statuses == [
        "waiting for 09:20:00",
        "entering",
        "entering",
        "entered today",
        "resting: no day is open",
        "waiting for 09:20:00",
    ]


def test_a_day_on_which_it_rests_says_why() -> None:
    """In the words of the note."""
    made = runner(day_opened(), head='days = ["fri"]')
    assert seen(made).status == "resting: days: mon is not among fri"


def test_what_ends_of_an_earlier_day_is_told_and_leaves_the_word_of_today_alone() -> None:
    made = runner(day_opened(), opened(), day_opened(NEXT_DAY, closed=True))
    (note,) = facts(made.handle(ended(because="no time"), AT), Noted)
    assert note.text == "the entry failed: no time"
    assert seen(made).status == "resting: the market is closed today"


def test_the_newest_refusal_stands_until_it_is_overcome() -> None:
    """With its newest figures, though it is noted once; before a restart and after."""
    made = runner()
    made.handle(day_opened(), 0)
    assert not enters(made, AT, ce=None, pe=None)
    bare = "no entry yet: no option of NIFTY has been quoted"
    assert seen(made).status == f"waiting for prices; {bare}"
    assert not enters(made, AT + 1, ce="100", pe=None)
    refusal = seen(made, AT + 1).status
    assert refusal.startswith("waiting for prices; no entry yet: legs[1]")
    assert seen(made, TEN + 1).status == refusal.replace("waiting for prices", "too late today")
    noted = Noted(NoteKind.REFUSED, bare, AT, "s")
    restored = runner(day_opened(), noted, Noted(NoteKind.BASIS, "synthetic", AT, "s"))
    assert seen(restored).status == f"waiting for prices; {bare}"
    assert enters(made, AT + 2)
    assert seen(made).status == "entering"
    made.handle(day_opened(NEXT_DAY), 0)
    assert seen(made, clock("09:30:00", NEXT_DAY)).status == "waiting for prices"


def test_prices_are_not_kept_for_a_day_on_which_it_is_done() -> None:
    """A frame then costs nothing."""
    made = runner(day_opened(), DECIDED, opened())
    assert made.handle(prices(AT, "100", "95", NIFTY="24555"), AT) == NOTHING
    assert made._seen.quotes == {}


def test_the_runner_answers_nothing_that_is_not_its_own() -> None:
    """A question for somebody else is a mistake in the program."""
    with pytest.raises(AssertionError, match="was asked SeeRisk"):
        runner().handle(Ask(1, SeeRisk()), AT)


def test_a_strategy_declared_anew_enters_no_second_time_on_one_day() -> None:
    """Its baskets are told apart by its id and the day."""
    before = (
        day_opened(),
        opened("s"),
        ended("s"),
        StrategyRemoved("s", "ops", AT + 1),
        StrategyDeclared("s", "{}", "ops", AT + 2),
    )
    made = runner(*before)
    ask(made, START, AT + 3)
    assert seen(made).status == "entered today"
    assert not enters(made, AT + 4)


def test_a_strategy_declared_anew_says_again_what_the_one_before_it_said() -> None:
    """A note is told once a day, and so is another strategy's."""
    said = Noted(NoteKind.REFUSED, "no entry yet: legs[0]: no such price", AT, "s")
    again = runner(day_opened(), said, StrategyDeclared("s", "{}", "ops", AT + 1))
    ask(again, START, AT + 2)
    assert seen(again, AT + 2).status == "waiting for prices"
