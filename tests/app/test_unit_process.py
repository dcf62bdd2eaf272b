"""`ordo run` as the service manager has it: a process with a notification socket, hardened."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from daemon import kill
from tests.kit.daemon_process import running
from tests.kit.guardian_process import GuardianProcess
from tests.kit.handed import handed_over
from tests.kit.plans import ROOT

_PATIENCE_S = 60
_MDWE_SET, _MDWE_GET, _NO_GAIN = 65, 66, 1
_HUNG = """
import time
from daemon.actors.risk_watchdog import RiskWatchdog
from daemon.app.machine import sentry
from daemon.cli import main
from daemon.messages import Pulsed

handle = RiskWatchdog.handle

def hung(self, message, now_ns):
    if isinstance(message, Pulsed) and message.number > 4:
        {instead}
    return handle(self, message, now_ns)

RiskWatchdog.handle = hung
sentry.LOOK_S = 0.25
main(["run"])
"""
_HARDENED = f"""
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl({_MDWE_SET}, {_NO_GAIN}, 0, 0, 0):
    sys.exit(os.strerror(ctypes.get_errno()))
os.execv(sys.executable, [sys.executable, "-m", "daemon", *sys.argv[1:]])
"""


class Manager:
    """The service manager's end of the socket."""

    def __init__(self, folder: Path) -> None:
        self.address = str(folder / "notify")
        self.wire = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.wire.bind(self.address)
        self.wire.settimeout(_PATIENCE_S)

    def hears(self, wanted: Callable[[str], bool]) -> list[str]:
        """All that is heard up to what is wanted, which comes last."""
        heard: list[str] = []
        while not heard or not wanted(heard[-1]):
            heard.append(self.wire.recv(4096).decode())
        return heard


@pytest.fixture
def manager(tmp_path) -> Iterator[Manager]:
    made = Manager(tmp_path)
    with closing(made.wire):
        yield made


@pytest.fixture
def environ(manager) -> dict[str, str]:
    return {"NOTIFY_SOCKET": manager.address, "ORDO_WEB__ENABLED": "false"}


def beats(told: str) -> bool:
    return "WATCHDOG=1" in told


def run(script: str, folder: Path, environ: dict[str, str], *args: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *args],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_manager_hears_that_it_recovers_is_ready_lives_and_ends(tmp_path, manager, environ):
    with running(tmp_path, environ=environ) as daemon:
        before = manager.hears(lambda told: "READY=1" in told)
        assert before[0].startswith("STATUS=PAPER, recovering")
        assert not any(map(beats, before[:-1]))
        daemon.wait_ready()
        for _ in range(2):
            manager.hears(beats)
        standing = manager.hears(lambda told: told.startswith("STATUS="))[-1]
        assert standing.startswith("STATUS=PAPER, market time 2026-03-09 ")
        assert standing.endswith("; nothing is open")
        os.kill(daemon.pid, 15)
        ending = manager.hears(lambda told: "STOPPING=1" in told)[-1]
        assert "EXTEND_TIMEOUT_USEC=" in ending
        assert daemon.wait_end() == 0


@pytest.mark.parametrize("instead", ["time.sleep(60)", "return ()"], ids=["blocks", "is deaf"])
def test_a_watchdog_that_hangs_ends_the_beat_and_then_the_process_and_the_next_start_recovers(
    tmp_path, manager, environ, instead
):
    process = run(_HUNG.format(instead=instead), tmp_path, environ)
    heard = manager.hears(lambda told: "STATUS=PAPER, the daemon ended" in told)
    _, told = process.communicate(timeout=_PATIENCE_S)

    assert process.returncode == 1
    assert "ordo: the daemon ended: the risk watchdog gives no beat" in told
    (latch,) = kill.standing(tmp_path / "state")
    assert (latch.kind, latch.scope, latch.by) == ("pause", "all", "ordo")
    assert 1 <= sum(map(beats, heard)) <= 8
    with running(tmp_path, environ=environ) as again:
        again.wait_ready()
        standing = manager.hears(lambda told: told.startswith("STATUS=PAPER, market"))[-1]
        assert standing.endswith(f"pause {latch.latch_id} is latched")


def test_it_needs_no_memory_that_is_both_written_and_executed(tmp_path, environ):
    libc = ctypes.CDLL(None)
    if libc.prctl(_MDWE_GET, 0, 0, 0, 0) < 0:
        pytest.skip("this kernel knows no PR_SET_MDWE; run the tests on Linux 6.3 or newer")
    environ["ORDO_FEED__KIND"] = "replay"
    process = run(_HARDENED, tmp_path, environ, "run", "--speed", "max")
    out, told = process.communicate(timeout=_PATIENCE_S)

    assert process.returncode == 0, told
    assert "before charges" in out


@pytest.mark.parametrize("by_list", [True, False], ids=["access list", "its modes"])
def test_daemon_and_guardian_start_by_settings_that_one_user_is_let_into_by_an_access_list(
    tmp_path, environ, by_list
):
    there = tmp_path / "there"
    files = {"settings.toml": f'[daemon]\nstate_dir = "{there}"\n'.encode()}
    folder = handed_over(tmp_path / "unit", files, by_list=by_list)
    by_unit = {"CREDENTIALS_DIRECTORY": str(folder), **environ, "NOTIFY_SOCKET": ""}
    guardian = GuardianProcess(tmp_path, by_unit)
    try:
        guardian.wait_line(f"watches {there}")
        with running(tmp_path, environ=by_unit) as daemon:
            daemon.wait_ready()
            assert (there / "ledger.sqlite").exists()
    finally:
        guardian.end()
