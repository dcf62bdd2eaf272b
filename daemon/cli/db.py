"""`ordo db`: the schema of the ledger, and the tables that are folded from its records.

As JSON: `{"ledger", "dialect", "up_to_date", "migrations": [{"number", "name", "sha256",
"taken"}], "projections": {"where", "folded", "records", "behind"} | null}`.
"""

from __future__ import annotations

from pathlib import Path

import click
import msgspec
from msgspec.structs import asdict

from daemon.cli.options import AS_JSON, SETTINGS, load_settings
from daemon.cli.tables import say, table
from daemon.errors import StoreError
from daemon.jobs.projections.keeper import Standing, rebuilt, standing_of
from daemon.settings import Settings
from daemon.storage.migrating import shipped
from daemon.storage.store import Store
from daemon.storage.stores import store_of


@click.group("db")
def command() -> None:
    """Look at the schema of the ledger and at the tables beside it, and bring them up to date."""


@command.command("status")
@SETTINGS
@AS_JSON
def _status(settings: Path | None, *, as_json: bool) -> int:
    """Show which migrations the ledger took; exit code 1 where any is missing."""
    return _tell(load_settings(settings), as_json=as_json)


@command.command("migrate")
@SETTINGS
@AS_JSON
def _migrate(settings: Path | None, *, as_json: bool) -> int:
    """Take every migration that is missing, in order; there is no way back."""
    loaded = load_settings(settings)
    _own(loaded).open_to_write().close()
    return _tell(loaded, as_json=as_json)


@command.command("rebuild")
@SETTINGS
@AS_JSON
def _rebuild(settings: Path | None, *, as_json: bool) -> int:
    """Fold all records into the tables beside them anew; a running daemon goes on meanwhile."""
    loaded = load_settings(settings)
    store, home = _own(loaded), loaded.accounts[0]
    if not store.exists():
        raise StoreError(f"there is no ledger {store.name} yet; run the daemon once", "no_ledger")
    rebuilt(store, home.owner, home.id)
    return _tell(loaded, as_json=as_json)


def _own(settings: Settings) -> Store:
    """Return the store of the daemon's own ledger."""
    return store_of(settings, settings.daemon.state_dir)


def _tell(settings: Settings, *, as_json: bool) -> int:
    store = _own(settings)
    missing, steps = store.missing(), shipped(store.dialect)
    standing = None if missing else standing_of(store, settings.accounts[0].owner)
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
            "projections": standing and asdict(standing) | {"behind": standing.behind},
        }
        click.echo(msgspec.json.encode(document))
    else:
        rows = [[each.name, "missing" if each in missing else "taken"] for each in steps]
        rows.append(["projections", _folded(standing)])
        say([f"{store.name} ({store.dialect})", *table(("migration", ""), rows)[1:]])
    return 1 if missing else 0


def _folded(standing: Standing | None) -> str:
    """Return how far the tables are that are folded from the records."""
    if standing is None:
        return "none yet: a daemon makes them, or `ordo db rebuild`"
    behind = f", {standing.behind:,} behind" if standing.behind else ""
    return f"{standing.folded:,} of {standing.records:,} records{behind}; {standing.where}"
