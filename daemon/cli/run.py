"""`ordo run`: the daemon in the foreground, on the live driver."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, closing, suppress
from datetime import datetime
from fractions import Fraction
from functools import partial
from pathlib import Path

import click
import uvloop
from msgspec.structs import replace

from daemon.app.at_brokers.accounts import logins, prices_of, traded_in
from daemon.app.given.assignment import Assignment, GeneratedDays, Played, RecordedDays, Time
from daemon.app.given.live_days import LiveDays, StandInDays
from daemon.app.given.wiring import cells_of
from daemon.app.machine.deployed import code_loaded
from daemon.app.machine.host import Host, this_host
from daemon.app.machine.open_files import room_made
from daemon.app.machine.telemetry import Telemetry, opened
from daemon.app.service import Service
from daemon.backtest.report import report
from daemon.brokers.zerodha.stand_in import StandInClock
from daemon.cli import INTERRUPTED
from daemon.cli.engine import (
    PATH,
    accounts_for,
    find_filed,
    idle_plans,
    load_settings,
    replays_of,
    started_plans,
)
from daemon.cli.lines import Lines
from daemon.cli.run_summary import summary
from daemon.cli.words import code_said
from daemon.domain.instants import MILLISECOND_NS
from daemon.domain.money import E4
from daemon.domain.plans.schema import Plan
from daemon.errors import SettingsError
from daemon.feeds.formats.words import ReplayOptions
from daemon.feeds.live import LiveFeed
from daemon.feeds.replay import open_recording
from daemon.feeds.sample import sample_path
from daemon.messages.cells import Cell, address
from daemon.messages.modes import modes_of
from daemon.runtime.clock import MonotonicClock, WallClock
from daemon.settings import FeedKind, Settings
from daemon.storage.emergency import GuardedLedger
from daemon.storage.exclusive import require_ours
from daemon.telemetry.printing import Printer
from daemon.worlds import GeneratedMarket, begins_ns, front_expiry

_NOBODY = (
    "no strategy takes entries from the start, and what is held is guarded; `ordo start ID` lets "
    "one take them, and [strategies] autostart names those that do by themselves"
)


@click.command("run")
@click.option("--settings", type=PATH, help="Another settings.toml.")
@click.option("--data", type=PATH, help="Recorded days to play instead of generated ones.")
@click.option("--speed", help="Market seconds in one second, or max.")
@click.option("--strategy", "strategies", multiple=True, help="An id or a file; may be repeated.")
@click.option(
    "--until", type=click.DateTime(["%Y-%m-%d"]), help="The last generated day; then it ends."
)
def command(
    settings: Path | None,
    data: Path | None,
    speed: str | None,
    strategies: tuple[str, ...],
    until: datetime | None,
) -> int:
    """Run the daemon in the foreground."""
    loaded = load_settings(settings)
    require_ours(loaded.daemon.state_dir)
    replays = data is not None or loaded.feed.kind is FeedKind.REPLAY
    named, unread = [find_filed(name, loaded) for name in strategies], dict[str, str]()
    if not strategies:
        named, unread = started_plans(loaded, goes_on=not replays)
    plans = [plan for _, plan in named]
    _require_each_once(plans, replays=replays)
    is_live = loaded.feed.kind is FeedKind.BROKER
    if is_live:
        _require_as_it_is(loaded, data, speed, until)
    pace = _speed(speed) if speed is not None else None if is_live else _settled_speed(loaded)
    if replays and until is not None:
        raise SettingsError("--until ends generated days; a recording ends by itself", "bad_usage")
    if until is not None and until.date() < loaded.feed.first_day:
        raise SettingsError(
            f"--until {until.date()} lies before {loaded.feed.first_day}, the first generated day",
            "bad_usage",
        )
    with ExitStack() as held:
        market: Played
        if is_live:
            market = _live(loaded, held)
        elif replays:
            market = _recorded(loaded, data, held)
        else:
            market = _generated(loaded, plans, pace, until)
        idle, left_out, refused = ({}, [], {}) if replays else idle_plans(loaded, plans)
        for sentence in (*(f"ALERT {each}" for each in unread.values()), *left_out):
            with suppress(OSError):  # a disk that is full keeps nobody from guarding
                click.echo(f"ordo: left out: {sentence}", err=True)
        files = {plan.id: file.name for file, plan in (*named, *idle.items())}
        given = _assignment(loaded, plans, idle.values(), market)
        given = replace(given, files=files, left_out=unread, refused=refused)
        telemetry = held.enter_context(opened(loaded, sys.stderr, os.environ))
        lines = _lines(given, telemetry, held)
        runner = held.enter_context(asyncio.Runner(loop_factory=uvloop.new_event_loop))
        time = given.played.time(MonotonicClock(), pace)
        host = replace(this_host(), telemetry=telemetry)
        return runner.run(_run(given, plans, time, lines, host))


def _require_each_once(plans: Sequence[Plan], *, replays: bool) -> None:
    """Refuse strategies of one id, and a recording with none.

    Raises:
        SettingsError: there are such, or there is none.
    """
    if not plans and replays:
        raise SettingsError(
            "no strategy to play the recording with: name one with --strategy or [strategies] "
            "autostart",
            "no_strategy",
        )
    ids = Counter(plan.id for plan in plans)
    repeated = [plan_id for plan_id, count in ids.items() if count > 1]
    if repeated:
        raise SettingsError(f"strategies are told apart by their ids; twice: {min(repeated)}")


def _require_as_it_is(
    settings: Settings, data: Path | None, speed: str | None, until: datetime | None
) -> None:
    """Refuse what makes sense for played days alone.

    Raises:
        SettingsError: one of the options was given.
    """
    given = {"--data": data, "--until": until, "--speed": None if _stand_in(settings) else speed}
    named = [name for name, value in given.items() if value is not None]
    if named:
        sentence = f"{', '.join(named)}: days are played with it, and [feed] kind is broker"
        raise SettingsError(f'{sentence}; leave it out, or write kind = "generated"', "bad_usage")


def _stand_in(settings: Settings) -> str:
    """Return where a stand-in for the broker is; empty: it is the broker itself."""
    roots = (settings.brokers[broker].api_root for _, broker in logins(settings))
    return next(filter(None, roots), "")


def _live(settings: Settings, held: ExitStack) -> LiveDays:
    """Return the market as it is, or as a stand-in on this machine has it; `held` closes that."""
    root = _stand_in(settings)
    if root:
        return StandInDays(LiveFeed(), held.enter_context(closing(StandInClock(root))))
    return LiveDays(LiveFeed(), WallClock())


def _recorded(settings: Settings, data: Path | None, held: ExitStack) -> RecordedDays:
    """Return recorded days: those that are named, set, or come with Ordo; `held` closes them."""
    path = data or settings.feed.path or sample_path()
    recording = open_recording(path, ReplayOptions(front=front_expiry))
    return RecordedDays(held.enter_context(closing(recording)))


def _generated(
    settings: Settings, plans: Sequence[Plan], speed: Fraction | None, until: datetime | None
) -> GeneratedDays:
    """Return the days that the seed makes, from half a minute before the first entry on."""
    feed = settings.feed
    market = GeneratedMarket(feed.seed, feed.first_day, feed.interval_ms * MILLISECOND_NS)
    first = next(market.days())
    begins = begins_ns(plans, speed, first)
    return GeneratedDays(market, begins, until.date() if until is not None else None)


def _assignment(
    settings: Settings, plans: list[Plan], idle: Iterable[Plan], played: Played
) -> Assignment:
    """Return what is run: a replay keeps a record of its own, all else goes on with the last."""
    replays = isinstance(played, RecordedDays)
    every = [*plans, *idle]
    return Assignment(
        settings=settings,
        accounts=accounts_for(settings, every),
        plans=tuple(every),
        taking=_ids(plans),
        played=played,
        prices=prices_of(settings),
        folder=_fresh_folder(settings.daemon.state_dir) if replays else settings.daemon.state_dir,
    )


def _ids(plans: Iterable[Plan]) -> frozenset[str]:
    return frozenset(plan.id for plan in plans)


def _lines(given: Assignment, telemetry: Telemetry, held: ExitStack) -> Lines:
    """Return what writes lines to standard output, and goes on where nobody takes them."""
    tell = partial(_lost, telemetry)
    printer = held.enter_context(closing(Printer(sys.stdout, tell)))
    return Lines(printer.put, telemetry.record, MonotonicClock(), modes_of(given.accounts))


def _lost(telemetry: Telemetry, because: str) -> None:
    telemetry.log.error("lines for people lost", because=because)


async def _run(given: Assignment, plans: list[Plan], pace: Time, lines: Lines, host: Host) -> int:
    """Run until the end, and tell how it went."""
    days = given.played.days()
    lines.say(f"{_played(given.played)}, in {given.folder}")
    lines.say(code_said(code_loaded(given.settings, 0)))
    if short := room_made(given.settings):
        lines.say(f"ALERT {short}")
    if not plans:
        lines.say(_NOBODY)

    def at_end(ledger: GuardedLedger, asked: signal.Signals | None) -> None:
        if asked is not None:
            lines.say("stopped")
        for plan in plans if days else ():
            for cell in _cells(given, plan):
                document = report(plan, cell.facts(ledger.facts()), ledger.journal_sha256())
                name = document["strategy_id"] = address(plan.id, cell.mark)
                lines.say(summary(document, lines.seen.get(name, {})))

    asked = await Service(given, lines, pace, at_end, host).run()
    return INTERRUPTED if asked is signal.SIGINT else 0


def _played(played: Played) -> str:
    """Return what is played, in words."""
    days = played.days()
    if days:
        return f"playing {days[0]} to {days[-1]}"
    return "on the market as it is" if isinstance(played, LiveDays) else "on a generated market"


def _cells(given: Assignment, plan: Plan) -> list[Cell]:
    """Return the cells of the accounts that a strategy trades in, of a record that began anew."""
    names = [account.id for account in traded_in(plan, given.accounts)]
    return [cell for cell in cells_of(given.accounts) if cell.account in names]


def _fresh_folder(state_dir: Path) -> Path:
    """Make the next numbered folder: each replay keeps a record of its own."""
    taken = [int(each.name) for each in replays_of(state_dir)]
    folder = state_dir / "replay" / f"{max(taken, default=0) + 1:04}"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise SettingsError(
            f"the folder {folder} cannot be made: {error.strerror}; "
            "let [daemon] state_dir name one that this user may write to",
            "state_folder_unusable",
        ) from error
    return folder


def _settled_speed(settings: Settings) -> Fraction | None:
    return Fraction(settings.feed.speed_e4, E4) if settings.feed.speed_e4 else None


def _speed(text: str) -> Fraction | None:
    if text == "max":
        return None
    try:
        speed = Fraction(text)
    except (ValueError, ZeroDivisionError):
        speed = Fraction(0)
    if speed <= 0:
        raise SettingsError(f"--speed {text}: a number above zero, or max", "bad_usage")
    return speed
