"""Which store is meant: by the settings, by a name, and where none is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.errors import SettingsError, StoreError
from daemon.settings import Settings, SettingsRefused
from daemon.storage.ledger import StoredLedger
from daemon.storage.stores import named_store, newest_store, store_of
from tests.kit.settings_file import loaded
from tests.kit.stores import InSchema

ADDRESS = "postgresql://me@host/db"


def of(state: Path, url: str = "sqlite:STATE/ledger.sqlite") -> Settings:
    return loaded(f'[daemon]\nstate_dir = "{state}"\n[ledger]\nurl = "{url}"')


def test_the_daemons_own_lies_where_the_settings_say(tmp_path):
    assert store_of(of(tmp_path), tmp_path).name == f"{tmp_path}/ledger.sqlite"
    assert store_of(of(tmp_path, "sqlite:/srv/x.db"), tmp_path).name == "/srv/x.db"
    assert store_of(of(tmp_path, ADDRESS), tmp_path).name == ADDRESS


@pytest.mark.parametrize("url", ["sqlite:STATE/x.sqlite", "sqlite:/srv/x.sqlite", ADDRESS])
def test_a_replay_keeps_a_file_of_its_own_whatever_is_set(tmp_path, url):
    folder = tmp_path / "replay" / "0001"

    assert store_of(of(tmp_path, url), folder).name == f"{folder}/ledger.sqlite"


def test_a_person_names_a_file_or_an_address():
    assert named_store("mine/ledger.sqlite").name == "mine/ledger.sqlite"
    assert named_store("sqlite:/srv/x.sqlite").name == "/srv/x.sqlite"
    assert named_store(ADDRESS).name == ADDRESS


def test_an_address_with_a_password_is_not_taken_from_a_person_either():
    with pytest.raises(SettingsError, match="--ledger holds a password: take it out") as refused:
        named_store("postgresql://me:secret@host/db")

    assert "secret" not in str(refused.value)


def test_without_any_ledger_that_is_said(tmp_path, postgres):
    for url in ("sqlite:STATE/ledger.sqlite", InSchema(postgres).url):
        with pytest.raises(StoreError, match="holds no ledger; name one") as refused:
            newest_store(of(tmp_path, url))
        assert refused.value.code == "no_ledger"


def test_the_daemons_own_goes_before_replays_also_on_a_server(tmp_path, postgres):
    kept = InSchema(postgres)
    settings = of(tmp_path, kept.url)
    replay = tmp_path / "replay" / "0001"
    replay.mkdir(parents=True)
    StoredLedger(store_of(settings, replay), "owner").close()

    assert newest_store(settings).name == f"{replay}/ledger.sqlite"
    StoredLedger(kept.store, "owner").close()
    assert newest_store(settings).name == kept.store.name


def test_a_server_that_cannot_be_asked_is_not_taken_for_an_empty_one(tmp_path):
    with pytest.raises(StoreError, match="see that it runs"):
        newest_store(of(tmp_path, "postgresql://me@127.0.0.1:1/db"))


def test_a_file_of_passwords_that_others_can_read_is_refused(tmp_path, monkeypatch):
    """It comes from the service manager, as a credential."""
    passwords = tmp_path / "pgpass"
    passwords.touch(0o644)
    passwords.chmod(0o644)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(SettingsRefused, match="pgpass: is open to others"):
        store_of(of(tmp_path, ADDRESS), tmp_path)
    passwords.chmod(0o600)

    assert store_of(of(tmp_path, ADDRESS), tmp_path)._address.passfile == passwords
