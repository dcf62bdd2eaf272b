"""The unit of systemd: what it lets the daemon do, and what not."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from daemon.app import sentry
from tests.kit.plans import ROOT

UNIT = ROOT / "systemd" / "ordo.service"
MOST_EXPOSED = 1.2
_MEND = "systemd-analyze is not there; install it, on Debian and Ubuntu: apt-get install systemd"
analyse = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason=_MEND)

WANTED = {
    "Type": "notify",
    "NotifyAccess": "main",
    "WatchdogSec": "20",
    "Restart": "always",
    "RestartSec": "1",
    "RestartPreventExitStatus": "2",
    "StartLimitIntervalSec": "300",
    "StartLimitBurst": "5",
    "TimeoutStopSec": "60",
    "DynamicUser": "yes",
    "StateDirectory": "ordo",
    "StateDirectoryMode": "0700",
    "UMask": "0077",
    "LoadCredential": "settings.toml:/etc/ordo/settings.toml",
    "LimitCORE": "0",
    "MemoryMax": "1G",
    "TasksMax": "64",
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "PrivateUsers": "yes",
    "DevicePolicy": "closed",
    "ProtectClock": "yes",
    "ProtectHostname": "yes",
    "ProtectKernelLogs": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectControlGroups": "yes",
    "ProtectProc": "invisible",
    "ProcSubset": "pid",
    "LockPersonality": "yes",
    "MemoryDenyWriteExecute": "yes",
    "RestrictNamespaces": "yes",
    "RestrictRealtime": "yes",
    "RestrictSUIDSGID": "yes",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
    "SystemCallArchitectures": "native",
    "SystemCallErrorNumber": "EPERM",
}


def directives() -> dict[str, list[str]]:
    """Every directive of the unit, with its values in order."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in UNIT.read_text().splitlines():
        if line and not line.startswith(("#", "[")):
            name, _, value = line.partition("=")
            found[name].append(value)
    return found


def test_the_unit_asks_for_what_guards_and_gives_up_what_it_does_not_need():
    found = directives()

    assert {name: found[name] for name in WANTED} == {name: [v] for name, v in WANTED.items()}
    assert found["SystemCallFilter"] == ["@system-service", "~@privileged @resources"]


def test_the_daemon_ends_by_itself_before_the_manager_loses_patience():
    assert int(directives()["WatchdogSec"][0]) > sentry.LOOKS * sentry.LOOK_S


def test_no_secret_and_no_place_of_one_machine_stands_in_it():
    assert not re.search(r"token|password|secret|/home/|/root/", UNIT.read_text(), re.IGNORECASE)


@analyse
def test_systemd_understands_every_line_of_it(tmp_path):
    """Judged with a program and a folder that are there, for Ordo need not be installed here."""
    there = UNIT.read_text().replace("/opt/ordo/.venv/bin/ordo run", "/bin/true")
    judged = tmp_path / "ordo.service"
    judged.write_text(there.replace("WorkingDirectory=/opt/ordo", "WorkingDirectory=/"))

    assert judged_by("verify", judged) == (0, "")


@analyse
def test_it_is_hardened_as_far_as_trading_over_a_network_allows():
    code, told = judged_by("security", "--offline=true", "--no-pager", UNIT)
    exposed = re.search(r"Overall exposure level for ordo.service: ([0-9.]+)", told)

    assert code == 0, told
    assert exposed is not None, told
    assert float(exposed[1]) <= MOST_EXPOSED


def judged_by(verb: str, *args: str | Path) -> tuple[int, str]:
    done = subprocess.run(
        ["systemd-analyze", verb, *map(str, args)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr
