"""The undisturbed day, and a folder in which a straddle was entered, its daemon killed after."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from daemon.storage.ballast import BALLAST
from tests.kit.crash_days import undisturbed_day
from tests.kit.crashes import Day
from tests.kit.daemon_process import enter


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory) -> Day:
    """The day that nobody disturbs, which all days of kills are compared with."""
    return undisturbed_day(tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture(scope="session")
def entered(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("entered")
    enter(folder)
    return folder


@pytest.fixture
def held(entered, tmp_path) -> Path:
    """A copy of it that a test may go on with."""
    shutil.copytree(
        entered, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.sock", BALLAST)
    )
    return tmp_path
