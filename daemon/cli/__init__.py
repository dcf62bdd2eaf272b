"""The `ordo` command.

Each command imports what it needs when it is called, so that help and completion stay quick. Exit
codes: 0 done, 1 refused or failed, 2 bad usage or settings, 3 the daemon cannot be reached,
130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from daemon.errors import OrdoError, SettingsError, StrategyError

FAILED, MISUSED, INTERRUPTED = 1, 2, 130
TRACEBACK = "ORDO_TRACEBACK"
"""Set in the environment, it lets a defect show where it was raised."""
_COMMANDS = {
    "run": ("daemon.cli.run", "Run the daemon in the foreground."),
    "backtest": ("daemon.cli.backtest", "Play recorded days through the engine."),
    "kill": ("daemon.cli.brakes:kill", "Stop entries, close everything, see that it is flat."),
    "pause": ("daemon.cli.brakes:pause", "Take no new entries."),
    "cancel-all": ("daemon.cli.brakes:cancel_all", "Take every working order out of the book."),
    "rearm": ("daemon.cli.brakes:rearm", "Release a pause or a kill."),
    "audit": ("daemon.cli.audit", "Verify the record of everything that happened."),
}
_LATER = (
    *("adjust", "arm", "bench", "check", "data", "db", "demo", "disarm", "divergence"),
    *("exit", "guard", "instruments", "login", "optimise", "orders", "pnl", "positions"),
    *("settings", "simulate", "start", "status", "stop", "token", "top", "twin", "vault", "why"),
)


class _Commands(click.Group):
    """Finds a command's module only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        found = _COMMANDS.get(name)
        if found is None:
            if name in _LATER:
                ctx.fail(f"`ordo {name}` has not been built yet")
            return super().get_command(ctx, name)
        module, _, called = found[0].partition(":")
        command: click.Command = getattr(import_module(module), called or "command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, told) for name, (_, told) in _COMMANDS.items()])


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
    sys.exit(_outcome(args))


def _outcome(args: Sequence[str] | None) -> int:
    try:
        code: Any = ordo.main(args, prog_name="ordo", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (SettingsError, StrategyError) as error:
        return _told(error, MISUSED)
    except OrdoError as error:
        return _told(error, FAILED)
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read has gone; what is still buffered must not fail a second time at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        if os.environ.get(TRACEBACK):
            raise
        return _told(_defect(error), FAILED)
    return code if isinstance(code, int) else 0


def _defect(error: Exception) -> OrdoError:
    found = OrdoError(f"a defect of Ordo's own: {type(error).__name__}: {error}")
    found.add_note(f"set {TRACEBACK}=1 and run it again to see where; what was recorded is kept")
    return found


def _told(error: OrdoError, code: int) -> int:
    click.echo(f"ordo: {error}", err=True)
    for more in getattr(error, "__notes__", ()):
        click.echo(f"ordo: {more}", err=True)
    return code
