"""Files of secrets: whose they are where root writes them, and which folders they may lie in."""

from __future__ import annotations

import errno
import os
import stat

import pytest

from daemon.errors import DiskFails, SettingsError
from daemon.storage import secret_file
from daemon.storage.secret_file import locked, read_secret, require_private_folder, write_secret
from tests.kit.handed import handed_over

SOMEBODY = 54_321
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")


@as_root
def test_what_root_writes_belongs_to_whom_the_folder_belongs(tmp_path):
    os.chown(tmp_path, SOMEBODY, SOMEBODY)
    path = tmp_path / "vault.json"
    with locked(path):
        write_secret(path, b"x")

    for each in (path, tmp_path / ".vault.json.lock"):
        about = each.stat()
        assert (about.st_uid, about.st_gid) == (SOMEBODY, SOMEBODY)
        assert stat.S_IMODE(about.st_mode) == 0o600
    assert read_secret(path) == b"x"


@as_root
def test_root_takes_no_file_of_somebody_who_does_not_own_the_folder(tmp_path):
    write_secret(tmp_path / "vault.json", b"x")
    os.chown(tmp_path / "vault.json", SOMEBODY, SOMEBODY)

    with pytest.raises(SettingsError, match=f"belongs to user {SOMEBODY}"):
        read_secret(tmp_path / "vault.json")


def test_a_folder_of_somebody_elses_is_refused(tmp_path, monkeypatch):
    """Root may look into each, so somebody else looks."""
    tmp_path.chmod(0o700)
    require_private_folder(tmp_path)
    if os.geteuid() == 0:
        os.chown(tmp_path, SOMEBODY, SOMEBODY)
    monkeypatch.setattr(secret_file.os, "geteuid", lambda: SOMEBODY + 1)

    with pytest.raises(SettingsError, match="belongs to user"):
        require_private_folder(tmp_path)


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(SettingsError, match="cannot be looked at: No such file"):
        require_private_folder(tmp_path / "absent")


def test_a_file_that_one_user_is_let_into_by_the_service_manager_is_taken_from_its_folder(tmp_path):
    folder = handed_over(tmp_path / "unit", {"vault.key": b"x"}, by_list=False)

    assert read_secret(folder / "vault.key", credentials=str(folder)) == b"x"
    with pytest.raises(SettingsError, match=r"is open to others \(mode 0440\)"):
        read_secret(folder / "vault.key")


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("open", errno.EIO),
        ("open", errno.EMFILE),
        ("open", errno.ENFILE),
        ("fdopen", errno.EIO),
    ],
)
def test_a_disk_that_does_not_give_a_secret_is_no_setting_so_that_the_start_is_tried_again(
    tmp_path, monkeypatch, name, number
):
    def refused(*_, **__):
        raise OSError(number, os.strerror(number))

    path = tmp_path / "vault.json"
    write_secret(path, b"x")
    monkeypatch.setattr(secret_file.os, name, refused)

    with pytest.raises(DiskFails, match=f"{path} cannot be read: .*; see what the system's log"):
        read_secret(path)


def test_a_secret_that_this_user_may_not_read_or_lock_is_a_setting(tmp_path, monkeypatch):
    def refused(*_):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(secret_file.os, "open", refused)

    with pytest.raises(SettingsError, match="Permission denied; let this user") as told:
        read_secret(tmp_path / "vault.json")
    assert told.value.code == "secret_unusable"
    with pytest.raises(SettingsError, match="Permission denied; let"), locked(tmp_path / "x"):
        pytest.fail("it is had")


def test_a_disk_that_takes_no_secret_is_told(tmp_path, monkeypatch):
    def refused(*_):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(secret_file.os, "open", refused)

    with pytest.raises(DiskFails, match=r"cannot be written: .*mounted read-only: see"):
        write_secret(tmp_path / "vault.json", b"x")
