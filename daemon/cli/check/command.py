"""`ordo check`: what would hinder a start, a line each, with evidence and the mend.

It works without a daemon and beside one, and changes nothing. It asks nobody but this machine; for
live trading alone somebody outside is asked which address this machine has.
With `--replaces` it looks at what is set and recorded alone, as an installation does before it puts
a version in the place of another: its strategies count instead of those that it replaces.
As JSON: `{"ok", "checks": [{"check", "verdict": "ok" or "warn" or "fail", "evidence", "mend"}]}`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import click
import msgspec
from msgspec.structs import replace

from daemon.cli.check import guardian, hot_state, outside, vault
from daemon.cli.client import Client, address_of, token_path
from daemon.cli.options import AS_JSON, PATH, SETTINGS, load_settings
from daemon.cli.tables import clean, say, table
from daemon.domain.instants import day_of
from daemon.errors import SettingsError
from daemon.jobs.preflight import egress, live, logins, machine, market, records
from daemon.jobs.preflight.findings import Finding, Verdict, fail, looked, ok, warn
from daemon.runtime.clock import WallClock
from daemon.settings import Settings
from daemon.settings.ledger import is_postgres


@click.command("check")
@SETTINGS
@click.option(
    "--replaces",
    type=PATH,
    metavar="FOLDER",
    help="Only whether this version can go by what the one in that folder leaves.",
)
@AS_JSON
def command(settings: Path | None, replaces: Path | None, *, as_json: bool) -> int:
    """Say before a start what would hinder it; exit code 1 where something does."""
    found = list(_preflight(settings, replaces))
    passed = all(each.verdict is not Verdict.FAIL for each in found)
    if as_json:
        click.echo(msgspec.json.encode({"ok": passed, "checks": found}))
    else:
        _tell(found)
    return 0 if passed else 1


def _preflight(path: Path | None, replaces: Path | None) -> Iterator[Finding]:
    try:
        settings = load_settings(path)
    except SettingsError as error:
        yield fail("settings", str(error), "mend that; the rest is looked at afterwards")
        return
    mode = settings.daemon.mode.upper()
    yield ok("settings", f"{path or 'settings.toml or the presets'}: whole, mode {mode}")
    today = day_of(WallClock().now_ns())
    fed, first_day = outside.feed(settings, today)
    if replaces is not None:
        yield from _found_there(settings, replaces, first_day)
        return
    yield fed
    yield looked("strategies", market.strategies, settings, first_day)
    yield looked("state folder", machine.state_folder, settings)
    yield looked("files", machine.files, settings)
    yield looked("logs", machine.logs, settings)
    yield looked("ledger", records.ledger, settings)
    yield looked("hot state", hot_state.hot_state, settings)
    yield looked("sinks", outside.sinks, settings)
    yield looked("tokens", outside.secrets, settings, token_path(settings))
    yield looked("vault", vault.vault, settings)
    yield from logins.headless(settings)
    yield looked("latches", machine.latches, settings)
    yield looked("guardian", guardian.guardian, settings)
    if settings.web.enabled:
        client = Client(address_of(settings), token_path(settings))
        yield looked("port", outside.port, client)
    else:
        yield ok("port", "none is opened: [web] enabled is false")
    yield machine.clock()
    yield market.rules()
    yield market.calendar_reach(today)
    yield market.rates(settings)
    yield from market.brokers(settings)
    yield egress.static_ip(settings)
    yield from live.terms(settings)


def _found_there(settings: Settings, there: Path, day: date) -> Iterator[Finding]:
    """Yield what this version makes of what another one leaves to it; no server is asked."""
    gone = (there / "strategies").resolve()
    paths = settings.strategies.paths
    paths = tuple(market.SHIPPED if each.resolve() == gone else each for each in paths)
    new = replace(settings, strategies=replace(settings.strategies, paths=paths))
    yield looked("strategies", market.strategies, new, day)
    if is_postgres(settings.ledger.url):
        mend = "look with `ordo check` before you restart the daemon"
        yield warn("ledger", "it is on a server, which is not asked", mend)
    else:
        yield looked("ledger", records.ledger, settings)


def _tell(found: list[Finding]) -> None:
    """Write a line each; the mend stands below what it mends."""
    lines = table(
        ("check", "verdict", "evidence"),
        [[each.check, each.verdict, each.evidence.replace("\n", "; ")] for each in found],
    )
    margin = " " * lines[0].index("evidence")
    for line, each in zip(lines[1:], found, strict=True):
        say([line])
        if each.mend:
            say([f"{margin}-> {clean(each.mend)}"])
