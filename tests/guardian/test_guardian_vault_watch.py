"""Whether a guardian can open the vault is known, and told, before anything hangs on it."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from daemon.errors.catalogue import entry_of
from daemon.guardian import vault_watch as module
from daemon.guardian.listening import Listener, listening
from daemon.guardian.telling import Teller
from daemon.guardian.vault_watch import VaultWatch
from daemon.settings import Settings
from daemon.storage.stood_in_for import unlike
from daemon.storage.vault import Place, Vault
from daemon.storage.vault_keys import KEY_FILE
from daemon.telemetry.redaction import Secret
from tests.kit.guardian_process import GuardianProcess
from tests.kit.live_daemon import LIVE
from tests.kit.settings_file import loaded

NOW = 1_764_000_000_000_000_000
TERMS = '[brokers.zerodha]\nstatic_ip = "8.8.4.4"\n'
SHUT = "cannot open the vault, so it could close nothing at a broker: the proof of the vault is "
BOTH = "systemctl restart ordo ordo-guardian"


class Unit:
    """A guardian that is handed a copy of the key when it starts, and what it tells.

    Attributes:
        vault: as the operator has it, with the key itself.
        said: what the guardian told, a line each.
        settings: of the daemon and the guardian.
        state: the state folder.
        copy: the folder of what is handed over.
    """

    def __init__(self, folder: Path) -> None:
        self.state, self.copy, self.key = (folder / each for each in ("state", "unit", "etc.key"))
        for each in (self.state, self.copy):
            each.mkdir(mode=0o700)
        self.vault = Vault(Place(self.state, key=self.key))
        self.said: list[str] = []
        self.settings: Settings = loaded(
            f"{LIVE}{TERMS}".replace("[daemon]", f'[daemon]\nstate_dir = "{self.state}"')
        )

    def begin(self) -> None:
        """Make the vault."""
        self.vault.begin(NOW)
        self.vault.put("zed", {"api_key": Secret("a-key-of-a-program")}, NOW)

    def hand_over(self) -> None:
        """Copy the key, as the service manager does when a unit starts."""
        shutil.copy(self.key, self.copy / KEY_FILE)
        (self.copy / KEY_FILE).chmod(0o600)

    def start(self, listener: Listener) -> VaultWatch:
        """Start a guardian."""
        vault = Vault(Place(self.state, str(self.copy)))
        return VaultWatch(self.settings, vault, listener, Teller(self.state, self.said.append))


@pytest.fixture
def unit(tmp_path) -> Unit:
    made = Unit(tmp_path)
    made.begin()
    made.hand_over()
    return made


async def test_after_a_rotation_a_guardian_with_the_key_before_alerts_and_is_told_of(unit):
    with listening(unit.state) as listener:
        watch = unit.start(listener)
        await watch.look()
        assert unit.said == []

        unit.vault.rotate(NOW + 1)
        for _ in range(3):
            await watch.look()
        (told,) = unit.said
        assert told.startswith(f"PAPER  ALERT the guardian {SHUT}sealed under the key ")
        assert told.endswith(f"restart daemon and guardian: {BOTH}")
        assert f"watches {unit.state} {SHUT}" in unlike(unit.settings)
        assert BOTH in unlike(unit.settings)

    unit.hand_over()
    with listening(unit.state) as listener:
        await unit.start(listener).look()
    assert len(unit.said) == 1


async def test_a_guardian_that_is_handed_no_key_alerts_at_its_start(unit):
    (unit.copy / KEY_FILE).unlink()
    with listening(unit.state) as listener:
        await unit.start(listener).look()

    assert [f"there is no key at {unit.state}" in told for told in unit.said] == [True]


async def test_where_there_is_no_vault_nothing_is_told_until_there_is_one(tmp_path):
    unit = Unit(tmp_path)
    with listening(unit.state) as listener:
        watch = unit.start(listener)
        await watch.look()
        assert unit.said == []
        unit.begin()
        await watch.look()
        assert len(unit.said) == 1
        unit.vault.path.unlink()
        await watch.look()

    assert unit.said[1:] == ["PAPER  the guardian can open the vault again"]


async def test_a_file_that_others_can_read_is_told_and_once_it_is_mended_no_more(unit, monkeypatch):
    """Then the vault has not changed, so a shut one is tried again now and then."""
    monkeypatch.setattr(module, "_AGAIN", 3)
    (unit.copy / KEY_FILE).chmod(0o644)
    with listening(unit.state) as listener:
        watch = unit.start(listener)
        await watch.look()
        assert "is open to others (mode 0644)" in unlike(unit.settings)
        (unit.copy / KEY_FILE).chmod(0o600)
        await watch.look()
        assert len(unit.said) == 1
        await watch.look()
        assert unlike(unit.settings) == ""

    assert unit.said[1:] == ["PAPER  the guardian can open the vault again"]


async def test_a_vault_that_does_not_change_is_not_opened_again(unit, monkeypatch):
    opened: list[int] = []
    with listening(unit.state) as listener:
        watch = unit.start(listener)
        monkeypatch.setattr(watch, "_vault", SimpleNamespace(path=unit.vault.path, check=opened))
        monkeypatch.setattr(module, "_shut", lambda _: opened.append(1) or "")
        for _ in range(500):
            await watch.look()

    assert opened == [1]


def test_the_mend_of_a_vault_that_stays_shut_speaks_of_the_restart_after_a_rotation():
    assert "after a rotation restart daemon and guardian" in entry_of("vault_locked").mend


def test_a_guardian_in_a_process_of_its_own_says_that_it_needs_a_restart(unit, tmp_path):
    (tmp_path / "settings.toml").write_text(f"{LIVE}{TERMS}")
    guardian = GuardianProcess(tmp_path, {"CREDENTIALS_DIRECTORY": str(unit.copy)})
    try:
        guardian.wait_line("  watches ")
        unit.vault.rotate(NOW + 1)
        guardian.wait_line(f"LIVE  ALERT the guardian {SHUT}")
        assert SHUT in unlike(unit.settings)
    finally:
        guardian.end()
