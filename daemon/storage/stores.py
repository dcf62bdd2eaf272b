"""Which store a ledger is kept in, by the settings and by what a person names."""

from __future__ import annotations

import os
from pathlib import Path

from daemon.errors import SettingsError, StoreError
from daemon.settings import LedgerSettings, Settings
from daemon.settings.credentials import credential
from daemon.settings.faults import Wrong
from daemon.settings.ledger import LEDGER_URL, is_postgres, ledger_file, ledger_url
from daemon.storage.sqlite import SqliteStore
from daemon.storage.store import Store

PASSWORDS = "pgpass"
"""The credential of the service manager that holds passwords for PostgreSQL, in its own form."""

_FOR_LOCK = 0.95
"""This part of its time a flush waits for a lock: so it is told as one, and as no slow disk."""


def store_of(settings: Settings, folder: Path) -> Store:
    """Return where the ledger of a run is kept.

    Args:
        settings: of which the daemon's own folder, and where its ledger lies.
        folder: of the run's records; a replay has one of its own, and its ledger lies there.
    """
    is_own = folder == settings.daemon.state_dir
    url = settings.ledger.url if is_own else LEDGER_URL
    return _store(url, folder, settings.ledger.flush_ms)


def named_store(text: str) -> Store:
    """Return what a person names: a file by its path, or anything as in [ledger] url.

    Raises:
        SettingsError: it is no address of a store; it is not shown, for it may hold a password.
    """
    if not is_postgres(text) and not text.startswith("sqlite:"):
        return SqliteStore(Path(text))
    try:
        return _store(ledger_url(text), Path(), LedgerSettings().flush_ms)
    except Wrong as wrong:
        raise SettingsError(f"--ledger {wrong.what}: {wrong.mend}", "bad_usage") from None


def newest_store(settings: Settings) -> Store:
    """Return the daemon's own ledger, or that of the newest replay.

    Raises:
        StoreError: there is none, or it cannot be looked at.
    """
    state_dir = settings.daemon.state_dir
    for folder in (state_dir, *reversed(replays_of(state_dir))):
        store = store_of(settings, folder)
        if store.exists():
            return store
    raise StoreError(f"{state_dir} holds no ledger; name one with --ledger", "no_ledger")


def replays_of(state_dir: Path) -> list[Path]:
    """Return the folders of the replays so far, the oldest first."""
    parent = state_dir / "replay"
    numbered = [each for each in parent.glob("*") if each.name.isdecimal() and each.is_dir()]
    return sorted(numbered, key=lambda each: int(each.name))


def _store(url: str, folder: Path, flush_ms: int) -> Store:
    if not is_postgres(url):
        return SqliteStore(ledger_file(url, folder), flush_ms / 1_000 * _FOR_LOCK)
    # Its client is read in only where it is needed: most commands are over before it would be.
    from daemon.storage.postgres import PostgresStore  # noqa: PLC0415
    from daemon.storage.postgres_link import Address  # noqa: PLC0415

    return PostgresStore(Address(url, credential(PASSWORDS, os.environ)))
