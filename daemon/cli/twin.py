"""`ordo twin BROKER`: a broker on loopback that speaks its own wire, around a market on paper."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import date
from fractions import Fraction
from functools import partial
from pathlib import Path

import click
import msgspec
import uvloop

from daemon.app.machine.signals import Stop
from daemon.brokers.zerodha.wire_twin.market import MORNING, Beat
from daemon.brokers.zerodha.wire_twin.opening import Account, Stage, opened
from daemon.brokers.zerodha.wire_twin.server import Parts, serving
from daemon.cli import INTERRUPTED
from daemon.cli.engine import PATH, load_settings
from daemon.domain.instants import MILLISECOND_NS, at
from daemon.domain.money import E4
from daemon.errors import SettingsError
from daemon.feeds.formats.words import ReplayOptions
from daemon.feeds.replay import Recording, open_recording
from daemon.messages import FrameArrived
from daemon.runtime.clock import MonotonicClock, WallClock
from daemon.runtime.pace import Pace
from daemon.worlds import (
    Entry,
    Generated,
    GeneratedMarket,
    Recorded,
    begins_ns,
    front_expiry,
    trading_sessions,
)

_ACCOUNT = "twin"


@click.group("twin")
def command() -> None:
    """Play a broker on loopback, for any program that speaks its wire."""


@command.command("zerodha")
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="0: any that is free.")
@click.option("--data", type=PATH, help="Recorded days to play.")
@click.option("--seed", type=int, help="Of generated days; without it that of the settings.")
@click.option("--speed", default="1", show_default=True, help="Market s per s; 0: held.")
@click.option(
    "--cash", type=click.IntRange(1), default=10_000_000, show_default=True, help="Rupees."
)
def zerodha(port: int, data: Path | None, seed: int | None, speed: str, cash: int) -> int:
    """Play Zerodha; where to find it is told in one line of JSON."""
    if data is not None and seed is not None:
        raise click.UsageError("--data and --seed name two markets; take one of them")
    pace = Pace(MonotonicClock(), _speed(speed))
    with ExitStack() as held:
        if data is None:
            stage = generated(seed, cash * E4)
        else:
            recording = open_recording(data, ReplayOptions(front=front_expiry))
            stage = recorded(held.enter_context(closing(recording)), cash * E4)
        parts = opened(stage, pace, WallClock())
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            asked = runner.run(_serve(parts, port))
    return INTERRUPTED if asked is signal.SIGINT else 0


def generated(seed: int | None, cash_e4: int) -> Stage:
    """Return the days that a seed makes.

    Args:
        seed: None: that of the settings.
        cash_e4: what the account begins with.
    """
    feed = load_settings(None).feed
    interval_ns = feed.interval_ms * MILLISECOND_NS
    market = GeneratedMarket(feed.seed if seed is None else seed, feed.first_day, interval_ns)
    first = next(market.days())

    def listed(day: date) -> list[str]:
        hours = trading_sessions(day)
        frames = market.newest(day, hours[-1][1]) if hours else ()
        return [symbol for frame in frames for symbol in frame.quotes]

    def beats(account: Account) -> Iterator[Beat]:
        entry = Entry(begins_ns((), None, first))
        return _beats(Generated(market, {_ACCOUNT: account}, entry))

    return Stage(listed, beats, at(first, MORNING), cash_e4)


def recorded(recording: Recording, cash_e4: int) -> Stage:
    """Return the days of a recording."""
    days = recording.days()

    def listed(day: date) -> list[str]:
        symbols = (each.frame.quotes for each in recording.frames(day)) if day in days else ()
        return list(dict.fromkeys(symbol for quotes in symbols for symbol in quotes))

    def beats(account: Account) -> Iterator[Beat]:
        return _beats(Recorded(recording, {_ACCOUNT: account}, days))

    return Stage(listed, beats, at(days[0], MORNING), cash_e4)


def _beats(world: Recorded) -> Iterator[Beat]:
    for step in world.steps():
        message = step.message
        seen = message.frame if isinstance(message, FrameArrived) else message
        yield Beat(step.at_ns, partial(world.see, seen, step.at_ns), step.jump)


def _speed(text: str) -> Fraction | None:
    """Return a pace; None: the market is held."""
    try:
        speed = Fraction(text)
    except (ValueError, ZeroDivisionError):
        speed = Fraction(-1)
    if speed < 0:
        raise SettingsError(f"--speed {text}: a number from 0 on; 0 holds the market", "bad_usage")
    return speed or None


async def _serve(parts: Parts, port: int) -> signal.Signals | None:
    """Serve until a signal asks for the end, and return it."""
    stop, loop = Stop(), asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.ask, name)
    async with serving(parts, port) as ready:
        click.echo(msgspec.json.encode(ready))
        await stop.asked()
    return stop.signal
