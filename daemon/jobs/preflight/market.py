"""The market's side: strategies and their contracts, calendar, rates, brokers."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from daemon.domain.market import calendar, expiries
from daemon.domain.market.instruments import Kind, Parts, contract
from daemon.domain.market.rules import laid_over
from daemon.domain.money import e4
from daemon.domain.orders.arming import PAPER
from daemon.domain.plans.days import resolve
from daemon.domain.plans.parsing import parse
from daemon.domain.plans.schema import Plan
from daemon.domain.plans.validation import Fault
from daemon.errors import RuleUnknown, StrategyError
from daemon.jobs.preflight.findings import Finding, fail, ok, warn, worst
from daemon.jobs.preflight.percentages import small
from daemon.jobs.preflight.square_off import late
from daemon.settings import FeedKind, Settings, Strategies

_ANY_STRIKE_E4 = e4(100)
_AHEAD = timedelta(days=30)
_REACH = "install a version whose tables reach that day, or mend the leg"
_OPT_IN = "write live = true in it once it may trade with money"
_THERE = "name an account of the settings in it, or add that one to them"
_EXCHANGE_PER_SECOND = 10
SHIPPED = Path(__file__).parents[3] / "strategies"


def strategies(settings: Settings, day: date) -> Finding:
    """Say whether every strategy file is valid, and its contracts known on a day."""
    check, plans, refused = "strategies", dict[str, Path](), list[Path]()
    mend = "mend [strategies] paths, or make that folder"
    found = [fail(check, each, mend) for each in amiss_in(settings)]
    for file in _files(settings):
        try:
            plan = parse(file.read_bytes())
        except OSError as error:
            refused.append(file)
            found.append(fail(check, f"{file} cannot be read: {error.strerror}", "see to the file"))
        except StrategyError as error:
            refused.append(file)
            told = f"{file}: {'; '.join(error.sentences)}"
            found.append(fail(check, told, "mend the file at these places"))
        else:
            if plan.id in plans and plans[plan.id].parent == file.parent:
                mend = "give each an id of its own"
                found.append(fail(check, f"{file} has the id of {plans[plan.id]}", mend))
            plans.setdefault(plan.id, file)
            found += [fail(check, f"{file}: {why}", _THERE) for why in _elsewhere(plan, settings)]
            starts = plan.id in settings.strategies.autostart
            grade = fail if starts else warn
            found += [grade(check, f"{file}: {why}", _REACH) for why in _unknown(plan, day)]
            if plans[plan.id] == file:
                found += [
                    warn(check, f"{file}: {told}", mend)
                    for told, mend in _unwise(plan, settings, starts=starts)
                ]
    for name in settings.strategies.autostart:
        if name not in plans and not any(may_hold(file, name) for file in refused):
            mend = "name one that is there in [strategies] autostart, or add its file"
            found.append(fail(check, f"no file holds {name}, which starts by itself", mend))
    told = f"{len(plans)} valid, their contracts of {day} known"
    if not settings.strategies.autostart:
        nobody = "none takes entries from the start"
        if settings.feed.kind is FeedKind.REPLAY:
            mend = "name one with --strategy, or in [strategies] autostart"
            found.append(warn(check, f"{nobody}, and a recording is played with one", mend))
        told = f"{told}; {nobody}"
    return worst(check, found, told)


def amiss_in(settings: Settings) -> Iterator[str]:
    """Yield why a folder of strategies cannot be looked into; the preset one need not be there."""
    for folder in settings.strategies.paths:
        try:
            next(folder.iterdir(), None)
        except OSError as error:
            is_missing = isinstance(error, FileNotFoundError)
            if not is_missing or settings.strategies.paths != Strategies().paths:
                yield f"the folder of strategies {folder} cannot be looked into: {error.strerror}"


def may_hold(file: Path, name: str) -> bool:
    """Say whether a file that is refused may be that of a strategy.

    Of one that is half saved or cannot be read, its name or a word of its text is enough, lest
    another of the id trades in its place.

    Args:
        file: of a strategy.
        name: the id that is looked for.
    """
    try:
        text = file.read_text("utf-8", errors="replace")
    except OSError:
        text = ""
    try:
        named = tomllib.loads(text).get("id")
    except (ValueError, RecursionError):
        named = None
    if isinstance(named, str):
        return named == name
    return file.stem.replace("_", "-") == name or f'"{name}"' in text


def rules() -> Finding:
    """Say whose market rules are gone by."""
    own = [each.place for each in laid_over().values()]
    return ok("rules", f"those shipped, and over them {', '.join(own)}" if own else "those shipped")


def calendar_reach(today: date) -> Finding:
    """Say whether the hours of a day and the closed days of the next month are known."""
    check, (_, last) = "calendar", calendar.coverage()
    try:
        calendar.sessions(today, calendar.Segment.DERIVATIVES)
    except RuleUnknown as error:
        return fail(check, str(error), "what is held is guarded today, and nothing is entered")
    if last >= today + _AHEAD:
        return ok(check, f"known until {last}")
    mend = "install a version with the next year's closed days, or add them as docs/rules.md says"
    return warn(check, f"known until {last}, less than 30 days from {today}", mend)


def rates(settings: Settings) -> Finding:
    """Say how far the budgets stay below what the exchange allows."""
    check, found, told = "rates", [], []
    for name in sorted({account.broker for account in settings.accounts}):
        writes = settings.brokers[name].writes_per_second
        told.append(f"{name} {writes} of {_EXCHANGE_PER_SECOND} a second")
        if writes >= _EXCHANGE_PER_SECOND:
            mend = f"write at most {_EXCHANGE_PER_SECOND - 1} to [brokers.{name}] writes_per_second"
            evidence = f"{name} leaves no room below {_EXCHANGE_PER_SECOND} a second"
            found.append(warn(check, evidence, mend))
    return worst(check, found, ", ".join(told))


def brokers(settings: Settings) -> Iterator[Finding]:
    """Say of each account where its orders go; nobody outside is asked."""
    for account in settings.accounts:
        check, broker = f"broker of {account.id}", settings.brokers[account.broker]
        if account.broker == PAPER:
            yield ok(check, "paper: simulated here, no order leaves")
        elif broker.api_root is not None:
            yield ok(check, f"{account.broker}: a stand-in at {broker.api_root}, no money is moved")
        elif broker.static_ip is None:
            mend = f"write static_ip in [brokers.{account.broker}]"
            yield fail(check, f"{account.broker} takes orders from an address it knows alone", mend)
        else:
            told = f"{account.broker}, with money; it takes orders from {broker.static_ip} alone"
            yield ok(check, told)


def _files(settings: Settings) -> list[Path]:
    """Return every strategy file in the order in which an id is looked up."""
    folders = dict.fromkeys(each.resolve() for each in (*settings.strategies.paths, SHIPPED))
    return [file for folder in folders for file in sorted(folder.glob("*.toml"))]


def _elsewhere(plan: Plan, settings: Settings) -> Iterator[str]:
    """Yield which accounts of a plan the settings do not have: a start leaves it out."""
    there = [account.id for account in settings.accounts]
    for name in plan.accounts:
        if name not in there:
            yield f"it trades in account {name}; the settings have {', '.join(there)}"


def _unwise(plan: Plan, settings: Settings, *, starts: bool) -> Iterator[tuple[str, str]]:
    """Yield what is to be warned of in a plan that is valid, each with its mend."""
    yield from late(plan, settings)
    yield from small(plan)
    if starts:
        yield from ((why, _OPT_IN) for why in _kept_out(plan, settings))


def _kept_out(plan: Plan, settings: Settings) -> Iterator[str]:
    """Yield at which live brokers a plan that starts by itself takes no entries all the same."""
    brokers = {account.id: account.broker for account in settings.accounts}
    live = [
        name for name in plan.accounts or tuple(brokers)[:1] if brokers.get(name, PAPER) != PAPER
    ]
    if live and not plan.live:
        yield f"it starts by itself and takes no entries in {', '.join(live)}: live = false"


def _unknown(plan: Plan, day: date) -> Iterator[str]:
    """Yield which contracts of a plan no table knows on a day."""
    resolved = resolve(plan, day, expiries)
    if isinstance(resolved, Fault):
        yield f"{resolved.place}: {resolved.reason}"
        return
    for leg, expiry in zip(plan.legs, resolved, strict=True):
        strike_e4 = _ANY_STRIKE_E4 if leg.instrument.is_option else 0
        kind = Kind.EQUITY if expiry is None else leg.instrument
        try:
            contract(Parts(plan.underlying, kind, expiry, strike_e4), day, strict=False)
        except RuleUnknown as error:
            yield f"leg {leg.id}: {error}"
