from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from daemon.errors import SettingsError, StoreError
from daemon.storage.exclusive import (
    DAEMON,
    GUARDIAN,
    LOCK,
    Holder,
    exclusively,
    is_held,
    last_holder,
)
from daemon.storage.fence import put_up, stands

SOMEBODY = 54_321
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
HOLD = """
import sys
from pathlib import Path
from daemon.storage.exclusive import exclusively
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


@contextmanager
def earlier(folder) -> Iterator[None]:
    """Hold a folder as an earlier version does: by a lock of its file alone."""
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.pwrite(descriptor, b"daemon 7 1\n", 0)
        yield
    finally:
        os.close(descriptor)


def began(pid: int) -> int:
    """Return when a process began, by the kernel."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])


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
        held_by = last_holder(tmp_path)
        assert held_by is not None
        assert (held_by.what, held_by.pid, held_by.is_alive()) == ("daemon", os.getpid(), True)


def test_who_was_killed_is_told_from_who_ended_in_order_and_from_a_later_process(tmp_path):
    assert last_holder(tmp_path) is None
    process = holder(tmp_path)
    assert last_holder(tmp_path) == Holder("daemon", process.pid, began(process.pid))
    process.kill()
    process.communicate()
    assert last_holder(tmp_path).is_alive() is False
    assert Holder("daemon", os.getpid(), 1).is_alive() is False
    assert Holder("daemon", os.getpid(), 0).is_alive() is False

    with exclusively(tmp_path):
        pass
    assert last_holder(tmp_path) is None


def test_whom_an_error_ended_holds_nothing_though_his_process_lives_on(tmp_path):
    with pytest.raises(ZeroDivisionError), exclusively(tmp_path, GUARDIAN):
        raise ZeroDivisionError
    assert last_holder(tmp_path) == Holder(GUARDIAN, 0, 0)
    assert not last_holder(tmp_path).is_alive()


def test_a_process_that_has_ended_and_that_nobody_has_reaped_is_not_alive(tmp_path):
    process = holder(tmp_path)
    held_by = last_holder(tmp_path)
    process.kill()
    assert process.stdout is not None
    process.stdout.read()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not held_by.is_alive()
    process.communicate()


def test_a_lock_file_of_an_earlier_version_names_nobody_whom_one_could_end(tmp_path):
    (tmp_path / "daemon.lock").write_text(f"{os.getpid()}\n")
    assert not last_holder(tmp_path).is_alive()


def test_whether_a_folder_is_held_is_told_by_the_kernel_and_not_by_the_file(tmp_path):
    assert not is_held(tmp_path)
    with exclusively(tmp_path):
        assert is_held(tmp_path)
    (tmp_path / "daemon.lock").write_text(f"daemon {os.getpid()} {began(os.getpid())}\n")
    assert last_holder(tmp_path).is_alive()
    assert not is_held(tmp_path)


def test_a_lock_file_that_somebody_removed_lets_no_second_daemon_in(tmp_path):
    process = holder(tmp_path)
    (tmp_path / LOCK).unlink()
    assert is_held(tmp_path)
    with pytest.raises(StoreError, match="process id unknown runs"), exclusively(tmp_path):
        pytest.fail("it was let in")
    assert not (tmp_path / LOCK).exists()
    process.communicate()
    with exclusively(tmp_path):
        pass


def test_a_daemon_of_an_earlier_version_which_locks_the_file_alone_is_refused_and_refuses(tmp_path):
    with earlier(tmp_path):
        assert is_held(tmp_path)
        with pytest.raises(StoreError, match="process id 7 runs"), exclusively(tmp_path):
            pytest.fail("it was let in")
    with exclusively(tmp_path), pytest.raises(BlockingIOError), earlier(tmp_path):
        pytest.fail("it was let in")


