"""The end of a daemon: asked first, then made to, and never a stranger in its place."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from daemon.guardian.ending import end
from daemon.storage.exclusive import Holder, exclusively, last_holder

PROCESS = """
import signal, sys, time
from pathlib import Path
from daemon.storage.exclusive import exclusively
if sys.argv[2] == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
with exclusively(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def started(folder, kind: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROCESS, str(folder), kind],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


@pytest.mark.parametrize(("kind", "how"), [("heedful", -signal.SIGTERM), ("deaf", -signal.SIGKILL)])
def test_who_ends_when_asked_is_not_killed_and_who_does_not_is(tmp_path, kind, how):
    process = started(tmp_path, kind)
    assert end(last_holder(tmp_path), asked_s=0.2 if kind == "deaf" else 20)
    process.communicate()
    assert process.returncode == how


def test_a_process_that_is_stopped_is_ended_all_the_same(tmp_path):
    process = started(tmp_path, "heedful")
    process.send_signal(signal.SIGSTOP)
    assert end(last_holder(tmp_path), asked_s=0.2)
    process.communicate()
    assert process.returncode in (-signal.SIGTERM, -signal.SIGKILL)  # both are waiting for it


def test_a_stranger_who_got_the_number_is_left_alone(tmp_path):
    process = started(tmp_path, "heedful")
    held_by = last_holder(tmp_path)
    assert end(Holder("daemon", process.pid, held_by.began - 1))
    assert process.poll() is None
    process.kill()
    process.communicate()
    assert end(held_by)


def test_a_lock_that_names_our_own_process_ends_nobody(tmp_path):
    with exclusively(tmp_path):
        assert not end(last_holder(tmp_path))
    assert end(Holder("daemon", os.getpid(), 1))
