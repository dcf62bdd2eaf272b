"""The unit of systemd: what it lets the daemon do, and what not."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from daemon.app.machine import sentry
from daemon.settings import Guardian
from tests.kit.plans import ROOT

UNIT = ROOT / "systemd" / "ordo.service"
GUARDIAN = ROOT / "systemd" / "ordo-guardian.service"
each_unit = pytest.mark.parametrize("unit", [UNIT, GUARDIAN], ids=lambda unit: unit.stem)
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
    "StartLimitIntervalSec": "0",
    "After": "network-online.target time-sync.target postgresql.service redis-server.service",
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


GUARDIANS = {
    "After": "network-online.target",
    "User": "ordo",
    "WatchdogSec": "60",
    "MemoryMax": "512M",
    "TasksMax": "16",
    "ProtectProc": "default",
    "StartLimitIntervalSec": "0",
}
"""What differs for the guardian: it is of the daemon's user, and sees the daemon's process."""
DAEMONS = ("StartLimitBurst", "RestartPreventExitStatus", "TimeoutStopSec")
"""What only the daemon has: the guardian is started again for ever."""


def directives(unit: Path = UNIT) -> dict[str, list[str]]:
    """Every directive of a unit, with its values in order."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in unit.read_text().splitlines():
        if line and not line.startswith(("#", "[")):
            name, _, value = line.partition("=")
            found[name].append(value)
    return found


def test_the_unit_asks_for_what_guards_and_gives_up_what_it_does_not_need():
    found = directives()

    assert {name: found[name] for name in WANTED} == {name: [v] for name, v in WANTED.items()}
    assert found["SystemCallFilter"] == ["@system-service", "~@privileged @resources"]


def test_the_guardian_is_held_to_the_same_and_finds_the_daemons_folder_socket_and_process():
    found = directives(GUARDIAN)
    wanted = {name: value for name, value in WANTED.items() if name not in DAEMONS} | GUARDIANS

    assert {name: found[name] for name in wanted} == {name: [v] for name, v in wanted.items()}
    assert not any(found[name] for name in DAEMONS)
    assert found["SystemCallFilter"] == directives()["SystemCallFilter"]
    assert directives()["User"] == []  # systemd calls a user that exists while a unit runs after it
    assert "Environment=ORDO_DAEMON__STATE_DIR=/var/lib/ordo" in GUARDIAN.read_text()


def test_a_daemon_that_hangs_is_ended_and_back_before_the_guardian_loses_patience():
    told = directives()
    back_s = int(told["WatchdogSec"][0]) + int(told["RestartSec"][0]) + 3
    assert Guardian().silence_s > back_s


def test_the_daemon_ends_by_itself_before_the_manager_loses_patience():
    assert int(directives()["WatchdogSec"][0]) > sentry.LOOKS * sentry.LOOK_S


@each_unit
def test_no_secret_and_no_place_of_one_machine_stands_in_it(unit):
    assert not re.search(r"token|password|secret|/home/|/root/", unit.read_text(), re.IGNORECASE)


@analyse
@each_unit
def test_systemd_understands_every_line_of_it(tmp_path, unit):
    """Judged with a program and a folder that are there, for Ordo need not be installed here."""
    there = re.sub("^ExecStart=.*$", "ExecStart=/bin/true", unit.read_text(), flags=re.MULTILINE)
    judged = tmp_path / unit.name
    judged.write_text(there.replace("WorkingDirectory=/opt/ordo", "WorkingDirectory=/"))

    assert judged_by("verify", judged) == (0, "")


@analyse
@each_unit
def test_it_is_hardened_as_far_as_trading_over_a_network_allows(unit):
    code, told = judged_by("security", "--offline=true", "--no-pager", unit)
    exposed = re.search(rf"Overall exposure level for {unit.name}: ([0-9.]+)", told)

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
