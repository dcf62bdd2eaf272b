"""`ordo start`, `stop`, `exit`, `adjust` and `acknowledge`: hands on what runs."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click

from daemon.cli import FAILED, UNREACHED
from daemon.cli.client import connect, read_document, segment
from daemon.cli.options import AS_JSON, REASON, SETTINGS
from daemon.cli.snapshot import headed
from daemon.cli.tables import clean, say, say_document
from daemon.domain.money import e4

_LEG = click.option("--leg", help="The leg; else all of them.")


def _price(_: click.Context, __: click.Parameter, written: str) -> Decimal:
    """Return rupees above zero, exact to 1/10,000."""
    try:
        price = Decimal(written)
        e4(price)
    except (InvalidOperation, ValueError):
        price = Decimal(0)
    if price <= 0:
        raise click.BadParameter(f"{written!r} is no amount above zero with at most four decimals")
    return price


@click.command("start")
@click.argument("strategy")
@SETTINGS
@AS_JSON
def start(strategy: str, settings: Path | None, *, as_json: bool) -> int:
    """Let a strategy take entries."""
    content = connect(settings).post(_path(strategy, "start"), {})
    return tell(content, f"{strategy} takes entries", as_json=as_json)


@click.command("stop")
@click.argument("strategy")
@SETTINGS
@AS_JSON
def stop(strategy: str, settings: Path | None, *, as_json: bool) -> int:
    """Let a strategy take no more entries; what it holds stays guarded."""
    content = connect(settings).post(_path(strategy, "stop"), {})
    return tell(
        content, f"{strategy} takes no more entries; what it holds stays guarded", as_json=as_json
    )


@click.command("exit")
@click.argument("strategy")
@_LEG
@click.option("--lots", type=click.IntRange(min=1), help="How many lots; else all of them.")
@REASON
@SETTINGS
@AS_JSON
def leave(**asked: Any) -> int:
    """Close a position of a strategy, or part of it.

    Exit code 3: it is owed, and no order of it leaves yet; the answer says what to do.
    ID@ACCOUNT is the strategy in one account alone; else all of its accounts are meant.
    """
    strategy, leg = asked["strategy"], asked["leg"]
    wanted = {"leg_id": leg, "lots": asked["lots"], "reason": asked["reason"] or None}
    given = {key: value for key, value in wanted.items() if value is not None}
    content = connect(asked["settings"]).post(_path(strategy, "exit"), given)
    return tell(content, f"{strategy} leaves {leg or 'all it holds'}", as_json=asked["as_json"])


@click.command("adjust")
@click.argument("strategy")
@click.option("--leg", help="The leg, by its stop's price; else the loss of the whole strategy.")
@click.option("--stop", "level", required=True, callback=_price, help="Where the stop shall stand.")
@click.option("--yes", is_flag=True, help="Also away from the market, which risks more.")
@SETTINGS
@AS_JSON
def adjust(**asked: Any) -> int:
    """Move a stop: towards the market at once, away from it with --yes.

    The loss of a whole strategy holds for each of its open entries, in each of its accounts: the
    answer says where each stood, and what the entries of an account may lose together.
    ID@ACCOUNT is the strategy in one account alone; else all of its accounts are meant.
    """
    strategy, leg, level = asked["strategy"], asked["leg"], asked["level"]
    wanted: dict[str, Any] = {"stop": float(level), "loosen": asked["yes"]}
    if leg is not None:
        wanted["leg_id"] = leg
    content = connect(asked["settings"]).post(_path(strategy, "adjust"), wanted)
    whose = f"{strategy} {leg}" if leg else strategy
    return tell(content, f"the stop of {whose} stands at {level}", as_json=asked["as_json"])


@click.command("acknowledge")
@click.argument("alert")
@SETTINGS
@AS_JSON
def acknowledge(alert: str, settings: Path | None, *, as_json: bool) -> int:
    """Say that an alert was seen; it escalates no more."""
    content = connect(settings).post(f"/api/alerts/{segment(alert)}/acknowledge", {})
    return tell(content, f"{alert} is acknowledged", as_json=as_json)


def _path(strategy: str, verb: str) -> str:
    return f"/api/strategies/{segment(strategy)}/{verb}"


def tell(content: bytes, sentence: str, *, as_json: bool) -> int:
    """Write the daemon's answer, or its sentence; ours where it says none.

    Returns:
        The exit code: 1 where some of several accounts have refused, 3 where an exit is owed and
        no order of it leaves yet.
    """
    told = read_document(content)
    outcomes = told.get("results") or ()
    if as_json:
        say_document(content)
    elif outcomes:
        lines = ((each, f"{each['account']}: {each['text'] or sentence}") for each in outcomes)
        say([clean(headed(each, line)) for each, line in lines])
    else:
        say([clean(headed(told, str(told.get("text") or sentence)))])
    if not told.get("ok", True):
        return FAILED
    return UNREACHED if told.get("owed") else 0
