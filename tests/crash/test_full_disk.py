"""A disk with no room left, and a start on it: it guards all the same, and says what was let go."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.kill import standing
from daemon.storage.ballast import BALLAST, SIZE_BYTES
from tests.crash.test_disk_that_fails import assert_whole_and_flat
from tests.kit.commands import told
from tests.kit.daemon_process import running
from tests.kit.guardian_process import watching

PACE = ("--speed", "20")
DISK = "size=192m"
OTHERS = "somebody_elses"


@pytest.fixture
def small_disk(held, tmp_path_factory) -> Iterator[Path]:
    """The folder of an entered straddle, on a disk of its own."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root may mount a small disk")
    disk = tmp_path_factory.mktemp("disk")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", DISK, "ordo", disk],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    try:
        yield shutil.copytree(held, disk / "home")
    finally:
        subprocess.run(["umount", disk], check=True)


def fill(folder: Path) -> None:
    """Let somebody else take all the room there is."""
    with (folder.parent / OTHERS).open("wb", buffering=0) as file:
        for size in (2**20, 2**12):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    assert shutil.disk_usage(folder).free < 2**12


@pytest.fixture
def filled(small_disk) -> Path:
    """It, after its daemon was cut off with the straddle open and no room was left."""
    with running(small_disk, *PACE) as process:
        process.wait_ready()
        assert (small_disk / "state" / BALLAST).stat().st_size == SIZE_BYTES
        fill(small_disk)
        process.kill()
    return small_disk


def test_a_start_on_a_full_disk_guards_what_is_open_and_a_kill_flattens_it(filled):
    with running(filled, *PACE) as process:
        process.wait_ready()
        process.wait_line("no room is kept back in state for a start on a full disk")
        assert not (filled / "state" / BALLAST).exists()
        assert process.get("/api/status").document["state"] == "running"
        assert process.brake("kill", reason="the disk is full")["ok"]
        process.wait_event("KillStaged", stage="flat")
        assert process.end(signal.SIGTERM) == 0
    assert_whole_and_flat(filled / "state")


def test_a_kill_on_a_full_disk_stands_though_no_daemon_runs(filled, monkeypatch):
    monkeypatch.chdir(filled)
    done = told("kill")
    assert done.code == 3
    assert "latched as kill-" in done.out
    assert [latch.kind for latch in standing(filled / "state")] == ["kill"]
    assert (filled / "state" / BALLAST).stat().st_size < SIZE_BYTES


def test_whoever_reads_the_record_on_a_full_disk_is_told_to_make_room(filled, monkeypatch):
    """A reader needs some for the memory that it shares with the writer."""
    monkeypatch.chdir(filled)
    for shared in (filled / "state").glob("ledger.sqlite-shm"):
        shared.unlink()
    fill(filled)
    done = told("audit", "verify")
    assert done.code == 1
    assert "make room on its disk" in done.err


def test_a_guardian_on_a_full_disk_closes_what_is_open(filled):
    with watching(filled) as guardian:
        guardian.wait_line("has closed everything")
    assert_whole_and_flat(filled / "state")


def test_a_start_that_finds_room_again_keeps_some_back(filled):
    (filled.parent / OTHERS).unlink()
    (filled / "state" / BALLAST).unlink()
    with running(filled, *PACE) as process:
        process.wait_ready()
        assert (filled / "state" / BALLAST).stat().st_size == SIZE_BYTES
        assert not [line for line in process.lines if "kept back" in line]
