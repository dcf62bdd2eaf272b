from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from daemon.domain.plans.reading import read
from daemon.domain.plans.schema import (
    Entry,
    Exit,
    Expiry,
    Leg,
    LockAndTrail,
    Plan,
    Risk,
    Stop,
    Strike,
    Table,
)
from daemon.errors import StrategyError

LEG: dict[str, Any] = {"side": "sell", "instrument": "CE", "strike": {"atm": 0}}


def faults(table: type[Table], raw: object, place: str = "t") -> list[str]:
    found: list[StrategyError] = []
    made = read(table, raw, place, found)
    assert (made is None) == bool(found)
    return [str(one) for one in found]


@pytest.mark.parametrize(
    ("table", "raw", "expected"),
    [
        (Stop, {"percent": 0}, "t.percent: expected a percentage above 0, such as 30; it is 0"),
        (Stop, {"percent": Decimal("-1.5")}, "above 0, such as 30; it is -1.5"),
        (Stop, {"percent": Decimal("NaN")}, "it is NaN"),
        (Stop, {"percent": Decimal("sNaN")}, "it is sNaN"),
        (Stop, {"percent": Decimal("-Infinity")}, "it is -Infinity"),
        (Stop, {"percent": 2_000_000}, "at most 1000000; it is 2000000"),
        (Stop, {"percent": 10**5_000}, "it is a number out of all bounds"),
        (Stop, {"percent": Decimal("30.00001")}, "with at most 4 decimals; it is 30.00001"),
        (Stop, {"percent": Decimal("1e-999999")}, "with at most 4 decimals; it is 1E-999999"),
        (Stop, {"percent": "30"}, "it is '30'"),
        (Stop, {"percent": "x" * 60}, "it is '" + "x" * 40 + "...'"),
        (Stop, {"percent": True}, "it is true"),
        (Stop, {"percent": False}, "it is false"),
        (Stop, {"percent": None}, "it is null"),
        (Stop, {"percent": [30]}, "it is a list of 1"),
        (Stop, {"percent": {"of": 30}}, "t.percent: expected a percentage above 0"),
        (Stop, {"percent": b"30"}, "it is b'30'"),
        (LockAndTrail, {"at": 1, "lock": -1}, "t.lock: expected rupees, 0 or more"),
        (Leg, {**LEG, "lots": 0}, "t.lots: expected whole lots from 1 to 10000; it is 0"),
        (Leg, {**LEG, "lots": Decimal("1.5")}, "whole lots from 1 to 10000; it is 1.5"),
        (Leg, {**LEG, "lots": 10**400}, "it is a number out of all bounds"),
        (Leg, {**LEG, "id": ""}, "t.id: expected letters, digits, - and _, 64 at most"),
        (Leg, {**LEG, "id": "a b"}, "64 at most; it is 'a b'"),
        (Leg, {**LEG, "id": "a\n"}, "64 at most; it is 'a\\n'"),
        (Leg, {**LEG, "side": "\udcf3ell"}, "it is '\\udcf3ell'"),
        (Leg, {**LEG, "side": "sel"}, 't.side: expected "buy" or "sell"; it is \'sel\''),
        (Leg, {**LEG, "stop": 30}, "t.stop: expected a table such as { percent = 30 }; it is 30"),
        (Leg, {**LEG, "expiry": "weeky"}, 't.expiry: expected "weekly", "next_weekly"'),
        (Leg, {**LEG, "expiry": {}}, "t.expiry: needs exactly one of rank, date; it has none"),
        (Entry, {"at": "09:20"}, "t.at: expected a time of day in India, such as 09:20:00"),
        (Entry, {"at": "09:20:00Z"}, "it is '09:20:00Z'"),
        (Entry, {"at": time(9, 20, tzinfo=UTC)}, "it is 09:20:00+00:00"),
        (Entry, {"at": datetime(2026, 1, 1, tzinfo=UTC)}, "it is 2026-01-01 00:00:00+00:00"),
        (Expiry, {"date": datetime(2026, 1, 1, tzinfo=UTC)}, "t.date: expected a day such as"),
        (Stop, {}, "t: needs exactly one of percent, points; it has none"),
        (Stop, {"percent": 1, "points": 1}, "exactly one of percent, points; it has percent and"),
        (Exit, {}, "t.at: is required"),
        (Stop, {"precent": 30, "points": 1}, "t.precent: unknown key; did you mean `percent`?"),
        (Exit, {"at": "15:20:00", "zzz": 1}, "t.zzz: unknown key; known here: at"),
        (Exit, {"at": "15:20:00", "a b": 1}, "t.'a b': unknown key"),
        (Exit, {"at": "15:20:00", "": 1}, "t.'': unknown key"),
        (Exit, {"at": "15:20:00", 3: 1}, "t.3: unknown key"),
        (Exit, "15:20:00", "t: expected a table such as { at = \"15:20:00\" }; it is '15:20:00'"),
    ],
)
def test_a_fault_is_told_with_its_place(table: type[Table], raw: object, expected: str) -> None:
    """One fault, one sentence: the key, what belongs there, what stands there."""
    (told,) = faults(table, raw)

    assert expected in told


