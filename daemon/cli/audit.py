"""`ordo audit`: is the record whole, and what is in it?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click
import orjson
from msgspec.structs import asdict

from daemon.cli.ledgers import LEDGER, left_beside, store_meant
from daemon.cli.options import AS_JSON, SETTINGS, load_settings
from daemon.storage.audit import exported, require_whole, verify
from daemon.storage.verified import Verified


@click.group("audit")
def command() -> None:
    """Verify or write out the record of everything that happened."""


@command.command("verify")
@LEDGER
@SETTINGS
@AS_JSON
def _verify(ledger: str | None, settings: Path | None, *, as_json: bool) -> int:
    """Check every link of the chain, against its head and count; say what waits beside it."""
    store = store_meant(ledger, settings)
    found = verify(store)
    if ledger is None:  # so the next start need not do it again, or does
        Verified(load_settings(settings).daemon.state_dir).found(found)
    broken = found.broken
    # No start enters anything into a broken one.
    beside = left_beside(store, settings) if broken is None else None
    if as_json:
        where = {"number": broken.number, "how": broken.how} if broken else None
        document = {
            "ledger": store.name,
            "records": found.count,
            "whole": broken is None,
            "broken": where,
            "head": found.head.digest.hex(),
        } | ({"waiting": asdict(beside)} if beside else {})
        click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    elif broken is None:
        told = f"{store.name}: {found.count:,} records, whole; head {found.head.digest.hex()}"
        click.echo(f"{told}; and {beside.said}" if beside else told)
    else:
        click.echo(
            f"{store.name}: record {broken.number} is {broken.how}; do not trust what follows it"
        )
    return 0 if broken is None else 1


@command.command("export")
@LEDGER
@SETTINGS
@AS_JSON
def _export(ledger: str | None, settings: Path | None, *, as_json: bool) -> None:
    """Write the record as lines of JSON: the head first, then every record with its link.

    As one document it is the head, and the other lines as its `lines`. What waits beside the ledger
    is not in it, and is told on stderr.
    """
    store = store_meant(ledger, settings)
    require_whole(store)
    if beside := left_beside(store, settings):  # first, for who reads may go
        click.echo(f"ordo: {beside.said}; what is written out is without it", err=True)
    with store.reading() as reader, closing(exported(reader)) as lines:  # its reader may go
        for line in _document(lines) if as_json else lines:
            click.echo(line)


def _document(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the lines as one document, piece by piece, for a record may be longer than memory."""
    yield next(lines).removesuffix(b"}") + b',"lines":['
    between = b""
    for line in lines:
        yield between + line
        between = b","
    yield b"]}"
