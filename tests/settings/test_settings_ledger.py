"""Where the ledger lies: what a setting may say, and that no password stands in one."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.settings import Settings
from daemon.settings.faults import Wrong
from daemon.settings.ledger import is_postgres, ledger_file, ledger_url
from tests.kit.settings_file import refusals

STATE = Path("/var/ordo")


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("sqlite:STATE/ledger.sqlite", "/var/ordo/ledger.sqlite"),
        ("sqlite:STATE/other/mine.db", "/var/ordo/other/mine.db"),
        ("sqlite:/srv/ledger.sqlite", "/srv/ledger.sqlite"),
        ("sqlite:here.sqlite", "here.sqlite"),
    ],
)
def test_a_file_is_named_by_its_path_or_within_the_state_folder(url, file):
    assert not is_postgres(ledger_url(url))
    assert ledger_file(url, STATE) == Path(file)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ordo@db.example:5433/ordo?sslmode=verify-full&search_path=mine",
        "postgres://localhost/ordo",
        "postgresql:///ordo?host=/run/postgresql",
        "postgresql://ordo@[::1]:5432/ordo",
    ],
)
def test_a_server_is_named_by_its_address(url):
    assert is_postgres(ledger_url(url))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:secret@host/db",
        "postgresql://me:@host/db",
        "postgresql://me@host/db?password=secret",
        "postgresql://me@host/db?sslpassword=secret",
        "postgresql://me:12/secret@host/db",
        "postgresql://me:12#secret@host/db",
    ],
)
def test_a_password_in_an_address_is_refused_and_never_shown(url):
    with pytest.raises(Wrong) as refused:
        ledger_url(url)

    assert refused.value.what == "holds a password"
    assert "PGPASSFILE" in refused.value.mend
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://me:secret@host/db",
        "postgres+asyncpg://host/db",
        "postgresql://host:secret/db",
        "postgresql://me:se/cret@host/db",
        "postgresql://me@:5432/secret",
        "postgresql://[secret/db",
        "ledger.sqlite",
        "sqlite:",
        "sqlite:STATE/",
        "sqlite:///secret.sqlite",
        "sqlite:~/secret.sqlite",
    ],
)
def test_what_names_no_ledger_is_refused_and_never_shown(url):
    with pytest.raises(Wrong, match=r"names no ledger|is no address") as refused:
        ledger_url(url)

    assert "secret" not in str(refused.value)
    assert 'write "sqlite:STATE/ledger.sqlite" (STATE is [daemon] state_dir)' in refused.value.mend


def test_a_refused_address_is_told_by_its_place_alone():
    (told,) = refusals('[ledger]\nurl = "postgresql://me:secret@host/db"')

    assert told.startswith("settings.toml, line 2: ledger.url holds a password; take it out")
    assert "secret" not in told
    assert Settings().ledger.url == "sqlite:STATE/ledger.sqlite"
