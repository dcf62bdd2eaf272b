"""What commands that run the engine have in common: settings and strategies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from daemon.app import Account, accounts_of
from daemon.app.at_brokers.accounts import traded_in
from daemon.cli.options import PATH, load_settings
from daemon.cli.strategy_files import SHIPPED, called, id_in
from daemon.domain.instants import SECOND_NS
from daemon.domain.plans.parsing import parse
from daemon.domain.plans.schema import Plan
from daemon.errors import SettingsError, StoreError, StrategyError
from daemon.jobs.preflight.market import amiss_in, may_hold
from daemon.settings import FeedKind, Settings
from daemon.storage.store import AWAY
from daemon.storage.stores import replays_of, store_of

__all__ = [
    "PATH",
    "accounts_for",
    "find_filed",
    "find_plan",
    "idle_plans",
    "load_settings",
    "replays_of",
    "started_plans",
]
_RECONCILE_NS = 5 * SECOND_NS


def find_plan(name: str, settings: Settings) -> Plan:
    """Return a strategy by its file, or by its id, as `find_filed` does."""
    return find_filed(name, settings)[1]


def find_filed(name: str, settings: Settings) -> tuple[Path, Plan]:
    """Return the file of a strategy, and the strategy, by its file or by its id in the folders.

    A file of another strategy that is refused hinders none.

    Args:
        name: a path to a TOML file, or an id.
        settings: where strategies are looked for; what Ordo ships comes last.

    Raises:
        StrategyError: its file is refused, with the place; or there is none, and another file is
            refused.
        SettingsError: its file cannot be read; there is no such strategy; or a folder that goes
            before is not looked into, so that another of the same id would trade in the place of
            the one that was meant.
    """
    if name.endswith(".toml"):
        return Path(name), _read(Path(name))
    if amiss := list(amiss_in(settings)):
        raise SettingsError(f"{'; '.join(amiss)}; mend [strategies] paths, or make that folder")
    folders = (*settings.strategies.paths, SHIPPED)
    files = [file for folder in folders for file in sorted(folder.glob("*.toml"))]
    files.sort(key=lambda file: called(file) != name)  # a file is mostly called after its id
    refused: list[StrategyError | SettingsError] = []
    for file in files:
        try:
            plan = _read(file)
        except (StrategyError, SettingsError) as error:
            if may_hold(file, name):
                raise
            refused.append(error)
            continue
        if plan.id == name:
            return file, plan
    if refused:
        raise refused[0]
    known = ", ".join(sorted({called(file) for file in files}))
    raise SettingsError(f"no strategy has the id {name}; there are: {known}", "unknown_strategy")


def started_plans(
    settings: Settings, *, goes_on: bool
) -> tuple[list[tuple[Path, Plan]], dict[str, str]]:
    """Return the strategies that start by themselves, as `find_filed` does each.

    Where there are records to go on with, one that is refused, for its file may be half saved or
    name an account that is not there, is left out: it takes no entries, and what it holds is
    guarded by its rules in the record.

    Args:
        settings: their names.
        goes_on: records are gone on with, where there are any.

    Returns:
        The strategies with their files, and a sentence for each that is left out, by its name.

    Raises:
        StrategyError: the file of one is refused, and there are no records to go on with.
        SettingsError: there is no such strategy, it trades in an account that is not there, or a
            folder is not looked into; the same.
        StoreError: nobody can tell whether there are records.
    """
    named: list[tuple[Path, Plan]] = []
    left_out: dict[str, str] = {}
    accounts = accounts_of(settings, strict=False)
    for name in settings.strategies.autostart:
        try:
            found = find_filed(name, settings)
            traded_in(found[1], accounts)
            named.append(found)
        except (StrategyError, SettingsError) as error:
            if not goes_on or not _has_records(settings):
                raise
            because = "; ".join([str(error), *getattr(error, "__notes__", ())])
            left_out[name] = (
                f"{name} takes no entries; what it holds, if anything, stays guarded; mend it and "
                f"start again: {because}"
            )
    return named, left_out


def idle_plans(
    settings: Settings, taking: Sequence[Plan]
) -> tuple[dict[Path, Plan], list[str], dict[str, str]]:
    """Return the strategies of the folders that a person may start later, by file name.

    One that cannot be read, or needs an account that is not there, is left out, and that is told:
    whoever never started it must not keep the daemon from guarding what is open.

    Args:
        settings: the folders.
        taking: the strategies that take entries from the start; they are not among the idle.

    Returns:
        The strategies by their files, a sentence for each file or folder that is left out, and by
        the id of each strategy that is left out what whoever starts it is told.
    """
    known = {plan.id for plan in taking}
    accounts = tuple(account.id for account in settings.accounts)
    idle: dict[Path, Plan] = {}
    left_out, refused = list(amiss_in(settings)), dict[str, str]()
    for folder in settings.strategies.paths:
        for file in sorted((*folder.glob("*.toml"), *folder.glob("*.py"))):
            if file.name == "__init__.py":
                continue
            plan = _read_or_tell(file)
            if isinstance(plan, Plan):
                if plan.id in known:
                    continue
                plan = _plan_or_tell(file, plan, accounts)
            if isinstance(plan, Plan):
                known.add(plan.id)
                idle[file] = plan
                continue
            left_out.append(plan)
            name = id_in(file)
            refused[name] = f"{name} was left out at the start; mend it and start again: {plan}"
    return idle, left_out, refused


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


def _plan_or_tell(file: Path, plan: Plan, accounts: Sequence[str]) -> Plan | str:
    """Return a strategy that trades in some of these accounts, or why it is left out."""
    if set(accounts).issuperset(plan.accounts):
        return plan
    named, there = ", ".join(plan.accounts), ", ".join(accounts)
    return f"{file}: trades in {named}; the settings have {there}"


def accounts_for(settings: Settings, plans: Sequence[Plan]) -> tuple[Account, ...]:
    """Return the accounts that a daemon runs: all of the settings.

    The broker's book of each is held against ours from time to time.

    Args:
        settings: the accounts.
        plans: the strategies; one that names no account trades in the first.

    Raises:
        SettingsError: a strategy names an account that is not there, or they have several owners.
    """
    accounts = accounts_of(settings, strict=settings.feed.kind is FeedKind.BROKER)
    for plan in plans:
        traded_in(plan, accounts)
    owners = {account.owner: account.id for account in accounts}
    if len(owners) > 1:
        named = ", ".join(f"{owner} ({account})" for owner, account in owners.items())
        raise SettingsError(
            f"[[accounts]] have several owners, {named}, and one ledger has one owner so far: "
            "give them the same, or run each owner's with a [daemon] state_dir of its own"
        )
    return tuple(
        replace(each, terms=replace(each.terms, reconcile_ns=_RECONCILE_NS)) for each in accounts
    )


def _has_records(settings: Settings) -> bool:
    """Say whether there are records to go on with; a start waits for a server that is away."""
    try:
        return store_of(settings, settings.daemon.state_dir).exists()
    except StoreError as error:
        if error.code != AWAY:
            raise
        return True


def _read(file: Path) -> Plan:
    try:
        return parse(file.read_bytes())
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}", "bad_strategy") from error
    except StrategyError as error:
        error.add_note(f"in {file}")
        raise