@pytest.mark.parametrize("restored", [False, True])
def test_a_lock_file_that_was_removed_or_replaced_says_again_who_holds_the_folder(
    tmp_path, restored
):
    with exclusively(tmp_path) as hold:
        named = (tmp_path / LOCK).read_text()
        (tmp_path / LOCK).unlink()
        if restored:
            (tmp_path / LOCK).write_text("daemon 7 1 of another day\n")
        hold.renew()
        hold.renew()
        assert (tmp_path / LOCK).read_text() == named
        with pytest.raises(BlockingIOError), earlier(tmp_path):
            pytest.fail("it was let in")
    assert last_holder(tmp_path) is None


def test_whoever_ends_says_how_though_somebody_removed_the_lock_file(tmp_path):
    def fall() -> None:
        (tmp_path / LOCK).unlink()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), exclusively(tmp_path):
        fall()
    assert last_holder(tmp_path) == Holder("daemon", 0, 0)


def test_the_lock_file_of_one_of_an_earlier_version_who_came_meanwhile_is_left_to_him(tmp_path):
    with exclusively(tmp_path) as hold:
        (tmp_path / LOCK).unlink()
        with earlier(tmp_path):
            hold.renew()
            assert last_holder(tmp_path).pid == 7
        hold.renew()
        assert last_holder(tmp_path).pid == os.getpid()


@as_root
@pytest.mark.parametrize(
    ("what", "unit"), [(DAEMON, "`systemctl start ordo`"), (GUARDIAN, "start ordo-guardian`")]
)
def test_root_runs_on_no_folder_of_another_users_and_leaves_nothing_in_it(tmp_path, what, unit):
    os.chown(tmp_path, SOMEBODY, SOMEBODY)
    with (
        pytest.raises(SettingsError, match=f"belongs to user {SOMEBODY}, .*{unit}"),
        exclusively(tmp_path, what),
    ):
        pytest.fail("it was let in")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_used_is_named_and_whose_it_is_where_it_is_anothers(
    tmp_path, monkeypatch
):
    (tmp_path / LOCK).write_text("")
    opens = os.open

    def opened(path, *args):
        if Path(path).name == LOCK:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return opens(path, *args)

    mine = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    monkeypatch.setattr(os, "open", opened)
    named = rf"{tmp_path / LOCK}: Permission denied; it belongs to user {mine}: as root chown it to"
    with pytest.raises(SettingsError, match=f"{named} user {mine + 1},"), exclusively(tmp_path):
        pytest.fail("it was let in")


def test_whoever_takes_the_folder_takes_the_fence_down(tmp_path):
    put_up(tmp_path, "no beat")
    with exclusively(tmp_path, GUARDIAN):
        assert not stands(tmp_path)
        assert last_holder(tmp_path).what == GUARDIAN


def test_a_folder_whose_fence_cannot_be_taken_down_is_not_held(tmp_path):
    (tmp_path / "fence").mkdir()
    with pytest.raises(SettingsError, match="cannot be used"), exclusively(tmp_path):
        pytest.fail("it was let in")


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


@pytest.mark.parametrize(
    ("refused", "mend"),
    [
        (errno.ENOSPC, "make room on its disk"),
        (errno.EDQUOT, "make room on its disk"),
        (errno.EROFS, "mounted read-only: see what the system's log says of it, and remount it"),
        (errno.EIO, "see what the system's log"),
        (errno.ESTALE, "see what the system's log"),
        (errno.ETIMEDOUT, "see what the system's log"),
        (errno.EMFILE, "see what the system's log"),
        (errno.ENFILE, "see what the system's log"),
        (errno.ENOMEM, "see what the system's log"),
    ],
)
def test_a_disk_that_is_full_or_fails_is_no_setting_so_that_the_start_is_tried_again(
    tmp_path, monkeypatch, refused, mend
):
    def pwrite(*_):
        raise OSError(refused, os.strerror(refused))

    monkeypatch.setattr(os, "pwrite", pwrite)
    with pytest.raises(StoreError, match=mend) as told, exclusively(tmp_path):
        pytest.fail("it was let in")
    assert told.value.code == "state_disk_fails"


def test_a_folder_that_this_user_may_not_write_to_is_a_setting(tmp_path, monkeypatch):
    def opened(*_):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "open", opened)
    with pytest.raises(SettingsError, match="name a folder that"), exclusively(tmp_path):
        pytest.fail("it was let in")
