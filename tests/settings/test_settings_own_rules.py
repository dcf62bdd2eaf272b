from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from daemon.app.machine.deployed import code_loaded
from daemon.domain.market import tables
from daemon.domain.market.calendar import is_session
from daemon.domain.market.rules import laid_over
from daemon.errors import RulesDamaged, SettingsError
from daemon.jobs.preflight import market
from daemon.settings import (
    Market,
    Settings,
    SettingsRefused,
    load,
    load_to_brake,
    load_with_rules,
    take_up,
)
from tests.kit.commands import ended, ordo
from tests.kit.own_rules import unread_tables

ROOT = Path(__file__).parents[2]
NEW_YEAR = """
last_day = 2027-12-31
[[closed]]
effective_from = 2027-01-01
effective_to = 2027-12-31
announced = 2026-12-12
days = [2027-03-22]
source = "a test"
confidence = "OWN"
"""


@pytest.fixture(autouse=True)
def _unread():
    with unread_tables():
        yield


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "rules").mkdir()
    return tmp_path / "rules"


def documented() -> dict[str, str]:
    """Return the examples of the document, by the table below whose heading they stand."""
    text = (ROOT / "docs" / "rules.md").read_text("utf-8")
    parts = {part.split("\n", 1)[0]: part for part in text.split("\n## ")[1:]}
    found = {
        name: re.findall(r"```toml\n(.*?)```", part, re.DOTALL) for name, part in parts.items()
    }
    return {name: "\n".join(blocks) for name, blocks in found.items() if blocks}


def test_without_a_folder_nothing_is_laid_over():
    take_up(Market())

    assert not laid_over()
    assert market.rules().evidence == "those shipped"


def test_the_rows_of_a_folder_are_gone_by_and_told(folder):
    (folder / "calendar.toml").write_text(NEW_YEAR)
    (folder / "README").write_text("why")
    (folder / ".#calendar.toml").symlink_to("me@here.1:2")
    (folder / ".calendar.toml").write_text("last_day = ")
    take_up(Market(folder=folder))

    assert is_session(date(2027, 1, 4))
    assert market.rules().evidence == f"those shipped, and over them {folder}/calendar.toml"


def test_the_hash_of_the_settings_is_one_over_own_rules_too(folder):
    plain = code_loaded(Settings(), 0).settings_sha256
    (folder / "calendar.toml").write_text(NEW_YEAR)
    take_up(Market(folder=folder))

    assert code_loaded(Settings(), 0).settings_sha256 != plain


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("holidays.toml", b"", "holidays.toml is no table; the tables are bands.toml, calendar"),
        ("calendar.toml", b"last_day = ", "calendar.toml is no TOML: Invalid value"),
        ("calendar.toml", b"\xff", "calendar.toml is no TOML: 'utf-8' codec"),
        ("calendar.toml", b"last_day = 2027-01-31", "has no list of closed days of 2027-01-01"),
        (
            "calendar.toml",
            b"lastday = 2027-01-31",
            "calendar.toml has lastday, which is no section",
        ),
    ],
)
def test_what_is_wrong_in_a_folder_is_refused_with_its_file(folder, name, content, said):
    (folder / name).write_bytes(content)
    with pytest.raises(SettingsError) as refused:
        take_up(Market(folder=folder))

    assert str(refused.value).startswith(f"[market] rules: {folder}/{name} ")
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("day", "own", "last"),
    [
        ("2018-12-31", "", "2026-12-31"),
        ("2027-01-04", "", "2026-12-31"),
        ("2028-01-03", NEW_YEAR, "2027-12-31"),
    ],
)
def test_a_first_day_beyond_the_calendar_is_refused_with_its_place(
    tmp_path, folder, day, own, last
):
    (folder / "calendar.toml").write_text(own)
    file = tmp_path / "settings.toml"
    file.write_text(f'[market]\nrules = "{folder}"\n[feed]\nfirst_day = {day}\n')
    said = f"feed.first_day is {day}; write a day from 2019-01-01 to {last}, without quotes"

    with pytest.raises(SettingsRefused) as refused:
        load_with_rules(file, {})
    assert str(refused.value) == f"{file}, line 4: {said}"
    with pytest.raises(SettingsRefused) as refused:
        load_with_rules(file, {"ORDO_FEED__FIRST_DAY": day})
    assert str(refused.value) == f"ORDO_FEED__FIRST_DAY in the environment: {said}"


def test_a_first_day_that_the_calendar_reaches_with_own_rules_is_gone_by(tmp_path, folder):
    (folder / "calendar.toml").write_text(NEW_YEAR)
    file = tmp_path / "settings.toml"
    file.write_text(f'[market]\nrules = "{folder}"\n[feed]\nfirst_day = 2027-01-04\n')

    assert load_with_rules(file, {}).feed.first_day == date(2027, 1, 4)


def test_whoever_asks_or_brakes_is_not_held_to_the_calendar(tmp_path, folder):
    """Market rules are the daemon's own affair, and may be half saved meanwhile."""
    (folder / "calendar.toml").write_text("last_day = ")
    file = tmp_path / "settings.toml"
    file.write_text(f'[market]\nrules = "{folder}"\n[feed]\nfirst_day = 2027-01-04\n')

    assert load(file, {}).feed.first_day == date(2027, 1, 4)
    assert load_to_brake(file, {})[1] is None


def test_a_folder_that_cannot_be_read_is_refused(folder):
    (folder / "calendar.toml").mkdir()
    for path in (folder, folder / "gone"):
        with pytest.raises(SettingsError, match=r"cannot be read: .*; make it readable, or take"):
            take_up(Market(folder=path))


def test_damage_of_what_was_shipped_is_no_fault_of_the_settings(monkeypatch):
    monkeypatch.setattr(tables.calendar, "coverage", lambda: (date(2026, 1, 1), date(2030, 1, 1)))

    with pytest.raises(RulesDamaged, match="put it back as it was shipped"):
        take_up(Market())


def test_each_example_of_the_document_can_be_gone_by(folder):
    for name, text in documented().items():
        (folder / name).write_text(text)
    take_up(Market(folder=folder))

    assert list(laid_over()) == ["calendar", "charges", "instruments"]
    assert is_session(date(2027, 3, 22))
    assert not is_session(date(2027, 3, 23))
    assert is_session(date(2027, 2, 6))


@pytest.mark.parametrize("module", ["daemon", "daemon.guardian"])
def test_a_program_that_starts_refuses_wrong_rules(tmp_path, folder, module):
    (folder / "calendar.toml").write_text("last_day = 2027-01-31")
    (tmp_path / "settings.toml").write_text('[market]\nrules = "rules"\n')
    arguments = ("run",) if module == "daemon" else ("--once",)
    done = ended(ordo(*arguments, cwd=tmp_path, module=module))

    assert done.code == 2
    assert "[market] rules: rules/calendar.toml reaches until 2027-01-31" in done.err
    assert "Traceback" not in done.err


def test_a_program_that_starts_goes_by_own_rules(tmp_path, folder):
    (folder / "calendar.toml").write_text(NEW_YEAR)
    (tmp_path / "settings.toml").write_text(
        '[market]\nrules = "rules"\n[feed]\nfirst_day = 2027-01-04\n'
    )
    done = ended(ordo("check", cwd=tmp_path))

    assert load(tmp_path / "settings.toml", {}).market == Market(folder=Path("rules"))
    assert "those shipped, and over them rules/calendar.toml" in done.out
    assert "known until 2027-12-31" in done.out
