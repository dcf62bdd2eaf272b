from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time

import pytest
from msgspec.structs import replace

from daemon.domain.market import rules as market_rules
from daemon.domain.market.calendar import Segment, is_session, presumed, sessions
from daemon.domain.market.charges import ChargedFill, Charges, charges
from daemon.domain.market.instruments import Kind, Parts, contract
from daemon.domain.market.rules import TABLES, Own, fact, laid_over, lay_over
from daemon.domain.market.tables import SHAPES, require_tables
from daemon.domain.money import e4
from daemon.errors import RulesDamaged
from tests.kit.own_rules import unread_tables

SAID = {"source": "a test", "confidence": "OWN"}
NIFTY = Parts("NIFTY", Kind.FUTURE, date(2026, 12, 29))
CHARGED = date(2026, 12, 1)
NEW_YEAR = {
    "last_day": date(2027, 12, 31),
    "closed": [
        {
            "effective_from": date(2027, 1, 1),
            "effective_to": date(2027, 12, 31),
            "announced": date(2026, 12, 12),
            "days": [date(2027, 3, 22)],
            **SAID,
        }
    ],
}


@pytest.fixture(autouse=True)
def _unread():
    with unread_tables():
        yield


def lay(table: str, **sections: object) -> None:
    lay_over({table: Own("mine.toml", sections)})


def frozen(since: date, quantity: int) -> dict[str, object]:
    return {"effective_from": since, "quantities": {"NIFTY": quantity}, **SAID}


def test_every_section_of_every_table_has_a_shape():
    shipped = {
        table: {
            name for name, value in market_rules._document(table).items() if type(value) is list
        }
        for table in TABLES
    }

    assert {table: set(shapes) for table, shapes in SHAPES.items()} == {
        **shipped,
        "calendar": shipped["calendar"] - {"fixed"},
    }


def test_as_shipped_all_are_whole_and_nothing_is_laid_over():
    require_tables()

    assert not laid_over()


@pytest.mark.parametrize(
    ("since", "quantity"),
    [(date(2026, 7, 1), 900), (date(2026, 11, 1), 900), (date(2026, 6, 30), 1_800)],
    ids=["of the same day", "later", "earlier"],
)
def test_of_two_rows_the_later_counts_and_of_equals_the_own_one(since, quantity):
    lay("instruments", freeze=[frozen(since, 900)])
    require_tables()

    assert contract(NIFTY, date(2026, 12, 1)).freeze_quantity == quantity


def test_a_calendar_reaches_further_with_the_list_of_another_year():
    lay("calendar", **NEW_YEAR)
    require_tables()

    assert fact("calendar", "last_day") == date(2027, 12, 31)
    assert is_session(date(2027, 1, 4))
    assert not is_session(date(2027, 3, 22))
    assert not is_session(date(2027, 1, 26))
    assert list(laid_over()) == ["calendar"]


def test_a_calendar_never_reaches_less_far_than_the_shipped_one():
    lay("calendar", last_day=date(2026, 6, 30))

    assert fact("calendar", "last_day") == date(2026, 12, 31)


def given(parts: Sequence[tuple[int, int]], kind: str) -> list[dict[str, object]]:
    return [{"kind": kind, "opens": time(a), "closes": time(b)} for a, b in parts]


def special(
    *parts: tuple[int, int], until: date = date(2027, 2, 6), kind: str = "special"
) -> dict[str, object]:
    row = {"effective_from": date(2027, 2, 6), "effective_to": until, **SAID}
    return {"special": [row | {"parts": given(parts, kind)}]}


def hours(*parts: tuple[int, int], kind: str = "continuous") -> dict[str, object]:
    row = {"effective_from": date(2026, 12, 7), "segment": "derivatives", **SAID}
    return {"hours": [row | {"parts": given(parts, kind)}]}


def ticked(tick: str) -> dict[str, object]:
    row = {"underlying": "NIFTY", "of": "option", "tick": tick}
    return {"effective_from": date(2026, 12, 1), **row, **SAID}


def stepped(tick: str) -> dict[str, object]:
    steps = [{"from": "0", "tick": tick}]
    return {"effective_from": date(2026, 12, 1), "ticks": steps, **SAID}


BACKWARDS = {**frozen(date(2026, 12, 1), 900), "effective_to": date(2026, 11, 1)}


