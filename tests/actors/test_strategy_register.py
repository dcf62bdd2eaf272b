"""The register: which strategies there are, and how each is written."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.actors.strategy_register import MOST, Filed, StrategyRegister, declared
from daemon.messages import (
    Ask,
    ChangeStrategy,
    DeclarationSeen,
    DeclareStrategy,
    Declined,
    Done,
    JudgeChange,
    RemoveStrategy,
    SeeDeclaration,
    SeeRisk,
    StrategyDeclared,
    StrategyRemoved,
    Told,
)
from daemon.runtime.words import Commit, Show, Started

NOW = 77
FILED = {"filed": Filed("mine.toml", '{"id":"filed"}')}
ONE = StrategyDeclared("one", "{1}", "ann", 5)


def register(*facts: object) -> StrategyRegister:
    return StrategyRegister(FILED, (object(), *facts))


def asked(made: StrategyRegister, about: object) -> tuple[Any, tuple[object, ...], list[Any]]:
    """What it answers, what it records, and what it shows before it answers."""
    effects, facts = tuple(made.handle(Ask(3, about), NOW)), ()
    if isinstance(effects[0], Commit):
        ((facts, effects),) = ((each.facts, each.then) for each in effects)
    views = [each.view for each in effects if isinstance(each, Show)]
    assert isinstance(views[-1], Told)
    assert views[-1].number == 3
    return views[-1].answer, facts, views[:-1]


@pytest.mark.parametrize(
    ("about", "fact"),
    [
        (DeclareStrategy("two", "{2}", "bob"), StrategyDeclared("two", "{2}", "bob", NOW)),
        (ChangeStrategy("one", "{2}", "bob"), StrategyDeclared("one", "{2}", "bob", NOW)),
        (RemoveStrategy("one", "bob"), StrategyRemoved("one", "bob", NOW)),
    ],
)
def test_what_is_declared_changed_or_removed_is_recorded_shown_and_then_answered(about, fact):
    """Whoever hears the answer can rely on the runner that was exchanged because of it."""
    assert asked(register(ONE), about) == (Done(), (fact,), [fact])


@pytest.mark.parametrize(
    ("about", "code", "says"),
    [
        (DeclareStrategy("one", "{}", "a"), "strategy_known", "there is a strategy one already"),
        (DeclareStrategy("filed", "{}", "a"), "strategy_known", "a strategy filed already"),
        (ChangeStrategy("none", "{}", "a"), "unknown_strategy", "no strategy none is known"),
        (RemoveStrategy("none", "a"), "unknown_strategy", "no strategy none is known"),
        (JudgeChange("none"), "unknown_strategy", "no strategy none is known"),
        (SeeDeclaration("none"), "unknown_strategy", "no strategy none is known"),
        (ChangeStrategy("filed", "{}", "a"), "strategy_of_a_file", "filed stands in mine.toml"),
        (RemoveStrategy("filed", "a"), "strategy_of_a_file", "filed stands in mine.toml"),
        (JudgeChange("filed"), "strategy_of_a_file", "filed stands in mine.toml"),
    ],
)
def test_what_cannot_be_is_declined_and_recorded_nowhere(about, code, says):
    answer, facts, shown = asked(register(ONE), about)

    assert isinstance(answer, Declined)
    assert (answer.code, facts, shown) == (code, (), [])
    assert says in answer.sentence


def test_as_many_as_are_taken_may_be_declared_and_one_more_once_one_is_removed():
    made = register()
    for number in range(MOST):
        assert asked(made, DeclareStrategy(f"s{number}", "{}", "a"))[0] == Done()
    assert asked(made, DeclareStrategy("more", "{}", "a"))[0].code == "too_many_strategies"
    assert asked(made, ChangeStrategy("s1", "{1}", "a"))[0] == Done()
    assert asked(made, RemoveStrategy("s0", "a"))[0] == Done()
    assert asked(made, DeclareStrategy("more", "{}", "a"))[0] == Done()


@pytest.mark.parametrize(
    ("strategy_id", "seen"),
    [
        ("filed", DeclarationSeen("filed", '{"id":"filed"}', "mine.toml")),
        ("one", DeclarationSeen("one", "{1}", "")),
    ],
)
def test_how_a_strategy_is_written_is_told_with_its_file_if_it_has_one(strategy_id, seen):
    assert asked(register(ONE), SeeDeclaration(strategy_id)) == (seen, (), [])


def test_what_was_declared_may_be_changed():
    assert asked(register(ONE), JudgeChange("one")) == (Done(), (), [])


def test_after_a_restart_those_are_there_that_were_declared_and_not_removed():
    """Of each the newest declaration."""
    two, newer = (StrategyDeclared("two", each, "a", 6) for each in ("{2}", "{22}"))
    facts = (ONE, two, StrategyRemoved("one", "a", 7), newer, StrategyRemoved("never", "a", 8))

    assert declared(facts) == {"two": "{22}"}
    assert asked(register(*facts), DeclareStrategy("one", "{}", "a"))[0] == Done()


def test_it_has_nothing_to_begin_with():
    assert register().handle(Started(), NOW) == ()


@pytest.mark.parametrize("message", [SeeRisk(), Ask(3, SeeRisk())])
def test_what_it_does_not_know_is_a_defect(message):
    with pytest.raises(AssertionError, match="the register was"):
        register().handle(message, NOW)
