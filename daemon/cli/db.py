"""`ordo db`: the schema of the ledger, and how it is brought to that of this version.

As JSON: `{"ledger", "dialect", "up_to_date", "migrations": [{"number", "name", "sha256",
"taken"}]}`.
"""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from daemon.cli.options import AS_JSON, SETTINGS, load_settings
from daemon.cli.tables import say, table
from daemon.storage.migrating import shipped
from daemon.storage.store import Store
from daemon.storage.stores import store_of


@click.group("db")
def command() -> None:
    """Look at the schema of the ledger, and bring it up to date."""


@command.command("status")
@SETTINGS
@AS_JSON
def _status(settings: Path | None, *, as_json: bool) -> int:
    """Show which migrations the ledger took; exit code 1 where any is missing."""
    return _tell(_own(settings), as_json=as_json)


@command.command("migrate")
@SETTINGS
@AS_JSON
def _migrate(settings: Path | None, *, as_json: bool) -> int:
    """Take every migration that is missing, in order; there is no way back."""
    store = _own(settings)
    store.open_to_write().close()
    return _tell(store, as_json=as_json)


def _own(settings: Path | None) -> Store:
    """Return the store of the daemon's own ledger."""
    loaded = load_settings(settings)
    return store_of(loaded, loaded.daemon.state_dir)


def _tell(store: Store, *, as_json: bool) -> int:
    missing, steps = store.missing(), shipped(store.dialect)
    if as_json:
        migrations = [
            {
                "number": each.number,
                "name": each.name,
                "sha256": each.sha256,
                "taken": each not in missing,
            }
            for each in steps
        ]
        document = {
            "ledger": store.name,
            "dialect": store.dialect,
            "up_to_date": not missing,
            "migrations": migrations,
        }
        click.echo(msgspec.json.encode(document))
    else:
        rows = [[each.name, "missing" if each in missing else "taken"] for each in steps]
        say([f"{store.name} ({store.dialect})", *table(("migration", ""), rows)[1:]])
    return 1 if missing else 0
