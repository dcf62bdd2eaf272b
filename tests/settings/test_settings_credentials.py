"""Settings that the service manager hands over."""

from __future__ import annotations

import os

import pytest

from daemon.settings import SettingsRefused, load
from daemon.settings.credentials import FOLDER, secret_in
from tests.kit.handed import handed_over


@pytest.fixture
def handed(tmp_path, monkeypatch):
    """A folder of the service manager's with a settings file, and another in the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "settings.toml").write_text("[feed]\nseed = 1\n")
    folder = tmp_path / "handed"
    folder.mkdir()
    (folder / "settings.toml").write_text("[feed]\nseed = 7\n")
    (folder / "settings.toml").chmod(0o400)
    return folder


def seed(folder, path=None, **environ: str) -> int:
    return load(path, {"CREDENTIALS_DIRECTORY": str(folder), **environ}).feed.seed


def test_what_is_handed_over_goes_before_the_working_folder_and_after_an_option(handed):
    assert seed(handed) == 7
    assert seed(handed, ORDO_FEED__SEED="9") == 9
    assert seed(handed, handed.parent / "settings.toml") == 1


def test_where_nothing_is_handed_over_the_working_folders_counts(handed):
    (handed / "settings.toml").unlink()

    assert seed(handed) == 1
    assert load(None, {}).feed.seed == 1


@pytest.mark.parametrize("mode", [0o440, 0o404, 0o620, 0o644])
def test_what_others_can_read_or_write_is_refused_with_the_mend(handed, mode):
    (handed / "settings.toml").chmod(mode)
    with pytest.raises(SettingsRefused) as refused:
        seed(handed)

    assert f"settings.toml: is open to others (mode {mode:04o})" in str(refused.value)
    assert "chmod 600" in str(refused.value)


def test_a_folder_that_cannot_be_looked_into_is_refused(handed):
    with pytest.raises(SettingsRefused, match="CREDENTIALS_DIRECTORY"):
        seed(handed / "settings.toml")


@pytest.mark.parametrize("by_list", [True, False], ids=["access list", "its modes"])
def test_what_is_handed_over_to_one_user_by_an_access_list_is_taken(tmp_path, monkeypatch, by_list):
    monkeypatch.chdir(tmp_path)
    files = {"settings.toml": b"[feed]\nseed = 7\n", "pager": b"a secret\n"}
    folder = handed_over(tmp_path / "unit", files, by_list=by_list)

    assert seed(folder) == 7
    assert secret_in(folder / "pager", {FOLDER: str(folder)}).reveal() == "a secret"


@pytest.mark.parametrize("mode", [0o404, 0o444, 0o460, 0o420, 0o441])
def test_what_is_handed_over_and_is_open_to_more_than_a_list_can_name_is_refused(tmp_path, mode):
    folder = handed_over(tmp_path / "unit", {"settings.toml": b""}, by_list=False)
    (folder / "settings.toml").chmod(mode)

    with pytest.raises(SettingsRefused, match=rf"is open to others \(mode {mode:04o}\)"):
        seed(folder)


@pytest.mark.parametrize("mode", [0o551, 0o555, 0o570])
def test_an_access_list_is_not_borne_with_where_others_get_into_the_folder(tmp_path, mode):
    folder = handed_over(tmp_path / "unit", {"settings.toml": b""}, by_list=False)
    folder.chmod(mode)

    with pytest.raises(SettingsRefused, match=r"is open to others \(mode 0440\)"):
        seed(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("whose", ["settings.toml", "."])
def test_an_access_list_of_somebody_else_is_not_borne_with(tmp_path, whose):
    folder = handed_over(tmp_path / "unit", {"settings.toml": b""}, by_list=False)
    os.chown(folder / whose, 54_321, 54_321)

    with pytest.raises(SettingsRefused, match=r"is open to others \(mode 0440\)"):
        seed(folder)


def test_an_access_list_is_not_borne_with_outside_of_the_folder_of_what_is_handed_over(tmp_path):
    folder = handed_over(tmp_path / "unit", {"pager": b"a secret\n"}, by_list=False)

    for environ in ({}, {FOLDER: str(tmp_path)}):
        with pytest.raises(SettingsRefused, match=r"is open to others \(mode 0440\)"):
            secret_in(folder / "pager", environ)
