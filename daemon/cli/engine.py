"""What commands that run the engine have in common: settings, strategies, the account's terms."""

from __future__ import annotations

import os
from pathlib import Path

import click

from daemon.actors.order_router import Terms
from daemon.app import Account
from daemon.domain.instants import MILLISECOND_NS
from daemon.domain.plans.parsing import parse
from daemon.domain.plans.schema import Plan
from daemon.errors import SettingsError, StrategyError
from daemon.settings import Settings, account_limits, ladder, limits, load, windows
from daemon.twin.latency import Latency

PATH = click.Path(path_type=Path)
"""How an option takes a path; whether it exists is said by whoever opens it."""
_SHIPPED = Path(__file__).parents[2] / "strategies"
_US_IN_MS = 1_000


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


def account_of(settings: Settings, plan: Plan, *, strict: bool) -> Account:
    """Return the account that a strategy trades in, with everything it trades under.

    Args:
        settings: the accounts.
        plan: the strategy; it trades in the first account where it names none.
        strict: refuse contracts whose tables are not certain; false only where days are replayed.

    Raises:
        SettingsError: the strategy names an account that is not there.
    """
    known = {account.id: account for account in settings.accounts}
    name = plan.accounts[0] if plan.accounts else settings.accounts[0].id
    if name not in known:
        raise SettingsError(
            f"strategy {plan.id} trades in account {name}; the settings have {', '.join(known)}"
        )
    account = known[name]
    broker = settings.brokers[account.broker]
    return Account(
        terms=Terms(
            account=account.id,
            broker=f"{account.broker}:{account.id}",
            limits=limits(settings, account),
            ladder=ladder(settings),
            strict=strict,
        ),
        cash_e4=account.cash_e4,
        limits=account_limits(account),
        windows=windows(settings, account.broker),
        latency=Latency(
            settings.feed.seed, broker.latency_ms * _US_IN_MS, broker.jitter_ms * _US_IN_MS
        ),
        interval_ns=settings.feed.interval_ms * MILLISECOND_NS,
        owner=account.owner,
    )


def _read(file: Path) -> Plan:
    try:
        return parse(file.read_bytes())
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}") from error
    except StrategyError as error:
        error.add_note(f"in {file}")
        raise
