"""`ordo vault`: the credentials of the accounts, put in and never shown.

It needs no daemon; one that runs finds what was put in with its next log-in. What is secret comes
from a prompt that shows nothing, or from standard input where that is no terminal: the text alone
for one field that was named, else a JSON object by field. A passphrase is the first line then,
unless the service manager hands it over.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

import click
import msgspec
from msgspec.structs import replace

from daemon.cli.asking import asked, piped
from daemon.cli.options import AS_JSON, PATH, SETTINGS, load_settings
from daemon.cli.tables import say, say_table
from daemon.domain.instants import SECOND_NS, iso
from daemon.errors import OrdoError, VaultError
from daemon.runtime.clock import WallClock
from daemon.settings import Settings
from daemon.settings.credentials import FOLDER
from daemon.storage.vault import Place, Vault
from daemon.storage.vault_keys import handed_passphrase
from daemon.storage.vault_rows import ASKED, MOST_LETTERS, RESTART, Row, require_fit
from daemon.telemetry.redaction import Secret

_KEY = click.option("--key", type=PATH, help="The file of keys, where it lies elsewhere.")
_MOST_READ = 2 * len(ASKED) * MOST_LETTERS


@click.group("vault")
def command() -> None:
    """Keep credentials sealed; a secret is asked for, and never shown."""


@command.command("init")
@click.option("--passphrase", is_flag=True, help="Open it with a passphrase, not with a key file.")
@_KEY
@SETTINGS
@AS_JSON
def _init(settings: Path | None, key: Path | None, *, passphrase: bool, as_json: bool) -> None:
    """Make the vault, and its key where there is none yet."""
    vault = Vault(_place(load_settings(settings), key))
    words = asked("New passphrase", again=True) if passphrase else None
    vault.begin(WallClock().now_ns(), words)
    if as_json:
        click.echo(msgspec.json.encode({"vault": str(vault.path)}))
    else:
        say([f"a vault is at {vault.path}; put into it with `ordo vault put ACCOUNT`"])
        if words is None:
            say(
                ["keep a copy of its key apart from copies of it: a lost key is not to be replaced"]
            )


@command.command("put")
@click.argument("account")
@click.argument("fields", nargs=-1, type=click.Choice(ASKED), metavar="[FIELD]...")
@_KEY
@SETTINGS
@AS_JSON
def _put(
    account: str, fields: tuple[str, ...], settings: Path | None, key: Path | None, *, as_json: bool
) -> None:
    """Put in credentials of an account: the fields that are named, or as many as you answer."""
    loaded = load_settings(settings)
    known = [each.id for each in loaded.accounts]
    if account not in known:
        sentence = f"no account {account}; there are: {', '.join(known)}"
        raise OrdoError(sentence, "unknown_account")
    vault = _opening(_place(loaded, key))
    values = _values(account, fields)
    vault.put(account, values, WallClock().now_ns())
    _tell({"account": account, "put": list(values)}, f"{account}: kept", values, as_json=as_json)


@command.command("list")
@SETTINGS
@AS_JSON
def _list(settings: Path | None, *, as_json: bool) -> None:
    """Show what is kept, and since when; no secret is opened for it."""
    rows = Vault(_place(load_settings(settings))).rows()
    if as_json:
        click.echo(msgspec.json.encode({"credentials": [_shown(row) for row in rows]}))
    elif not rows:
        say(["the vault is empty"])
    else:
        say_table(
            ("account", "field", "put in", "key"),
            [[row.account, row.field, _at(row)[:16].replace("T", " "), row.key] for row in rows],
        )


@command.command("remove")
@click.argument("account")
@click.argument("field", required=False, default="")
@SETTINGS
@AS_JSON
def _remove(account: str, field: str, settings: Path | None, *, as_json: bool) -> None:
    """Forget one credential of an account, or all of them."""
    gone = [row.field for row in Vault(_place(load_settings(settings))).remove(account, field)]
    _tell({"account": account, "removed": gone}, f"{account}: removed", gone, as_json=as_json)


@command.command("rotate")
@_KEY
@SETTINGS
@AS_JSON
def _rotate(settings: Path | None, key: Path | None, *, as_json: bool) -> None:
    """Seal everything anew under a new key, or under another passphrase."""
    vault = _opening(_place(load_settings(settings), key))
    words = asked("New passphrase", again=True) if vault.asks_passphrase() else None
    count = vault.rotate(WallClock().now_ns(), words)
    if as_json:
        click.echo(msgspec.json.encode({"rotated": count}))
    else:
        noun = "credential is" if count == 1 else "credentials are"
        lines = [f"{count} {noun} sealed anew; the key before opens nothing any more"]
        if key is not None or words is not None:
            lines.append(
                "the units go on with the one that they were handed: hand them the new one, and "
                f"restart both: {RESTART}"
            )
        say(lines)


def _place(settings: Settings, key: Path | None = None) -> Place:
    return Place(settings.daemon.state_dir, os.environ.get(FOLDER, ""), key)


def _opening(place: Place) -> Vault:
    """Return a vault that can be opened, with the passphrase where it takes one."""
    vault = Vault(place)
    if not vault.asks_passphrase():
        return vault
    words = handed_passphrase(place.credentials) or asked("Passphrase")
    return Vault(replace(place, passphrase=words))


def _values(account: str, fields: tuple[str, ...]) -> dict[str, Secret]:
    """Return what somebody says, by field.

    Raises:
        VaultError: nothing was said, or it can be no credential; it is not quoted.
    """
    if sys.stdin.isatty():
        named = fields or ASKED
        if not fields:
            click.echo("leave empty what you do not have; nothing you type is shown", err=True)
        said = {field: asked(f"{field} of {account}", empty=not fields) for field in named}
        values = {field: secret for field, secret in said.items() if secret.reveal()}
    elif len(fields) == 1:
        values = {fields[0]: Secret(piped(_MOST_READ).removesuffix("\n").removesuffix("\r"))}
    else:
        values = _document(fields)
    if not values:
        raise VaultError("nothing was put in, and nothing is changed", "credential_refused")
    for field, secret in values.items():
        require_fit(field, secret, fields or ASKED)
    return values


def _document(fields: tuple[str, ...]) -> dict[str, Secret]:
    """Return the credentials of a JSON object on standard input."""
    wanted = ", ".join(f'"{field}": "..."' for field in fields or ASKED[:2])
    try:
        said = msgspec.json.decode(piped(_MOST_READ).encode(), type=dict[str, str])
    except (msgspec.MsgspecError, UnicodeEncodeError):
        # The cause could quote what was said.
        sentence = f"standard input is no JSON object of texts; write {{{wanted}}}"
        raise VaultError(sentence, "credential_refused") from None
    return {field: Secret(text) for field, text in said.items()}


def _tell(document: object, what: str, fields: Iterable[str], *, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(document))
    else:
        say([f"{what} {', '.join(fields)}"])


def _shown(row: Row) -> dict[str, str]:
    return {"account": row.account, "field": row.field, "put_in_at": _at(row), "key": row.key}


def _at(row: Row) -> str:
    return iso(row.written_ns // SECOND_NS * SECOND_NS)
