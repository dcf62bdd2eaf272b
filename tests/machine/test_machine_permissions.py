"""What this user may not write to: a sentence and an exit code, and nothing lost.

Root may write everywhere, unless it gives that right away; the commands here are run without it.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.commands import Told
from tests.kit.daemon_process import running
from tests.kit.plans import ROOT

_BOUND = """
import ctypes, os, sys
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2
if os.geteuid() == 0:
    libc = ctypes.CDLL(None)
    for right in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        if libc.prctl(PR_CAPBSET_DROP, right, 0, 0, 0):
            sys.exit(77)
os.execv(sys.executable, [sys.executable, "-m", "daemon", *sys.argv[1:]])
"""
_CANNOT = 77
DAY = ("run", "--speed", "max", "--until", "2026-03-09")


def bound(folder: Path, *args: str) -> Told:
    done = subprocess.run(
        [sys.executable, "-c", _BOUND, *args],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "ORDO_WEB__PORT": "0"},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    if done.returncode == _CANNOT:
        pytest.skip("root cannot give its rights away here, so no permission binds it")
    assert "Traceback" not in done.stderr
    return Told(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def forbid(tmp_path):
    """Take the right to write away from a path, until the test is over."""
    taken: list[tuple[Path, int]] = []

    def take(path: Path) -> None:
        taken.append((path, stat.S_IMODE(path.stat().st_mode)))
        path.chmod(0o500 if path.is_dir() else 0o400)

    yield take
    for path, mode in reversed(taken):
        path.chmod(mode)


@pytest.fixture(scope="session")
def lived(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("begun")
    with running(folder) as process:
        process.wait_ready()
    return folder


COMMANDS = [
    (
        DAY,
        2,
        "folder state cannot be used: state/daemon.lock: Permission denied; let [daemon] state_dir",
    ),
    (("token", "create", "--role", "viewer"), 2, "state/.tokens.json.lock cannot be opened: Perm"),
    (("pause",), 1, "state: state/killed cannot be written: Permission denied"),
    (("kill",), 1, "state: state/killed cannot be written: Permission denied"),
    (("check",), 1, "state cannot be written"),
]


@pytest.mark.parametrize(("args", "code", "said"), COMMANDS, ids=lambda value: str(value)[:20])
def test_a_state_folder_that_is_read_only_is_told(tmp_path, forbid, args, code, said):
    (tmp_path / "state").mkdir(mode=0o700)
    forbid(tmp_path / "state")
    told = bound(tmp_path, *args)

    assert told.code == code
    assert said in told.err + told.out
    assert list((tmp_path / "state").iterdir()) == []


@pytest.mark.parametrize(("args", "code", "said"), COMMANDS[:3], ids=lambda value: str(value)[:20])
def test_a_folder_in_which_no_state_folder_can_be_made_is_told(tmp_path, forbid, args, code, said):
    forbid(tmp_path)
    told = bound(tmp_path, *args)

    assert told.code == code
    assert "Permission denied" in told.err


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ledger.sqlite", "let this user write to the file and to its folder"),
        ("exchange.sqlite", "the exchange's file state/exchange.sqlite cannot be used: "),
        ("emergency", "the emergency file state/emergency cannot be opened: Permission denied"),
    ],
)
def test_a_record_that_is_read_only_is_told_and_left(lived, tmp_path, forbid, name, said):
    shutil.copytree(lived, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.sock"))
    path = tmp_path / "state" / name
    before = path.read_bytes()
    forbid(path)
    told = bound(tmp_path, *DAY)

    assert told.code == 1
    assert said in told.err
    assert path.read_bytes() == before
