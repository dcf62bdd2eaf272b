"""`ordo login`: the step of a person in a broker's log-in.

Without a token it prints which page to open; on a terminal it then asks for what the page leads to,
and shows nothing of it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from daemon.cli.client import connect, read_document, segment
from daemon.cli.options import AS_JSON, SETTINGS
from daemon.cli.tables import clean, say, say_document


@click.command("login")
@click.argument("account")
@click.option("--request-token", help="What the page led to: the token, or the whole address.")
@SETTINGS
@AS_JSON
def login(account: str, request_token: str | None, settings: Path | None, *, as_json: bool) -> None:
    """Log an account in at its broker: print the page to open, and take what it leads to."""
    client, path = connect(settings), f"/api/sessions/{segment(account)}/login"
    if request_token is None:
        content = client.post(path, {})
        told = read_document(content)
        if as_json:
            say_document(content)
            return
        say([clean(str(told["page"])), clean(str(told["text"]))])
        if not sys.stdin.isatty():
            return
        request_token = click.prompt("What it led to", hide_input=True)
    wanted: dict[str, Any] = {"request_token": request_token}
    content = client.post(path, wanted)
    if as_json:
        say_document(content)
    else:
        say([clean(str(read_document(content)["text"]))])
