"""The fan-out bench: a thousand clients of `/ws/pnl`, ten of whom never read.

The port, its guards, the hub and the streams are those of the daemon; what they tell is made. The
clients live in a process of their own. Told are the time from the making of a message to its
receipt, when the stuck clients were dropped, and how late the daemon's loop was for other work,
before there were clients and while there were.
"""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import asdict

from daemon.bench.fan_out_clients import Noted, Order, spread
from daemon.bench.rig import on_its_own
from daemon.control import Control, Line, Names
from daemon.domain.instants import SECOND_NS, instant
from daemon.domain.money import E4, sum_known
from daemon.domain.orders.words import Side
from daemon.errors import OrdoError
from daemon.messages import LegSeen, PnlFrame, RiskSeen, WatchSeen
from daemon.messages.modes import ON_PAPER
from daemon.runtime.clock import MonotonicClock, WallClock
from daemon.settings.web import Web
from daemon.telemetry.log import make_log
from daemon.web.admission.tokens import operator_token
from daemon.web.house import House
from daemon.web.server import Served, serve
from daemon.web.streaming.hub import Hub
from daemon.web.streaming.streams import Streams

_STRATEGIES, _LEGS = 6, 4
_PROBE_S = 0.005
_IDLE_S = 2.0


class Load(Struct, frozen=True):
    """How much.

    Attributes:
        clients: in all.
        stuck: of them never read.
        seconds: how long they listen.
    """

    clients: int = 1_000
    stuck: int = 10
    seconds: float = 20.0


def bench(load: Load | None = None) -> dict[str, Any]:
    """Run the bench once and return what was measured."""
    return on_its_own(partial(_measure, load or Load()))


async def _measure(load: Load, state_dir: Path) -> dict[str, Any]:
    clock, written, numbers = MonotonicClock(), io.StringIO(), count(1)

    def beat(*, force: bool) -> None:  # noqa: ARG001 (here something has always changed)
        risk = _made(next(numbers))
        hub.show(PnlFrame(risk.at_ns, risk, ()))

    hub = Hub(beat, clock.now_ns, ON_PAPER, make_log(written, clock.now_ns))
    house = House(
        control=Control(Line(_nobody, clock.now_ns, Names(state_dir, {}, {}, {}))),
        settings=Web(port=0),
        state_dir=state_dir,
        host=WallClock(),
        log=make_log(io.StringIO(), clock.now_ns),
        brokers={},
    )
    idle_us: list[int] = []
    busy_us: list[int] = []
    async with serve(house, Streams(hub).routes) as served, asyncio.TaskGroup() as group:
        serving = group.create_task(hub.serve())
        with suppress(TimeoutError):
            async with asyncio.timeout(_IDLE_S):
                await _probe(idle_us)
        probing = group.create_task(_probe(busy_us, lambda: _most(load, hub)))
        begun_ns = clock.now_ns()
        noted = await _clients(load, served, operator_token(state_dir))
        probing.cancel()
        serving.cancel()
    return _told(load, noted, _dropped_s(written, begun_ns), (idle_us, busy_us))


async def _clients(load: Load, served: Served, token: str) -> Noted:
    """Run the clients that are wanted, and return what they noted."""
    order = Order(served.port, token, load.clients, load.stuck, load.seconds)
    return await listen_elsewhere(order)


async def listen_elsewhere(order: Order) -> Noted:
    """Let clients listen in a process of their own, and return what they noted.

    Raises:
        OrdoError: the process failed.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "daemon.bench.fan_out_clients",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    answer, _ = await process.communicate(msgspec.json.encode(order))
    if process.returncode:
        raise OrdoError(f"the clients ended with {process.returncode}; stderr tells why")
    return msgspec.json.decode(answer, type=Noted)


async def _probe(late_us: list[int], counts: Callable[[], bool] = lambda: True) -> None:
    """Note again and again how late the loop wakes who has slept, while that counts."""
    clock = MonotonicClock()
    while True:
        due_ns = clock.now_ns() + round(_PROBE_S * SECOND_NS)
        await asyncio.sleep(_PROBE_S)
        if counts():
            late_us.append((clock.now_ns() - due_ns) // 1_000)


def _most(load: Load, hub: Hub) -> bool:
    """Whether everybody who reads is there: handshakes are no work of the streams."""
    return len(hub.pnl.watchers) >= load.clients - load.stuck


def _nobody(to: str, message: Any, lane: Any) -> None:  # noqa: ARG001
    raise AssertionError("the streams of this bench ask no actor")


def _made(number: int) -> RiskSeen:
    """Return how things stand, another for each number, of a realistic size."""
    return RiskSeen(
        number * SECOND_NS,
        link_alive=True,
        watches=tuple(_watch(place, number) for place in range(_STRATEGIES)),
    )


def _watch(place: int, number: int) -> WatchSeen:
    legs = tuple(
        LegSeen(
            leg_id=f"leg-{leg}",
            symbol=f"NIFTY-2026-11-24-{24_000 + 50 * leg}-CE",
            side=Side.SELL,
            quantity=-75,
            entry_e4=112 * E4,
            ltp_e4=100 * E4 + number * 500,
            age_ms=400,
            realised_e4=0,
            unrealised_e4=900 * E4 - number * 500 * 75,
            stop_e4=146 * E4,
            target_e4=45 * E4,
        )
        for leg in range(_LEGS)
    )
    pnl_e4 = sum_known(leg.unrealised_e4 for leg in legs)
    return WatchSeen(
        strategy_id=f"strategy-{place}",
        status="open",
        lock="LOCKED",
        current_sl_e4=1_500 * E4,
        pnl_e4=pnl_e4,
        realised_e4=0,
        unrealised_e4=pnl_e4,
        charges_e4=41 * E4,
        legs=legs,
        today_e4=pnl_e4,
    )


def _dropped_s(written: io.StringIO, begun_ns: int) -> list[float]:
    """Return after how many seconds each client was dropped, by the log."""
    lines = [msgspec.json.decode(line) for line in written.getvalue().splitlines()]
    moments = [datetime.fromisoformat(line["at"]) for line in lines]
    return [(instant(each) - begun_ns) / SECOND_NS for each in moments]


def _told(
    load: Load, noted: Noted, dropped_s: Sequence[float], late_us: tuple[list[int], list[int]]
) -> dict[str, Any]:
    idle, busy = (spread(each) for each in late_us)
    return {
        "clients": load.clients,
        "stuck": load.stuck,
        "messages": noted.messages,
        "delivery_ms": asdict(noted.latency),
        "fewest_messages": noted.fewest,
        "readers_lost": noted.lost,
        "stuck_dropped": len(dropped_s),
        "stuck_dropped_after_s": [round(each, 1) for each in sorted(dropped_s)],
        "loop_late_ms": {"idle": asdict(idle), "busy": asdict(busy)},
    }