@pytest.mark.parametrize(
    ("key", "raw", "place", "shown"),
    [
        ("days", ["mon", "sunday"], "t.days[1]", "this one is 'sunday'"),
        ("days", ["monday", "sun"], "t.days[0]", "this one is 'monday'"),
        ("days", "mon", "t.days", "it is 'mon'"),
        ("days_to_expiry", [0, -1], "t.days_to_expiry[1]", "this one is -1"),
        ("accounts", ["a b"], "t.accounts[0]", "this one is 'a b'"),
    ],
)
def test_of_a_list_the_element_that_is_wrong_is_shown(
    key: str, raw: object, place: str, shown: str
) -> None:
    told = faults(Plan, {key: raw})

    assert any(one.startswith(f"{place}: expected ") and one.endswith(shown) for one in told), told


@pytest.mark.parametrize(
    ("table", "raw", "expected"),
    [
        (Entry, {"signal": {}}, "t.signal: `signal` comes in a later version (D)"),
        (Entry, {"momentum": 1}, "t.momentum: `momentum` comes in a later version (D)"),
        (Exit, {"first_check": 1, "at": "15:20:00"}, "t.first_check: `first_check` comes in"),
        (Strike, {"delta": 1}, "t.delta: `delta` comes in a later version (D)"),
        (Stop, {"underlying_points": 5}, "t.underlying_points: `underlying_points` comes in"),
        (Stop, {"range_opposite": True, "percent": 1}, "t.range_opposite: `range_opposite` comes"),
        (Leg, {**LEG, "wait": {}}, "t.wait: `wait` comes in a later version (D)"),
        (Leg, {**LEG, "on_stop": {}}, "t.on_stop: `on_stop` comes in a later version (D)"),
        (Risk, {"trail": {}}, "t.trail: `trail` comes in a later version (D)"),
        (Risk, {"check_on": "candle_close"}, 't.check_on: `check_on = "candle_close"` comes in'),
    ],
)
def test_what_comes_later_is_refused_by_name(
    table: type[Table], raw: object, expected: str
) -> None:
    """Such a key is neither ignored nor unknown, and is no second fault."""
    (told,) = faults(table, raw)

    assert told.startswith(expected)


class Outer(Table, frozen=True):
    """A table that no file has, so nobody has read one before."""

    inner: Stop | None = None
    many: tuple[Exit, ...] = ()


def test_what_is_wrong_in_a_table_within_a_table_is_told_with_its_place() -> None:
    assert faults(Outer, {"inner": {"percent": 0}, "many": [{"at": "15:20:00"}, {}]}) == [
        "t.inner.percent: expected a percentage above 0, such as 30; it is 0",
        "t.many[1].at: is required; write a time of day in India, such as 09:20:00",
    ]


def test_every_fault_is_gathered() -> None:
    """The trader mends a file once, not once for each fault."""
    raw = {
        "id": "s",
        "underlying": "nifty",
        "entry": {"at": "09:20:00"},
        "legs": [LEG, {**LEG, "lots": 0, "stop": {"percent": -1}}],
        "days": ["mon", "tusday"],
    }

    places = [told.split(": ")[0] for told in faults(Plan, raw, "")]

    assert places == ["underlying", "legs[1].lots", "legs[1].stop.percent", "days[1]", "exit"]


@pytest.mark.parametrize("legs", [[], [LEG] * 21, LEG, "ce", None])
def test_legs_are_one_to_twenty_tables(legs: object) -> None:
    """Neither an empty list nor a bomb of legs is a strategy."""
    raw = {
        "id": "s",
        "underlying": "NIFTY",
        "entry": {"at": "09:20:00"},
        "exit": {"at": "15:20:00"},
        "legs": legs,
    }

    (told,) = faults(Plan, raw, "")

    assert told.startswith("legs: expected 1 to 20 tables [[legs]]; it is ")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"percent": 30}, Decimal(30)),
        ({"percent": Decimal("30.5000000")}, Decimal("30.5")),
        ({"percent": Decimal("0.0001")}, Decimal("0.0001")),
        ({"percent": Decimal("1e2")}, Decimal(100)),
        ({"percent": 0.1}, Decimal("0.1")),
    ],
)
def test_numbers_are_taken_exactly(raw: object, expected: Decimal) -> None:
    """A number is what was written, also where JSON made a float of it."""
    made = read(Stop, raw, "t", [])

    assert made == Stop(percent=expected)


@pytest.mark.parametrize("raw", [{"date": date(2026, 11, 23)}, {"date": "2026-11-23"}])
def test_days_are_taken_as_toml_and_as_json_write_them(raw: object) -> None:
    """A date has one meaning in both."""
    assert read(Expiry, raw, "t", []) == Expiry(date=date(2026, 11, 23))


@pytest.mark.parametrize("raw", [{"at": time(9, 20)}, {"at": "09:20:00"}])
def test_times_are_taken_as_toml_and_as_strings(raw: object) -> None:
    """A time of day has one meaning in both."""
    assert read(Exit, raw, "t", []) == Exit(at=time(9, 20))


def test_no_table_at_all_is_refused_as_a_body() -> None:
    """Even then the place is not empty."""
    (told,) = faults(Plan, [1], "")

    assert told.startswith("body: expected a table")


def test_the_first_unknown_keys_come_with_a_hint_and_the_rest_without():
    """A hint costs, and nobody is shown as many faults as a text can hold."""
    found = []
    assert read(Plan, {f"entrz{number}": 0 for number in range(100)}, "", found) is None
    unknown = [str(each) for each in found if "unknown key" in str(each)]
    assert unknown[0] == "entrz0: unknown key; did you mean `entry`?"
    assert (len(unknown), unknown[-1]) == (100, "entrz99: unknown key")
