"""What commands that run the engine have in common: settings and strategies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from daemon.app import Account, account_of
from daemon.cli.ledgers import replays_of
from daemon.cli.options import PATH, load_settings
from daemon.domain.instants import SECOND_NS
from daemon.domain.plans.parsing import parse
from daemon.domain.plans.schema import Plan
from daemon.errors import SettingsError, StrategyError
from daemon.settings import Settings

__all__ = [
    "PATH",
    "find_filed",
    "find_plan",
    "idle_plans",
    "load_settings",
    "one_account",
    "replays_of",
]
_RECONCILE_NS = 5 * SECOND_NS
_SHIPPED = Path(__file__).parents[2] / "strategies"


def find_plan(name: str, settings: Settings) -> Plan:
    """Return a strategy by its file, or by its id, as `find_filed` does."""
    return find_filed(name, settings)[1]


def find_filed(name: str, settings: Settings) -> tuple[Path, Plan]:
    """Return the file of a strategy, and the strategy, by its file or by its id in the folders.

    Args:
        name: a path to a TOML file, or an id.
        settings: where strategies are looked for; what Ordo ships comes last.

    Raises:
        StrategyError: its file is refused, with the place.
        SettingsError: there is no such strategy.
    """
    if name.endswith(".toml"):
        return Path(name), _read(Path(name))
    folders = (*settings.strategies.paths, _SHIPPED)
    files = [file for folder in folders for file in sorted(folder.glob("*.toml"))]
    # A file is mostly called after its id; so a fault in another one need not be met.
    files.sort(key=lambda file: _called(file) != name)
    for file in files:
        plan = _read(file)
        if plan.id == name:
            return file, plan
    known = ", ".join(sorted({_called(file) for file in files}))
    raise SettingsError(f"no strategy has the id {name}; there are: {known}", "unknown_strategy")


def idle_plans(settings: Settings, taking: Sequence[Plan]) -> tuple[dict[Path, Plan], list[str]]:
    """Return the strategies of the folders that a person may start later, by file name.

    One that cannot be read, or would need another account, is left out, and that is told: whoever
    never started it must not keep the daemon from guarding what is open.

    Args:
        settings: the folders.
        taking: the strategies that take entries from the start; they are not among the idle.

    Returns:
        The strategies by their files, and a sentence for each file that is left out.
    """
    known = {plan.id for plan in taking}
    accounts = {name for plan in taking for name in plan.accounts} or {settings.accounts[0].id}
    idle: dict[Path, Plan] = {}
    left_out: list[str] = []
    for folder in settings.strategies.paths:
        for file in sorted((*folder.glob("*.toml"), *folder.glob("*.py"))):
            if file.name == "__init__.py":
                continue
            plan = _read_or_tell(file)
            if isinstance(plan, str):
                left_out.append(plan)
            elif plan.id not in known:
                if plan.accounts and not accounts.issuperset(plan.accounts):
                    named = ", ".join(plan.accounts)
                    left_out.append(f"{file}: one run trades in one account so far, not {named}")
                    continue
                known.add(plan.id)
                idle[file] = plan
    return idle, left_out


def _read_or_tell(file: Path) -> Plan | str:
    """Return a strategy, or why it is left out."""
    if file.suffix == ".py":
        return f"{file}: strategies in Python have not been built yet"
    try:
        return _read(file)
    except StrategyError as error:
        return f"{file}: {'; '.join(error.sentences)}"
    except SettingsError as error:
        return f"{file}: {error}"


def one_account(settings: Settings, plans: Sequence[Plan], *, served: bool = False) -> Account:
    """Return the account that all strategies of a run trade in.

    Args:
        settings: the accounts.
        plans: the strategies; one that names no account trades in the first.
        served: a daemon runs in it, so the broker's book is held against ours from time to time.

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
    account = account_of(settings, plans[0], strict=False)
    if not served:
        return account
    return replace(account, terms=replace(account.terms, reconcile_ns=_RECONCILE_NS))


def _called(file: Path) -> str:
    return file.stem.replace("_", "-")


def _read(file: Path) -> Plan:
    try:
        return parse(file.read_bytes())
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}", "bad_strategy") from error
    except StrategyError as error:
        error.add_note(f"in {file}")
        raise
