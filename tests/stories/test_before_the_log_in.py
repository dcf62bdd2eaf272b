"""A live daemon before a log-in and an arm: what is not known, and what may not be entered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.kit.commands import Told, told
from tests.kit.live_daemon import BOTH, STRATEGY, LiveDaemon, Twin, laid_down

UNREAD = "LIVE  the broker's book of zed has not been read yet: what it holds is not known; "
SHADOW = "PAPER  nothing is held in shadow"


@contextmanager
def waiting(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[LiveDaemon, Twin]]:
    """A daemon that waits for a person; commands that are given meanwhile reach it."""
    twin = Twin(folder)
    try:
        laid_down(folder, twin, BOTH, STRATEGY)
        daemon = LiveDaemon(folder, twin)
        try:
            daemon.wait_line("needs a person")
            monkeypatch.chdir(folder)
            monkeypatch.setenv("ORDO_WEB__PORT", str(urlsplit(daemon.url).port))
            yield daemon, twin
        finally:
            daemon.kill()
    finally:
        twin.end()


def lines(done: Told, code: int) -> list[str]:
    """What a command told to people."""
    assert (done.code, done.err) == (code, "")
    return done.out.splitlines()


def test_nothing_is_told_as_held_or_flat_before_the_brokers_book_was_read(tmp_path, monkeypatch):
    with waiting(tmp_path, monkeypatch) as (daemon, twin):
        mend = f"{UNREAD}its session is NEEDS_USER_STEP: `ordo login zed`"
        for command in ("positions", "guard"):
            assert lines(told(command), 1) == [SHADOW, mend]
        assert lines(told("orders"), 1)[-1] == mend
        (unread,) = daemon.get("/api/portfolio/snapshot").document["unread"]
        assert (unread["account"], unread["session"]) == ("zed", "NEEDS_USER_STEP")
        assert mend in lines(told("status"), 0)

        daemon.log_in()
        twin.reach("09:10:00")
        daemon.wait_ready()
        assert lines(told("positions"), 0) == ["LIVE  nothing is held"]
        assert daemon.get("/api/portfolio/snapshot").document["unread"] == []


def test_the_day_begins_for_an_account_that_is_read_while_another_has_no_session(
    tmp_path, monkeypatch
):
    with waiting(tmp_path, monkeypatch) as (daemon, twin):
        twin.reach("09:10:00")
        daemon.wait_event("DayOpened")
        assert not daemon.ready_ns
        daemon.log_in()
        twin.pass_by(5)
        daemon.wait_ready()


def test_the_status_says_which_accounts_are_armed_and_until_when(tmp_path, monkeypatch):
    with waiting(tmp_path, monkeypatch) as (daemon, twin):
        daemon.log_in()
        twin.reach("09:10:00")
        daemon.wait_ready()
        bare = "LIVE  zed is not armed: no entry leaves; arm it for today with `ordo arm zed`"
        assert bare in lines(told("status"), 0)
        assert daemon.arm().status == 200
        armed = "LIVE  zed is armed until 2026-03-09 ends, by operator at 09:10:00: a story"
        assert armed in lines(told("status"), 0)
        assert "shadow is" not in told("status").out
        assert daemon.post("/api/disarm", {"account": "zed"}).status == 200
        assert bare in lines(told("status"), 0)


def test_an_exit_before_the_log_in_says_that_our_own_record_alone_holds_nothing(
    tmp_path, monkeypatch
):
    with waiting(tmp_path, monkeypatch):
        done = told("exit", "live-straddle@zed")

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("ordo: book_unread: live-straddle holds nothing in any leg in our ")
    assert "`ordo login zed`" in done.err
