"""Whom a name of a strategy means: all its accounts, or the one behind the @."""

from pathlib import Path

import pytest

from daemon.control import Line, Names, Refusal


@pytest.fixture
def line() -> Line:
    routers = {"a": "router:a", "b": "router:b"}
    names = Names(Path(), routers, {"s": "runner:s"}, {"s": ("a", "b")})
    return Line(lambda *_: None, lambda: 0, names)


def test_a_name_alone_means_every_account_of_the_strategy(line):
    assert line.places("s") == ("s", ("a", "b"))


def test_a_name_with_an_account_means_that_one(line):
    assert line.places("s@b") == ("s", ("b",))


def test_a_strategy_that_was_changed_trades_where_it_says_and_is_reached_where_it_traded(line):
    line.names.come("s", "runner:s", ("b",))

    assert line.names.accounts["s"] == ("b",)
    assert line.places("s") == ("s", ("b", "a"))


def test_a_strategy_that_traded_elsewhere_before_this_start_is_reached_there_as_well(line):
    """Another account was put before its own in the settings, or its file names another."""
    line.names.come("t", "runner:t", ("b",))
    line.names.reach("t", ("b", "a", "gone"))

    assert line.names.accounts["t"] == ("b",)
    assert (line.places("t"), line.places("t@a")) == (("t", ("b", "a")), ("t", ("a",)))
    with pytest.raises(Refusal, match="not in gone"):
        line.places("t@gone")


FILES = (
    "files are read at the start: those in the folders of [strategies] paths, and those that "
    "[strategies] autostart or `ordo run --strategy` names"
)


@pytest.mark.parametrize(
    ("name", "strategies", "said"),
    [
        ("t", ("s",), f"no strategy t; there are: s; {FILES}"),
        ("t", (), f"no strategy t; none runs here; {FILES}"),
        ("odd", ("s",), "odd was left out"),
    ],
)
def test_a_strategy_that_does_not_run_is_refused_with_why_and_what_to_do(
    line, name, strategies, said
):
    if not strategies:
        line.names.go("s")
    line.names.left_out = {"odd": "odd was left out"}

    with pytest.raises(Refusal) as refused:
        line.runner(name)
    assert (str(refused.value), refused.value.code) == (said, "unknown_strategy")


@pytest.mark.parametrize(
    ("name", "because"),
    [("s@", "names no account"), ("s@c", "trades in a, b, not in c")],
)
def test_an_account_that_is_empty_or_another_ones_is_refused(line, name, because):
    with pytest.raises(Refusal, match=because) as refused:
        line.places(name)
    assert refused.value.code == "unknown_account"
