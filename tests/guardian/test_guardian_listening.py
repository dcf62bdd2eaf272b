"""Where a guardian hears beats, and that a start goes on; nothing that says it waits."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from daemon.errors import SettingsError, StoreError
from daemon.guardian.listening import Heard, listening
from daemon.settings import kill_socket
from daemon.settings.guardian import BEAT, LOCK, READS, SOCKET
from daemon.storage.stood_in_for import watched
from daemon.telemetry.notify import Notifier
from tests.kit.plans import ROOT

LISTEN = """
import sys
from pathlib import Path
from daemon.guardian.listening import listening
with listening(Path(sys.argv[1])):
    print("listens", flush=True)
    sys.stdin.read()
"""


def test_beats_are_heard_once_however_many_came(tmp_path):
    beat = Notifier(str(tmp_path / "beat.sock"), pytest.fail)
    with listening(tmp_path) as listener:
        assert listener.heard() is Heard.NOTHING
        for _ in range(3):
            beat.send("WATCHDOG=1")
        assert listener.heard() is Heard.BEAT
        assert listener.heard() is Heard.NOTHING


def test_a_daemon_that_reads_its_record_is_told_from_one_that_guards(tmp_path):
    daemon = Notifier(str(tmp_path / "beat.sock"), pytest.fail)
    with listening(tmp_path) as listener:
        daemon.send(READS)
        daemon.send(READS)
        assert listener.heard() is Heard.READS
        assert listener.heard() is Heard.NOTHING
        for told in (READS, BEAT, READS):
            daemon.send(told)
        assert listener.heard() is Heard.BEAT


def test_what_it_tells_of_itself_may_change_and_is_told_anew_where_somebody_removed_it(tmp_path):
    """What is shorter is filled up with blanks, so that whoever reads meanwhile finds no rest."""
    with listening(tmp_path, b"words") as listener:
        listener.tell(b"more words")
        assert (tmp_path / LOCK).read_bytes() == b"more words"
        listener.tell(b"fewer")
        assert (tmp_path / LOCK).read_bytes() == b"fewer     "
        (tmp_path / LOCK).unlink()
        assert listener.bound_anew()
        assert (tmp_path / LOCK).read_bytes().rstrip() == b"fewer"


@pytest.mark.parametrize("removed", [(SOCKET,), (LOCK,), (SOCKET, LOCK)])
def test_what_somebody_removed_is_there_again_at_the_next_look(tmp_path, removed):
    beat = Notifier(str(tmp_path / SOCKET), pytest.fail)
    with listening(tmp_path, b"words") as listener:
        assert not listener.bound_anew()
        for name in removed:
            (tmp_path / name).unlink()
        assert listener.bound_anew()
        assert not listener.bound_anew()
        beat.send(BEAT)
        assert listener.heard() is Heard.BEAT
        assert (tmp_path / LOCK).read_bytes() == b"words"
        with pytest.raises(StoreError, match="another guardian watches"), listening(tmp_path):
            pytest.fail("it was let in")
    assert not watched(tmp_path)


def test_of_two_guardians_that_a_removed_lock_let_in_the_first_ends_and_the_other_watches(
    tmp_path,
):
    beat = Notifier(str(tmp_path / SOCKET), pytest.fail)
    with listening(tmp_path) as first:
        (tmp_path / LOCK).unlink()
        with listening(tmp_path) as second:
            with pytest.raises(StoreError, match="another guardian watches"):
                first.bound_anew()
            first.close()
            beat.send(BEAT)
            assert second.heard() is Heard.BEAT
            assert not second.bound_anew()


def test_a_folder_that_cannot_be_looked_at_is_no_loss(tmp_path, monkeypatch):
    def refused(_: Path) -> None:
        raise PermissionError

    with listening(tmp_path) as listener:
        with monkeypatch.context() as patch:
            patch.setattr(Path, "lstat", refused)
            assert not listener.bound_anew()
        assert watched(tmp_path)


def test_one_guardian_watches_a_folder_and_whoever_asks_learns_whether_one_does(tmp_path):
    assert not watched(tmp_path)
    with listening(tmp_path):
        assert watched(tmp_path)
        with pytest.raises(StoreError, match="another guardian watches"), listening(tmp_path):
            pytest.fail("it was let in")
        assert watched(tmp_path)
    assert not watched(tmp_path)


def test_a_guardian_that_was_killed_leaves_nothing_in_the_way_of_the_next(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", LISTEN, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"listens\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert (tmp_path / "beat.sock").exists()
    assert not watched(tmp_path)
    with listening(tmp_path):
        assert watched(tmp_path)


def test_a_folder_in_which_no_socket_can_be_made_is_refused_with_the_mend(tmp_path):
    deep = tmp_path / ("x" * 120)
    with pytest.raises(SettingsError, match="a short path"), listening(deep):
        pytest.fail("it listens")


def test_a_disk_that_fails_is_told_from_a_setting(tmp_path, monkeypatch):
    def refused(*_):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(Path, "chmod", refused)
    with pytest.raises(StoreError, match="mounted read-only: see") as told, listening(tmp_path):
        pytest.fail("it listens")
    assert told.value.code == "state_disk_fails"


@pytest.mark.parametrize("ran", [False, True])
def test_who_could_not_hear_another_users_daemon_does_not_wait_for_its_beat(
    tmp_path, monkeypatch, ran
):
    """As root on the folder of a daemon that is not: it would close everything half a minute on."""
    if ran:
        (tmp_path / "daemon.lock").write_text("")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(SettingsError, match="could not be heard"), listening(tmp_path):
        pytest.fail("it listens")
    assert not (tmp_path / "beat.sock").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_root_listens_on_no_folder_of_another_users_though_a_lock_of_roots_lies_there(tmp_path):
    os.chown(tmp_path, 54_321, 54_321)
    (tmp_path / "daemon.lock").write_text("")
    with (
        pytest.raises(SettingsError, match="`systemctl start ordo-guardian`"),
        listening(tmp_path),
    ):
        pytest.fail("it listens")
    assert [each.name for each in tmp_path.iterdir()] == ["daemon.lock"]


def test_where_a_daemon_can_be_braked_it_can_be_heard():
    assert len(SOCKET) <= len(kill_socket.SOCKET)


def test_a_guardian_that_reads_nothing_holds_up_no_beat(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf:
        deaf.bind(str(tmp_path / "beat.sock"))
        said: list[str] = []
        beat = Notifier(str(tmp_path / "beat.sock"), said.append)
        for _ in range(5_000):
            beat.send("WATCHDOG=1")
        assert len(said) == 1
