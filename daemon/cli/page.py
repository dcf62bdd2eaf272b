"""`ordo page`: a fresh address of the page, at any time while the daemon runs.

As JSON: `{"url", "expires_at"}`.
"""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from daemon.cli.client import connect, read_document
from daemon.cli.options import AS_JSON, SETTINGS
from daemon.cli.tables import clean, clock, say, say_document


@click.command("page")
@SETTINGS
@AS_JSON
def page(settings: Path | None, *, as_json: bool) -> None:
    """Print an address of the page that lets a browser in once, within ten minutes.

    It is where this machine reaches the daemon; under another name `/#code=...` stays the same.
    """
    client = connect(settings)
    told = read_document(client.post("/api/login-code", {}))
    url, until = f"{client.address.url}/#code={told['code']}", str(told["expires_at"])
    if as_json:
        say_document(msgspec.json.encode({"url": url, "expires_at": until}))
        return
    say([clean(url)])
    click.echo(clean(f"it lets one browser in, once, until {clock(until)} IST"), err=True)
