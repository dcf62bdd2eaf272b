"""`ordo audit`: is the record whole, and what is in it?"""

from __future__ import annotations

from pathlib import Path

import click
import orjson

from daemon.cli.options import AS_JSON, PATH, SETTINGS, load_settings
from daemon.storage.audit import verify
from daemon.storage.newest import newest_ledger


@click.group("audit")
def command() -> None:
    """Verify the record of everything that happened."""


@command.command("verify")
@click.option("--ledger", type=PATH, help="The ledger file; else the newest of the state folder.")
@SETTINGS
@AS_JSON
def _verify(ledger: Path | None, settings: Path | None, *, as_json: bool) -> int:
    """Check every link of the chain, against its head and count."""
    path = ledger or newest_ledger(load_settings(settings))
    found = verify(path)
    broken = found.broken
    if as_json:
        where = {"number": broken.number, "how": broken.how} if broken else None
        document = {
            "ledger": str(path),
            "records": found.count,
            "whole": broken is None,
            "broken": where,
            "head": found.head.digest.hex(),
        }
        click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    elif broken is None:
        click.echo(f"{path}: {found.count:,} records, whole; head {found.head.digest.hex()}")
    else:
        click.echo(f"{path}: record {broken.number} is {broken.how}; do not trust what follows it")
    return 0 if broken is None else 1


@command.command("export", hidden=True)
@click.argument("anything", nargs=-1)
@click.pass_context
def _export(ctx: click.Context, anything: tuple[str, ...]) -> None:  # noqa: ARG001
    """Say that it is still to come."""
    ctx.fail("`ordo audit export` has not been built yet")
