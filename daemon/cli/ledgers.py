"""Which ledger a command is about."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec import Struct

from daemon.cli.options import load_settings, settings_to_ask
from daemon.errors import SettingsError, StoreError
from daemon.storage.left_behind import EMERGENCY, lacking_beside, waiting
from daemon.storage.store import Store
from daemon.storage.stored import Stored
from daemon.storage.stores import named_store, newest_store, store_of

LEDGER = click.option("--ledger", help="Its file or address; else the newest of the state folder.")
"""How an option takes one."""


class Beside(Struct, frozen=True):
    """What waits beside a ledger for the next start.

    Attributes:
        file: where.
        facts: how many the ledger lacks; None: nobody can tell.
        said: that in words.
    """

    file: str
    facts: int | None
    said: str


def store_meant(ledger: str | None, settings: Path | None) -> Store:
    """Return the store of the ledger that a command is about.

    Args:
        ledger: as it was named; None: the newest.
        settings: another settings.toml.

    Raises:
        SettingsError: something in the settings, or in the name, is wrong.
        StoreError: there is none.
    """
    return named_store(ledger) if ledger else newest_store(load_settings(settings))


def left_beside(store: Store, settings: Path | None) -> Beside | None:
    """Return what an emergency left beside a whole ledger; None: nothing, or none is kept there."""
    guarded = _guarded_beside(store, settings)
    if guarded is None:
        return None
    folder, owner = guarded
    file = str(folder / EMERGENCY)
    try:
        lacking = lacking_beside(folder, Stored(store, owner))
    except StoreError as error:  # a start refuses it; the ledger is whole all the same
        return Beside(file, None, str(error))
    return Beside(file, len(lacking), waiting(len(lacking), folder)) if lacking else None


def _guarded_beside(store: Store, settings: Path | None) -> tuple[Path, str] | None:
    """Return the folder whose emergency file the next start enters into a ledger, and for whom.

    None: it is not the daemon's own, as that of a replay, or a copy; nor is it known to be where
    the settings are refused, which one that was named does without.

    Args:
        store: of the ledger.
        settings: another settings.toml.
    """
    try:
        loaded = settings_to_ask(settings)
    except SettingsError:
        return None
    folder = loaded.daemon.state_dir
    own = store_of(loaded, folder).name
    # A file may be named in more than one way; of a server's address this makes the same of both.
    is_own = Path(store.name).resolve() == Path(own).resolve()
    return (folder, loaded.accounts[0].owner) if is_own else None
