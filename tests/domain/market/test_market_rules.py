from __future__ import annotations

import tomllib
from datetime import date
from importlib.resources import files

import pytest

from daemon.domain.market import rules as market_rules
from daemon.domain.market.rules import (
    TABLES,
    Confidence,
    Row,
    fact,
    latest,
    nearest,
    rows,
    unknown,
)
from daemon.errors import RulesDamaged, RuleUnknown


def row(since: date, until: date | None = None) -> Row:
    return Row(effective_from=since, effective_to=until, source="a test", confidence=Confidence.OWN)


OLD = row(date(2024, 1, 1), date(2024, 3, 31))
MIDDLE = row(date(2024, 6, 1))
NEW = row(date(2025, 1, 1))


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2023, 12, 31), None),
        (date(2024, 1, 1), OLD),
        (date(2024, 3, 31), OLD),
        (date(2024, 4, 1), None),
        (date(2024, 12, 31), MIDDLE),
        (date(2025, 1, 1), NEW),
    ],
)
def test_of_the_rows_in_force_the_one_that_came_last_counts(day, expected):
    assert latest([NEW, OLD, MIDDLE], day) == expected


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2020, 1, 1), OLD),
        (date(2024, 2, 1), OLD),
        (date(2024, 4, 10), OLD),
        (date(2024, 5, 31), MIDDLE),
    ],
)
def test_the_nearest_row_is_the_one_with_the_fewest_days_between(day, expected):
    assert nearest([OLD, MIDDLE], day) == expected


def test_of_no_rows_none_is_nearest():
    assert nearest([], date(2024, 1, 1)) is None


@pytest.mark.parametrize("table", TABLES)
def test_every_row_of_every_table_says_since_when_from_where_and_how_sure(table):
    text = files("daemon.domain.market").joinpath("rules", f"{table}.toml").read_text("utf-8")
    found = [
        entry
        for section in tomllib.loads(text).values()
        if isinstance(section, list) and isinstance(section[0], dict)
        for entry in section
    ]
    assert found
    for entry in found:
        assert isinstance(entry["effective_from"], date)
        assert entry["source"]
        assert entry["confidence"] in set(Confidence)


def test_no_table_lies_beside_those_that_are_read():
    folder = files("daemon.domain.market").joinpath("rules")
    assert {entry.name for entry in folder.iterdir()} == {f"{name}.toml" for name in TABLES}


def test_rows_come_oldest_first_and_facts_by_name():
    class Sebi(Row, frozen=True, kw_only=True):
        rate: str

    assert [entry.rate for entry in rows("charges", "sebi", Sebi)] == ["10"]
    assert fact("calendar", "last_day") == date(2026, 12, 31)


def test_the_refusal_names_table_day_and_mend():
    refusal = unknown("bands", date(2018, 1, 2), "the band", "add a row")
    assert isinstance(refusal, RuleUnknown)
    assert str(refusal) == "rules/bands.toml does not know the band on 2018-01-02: add a row"


WHOLE = """
first_day = 2020-01-01
[[model]]
effective_from = 2020-01-01
source = "a test"
confidence = "OWN"
"""


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """Tables of one's own, in a folder that they are read from."""
    folder = tmp_path / "rules"
    folder.mkdir()
    for table in TABLES:
        (folder / f"{table}.toml").write_text(WHOLE)
    monkeypatch.setattr(market_rules, "files", lambda _: tmp_path)
    caches = (market_rules._document, market_rules._rows)
    for each in caches:
        each.cache_clear()
    yield folder
    for each in caches:
        each.cache_clear()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"\xff", "is no TOML: 'utf-8' codec can't decode"),
        (b"first_day = ", "is no TOML: Invalid value"),
    ],
)
def test_a_table_that_is_damaged_is_refused(shipped, text, said):
    path = shipped / "margin.toml"
    path.unlink()
    if text is not None:
        path.write_bytes(text)
    with pytest.raises(RulesDamaged) as refused:
        rows("margin", "model", Row)

    assert str(refused.value).startswith(f"{path} {said}")
    assert str(refused.value).endswith("put it back as it was shipped, or install Ordo anew")


@pytest.mark.parametrize("look", [lambda: rows("margin", "gone", Row), lambda: fact("bands", "x")])
def test_what_a_table_lacks_is_refused_and_not_guessed(shipped, look):
    with pytest.raises(RulesDamaged, match="lacks"):
        look()


def test_a_row_that_has_not_the_shape_of_its_section_is_refused(shipped):
    class Rate(Row):
        rate: int

    with pytest.raises(RulesDamaged, match=r"has a wrong row in model: .*rate"):
        rows("margin", "model", Rate)
