"""`ordo alerts`: what somebody must know of.

With `--json` it is the daemon's own document, byte for byte, which holds those too whose condition
is over.
"""

from __future__ import annotations

from pathlib import Path

import click

from daemon.cli.client import connect, read_document
from daemon.cli.options import AS_JSON, SETTINGS
from daemon.cli.snapshot import headed, mode
from daemon.cli.tables import clock, number, say, say_document, say_table, word

_HEAD = (
    *("mode", "alert", "severity", "code", "account", "since", ">level", "acknowledged by"),
    "what is wrong",
)


@click.command("alerts")
@SETTINGS
@AS_JSON
def alerts(settings: Path | None, *, as_json: bool) -> None:
    """Show the alerts whose condition holds."""
    content = connect(settings).get("/api/alerts")
    if as_json:
        say_document(content)
        return
    found = read_document(content)
    told = [each for each in found["alerts"] if each["cleared_at"] is None]
    if not told:
        say([headed(found, "nothing is wrong that is known")])
        return
    rows = [
        [
            *(mode(each), word(each["alert_id"]), word(each["severity"]), word(each["code"])),
            *(word(each["account"]), clock(each["at"])),
            *(number(each["level"]), word(each["acknowledged_by"]), word(each["sentence"])),
        ]
        for each in told
    ]
    say_table(_HEAD, rows)
    if any(each["acknowledged_by"] is None for each in told):
        say(["", "say that you have seen one with `ordo acknowledge ALERT`"])
