"""`ordo outbox`: how far each sink is, what it did not take, and that this is given to it again.

How things stand is read from the ledger's own store, whether or not a daemon runs. What is given
again is given by the running daemon. What a ledger that failed left for the next start is said
below the sinks, for it is in no record that they could be behind.

As JSON: `{"ledger", "sinks": [{"id", "set", "record", "behind", "dead", "failed_because",
"failed_at"}], "waiting": {"file", "facts", "said"}}`, the last where something waits; `dead`:
`{"ledger", "dead": [{"id", "sink", "record", "event_id", "kind", "key", "attempts", "because",
"at", "state", "event"}]}`; `replay`: `{"ok", "count", "text", "mode"}`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import click
import msgspec
from msgspec.structs import asdict

from daemon.cli.client import connect, read_document
from daemon.cli.ledgers import LEDGER, left_beside, store_meant
from daemon.cli.options import AS_JSON, SETTINGS, load_settings
from daemon.cli.snapshot import headed
from daemon.cli.tables import number, say, say_document, say_table, word
from daemon.domain.instants import iso
from daemon.messages.outbox import Cursor, Letter, LetterState
from daemon.storage.outbox import Outbox
from daemon.storage.store import Store

_SINKS = ("sink", ">record", ">behind", ">dead", "last failure", "since")
_UNTIL_THEN = "; until then sinks are told of alerts and kills alone"
_DEAD = ("id", "kind", "about", ">tries", "at", "why it was not taken")


@click.group("outbox", invoke_without_command=True)
@LEDGER
@SETTINGS
@AS_JSON
@click.pass_context
def command(
    context: click.Context, ledger: str | None, settings: Path | None, *, as_json: bool
) -> None:
    """Show how far each sink is; its dead letters, and how they are given to it again."""
    wanted = context.invoked_subcommand
    if wanted is None:
        _show(ledger, settings, as_json=as_json)
        return
    if wanted == "replay" and ledger is not None:
        raise click.UsageError("letters are given again from the ledger of the running daemon")
    given = {"ledger": ledger, "settings": settings, "as_json": as_json}  # said before it, for it
    context.default_map = {wanted: {name: value for name, value in given.items() if value}}


@command.command("dead")
@click.option("--sink", default="", help="Of this sink; else of all.")
@LEDGER
@SETTINGS
@AS_JSON
def _dead(sink: str, ledger: str | None, settings: Path | None, *, as_json: bool) -> None:
    """List what sinks did not take, and why."""
    with _opened(ledger, settings) as (store, outbox, _):
        told = [
            _letter_told(each)
            for each in outbox.letters([LetterState.DEAD, LetterState.WANTED], sink)
        ]
    if as_json:
        say_document(msgspec.json.encode({"ledger": store.name, "dead": told}))
        return
    if not told:
        say(["every sink has taken what it was given, or is being given it"])
        return
    rows = [
        [
            *(each["id"], each["kind"], each["key"], number(each["attempts"]), each["at"]),
            f"{each['because']}; it is being given again"
            if each["state"] == LetterState.WANTED
            else each["because"],
        ]
        for each in told
    ]
    say_table(_DEAD, rows)
    say(["", "have them given again with `ordo outbox replay ID`, or `--all`"])


@command.command("replay")
@click.argument("letter", metavar="[ID]", default="")
@click.option("--all", "every", is_flag=True, help="All of them.")
@click.option("--sink", default="", help="With --all: of this sink alone.")
@SETTINGS
@AS_JSON
def _replay(letter: str, sink: str, settings: Path | None, *, every: bool, as_json: bool) -> None:
    """Have dead letters given to their sinks again, by the running daemon."""
    if bool(letter) == every or (sink and not every):
        raise click.UsageError("name one by its ID, or say --all, which --sink narrows")
    wanted: dict[str, Any] = {"sink": sink} if sink else {}
    if letter:
        sink, _, record = letter.rpartition(":")
        if not sink or not record.isascii() or not record.isdecimal():
            raise click.BadParameter(f"{letter!r} is no ID as `ordo outbox dead` lists them")
        wanted = {"sink": sink, "number": int(record)}
    content = connect(settings).post("/api/outbox/replay", wanted or {"sink": ""})
    if as_json:
        say_document(content)
    else:
        told = read_document(content)
        say([headed(told, word(told.get("text")))])


def _show(ledger: str | None, settings: Path | None, *, as_json: bool) -> None:
    with _opened(ledger, settings) as (store, outbox, configured):
        known = outbox.cursors()
        told = [
            _sink_told(outbox, sink, known.get(sink), is_set=sink in configured)
            for sink in dict.fromkeys((*configured, *known))
        ]
        beside = left_beside(store, settings)
    if as_json:
        waiting = {"waiting": asdict(beside)} if beside else {}
        say_document(msgspec.json.encode({"ledger": store.name, "sinks": told} | waiting))
        return
    if not told:
        say(["nobody outside is told of anything; [[sinks]] in settings.toml says who is"])
        return
    rows = [
        [
            each["id"] if each["set"] else f"{each['id']} (not set any more)",
            *(number(each["record"]), number(each["behind"]), number(each["dead"])),
            *(word(each["failed_because"]), word(each["failed_at"])),
        ]
        for each in told
    ]
    say_table(_SINKS, rows)
    if beside:
        say(["", f"{beside.said}{_UNTIL_THEN if beside.facts else ''}"])


def _sink_told(outbox: Outbox, sink: str, cursor: Cursor | None, *, is_set: bool) -> dict[str, Any]:
    """Return how a sink stands; one that has not begun yet has no cursor."""
    told = {
        "id": sink,
        "set": is_set,
        "record": cursor.number if cursor is not None else None,
        "behind": outbox.left(cursor.number) if cursor is not None else None,
        "dead": outbox.waiting(sink),
        "failed_because": None,
        "failed_at": None,
    }
    if cursor is not None and cursor.failed_because:
        told |= {"failed_because": cursor.failed_because, "failed_at": iso(cursor.failed_ns)}
    return told


def _letter_told(letter: Letter) -> dict[str, Any]:
    event = letter.event
    return {
        "id": f"{letter.sink}:{event.number}",
        "sink": letter.sink,
        "record": event.number,
        "event_id": event.event_id,
        "kind": event.kind,
        "key": event.key,
        "attempts": letter.attempts,
        "because": letter.because,
        "at": iso(letter.at_ns),
        "state": str(letter.state),
        "event": msgspec.Raw(event.body),
    }


@contextmanager
def _opened(
    ledger: str | None, settings: Path | None
) -> Iterator[tuple[Store, Outbox, tuple[str, ...]]]:
    """Yield the store of the ledger, its outbox, and the sinks that are set."""
    loaded = load_settings(settings)
    store = store_meant(ledger, settings)
    with closing(store.open_aside()) as aside:
        outbox = Outbox(aside, loaded.accounts[0].owner)
        yield store, outbox, tuple(each.id for each in loaded.sinks)
