"""What most commands take: another settings.toml, and one JSON document instead of a table."""

from __future__ import annotations

import os
from pathlib import Path

import click

from daemon.settings import Settings, load

PATH = click.Path(path_type=Path)
"""How an option takes a path; whether it exists is said by whoever opens it."""
SETTINGS = click.option("--settings", type=PATH, help="Another settings.toml.")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document.")


def load_settings(path: Path | None) -> Settings:
    """Return the settings of this command, the environment included.

    Raises:
        SettingsError: something in them is wrong.
    """
    return load(path, os.environ)
