"""One day, two drivers, any clock of the host: the same decisions and one journal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.kit.days import (
    DECISIONS,
    LOCK,
    REAL_DAY,
    Played,
    play,
    play_as_tasks,
    sample,
    straddle,
)
from tests.kit.plans import ROOT, parse
from tests.kit.recordings import data_path

STRADDLE = ROOT / "strategies" / "nifty_short_straddle.toml"
SHIPPED = STRADDLE.read_text()
LATER = SHIPPED.replace('id = "nifty-short-straddle"', 'id = "later"').replace("09:20", "10:00")
PLANS = [parse(SHIPPED), parse(LATER)]
ZONES = ("UTC", "Asia/Kolkata", "America/New_York")


@pytest.fixture(scope="module")
def ours() -> Callable[..., Played]:
    """Our own day through a driver, played once for each choice of plans."""
    return cache(lambda driver, *plans: driver(sample(), *plans))


def decisions(played: Played) -> list[object]:
    return played.told(*DECISIONS)


def assert_the_same(first: Played, second: Played) -> None:
    assert decisions(first)
    assert decisions(first) == decisions(second)
    assert first.facts == second.facts
    assert first.journal_sha256 == second.journal_sha256


@pytest.mark.parametrize("risk", ["", LOCK, "combined_premium_stop = { percent = 3 }\n"])
def test_the_real_day_is_the_same_through_both_drivers(risk):
    """Every decision, every fact and the journal, for three ways through the day."""
    day, plan = data_path(REAL_DAY), straddle(risk=risk)

    assert_the_same(play(day, plan), play_as_tasks(day, plan))


@pytest.mark.parametrize("plans", [PLANS[:1], PLANS[1:], PLANS], ids=["first", "second", "both"])
def test_our_own_day_is_the_same_through_both_drivers(ours, plans):
    assert_the_same(ours(play, *plans), ours(play_as_tasks, *plans))


def test_two_strategies_at_once_decide_as_each_would_alone(ours):
    """They share an account with room for both, so neither changes what the other does."""
    both = ours(play, *PLANS)

    for plan in PLANS:
        mine = [fact for fact in decisions(both) if strategy_of(fact) == plan.id]
        assert [type(fact) for fact in mine] == [type(fact) for fact in decisions(ours(play, plan))]


def strategy_of(fact: object) -> str:
    basket = getattr(fact, "basket", None)
    return basket.strategy_id if basket else getattr(fact, "strategy_id", "")


@pytest.mark.parametrize("driver", [play, play_as_tasks])
def test_two_runs_are_one(ours, driver):
    assert_the_same(ours(driver, PLANS[0]), driver(sample(), PLANS[0]))


def test_another_day_has_another_journal(ours):
    """The hash is of what happened, not of the program."""
    first, second = (ours(play, plan) for plan in PLANS)

    assert first.journal_sha256 != second.journal_sha256


@pytest.fixture(scope="module")
def reports(tmp_path_factory) -> dict[str, str]:
    """What a process of its own reports under each time zone, hash seed and working folder."""
    return {
        zone: backtested(tmp_path_factory.mktemp("any"), zone, seed)
        for seed, zone in enumerate(ZONES)
    }


def backtested(folder: Path, zone: str, seed: int) -> str:
    environ = {**os.environ, "TZ": zone, "PYTHONHASHSEED": str(seed), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*(sys.executable, "-m", "daemon", "backtest", STRADDLE), "--data", sample(), "--json"],
        cwd=folder,
        env=environ,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def test_neither_the_hosts_zone_nor_its_hash_seed_changes_anything(reports):
    assert len(set(reports.values())) == 1


def test_a_process_of_its_own_reports_what_the_drivers_recorded(ours, reports):
    assert json.loads(reports["UTC"]) == ours(play_as_tasks, PLANS[0]).document()
