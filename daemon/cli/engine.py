"""What commands that run the engine have in common: settings and strategies."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click

from daemon.app import Account, account_of
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
    files = [file for folder in folders for file in sorted(folder.glob("*.toml"))]
    # A file is mostly called after its id; so a fault in another one need not be met.
    files.sort(key=lambda file: _called(file) != name)
    for file in files:
        plan = _read(file)
        if plan.id == name:
            return plan
    known = ", ".join(sorted({_called(file) for file in files}))
    raise SettingsError(f"no strategy has the id {name}; there are: {known}")


def one_account(settings: Settings, plans: Sequence[Plan]) -> Account:
    """Return the account that all strategies of a replay trade in.

    Args:
        settings: the accounts.
        plans: the strategies; one that names no account trades in the first.

    Raises:
        SettingsError: a strategy names an account that is not there, or they need several.
    """
    first = settings.accounts[0].id
    wanted = {name: plan.id for plan in plans for name in plan.accounts or (first,)}
    if len(wanted) > 1:
        named = ", ".join(f"{name} ({plan_id})" for name, plan_id in wanted.items())
        raise SettingsError(
            f"one run trades in one account so far, and these are wanted: {named}; "
            "run them one after the other"
        )
    return account_of(settings, plans[0], strict=False)


def replays_of(state_dir: Path) -> list[Path]:
    """Return the folders of the replays so far, the oldest first."""
    parent = state_dir / "replay"
    numbered = [each for each in parent.glob("*") if each.name.isdecimal() and each.is_dir()]
    return sorted(numbered, key=lambda each: int(each.name))


def _called(file: Path) -> str:
    return file.stem.replace("_", "-")


def _read(file: Path) -> Plan:
    try:
        return parse(file.read_bytes())
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}") from error
    except StrategyError as error:
        error.add_note(f"in {file}")
        raise
