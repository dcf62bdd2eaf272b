"""`ordo backtest STRATEGY --data PATH`."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
import orjson

from daemon.app import account_of
from daemon.backtest.run import backtest
from daemon.cli.engine import PATH, find_plan, load_settings
from daemon.errors import DataError
from daemon.feeds.formats.words import ReplayOptions
from daemon.feeds.replay import Recording, open_recording
from daemon.worlds import front_expiry

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
def command(  # noqa: PLR0913  one argument for each option
    strategy: str,
    data: Path,
    first: datetime | None,
    last: datetime | None,
    *,
    as_json: bool,
    settings: Path | None,
) -> None:
    """Play recorded days through the engine; STRATEGY is an id or a file."""
    loaded = load_settings(settings)
    plan = find_plan(strategy, loaded)
    recording = open_recording(data, ReplayOptions(front=front_expiry))
    try:
        days = _days(recording, first, last)
        account = account_of(loaded, plan, strict=False)
        document = backtest(account, plan, recording, days, _progress(as_json=as_json))
    finally:
        recording.close()
    if as_json:
        click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    else:
        _print(document)


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


def _progress(*, as_json: bool) -> Any:
    shown = sys.stderr.isatty() and not as_json
    return lambda day: click.echo(f"\r{day}", nl=False, err=True) if shown else None


def _print(document: dict[str, Any]) -> None:
    click.echo(f"\r{document['strategy_id']}, marked at {document['mark']}")
    for day in document["days"]:
        _print_day(day)
    total = document["total"]
    click.echo(
        f"{total['days']} days, {total['trades']} trades, P&L {_money(total['pnl'])} before "
        f"charges of {_money(total['charges'])}"
    )
    click.echo(f"journal {document['journal_sha256']}")


def _print_day(day: dict[str, Any]) -> None:
    pnl = day["pnl"]["last"]
    click.echo(f"{day['date']}  P&L {_money(pnl['value'] if pnl else None)}")
    for trade in day["trades"]:
        left = (
            f"{trade['exit_at'][11:19]} {trade['exit']:.2f} {trade['exit_reason']}"
            if trade["exit_at"]
            else "open"
        )
        click.echo(
            f"  {trade['leg_id']:8} {trade['side']:4} {trade['quantity']:>6} {trade['symbol']}  "
            f"{trade['entry_at'][11:19]} {trade['entry']:.2f} -> {left}  {_money(trade['pnl'])}"
        )
    for note in day["notes"]:
        click.echo(f"  {note['at'][11:19]} {note['kind']}: {note['text']}")


def _money(amount: float | None) -> str:
    return "unknown" if amount is None else f"{amount:,.2f}"
