from __future__ import annotations

import os
import subprocess
import sys

import pytest

from daemon.app.exclusive import exclusively
from daemon.errors import SettingsError, StoreError

HOLD = """
import sys
from pathlib import Path
from daemon.app.exclusive import exclusively
with exclusively(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(folder) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_daemon_on_one_state_folder_is_told_who_holds_it(tmp_path):
    process = holder(tmp_path)
    with (
        pytest.raises(StoreError, match=f"process id {process.pid} runs on the state folder"),
        exclusively(tmp_path),
    ):
        pytest.fail("it was let in")
    process.communicate()


def test_a_daemon_that_was_killed_holds_nothing(tmp_path):
    process = holder(tmp_path)
    process.kill()
    process.communicate()
    with exclusively(tmp_path):
        assert (tmp_path / "daemon.lock").read_text() == f"{os.getpid()}\n"


def test_the_folder_is_made_for_its_owner_alone(tmp_path):
    with exclusively(tmp_path / "deep" / "state"):
        assert (tmp_path / "deep" / "state").stat().st_mode & 0o777 == 0o700


def test_a_file_where_the_folder_should_be_is_refused_with_the_mend(tmp_path):
    (tmp_path / "state").write_text("")
    with (
        pytest.raises(SettingsError, match="cannot be used: File exists; let"),
        exclusively(tmp_path / "state"),
    ):
        pytest.fail("it was let in")
