"""What most commands take: another settings.toml, and one JSON document instead of a table."""

from __future__ import annotations

import os
from pathlib import Path

import click

from daemon.settings import Settings, SettingsRefused, load, load_to_brake, load_with_rules

PATH = click.Path(path_type=Path)
"""How an option takes a path; whether it exists is said by whoever opens it."""
SETTINGS = click.option("--settings", type=PATH, help="Another settings.toml.")
REASON = click.option("--reason", default="", help="Why; it is recorded.")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document.")


def load_settings(path: Path | None) -> Settings:
    """Return the settings of this command, the environment included, and go by its market rules.

    Raises:
        SettingsError: something in them is wrong, or in rules of the operator's own.
    """
    return load_with_rules(path, os.environ)


def settings_to_ask(path: Path | None) -> Settings:
    """Return settings to ask a running daemon by: market rules are its own affair.

    Raises:
        SettingsError: something in them is wrong.
    """
    return load(path, os.environ)


def settings_to_brake(path: Path | None) -> tuple[Settings, SettingsRefused | None]:
    """Return settings that are enough to brake by, and what is refused of them, which is told.

    Raises:
        SettingsError: nobody can tell from them which state folder is meant.
    """
    settings, refused = load_to_brake(path, os.environ)
    if refused is not None:
        where = settings.daemon.state_dir.absolute()
        click.echo(f"ordo: {refused}", err=True)
        click.echo(f"ordo: with those settings refused, this brakes in {where}", err=True)
    return settings, refused
