"""The watchdog bench: how soon it decides on a frame, alone and with a thousand clients watching.

The daemon is a whole one with a position open, at 20,000 ticks a second; the clients of `/ws/pnl`,
ten of whom never read, live in a process of their own. A frame counts from the instant at which it
was due, so a loop that is late for it is late for the decision.
"""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from daemon.bench import fan_out
from daemon.bench.fan_out_clients import Order, spread
from daemon.bench.live import Live, Setup, living
from daemon.bench.live_market import LiveMarket
from daemon.bench.rig import on_its_own
from daemon.web.admission.tokens import operator_token


class Load(Struct, frozen=True):
    """How much.

    Attributes:
        clients: in all.
        stuck: of them never read.
        seconds: of each stretch, the idle one and the watched one.
        symbols: of the market.
        per_second: its frames.
    """

    clients: int = 1_000
    stuck: int = 10
    seconds: float = 20.0
    symbols: int = 200
    per_second: int = 100


def bench(load: Load | None = None) -> dict[str, Any]:
    """Run the bench once and return what was measured."""
    return on_its_own(partial(_measure, load or Load()))


async def _measure(load: Load, folder: Path) -> dict[str, Any]:
    market = LiveMarket(round(load.seconds) * 2 + 120, load.symbols, load.per_second)
    async with living(Setup(market), folder) as live:
        await asyncio.sleep(1)
        live.marks.forget_frames()
        await asyncio.sleep(load.seconds)
        idle = _frames(live)
        order = Order(_port(live), operator_token(folder), load.clients, load.stuck, load.seconds)
        listening = asyncio.get_running_loop().create_task(fan_out.listen_elsewhere(order))
        while live.watchers < load.clients - load.stuck and not listening.done():
            await live.next_frame()
        live.marks.forget_frames()
        await asyncio.sleep(load.seconds - 1)  # before they hang up
        watched, following = _frames(live), live.watchers
        noted = await listening
    return {
        "clients": load.clients,
        "stuck": load.stuck,
        "ticks_per_s": load.symbols * load.per_second,
        "frame_to_decision_ms": {
            "idle": _told(idle),
            "watched": _told(watched),
            "p99_more": _p99(watched) - _p99(idle),
        },
        "messages": noted.messages,
        "readers_lost": noted.lost,
        "following_at_the_end": following,
    }


Frames = tuple[list[int], list[int]]
"""From when they were due, and from when they were taken, in us."""


def _frames(live: Live) -> Frames:
    return list(live.marks.due_us), list(live.marks.arrived_us)


def _told(frames: Frames) -> dict[str, Any]:
    due, arrived = frames
    return {
        "frames": len(due),
        "from_due": asdict(spread(due)),
        "from_arrival": asdict(spread(arrived)),
    }


def _p99(frames: Frames) -> float:
    return spread(frames[0]).p99


def _port(live: Live) -> int:
    """Return the port that a daemon's ready line names."""
    return int(live.url.split("//")[1].split("/")[0].rpartition(":")[2])
