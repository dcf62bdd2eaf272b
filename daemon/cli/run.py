"""`ordo run`: the daemon in the foreground, on the live driver."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from fractions import Fraction
from pathlib import Path

import click
import uvloop

from daemon.app import Account, App, Run, build
from daemon.backtest.report import report
from daemon.backtest.run import tell_of
from daemon.cli import INTERRUPTED
from daemon.cli.engine import PATH, find_plan, load_settings, one_account, replays_of
from daemon.cli.lines import Lines, Shown, summary
from daemon.domain.money import E4
from daemon.domain.plans.schema import Plan
from daemon.errors import SettingsError
from daemon.feeds.formats.words import ReplayOptions
from daemon.feeds.replay import Recording, open_recording
from daemon.feeds.sample import sample_path
from daemon.runtime.clock import MonotonicClock
from daemon.runtime.pace import Pace
from daemon.runtime.supervisor import Supervisor
from daemon.runtime.tasks import Tasks
from daemon.settings import Settings
from daemon.storage.ledger import SqliteLedger
from daemon.twin.file import SqliteFile
from daemon.worlds import front_expiry


@click.command("run")
@click.option("--settings", type=PATH, help="Another settings.toml.")
@click.option("--data", type=PATH, help="Recorded days to play; else [feed] path, else our own.")
@click.option("--speed", help="Market seconds in one second, or max.")
@click.option("--strategy", "strategies", multiple=True, help="An id or a file; may be repeated.")
def command(
    settings: Path | None, data: Path | None, speed: str | None, strategies: tuple[str, ...]
) -> int:
    """Run the daemon in the foreground, on paper, over recorded days."""
    loaded = load_settings(settings)
    plans = [find_plan(name, loaded) for name in strategies or loaded.strategies.autostart]
    if not plans:
        raise SettingsError(
            "no strategy to run: name one with --strategy or [strategies] autostart"
        )
    repeated = {plan.id for plan in plans if [each.id for each in plans].count(plan.id) > 1}
    if repeated:
        raise SettingsError(f"strategies are told apart by their ids; twice: {min(repeated)}")
    account = one_account(loaded, plans)
    pace = Pace(MonotonicClock(), _speed(speed) if speed is not None else _settled_speed(loaded))
    recording = open_recording(
        data or loaded.feed.path or sample_path(), ReplayOptions(front=front_expiry)
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_Session(loaded, account, plans, recording).play(pace))


class _Session:
    """One run over a recording: its own folder, ledger and exchange."""

    def __init__(
        self, settings: Settings, account: Account, plans: list[Plan], recording: Recording
    ) -> None:
        self._account = account
        self._plans = plans
        self._recording = recording
        self._state_dir = settings.daemon.state_dir
        self._folder = _fresh_folder(self._state_dir)
        self._lines = Lines(
            sys.stdout, None if sys.stderr.isatty() else sys.stderr, MonotonicClock()
        )

    async def play(self, pace: Pace) -> int:
        """Play every day, then tell how it went."""
        with (
            closing(self._recording),
            closing(SqliteLedger(self._folder / "ledger.sqlite", self._account.owner)) as ledger,
            closing(SqliteFile(self._folder / "exchange.sqlite")) as exchange,
        ):
            days = self._recording.days()
            epoch = ledger.begin_epoch(0)
            run = Run(self._recording, days, epoch, exchange, self._state_dir)
            app = build(self._account, self._plans, run, pace.now_ns, self._lines.show)
            self._lines.say(
                f"ordo ready: paper, playing {days[0]} to {days[-1]}, in {self._folder}"
            )
            try:
                return await self._conduct(app, Shown(ledger, self._lines), pace)
            finally:
                for plan in self._plans:
                    document = report(plan, ledger.facts(), ledger.journal_sha256())
                    self._lines.say(summary(document, self._lines.seen.get(plan.id)))

    async def _conduct(self, app: App, ledger: Shown, pace: Pace) -> int:
        tell_of(self._recording, self._recording.days(), ledger)
        try:
            with _stoppable():
                async with Tasks(Supervisor(app.specs, ledger), ledger, app.around, pace) as tasks:
                    for step in app.world.steps():
                        if step.jump:
                            pace.jump(step.at_ns)
                        await tasks.tell(step.to, step.message, step.at_ns)
        except asyncio.CancelledError:
            self._lines.say("stopped")
            return INTERRUPTED
        return 0


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let SIGINT and SIGTERM end the run as a cancellation, once."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None, "a run is a task"
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, task.cancel)
    try:
        yield
    finally:
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(name)


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
            "let [daemon] state_dir name one that this user may write to"
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
        raise SettingsError(f"--speed {text}: a number above zero, or max")
    return speed