@pytest.mark.parametrize(
    ("table", "sections", "said"),
    [
        ("calendar", {"last_day": date(2027, 1, 4)}, "has no list of closed days of 2027-01-01"),
        ("calendar", special((10, 9)), "has a special session on 2027-02-06 whose parts are out"),
        ("calendar", special((9, 10), (10, 11)), "whose parts are out of order"),
        ("calendar", special(until=date(2027, 2, 7)), "session of many days from 2027-02-06"),
        ("calendar", special((9, 10), kind="pre_open"), "on 2027-02-06 whose parts are out"),
        ("calendar", hours(), "has hours from 2026-12-07 whose parts are out of order, or none of"),
        ("calendar", hours((9, 10), kind="pre_open"), "or none of them trades"),
        ("calendar", hours((15, 9)), "has hours from 2026-12-07 whose parts are out of order"),
        ("calendar", hours((9, 12), (11, 15)), "has hours from 2026-12-07 whose parts are out"),
        ("calendar", hours((13, 15), (9, 12)), "has hours from 2026-12-07 whose parts are out"),
        ("instruments", {"freeze": [frozen(date(2026, 12, 1), 0)]}, "a wrong row in freeze: "),
        ("instruments", {"freeze": [BACKWARDS]}, "a row in freeze that ends before it begins"),
        ("instruments", {"ticks": [ticked("0")]}, "a wrong row in ticks: "),
        ("instruments", {"ticks": [ticked("00.0000")]}, "a wrong row in ticks: "),
        ("instruments", {"share_ticks": [stepped("0.00")]}, "a wrong row in share_ticks: "),
        (
            "charges",
            {"gst": [{"effective_from": date(2027, 1, 1), **SAID, "percent": "1,5"}]},
            "gst",
        ),
        ("charges", {"sebi": [{"effective_from": date(2027, 1, 1), **SAID, "rat": "1"}]}, "sebi"),
    ],
)
def test_what_cannot_be_gone_by_is_refused_with_its_place(table, sections, said):
    lay(table, **sections)

    with pytest.raises(RulesDamaged) as refused:
        require_tables()

    assert str(refused.value).startswith("mine.toml ")
    assert said in str(refused.value)
    assert str(refused.value).endswith("; docs/rules.md says what it may hold")


@pytest.mark.parametrize(
    "sections",
    [
        {"freezes": []},
        {"freeze": "1800"},
        {"freeze": [1]},
        {"last_day": date(2027, 1, 1)},
    ],
)
def test_a_section_that_the_table_has_not_is_refused(sections):
    with pytest.raises(RulesDamaged, match="which is no section of rows of this table"):
        lay("instruments", **sections)


@pytest.mark.parametrize(
    "sections", [{"fixed": ["01-01"]}, {"first_day": date(2018, 1, 1)}, {"last_day": "2027"}]
)
def test_of_the_head_of_a_calendar_only_how_far_it_reaches_is_ones_own(sections):
    with pytest.raises(RulesDamaged, match="which is no section of rows of this table"):
        lay("calendar", **sections)


def test_own_hours_and_a_special_session_that_nobody_has_timed_yet_are_gone_by():
    lay("calendar", **hours((9, 12), (13, 15)), **special())
    require_tables()

    assert len(sessions(date(2026, 12, 7), Segment.DERIVATIVES)) == 2
    assert presumed(date(2027, 2, 6), Segment.DERIVATIVES)


@pytest.mark.parametrize("tick", ["0.05", "10", "0.0001", "00.10"])
def test_a_tick_above_zero_is_gone_by(tick):
    lay("instruments", ticks=[ticked(tick)], share_ticks=[stepped(tick)])
    require_tables()
    option = contract(replace(NIFTY, kind=Kind.CALL, strike_e4=e4(24_000)), CHARGED)

    assert option.tick_e4 == e4(tick)


@pytest.mark.parametrize(
    ("plan", "brokerage"),
    [
        ({"per_crore": "30000"}, "30"),
        ({"per_crore": "30000", "at_most": "20"}, "20"),
        ({"per_crore": "30000", "at_most": "0"}, "0"),
        ({"flat": "15"}, "15"),
        ({}, "0"),
    ],
)
def test_brokerage_by_turnover_is_capped_only_where_the_plan_says_so(plan, brokerage):
    lay("charges", brokerage=[{"of": "future", "effective_from": CHARGED, **plan, **SAID}])
    require_tables()
    bought = ChargedFill(contract(NIFTY, CHARGED), "buy", 100, e4(100))
    found = charges(bought, CHARGED)

    assert isinstance(found, Charges)
    assert found.brokerage_e4 == e4(brokerage)


def test_rows_are_laid_over_before_any_is_read():
    require_tables()
    lay_over({})

    with pytest.raises(AssertionError, match="before one's own"):
        lay("calendar", **NEW_YEAR)
