"""`ordo alerts` and `ordo acknowledge`: what somebody must know of, and that somebody does.

With `--json` both are the daemon's own document, byte for byte; that of `alerts` holds those too
whose condition is over.
"""

from __future__ import annotations

from pathlib import Path

import click

from daemon.cli.client import connect, read_document, segment
from daemon.cli.options import AS_JSON, SETTINGS
from daemon.cli.tables import clean, clock, number, say, say_table, word

_HEAD = ("alert", "severity", "since", ">level", "acknowledged by", "what is wrong")


@click.command("alerts")
@SETTINGS
@AS_JSON
def alerts(settings: Path | None, *, as_json: bool) -> None:
    """Show the alerts whose condition holds."""
    content = connect(settings).get("/api/alerts")
    if as_json:
        click.echo(content.rstrip(b"\n"))
        return
    told = [each for each in read_document(content)["alerts"] if each["cleared_at"] is None]
    if not told:
        say(["nothing is wrong that is known"])
        return
    rows = [
        [
            *(word(each["alert_id"]), word(each["severity"]), clock(each["at"])),
            *(number(each["level"]), word(each["acknowledged_by"]), word(each["sentence"])),
        ]
        for each in told
    ]
    say_table(_HEAD, rows)
    if any(each["acknowledged_by"] is None for each in told):
        say(["", "say that you have seen one with `ordo acknowledge ALERT`"])


@click.command("acknowledge")
@click.argument("alert")
@SETTINGS
@AS_JSON
def acknowledge(alert: str, settings: Path | None, *, as_json: bool) -> None:
    """Say that an alert was seen; it escalates no more."""
    content = connect(settings).post(f"/api/alerts/{segment(alert)}/acknowledge", {})
    if as_json:
        click.echo(content.rstrip(b"\n"))
        return
    said = read_document(content).get("text") or f"{alert} is acknowledged"
    say([clean(str(said))])
