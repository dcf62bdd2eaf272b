"""`ordo token`: bearer tokens, made and revoked in the file that the daemon reads.

It needs no daemon; one that runs notices the change with the next request.
"""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from daemon.cli.options import AS_JSON, SETTINGS, load_settings
from daemon.cli.tables import say, say_table
from daemon.domain.instants import iso
from daemon.runtime.clock import WallClock
from daemon.web.admission.tokens import ROLES, TokenRecord, create_token, list_tokens, revoke_token


@click.group("token")
def command() -> None:
    """Make, list and revoke bearer tokens."""


@command.command("create")
@click.option("--role", required=True, type=click.Choice(list(ROLES)), help="What it may do.")
@click.option("--name", help="Who uses it; stands in the records. Else it is called by its role.")
@SETTINGS
@AS_JSON
def _create(role: str, name: str | None, settings: Path | None, *, as_json: bool) -> None:
    """Make a token and show it, this once."""
    name = name or role
    token = create_token(_folder(settings), name, role, WallClock().now_ns())
    if as_json:
        click.echo(msgspec.json.encode({"name": name, "role": role, "token": token}))
        return
    click.echo(token)
    click.echo(f"a {role}, called {name}; it cannot be shown again", err=True)


@command.command("list")
@SETTINGS
@AS_JSON
def _list(settings: Path | None, *, as_json: bool) -> None:
    """Show which tokens there are, none of them in full."""
    known = list_tokens(_folder(settings))
    if as_json:
        click.echo(msgspec.json.encode({"tokens": [_shown(each) for each in known]}))
    elif not known:
        say(["no token but the operator's"])
    else:
        rows = [
            [each.prefix, each.name, each.role]
            + [_day(ns) for ns in (each.created_ns, each.last_used_ns, each.revoked_ns)]
            for each in known
        ]
        say_table(("prefix", "name", "role", "made", "last used", "revoked"), rows)


@command.command("revoke")
@click.argument("token")
@SETTINGS
@AS_JSON
def _revoke(token: str, settings: Path | None, *, as_json: bool) -> None:
    """Make a token count no more; TOKEN is its prefix or its name."""
    gone = revoke_token(_folder(settings), token, WallClock().now_ns())
    if as_json:
        click.echo(msgspec.json.encode(_shown(gone)))
    else:
        say([f"{gone.name} ({gone.prefix}), a {gone.role}, counts no more"])


def _folder(settings: Path | None) -> Path:
    return load_settings(settings).daemon.state_dir


def _shown(record: TokenRecord) -> dict[str, str | None]:
    """Return a token as a document, without its digest."""
    return {
        "prefix": record.prefix,
        "name": record.name,
        "role": record.role,
        "created_at": _at(record.created_ns),
        "last_used_at": _at(record.last_used_ns),
        "revoked_at": _at(record.revoked_ns),
    }


def _at(at_ns: int) -> str | None:
    return iso(at_ns // 1_000_000_000 * 1_000_000_000) if at_ns else None


def _day(at_ns: int) -> str:
    return (_at(at_ns) or "")[:16].replace("T", " ")
