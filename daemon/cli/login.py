"""`ordo login`: the step of a person in a broker's log-in.

Without a token it prints which page to open. On a terminal it then waits until the page has led the
browser back to the daemon, and takes the token as well if somebody pastes it; nothing of that is
shown. A one-time code is asked for, or read from standard input where that is no terminal; as an
argument others on the machine can read it while it counts.
"""

from __future__ import annotations

import contextlib
import select
import sys
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from daemon.cli.asking import asked
from daemon.cli.client import Client, connect, read_document, segment
from daemon.cli.options import AS_JSON, SETTINGS
from daemon.cli.snapshot import headed
from daemon.cli.tables import clean, say, say_document
from daemon.errors import OrdoError

_BETWEEN_S = 1.0
_PATIENCE_S = 60
"""A log-in is several requests to the broker."""
_UNDER_WAY = frozenset({"waiting", "taken"})
_ASK = ""
_OVER = "nobody came back from the page in time; begin a new log-in"


@click.command("login")
@click.argument("account")
@click.option("--request-token", help="What the page led to: the token, or the whole address.")
@click.option(
    "--otp", is_flag=False, flag_value=_ASK, help="A one-time code; asks for it where none stands."
)
@SETTINGS
@AS_JSON
def login(
    account: str,
    request_token: str | None,
    otp: str | None,
    settings: Path | None,
    *,
    as_json: bool,
) -> None:
    """Log an account in at its broker: print the page to open, and wait for what it leads to."""
    if otp is not None and request_token is not None:
        raise click.UsageError("--otp and --request-token are two ways in; take one of them")
    client, path = connect(settings, _PATIENCE_S), f"/api/sessions/{segment(account)}/login"
    wanted: dict[str, Any] = {"request_token": request_token}
    if otp is not None:
        wanted = {"otp": otp or asked(f"One-time code of {account}").reveal()}
    elif request_token is None:
        content = client.post(path, {})
        told = read_document(content)
        if as_json:
            say_document(content)
            return
        say([clean(str(told["page"])), clean(headed(told, str(told["text"])))])
        if not sys.stdin.isatty():
            return
        pasted = _come_back(client, path, told)
        if pasted is None:
            return
        wanted = {"request_token": pasted}
    content = client.post(path, wanted)
    if as_json:
        say_document(content)
    else:
        told = read_document(content)
        say([clean(headed(told, str(told["text"])))])


def _come_back(client: Client, path: str, begun: dict[str, Any]) -> str | None:
    """Wait for the browser; return what was pasted meanwhile, or None: it has come back.

    Raises:
        OrdoError: it brought nothing that the broker takes, or did not come in time.
        Abort: whoever waits has hung up.
    """
    path += f"/{segment(str(begun['login_id']))}"
    until = clean(str(begun["until"]))
    with _unshown():
        say([f"waiting for it until {until}; or paste it here, which is not shown"])
        while True:
            if select.select([sys.stdin], [], [], _BETWEEN_S)[0]:
                line = sys.stdin.readline()
                if not line:
                    raise click.Abort
                if line.strip():
                    return line.strip()
            told = read_document(client.get(path))
            stage, text = str(told["stage"]), clean(str(told["text"]))
            if stage == "logged_in":
                say([headed(told, text)])
                return None
            if stage not in _UNDER_WAY:
                raise OrdoError(text or _OVER, "session_refused" if text else "unknown_login")


@contextlib.contextmanager
def _unshown() -> Iterator[None]:
    """Show nothing of what is typed until the block ends."""
    before = termios.tcgetattr(sys.stdin)
    unseen = [*before]
    unseen[3] &= ~termios.ECHO
    termios.tcsetattr(sys.stdin, termios.TCSANOW, unseen)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSANOW, before)
