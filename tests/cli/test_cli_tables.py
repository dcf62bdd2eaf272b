from __future__ import annotations

import pytest

from daemon.cli.tables import age, amount, clock, number, say_table, table, word


def test_columns_are_aligned_numbers_to_the_right():
    rows = [("ce", "-65", "164.00"), ("longer", "1,000", "")]

    assert table(("leg", ">units", ">last"), rows) == [
        "leg     units    last",
        "ce        -65  164.00",
        "longer  1,000       -",
    ]


def test_a_table_without_rows_is_its_head():
    assert table(("leg", ">units"), []) == ["leg  units"]


def test_lines_end_without_blanks():
    assert table(("leg", "because"), [("a", "x"), ("b", "long reason")])[1] == "a    x"


def test_what_a_terminal_would_act_on_is_replaced():
    assert table(("reason",), [("\x1b[31mred\nline\u202e",)])[1] == "?[31mred?line?"


def test_the_head_is_bold_on_a_terminal_alone(capsys):
    say_table(("leg",), [("ce",)])

    assert capsys.readouterr().out == "leg\nce\n"


@pytest.mark.parametrize(
    ("value", "shown"), [(None, ""), (True, "yes"), (False, "no"), ("x", "x"), (0, "0")]
)
def test_a_value_becomes_a_cell(value, shown):
    assert word(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, ""), (0.0, "0.00"), (-1234.5, "-1,234.50"), (7, "7.00"), (167.635, "167.64")],
)
def test_rupees_have_two_decimals(value, shown):
    assert amount(value) == shown


@pytest.mark.parametrize(("value", "shown"), [(None, ""), (0, "0"), (-1300, "-1,300")])
def test_a_number_has_its_thousands_apart(value, shown):
    assert number(value) == shown


@pytest.mark.parametrize(
    ("value_ms", "shown"),
    [
        (None, ""),
        (-1, ""),
        (0, "0 ms"),
        (999, "999 ms"),
        (1_000, "1.0 s"),
        (59_949, "59.9 s"),
        (60_000, "1 min"),
        (7_200_000, "120 min"),
    ],
)
def test_an_age_is_told_in_the_unit_a_person_would_say(value_ms, shown):
    assert age(value_ms) == shown


@pytest.mark.parametrize(
    ("instant", "shown"),
    [
        ("2026-11-23T09:20:00.25+05:30", "09:20:00"),
        ("2026-11-23T09:20:00+05:30", "09:20:00"),
        (None, ""),
        ("soon", "soon"),
    ],
)
def test_an_instant_is_shown_as_the_time_of_day(instant, shown):
    assert clock(instant) == shown
