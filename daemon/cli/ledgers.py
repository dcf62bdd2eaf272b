"""Which ledger a command is about."""

from __future__ import annotations

from pathlib import Path

import click

from daemon.cli.options import load_settings
from daemon.storage.store import Store
from daemon.storage.stores import named_store, newest_store

LEDGER = click.option("--ledger", help="Its file or address; else the newest of the state folder.")
"""How an option takes one."""


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
