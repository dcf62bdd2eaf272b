"""A live daemon that is asked to end does so at every hour of its day, whatever it waits for."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kit.live_daemon import (
    BOTH,
    STRATEGY,
    LiveDaemon,
    Twin,
    laid_down,
    live_daemon,
    thorough,
)


def assert_ends(daemon: LiveDaemon) -> None:
    """Ask it to end, and see that it did so in order."""
    assert daemon.end(signal.SIGTERM) == 0
    assert daemon.lines[-1].endswith("  stopped")


def a_person(daemon: LiveDaemon, twin: Twin) -> None:
    """Nobody has logged in."""


def the_books(daemon: LiveDaemon, twin: Twin) -> None:
    """Somebody has logged in, and market time stands: the books are not asked for again."""
    daemon.log_in()


def the_open(daemon: LiveDaemon, twin: Twin) -> None:
    """It is ready, at a quarter to nine."""
    daemon.log_in()
    twin.pass_by(5)
    daemon.wait_ready()


@pytest.mark.parametrize(
    "waits_for",
    [a_person, pytest.param(the_books, marks=thorough), pytest.param(the_open, marks=thorough)],
)
def test_it_ends_while_it_waits_for(
    tmp_path: Path, waits_for: Callable[[LiveDaemon, Twin], None]
) -> None:
    twin = Twin(tmp_path)
    try:
        laid_down(tmp_path, twin, BOTH, STRATEGY)
        daemon = LiveDaemon(tmp_path, twin)
        try:
            daemon.wait_line("needs a person")
            waits_for(daemon, twin)
            assert_ends(daemon)
        finally:
            daemon.kill()
    finally:
        twin.end()


@thorough
@pytest.mark.parametrize("until", ["09:14:59", "09:15:20", "15:32:00"])
def test_it_ends_before_the_open_in_the_day_and_after_the_close(tmp_path: Path, until: str) -> None:
    with live_daemon(tmp_path, BOTH) as (daemon, twin):
        twin.reach(until)
        if until == "15:32:00":
            daemon.wait_event("DayEnded")
        assert_ends(daemon)
