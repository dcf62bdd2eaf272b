from __future__ import annotations

from pathlib import Path

import pytest

from daemon.cli.engine import idle_plans
from daemon.settings import Account, Settings, Strategies
from tests.kit.plans import ROOT, parse

SHIPPED = (ROOT / "strategies" / "nifty_short_straddle.toml").read_text()
TAKING = [parse(SHIPPED)]


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "mine").mkdir()
    return tmp_path / "mine"


def found(folder: Path) -> tuple[list[str], list[str]]:
    settings = Settings(
        accounts=(Account(id="paper", broker="paper"), Account(id="other", broker="paper")),
        strategies=Strategies(paths=(folder,)),
    )
    idle, left_out, _ = idle_plans(settings, TAKING)
    assert all(plan.id in file.read_text() for file, plan in idle.items())
    return [plan.id for plan in idle.values()], [
        text.removeprefix(f"{folder}/") for text in left_out
    ]


def named(name: str, head: str = "") -> str:
    return SHIPPED.replace('id = "nifty-short-straddle"', f'id = "{name}"\n{head}')


def test_a_strategy_that_nobody_started_is_there_to_be_started(folder):
    (folder / "b.toml").write_text(named("b"))
    (folder / "a.toml").write_text(named("a"))

    assert found(folder) == (["a", "b"], [])


def test_one_that_takes_entries_is_not_idle_and_no_id_is_there_twice(folder):
    (folder / "one.toml").write_text(SHIPPED)
    (folder / "two.toml").write_text(named("two"))
    (folder / "zwei.toml").write_text(named("two"))

    assert found(folder) == (["two"], [])


def test_a_broken_file_is_left_out_and_told_and_hinders_no_other(folder):
    (folder / "bad.toml").write_text(named("bad").replace("lots = 1", "lots = 0", 1))
    (folder / "good.toml").write_text(named("good"))
    ids, left_out = found(folder)

    assert ids == ["good"]
    assert len(left_out) == 1
    assert left_out[0].startswith("bad.toml: legs[0].lots")


def test_whoever_starts_a_strategy_that_is_left_out_is_told_why_by_its_id(folder):
    bad, far = folder / "bad.toml", folder / "far.toml"
    bad.write_text(named("worse").replace("lots = 1", "lots = 0", 1))
    far.write_text(named("far", 'accounts = ["third"]'))
    settings = Settings(strategies=Strategies(paths=(folder,)))
    _, (is_bad, is_far), refused = idle_plans(settings, TAKING)

    mend = "was left out at the start; mend it and start again"
    assert refused == {"worse": f"worse {mend}: {is_bad}", "far": f"far {mend}: {is_far}"}


def test_a_file_of_an_id_that_takes_entries_is_not_told_as_left_out(folder):
    """Its account is that of the file that counts."""
    (folder / "far.toml").write_text(named("nifty-short-straddle", 'accounts = ["third"]'))

    assert found(folder) == ([], [])


@pytest.mark.parametrize("name", ["manual", "external"])
def test_a_file_under_a_name_of_what_is_no_strategy_is_left_out_and_told(folder, name):
    (folder / "mine.toml").write_text(named(name))
    said = f'mine.toml: id: "{name}" is what counts for no strategy; choose another id'

    assert found(folder) == ([], [said])


def test_what_would_trade_in_an_account_that_is_not_there_is_left_out_and_told(folder):
    (folder / "far.toml").write_text(named("far", 'accounts = ["third"]'))

    assert found(folder) == ([], ["far.toml: trades in third; the settings have paper, other"])


def test_a_strategy_in_python_is_left_out_by_name(folder):
    (folder / "mine.py").write_text("")
    (folder / "__init__.py").write_text("")

    assert found(folder) == ([], ["mine.py: strategies in Python have not been built yet"])
