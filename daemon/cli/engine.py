"""What commands that run the engine have in common: settings and strategies."""

from __future__ import annotations

import os
from pathlib import Path

import click

from daemon.domain.plans.parsing import parse
from daemon.domain.plans.schema import Plan
from daemon.errors import SettingsError, StrategyError
from daemon.settings import Settings, load

PATH = click.Path(path_type=Path)
"""How an option takes a path; whether it exists is said by whoever opens it."""
_SHIPPED = Path(__file__).parents[2] / "strategies"


def load_settings(path: Path | None) -> Settings:
    """Return the settings of this command, the environment included.

    Raises:
        SettingsError: something in them is wrong.
    """
    return load(path, os.environ)


def find_plan(name: str, settings: Settings) -> Plan:
    """Return a strategy by its file, or by its id in the folders of the settings.

    Args:
        name: a path to a TOML file, or an id.
        settings: where strategies are looked for; what Ordo ships comes last.

    Raises:
        StrategyError: its file is refused, with the place.
        SettingsError: there is no such strategy.
    """
    if name.endswith(".toml"):
        return _read(Path(name))
    folders = (*settings.strategies.paths, _SHIPPED)
    files = sorted(file for folder in folders for file in folder.glob("*.toml"))
    for file in files:
        if file.stem.replace("_", "-") == name:
            return _read(file)
    for file in files:
        plan = _read(file)
        if plan.id == name:
            return plan
    known = ", ".join(sorted({file.stem.replace("_", "-") for file in files})) or "none"
    raise SettingsError(f"no strategy has the id {name}; there are: {known}")


def _read(file: Path) -> Plan:
    try:
        return parse(file.read_bytes())
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}") from error
    except StrategyError as error:
        error.add_note(f"in {file}")
        raise
