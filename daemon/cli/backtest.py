"""`ordo backtest STRATEGY --data PATH`."""

from __future__ import annotations

import re
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
import orjson
from msgspec import Struct

from daemon.app import account_of
from daemon.backtest.run import backtest
from daemon.cli.engine import PATH, find_plan, load_settings
from daemon.cli.words import count, money
from daemon.domain.market.notes import NoteKind
from daemon.errors import DataError
from daemon.feeds.formats.words import ReplayOptions
from daemon.feeds.replay import Recording, open_recording
from daemon.worlds import front_expiry

_OVERDUE = re.compile("the exit of (.+?) is overdue: ")
_FELL = "something fell while these days were played: this is not what would have come of them"
_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command("backtest")
@click.argument("strategy")
@click.option(
    "--data",
    "data",
    required=True,
    type=PATH,
    help="Recorded days: a file or a folder.",
)
@click.option("--from", "first", type=_DAY, help="The first day.")
@click.option("--to", "last", type=_DAY, help="The last day.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document instead of a table.")
@click.option("--settings", type=PATH, help="Another settings.toml.")
def command(**asked: Any) -> int:
    """Play recorded days through the engine; STRATEGY is an id or a file."""
    return _play(_Asked(**asked))


class _Asked(Struct, frozen=True):
    """What the command was given, by the names of its options."""

    strategy: str
    data: Path
    first: datetime | None
    last: datetime | None
    as_json: bool
    settings: Path | None


def _play(asked: _Asked) -> int:
    if asked.first is not None and asked.last is not None and asked.last < asked.first:
        raise click.UsageError(f"--to {asked.last.date()} lies before --from {asked.first.date()}")
    loaded = load_settings(asked.settings)
    plan = find_plan(asked.strategy, loaded)
    account = account_of(loaded, plan, strict=False)
    if len(plan.accounts) > 1:
        click.echo(f"a backtest plays one account: {account.id} of {len(plan.accounts)}", err=True)
    recording = open_recording(asked.data, ReplayOptions(front=front_expiry))
    try:
        days = _days(recording, asked.first, asked.last)
        with _Progress() as progress:
            document = backtest(account, plan, recording, days, progress.tell)
    finally:
        recording.close()
    if asked.as_json:
        click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    else:
        _print(document)
    if NoteKind.FELL not in document["total"]["notes"]:
        return 0
    click.echo(_FELL, err=True)
    return 1


def _days(recording: Recording, first: datetime | None, last: datetime | None) -> list[date]:
    days = [
        day
        for day in recording.days()
        if (first is None or first.date() <= day) and (last is None or day <= last.date())
    ]
    if not days:
        recorded = recording.days()
        raise DataError(
            f"no recorded day lies between those; there are {recorded[0]} to {recorded[-1]}"
        )
    return days


class _Progress:
    """Shows on a terminal which day is played; a pipe sees nothing of it."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._write("\r\x1b[K")

    def tell(self, day: date) -> None:
        """Show a day in place of the one before."""
        self._write(f"\r{day}")

    def _write(self, text: str) -> None:
        if self._shown:
            click.echo(text, nl=False, err=True)


def _print(document: dict[str, Any]) -> None:
    click.echo(f"{document['strategy_id']}, marked at {document['mark']}")
    for day in document["days"]:
        _print_day(day, document["days"])
    total = document["total"]
    click.echo(
        f"{count(total['days'], 'day')}, {count(total['trades'], 'trade')}, "
        f"P&L {money(total['pnl'])} before charges of {money(total['charges'])}"
    )
    click.echo(f"journal {document['journal_sha256']}")


def _print_day(day: dict[str, Any], days: list[dict[str, Any]]) -> None:
    pnl = day["pnl"]["last"]
    is_idle = pnl is None and not day["trades"]
    profit = "no trade" if is_idle else f"P&L {money(pnl['value'] if pnl else None)}"
    click.echo(f"{day['date']}  {profit}")
    for trade in day["trades"]:
        left = _left(trade) if trade["exit_at"] else f"open ({_why_open(trade, days)})"
        click.echo(
            f"  {trade['leg_id']:8} {trade['side']:4} {trade['quantity']:>6} {trade['symbol']}  "
            f"{trade['entry_at'][11:19]} {trade['entry']:.2f} -> {left}  {money(trade['pnl'])}"
        )
    for note in day["notes"]:
        click.echo(f"  {note['at'][11:19]} {note['kind']}: {note['text']}")


def _left(trade: dict[str, Any]) -> str:
    """Return when, at what and why a trade was left; with the date where that is another day."""
    day, wall = trade["exit_at"][:10], trade["exit_at"][11:19]
    when = wall if day == trade["entry_at"][:10] else f"{day} {wall}"
    price = "unknown" if trade["exit"] is None else f"{trade['exit']:.2f}"
    return f"{when} {price} {trade['exit_reason']}"


def _why_open(trade: dict[str, Any], days: list[dict[str, Any]]) -> str:
    """Return why a trade was not left: nobody took its exit, or no price came to leave it at."""
    last = max((day["pnl"]["last"]["at"] for day in days if day["pnl"]["last"]), default="")
    notes = (note for day in days for note in day["notes"])
    for note in notes:
        overdue = _OVERDUE.match(note["text"])
        if overdue is None or trade["leg_id"] not in overdue[1].split(", "):
            continue
        if trade["entry_at"] <= note["at"] < last:
            return "its exit is overdue"
    return "no later price"
