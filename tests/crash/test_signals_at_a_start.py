"""Signals to a daemon that starts: a kill is latched and gone on with, an end is one in order."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack

from daemon import kill
from daemon.storage.exclusive import GUARDIAN, exclusively, last_holder
from tests.kit.daemon_process import running

WAITS = "this start waits for it"


def test_a_kill_by_signal_of_a_daemon_that_starts_is_latched_and_the_start_goes_on_with_it(
    tmp_path,
):
    with ExitStack() as guardian:
        guardian.enter_context(exclusively(tmp_path / "state", GUARDIAN))
        with running(tmp_path) as daemon:
            daemon.wait_line(WAITS)
            os.kill(daemon.pid, signal.SIGUSR1)
            daemon.wait(lambda: any("is latched" in line for line in daemon.log), "says so")
            guardian.close()
            daemon.wait_ready()
            daemon.wait_event("Latched")
            (latch,) = kill.standing(tmp_path / "state")
            assert (latch.kind, latch.scope, latch.by) == ("kill", "all", "signal")


def test_a_daemon_that_waits_for_its_start_ends_when_it_is_asked_to(tmp_path):
    with exclusively(tmp_path / "state", GUARDIAN), running(tmp_path) as daemon:
        daemon.wait_line(WAITS)
        assert daemon.end(signal.SIGTERM) == 0
        assert last_holder(tmp_path / "state").what == GUARDIAN
