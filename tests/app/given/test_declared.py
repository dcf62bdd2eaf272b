"""The declared strategies that a run begins with."""

from __future__ import annotations

from msgspec.structs import replace

from daemon.app.given.declared import Declared, take_up
from daemon.domain.plans.parsing import encode, parse
from daemon.messages import StrategyDeclared, StrategyRemoved
from tests.kit.acting import opened
from tests.kit.plans import text


def declared(strategy_id: str, head: str = "") -> StrategyDeclared:
    plan = parse(text(head=head).replace('id = "s"', f'id = "{strategy_id}"'))
    return StrategyDeclared(strategy_id, encode(plan).decode(), "ann", 1)


def ids(found: Declared) -> list[str]:
    return [plan.id for plan in found.plans]


def test_those_are_run_that_were_declared_and_not_removed():
    facts = (declared("a"), object(), declared("b"), StrategyRemoved("a", "ann", 2))
    found = take_up(facts, ["paper"], ())

    assert (ids(found), found.left_out, found.once) == (["b"], {}, ("a", "b"))


def test_an_id_that_was_traded_under_is_known_though_no_strategy_has_it_any_more():
    """Its file was taken away; what it holds can be left by hand all the same."""
    found = take_up((opened("c"), replace(opened("c"), account="other")), ["paper"], ())
    assert (found.once, found.traded) == (("c",), {"c": {"", "other"}})


def test_the_account_of_the_run_may_be_named():
    assert ids(take_up((declared("a", 'accounts = ["paper"]'),), ["paper"], ())) == ["a"]


def test_one_that_stands_in_a_file_too_is_left_out_and_told():
    found = take_up((declared("a"), declared("b")), ["paper"], {"a"})

    assert ids(found) == ["b"]
    assert found.left_out == {"a": "a was declared and stands in a file too; the file counts"}


def test_one_of_another_account_is_left_out_and_told():
    found = take_up((declared("a", 'accounts = ["other"]'),), ["paper"], ())

    assert ids(found) == []
    said = "a, which was declared: it trades in other; the settings have paper"
    assert found.left_out == {"a": said}


def test_one_under_a_name_of_what_is_no_strategy_is_left_out_and_told():
    declaration = declared("a").declaration.replace('"a"', '"manual"')
    found = take_up((StrategyDeclared("manual", declaration, "ann", 1),), ["paper"], ())

    said = 'id: "manual" is what counts for no strategy; choose another id'

    assert (ids(found), found.left_out) == ([], {"manual": f"manual, which was declared: {said}"})


def test_one_that_this_version_refuses_is_left_out_and_told_and_hinders_no_other():
    odd = StrategyDeclared("odd", '{"id":"odd"}', "ann", 1)
    found = take_up((odd, declared("a")), ["paper"], ())

    assert ids(found) == ["a"]
    assert found.left_out["odd"].startswith("odd, which was declared: underlying: is required")
