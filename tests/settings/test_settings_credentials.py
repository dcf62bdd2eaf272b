"""Settings that the service manager hands over."""

from __future__ import annotations

import pytest

from daemon.settings import SettingsRefused, load


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
