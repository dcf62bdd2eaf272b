"""`make install-systemd`: it says what it would do, and does it when that is confirmed."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from daemon.app.deployed import code_sha256
from daemon.settings import load
from tests.kit.plans import ROOT


def ran(verb: str, root: Path, **environ: str) -> str:
    done = subprocess.run(
        ["sh", ROOT / "deploy" / "systemd.sh", verb],
        env={**os.environ, "ROOT": str(root), **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("verb", ["install", "uninstall"])
def test_unconfirmed_it_says_what_it_would_do_and_does_nothing(tmp_path, verb):
    told = ran(verb, tmp_path, CONFIRM="")

    assert "/opt/ordo" in told
    assert "ordo.service" in told
    assert told.endswith(f"make {verb}-systemd CONFIRM=yes\n")
    assert list(tmp_path.iterdir()) == []


def test_confirmed_it_lays_code_settings_and_unit_and_keeps_settings_that_are_there(tmp_path):
    settings = tmp_path / "etc" / "ordo" / "settings.toml"
    ran("install", tmp_path, CONFIRM="yes")
    assert mode(settings) == 0o600
    assert load(settings, {}).daemon.state_dir == Path("/var/lib/ordo")
    assert "NOTE" not in ran("install", tmp_path, CONFIRM="yes")
    settings.write_text("[feed]\nseed = 7\n")
    (tmp_path / "opt" / "ordo" / "daemon" / "gone.py").write_text("")
    told = ran("install", tmp_path, CONFIRM="yes")

    unit = tmp_path / "etc" / "systemd" / "system" / "ordo.service"
    assert "left as they are" in told
    assert f"state folder is /var/lib/ordo, and {settings} does not say so" in told
    assert settings.read_text() == "[feed]\nseed = 7\n"
    assert unit.read_text() == (ROOT / "systemd" / "ordo.service").read_text()
    guardian = unit.with_name("ordo-guardian.service")
    assert guardian.read_text() == (ROOT / "systemd" / "ordo-guardian.service").read_text()
    code_sha256.cache_clear()
    assert code_sha256(tmp_path / "opt" / "ordo" / "daemon") == code_sha256(ROOT / "daemon")


def test_a_copy_that_fails_leaves_what_was_installed(tmp_path):
    ran("install", tmp_path, CONFIRM="yes")
    code = tmp_path / "opt" / "ordo"
    (code / "daemon" / "mine.py").write_text("")
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "cp").write_text(
        '#!/bin/sh\ncase $* in */README.md*) exit 1;; esac\nexec /bin/cp "$@"\n'
    )
    (tools / "cp").chmod(0o755)
    done = subprocess.run(
        ["sh", ROOT / "deploy" / "systemd.sh", "install"],
        env={"PATH": f"{tools}:{os.environ['PATH']}", "ROOT": str(tmp_path), "CONFIRM": "yes"},
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    assert (code / "daemon" / "mine.py").exists()
    ran("install", tmp_path, CONFIRM="yes")
    assert not (code / "daemon" / "mine.py").exists()
    assert not list(code.glob(".*"))


def test_taken_away_it_leaves_settings_and_records(tmp_path):
    ran("install", tmp_path, CONFIRM="yes")
    ran("uninstall", tmp_path, CONFIRM="yes")

    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"etc/ordo/settings.toml"}


def test_what_is_installed_is_not_laid_over_itself(tmp_path):
    ran("install", tmp_path, CONFIRM="yes")
    done = subprocess.run(
        ["sh", tmp_path / "opt" / "ordo" / "deploy" / "systemd.sh", "install"],
        env={**os.environ, "ROOT": str(tmp_path), "CONFIRM": "yes"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    assert "run this in the checkout" in done.stderr
    assert (tmp_path / "opt" / "ordo" / "daemon" / "kill.py").exists()
