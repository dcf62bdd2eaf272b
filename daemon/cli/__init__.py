"""The `ordo` command.

Each command imports what it needs when it is called, so that help and completion stay quick. Exit
codes: 0 done, 1 refused or failed, 2 bad usage or settings, 3 the daemon cannot be reached, or what
it was asked for is owed and cannot leave for the broker yet, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from daemon.errors import DaemonUnreachable, OrdoError

FAILED, MISUSED, UNREACHED, INTERRUPTED = 1, 2, 3, 130
TRACEBACK = "ORDO_TRACEBACK"
"""Set in the environment, it lets a defect show where it was raised."""
_COMMANDS = {
    "Run and look": {
        "run": ("run", "Run the daemon in the foreground."),
        "check": ("check", "Say before a start what would hinder it."),
        "status": ("look:status", "Show mode, state, latches, accounts and strategies."),
        "positions": ("look:positions", "Show what is held, its levels and its guard."),
        "orders": ("look:orders", "Show the book of orders."),
        "pnl": ("look:pnl", "Show profit and loss by strategy."),
        "guard": ("look:guard", "Say of each open leg whether it is guarded now."),
        "alerts": ("alerts:alerts", "Show what somebody must know of."),
        "page": ("page:page", "Print a fresh address that lets a browser in."),
    },
    "Act": {
        "start": ("act:start", "Let a strategy take entries."),
        "stop": ("act:stop", "Let a strategy take no more entries; it stays guarded."),
        "exit": ("act:leave", "Close a position, or part of it."),
        "adjust": ("act:adjust", "Move a stop."),
        "arm": ("arming:arm", "Let an account of a live broker be entered today."),
        "disarm": ("arming:disarm", "Let it be entered no more; it stays guarded."),
        "acknowledge": ("act:acknowledge", "Say that an alert was seen."),
    },
    "Brake": {
        "pause": ("brakes:pause", "Take no new entries."),
        "cancel-all": ("brakes:cancel_all", "Take every working order out of the book."),
        "kill": ("brakes:kill", "Stop entries, close everything, see that it is flat."),
        "rearm": ("brakes:rearm", "Release a pause or a kill."),
    },
    "Records": {
        "why": ("why", "Tell the chain from tick to fill of one order."),
        "audit": ("audit", "Verify or write out the record of everything that happened."),
        "outbox": ("outbox", "Show how far each sink is, and what it did not take."),
        "db": ("db", "Look at the schema of the ledger, and bring it up to date."),
        "backtest": ("backtest", "Play recorded days through the engine."),
        "simulate": ("simulate", "Play whole daemons under seeded faults."),
        "twin": ("twin", "Play a broker on loopback, for any program that speaks its wire."),
        "token": ("token_files", "Make, list and revoke bearer tokens."),
        "login": ("login:login", "Log an account in at its broker."),
        "vault": ("vault", "Keep credentials sealed; a secret is asked for, and never shown."),
    },
}
"""Title -> name -> module of this package and the command in it, and one line of help."""
_PLACES = {name: place for named in _COMMANDS.values() for name, (place, _) in named.items()}
_LATER = (
    *("bench", "data", "demo", "divergence", "instruments"),
    *("optimise", "settings", "top"),
)


class _Commands(click.Group):
    """Finds a command's module only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_PLACES)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        place = _PLACES.get(name)
        if place is None:
            if name in _LATER:
                ctx.fail(f"`ordo {name}` has not been built yet")
            return super().get_command(ctx, name)
        module, _, called = place.partition(":")
        command: click.Command
        command = getattr(import_module(f"daemon.cli.{module}"), called or "command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        for title, named in _COMMANDS.items():
            with formatter.section(title):
                formatter.write_dl([(name, told) for name, (_, told) in named.items()])


def _show_version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:  # noqa: FBT001
    if asked:
        metadata = import_module("importlib.metadata")
        try:
            told = metadata.version("ordo")
        except metadata.PackageNotFoundError:
            told = "not installed, run from its sources"
        click.echo(f"ordo {told}")
        ctx.exit()


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
)
def ordo() -> None:
    """Ordo: a trading daemon that accounts for every order and proves it."""


def main(args: Sequence[str] | None = None) -> None:
    """Run a command and end with its exit code; no traceback reaches a user."""
    given = list(sys.argv[1:] if args is None else args)
    _open_streams()
    try:
        code = _outcome(given, as_json="--json" in given)
    except OSError:
        code = FAILED  # whoever read has gone, or can be told nothing
    sys.exit(code if _is_written() else FAILED)


def _outcome(args: list[str], *, as_json: bool) -> int:
    try:
        code: Any = ordo.main(args, prog_name="ordo", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        if as_json:
            _document("bad_usage", error.format_message())
        return error.exit_code
    except OrdoError as error:
        return _told(error, as_json=as_json)
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        raise  # nobody is there to be told
    except Exception as error:
        if os.environ.get(TRACEBACK):
            raise
        found = _refused(error) if isinstance(error, OSError) else _defect(error)
        return _told(found, as_json=as_json)
    return code if isinstance(code, int) else 0


def _refused(error: OSError) -> OrdoError:
    found = OrdoError(f"the system refused: {error}", "system_refused")
    found.add_note("look at that file, at the room on its disk and at who may write to it")
    return found


def _defect(error: Exception) -> OrdoError:
    found = OrdoError(f"a defect of Ordo's own: {type(error).__name__}: {error}", "internal")
    found.add_note(f"set {TRACEBACK}=1 and run it again to see where; what was recorded is kept")
    return found


def _told(error: OrdoError, *, as_json: bool) -> int:
    """Tell an error, on a terminal with the page of its code, and return the exit code."""
    notes = list(getattr(error, "__notes__", ()))
    page = [f"error {error.code}, see docs/errors.md#{error.code}"] if sys.stderr.isatty() else []
    for line in (str(error), *notes, *page):
        click.echo(f"ordo: {line}", err=True)
    if as_json:
        _document(error.code, str(error), notes)
    if error.misused:
        return MISUSED
    return UNREACHED if isinstance(error, DaemonUnreachable) else FAILED


def _document(code: str, sentence: str, notes: Sequence[str] = ()) -> None:
    """Write an error to programs, with what the catalogue says of its code."""
    entry_of = import_module("daemon.errors.catalogue").entry_of
    entry = entry_of(code)
    error = {
        "code": code,
        "title": entry.title,
        "sentence": sentence,
        "notes": list(notes),
        "mend": entry.mend,
        "category": entry.category,
        "severity": entry.severity,
        "recoverable": entry.recoverable,
        "retry_after": entry.retry_after_s,
    }
    click.echo(import_module("json").dumps({"error": error}, indent=2))


def _open_streams() -> None:
    """Stand in for a stream that the caller has closed.

    Its number would go to the next file that is opened, and what is written for people into that.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))


def _is_written() -> bool:
    """Return whether all of stdout was taken; what was not must not fail once more at the end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return True
