"""The kill bench: how fast a kill acts on a daemon that takes 20,000 ticks a second.

Four legs are open and four orders by hand rest far from the market. `quiet`: nothing else leaves,
so all eight messages fit into the budget of one second. `crowded`: entries leave as often as the
budget lets them, so a kill finds only the slots that are kept free of them, fewer than its messages
are; the rest leaves as the entries drop out of the window. `busy`: entries leave all the time,
under a budget that does not hold them back; the exchange refuses each of them, and for their number
much of what comes after, and market time stands still for their answers, so here it counts alone
when the last of them left. These go at the pace of the clock. In rounds with faults every fifth
write is refused or stays unanswered, and time is hurried.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from enum import StrEnum
from fractions import Fraction
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from daemon.bench.fan_out_clients import spread
from daemon.bench.kill_faults import Outcome, judged, plan_of
from daemon.bench.live import LEGS, Live, Setup, living, within
from daemon.bench.live_market import TICK_E4, LiveMarket, option, quote_of
from daemon.bench.live_marks import Leaving
from daemon.bench.rig import on_its_own
from daemon.control import Refusal
from daemon.domain.instants import SECOND_NS
from daemon.domain.market.instruments import Kind as Contract
from daemon.domain.market.instruments import parse_symbol
from daemon.domain.money import E4, floor_to
from daemon.domain.orders.heard import Order
from daemon.domain.orders.words import OrderType, Purpose, Side
from daemon.errors import OrdoError
from daemon.messages import Cancel, OrderAsked, Place, Scope
from daemon.runtime.budget import Window
from daemon.runtime.clock import MonotonicClock
from daemon.twin.file import SqliteFile

_RESTING = tuple(option(strike, Contract.CALL) for strike in (24_400, 24_450, 24_500, 24_550))
_STORMED = option(24_600, Contract.CALL)
_FREE = (Window(1_000, SECOND_NS, 10),)
_HURRIED = Fraction(100)
_STORM_S = 0.002
_STORM_MOST = 30
"""So many may wait for an answer: on a machine that is too slow they must not pile up."""
_CALM_S = 1.2
"""After it the budget of a second is whole again."""
_LOT = 65


class Kind(StrEnum):
    """What leaves beside the kill."""

    QUIET = "quiet"
    CROWDED = "crowded"
    BUSY = "busy"


class Load(Struct, frozen=True):
    """How much.

    Attributes:
        rounds: of each kind.
        seeds: rounds with faults.
        symbols: of the market.
        per_second: its frames.
        speed: of rounds without faults.
    """

    rounds: int = 5
    seeds: int = 24
    symbols: int = 200
    per_second: int = 100
    speed: Fraction = Fraction(1)


class Round(Struct, frozen=True):
    """One kill, in us since it was accepted but for the first.

    Attributes:
        accept_us: from its pressing to its acceptance.
        last_entry_us: when the last entry left; not above 0: before.
        shorts_us: when the last purchase that closes a short was out.
        messages_us: when the last of the eight messages was out.
        flat_us: when it was proven flat.
        decided_us: how long after it was due the watchdog had decided on each frame meanwhile.
    """

    accept_us: int
    last_entry_us: int
    shorts_us: int
    messages_us: int
    flat_us: int
    decided_us: list[int]


def bench(load: Load | None = None) -> dict[str, Any]:
    """Run the bench and return what was measured."""
    load = load or Load()
    clean = {
        kind.value: _told(kind, [_clean(load, kind, n) for n in range(load.rounds)])
        for kind in Kind
    }
    outcomes = [faulty(load, seed) for seed in range(load.seeds)]
    ticks_per_s = load.symbols * load.per_second
    return {"ticks_per_s": ticks_per_s, **clean, "faults": _told_faults(outcomes)}


def _clean(load: Load, kind: Kind, number: int) -> Round:
    """Run a round; the first of the quiet ones is killed from another process."""
    setup = Setup(
        market=LiveMarket(120, load.symbols, load.per_second),
        speed=load.speed,
        windows=_FREE if kind is Kind.BUSY else (),
    )
    by_socket = kind is Kind.QUIET and number == 0
    return on_its_own(partial(_round, setup, kind, by_socket=by_socket))


async def _round(setup: Setup, kind: Kind, folder: Path, *, by_socket: bool) -> Round:
    clock = MonotonicClock()
    async with living(setup, folder) as live:
        resting = await rest(live)
        await live.pass_by(_CALM_S)
        storm = asyncio.get_running_loop().create_task(_storm(live, kind))
        await live.pass_by(_CALM_S / 2)
        live.marks.forget_frames()
        pressed_ns = clock.now_ns()
        if by_socket:
            await _kill_by_command(folder)
        else:
            await live.control.brakes.kill(Scope.ALL, "", "bench", "bench")
        await within(live.over)
        storm.cancel()
    return _measured(live, resting, pressed_ns, by_socket=by_socket)


def _measured(live: Live, resting: Sequence[str], pressed_ns: int, *, by_socket: bool) -> Round:
    marks = live.marks
    accepted_ns = marks.accepted_ns
    (flat_ns, staged) = marks.stages[-1]
    if staged.stage != "flat":
        raise OrdoError(f"a clean exchange left {staged.left}")
    entries = [each for each in marks.writes if _is_entry(each) and not each.kept]
    return Round(
        accept_us=0 if by_socket else (accepted_ns - pressed_ns) // 1_000,
        last_entry_us=(entries[-1].host_ns - accepted_ns) // 1_000,
        shorts_us=(max(_exits_ns(marks.writes, Side.BUY).values()) - accepted_ns) // 1_000,
        messages_us=(_eighth_ns(marks.writes, resting) - accepted_ns) // 1_000,
        flat_us=(flat_ns - accepted_ns) // 1_000,
        decided_us=list(marks.due_us),
    )


def _is_entry(write: Leaving) -> bool:
    request = write.request
    return isinstance(request, Place) and request.approved.intent.purpose is Purpose.ENTRY


def _eighth_ns(writes: Sequence[Leaving], resting: Sequence[str]) -> int:
    """Return when every resting order's cancellation and every leg's first exit had left."""
    left = _exits_ns(writes, *Side)
    for write in writes:
        match write.request:
            case Cancel(intent_id) if intent_id in resting:
                left.setdefault(intent_id, write.host_ns)
    if len(left) != len(resting) + LEGS:
        raise OrdoError(f"of the messages of a kill only these left: {', '.join(left)}")
    return max(left.values())


def _exits_ns(writes: Sequence[Leaving], *sides: Side) -> dict[str, int]:
    """Return when the first exit of each leg that is closed on these sides had left."""
    left: dict[str, int] = {}
    for write in writes:
        match write.request:
            case Place(approved) if approved.intent.purpose is Purpose.EXIT:
                if approved.intent.side in sides:
                    left.setdefault(approved.intent.leg_id, write.host_ns)
    return left


async def rest(live: Live) -> list[str]:
    """Have four orders rest far below the market, and return their ids."""
    await live.pass_by(_CALM_S)
    intents = []
    for number, symbol in enumerate(_RESTING):
        order = await live.control.hands.order(_asked(f"rest-{number}", symbol))
        assert isinstance(order, Order), "it was not asked for as a trial"
        intents.append(order.intent.intent_id)
    return intents


async def _storm(live: Live, kind: Kind) -> None:
    """Ask for entries all the time; the exchange refuses a stop whose limit makes no sense."""
    if kind is Kind.QUIET:
        return
    told = set[asyncio.Task[None]]()
    try:
        for number in count():
            if len(told) < _STORM_MOST:
                wrong = _asked(f"storm-{number}", _STORMED, stops=number)
                task = asyncio.get_running_loop().create_task(_try(live, wrong))
                told.add(task)
                task.add_done_callback(told.discard)
            await asyncio.sleep(_STORM_S)
    finally:
        for task in told:
            task.cancel()


async def _try(live: Live, asked: OrderAsked) -> None:
    try:
        await live.control.hands.order(asked)
    except Refusal:
        return  # the budget is used up, or a latch stands by now


def _asked(request_id: str, symbol: str, stops: int | None = None) -> OrderAsked:
    parts = parse_symbol(symbol)
    quote = quote_of(parts.strike_e4 // E4, parts.kind)
    price_e4, trigger_e4 = floor_to(quote.bid_e4 * 85 // 100, TICK_E4), 0
    if stops is not None:
        price_e4 += stops % 100 * TICK_E4  # no two alike
        trigger_e4 = quote.ltp_e4 + 2 * TICK_E4
    return OrderAsked(
        request_id=request_id,
        account="paper",
        symbol=symbol,
        side=Side.BUY,
        quantity=_LOT,
        order_type=OrderType.LIMIT if stops is None else OrderType.STOP_LIMIT,
        price_e4=price_e4,
        trigger_e4=trigger_e4,
        tag="",
        by="bench",
        at_ns=0,
    )


async def _kill_by_command(folder: Path) -> None:
    """Kill as a person does from a terminal: in a process of its own, through the socket."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "daemon", "kill", "--no-wait", "--json"),
        env={**os.environ, "ORDO_DAEMON__STATE_DIR": str(folder)},
        stdout=asyncio.subprocess.DEVNULL,
    )
    if await process.wait():
        raise OrdoError(f"the command ended with {process.returncode}; stderr tells why")


def faulty(load: Load, seed: int) -> Outcome:
    """Kill among faults, and return how that ended by the book of the exchange."""
    setup = Setup(
        market=LiveMarket(300, load.symbols, load.per_second),
        speed=_HURRIED,
        faults=plan_of(seed, places_before=LEGS + len(_RESTING)),
    )
    return on_its_own(partial(_killed, setup, seed))


async def _killed(setup: Setup, seed: int, folder: Path) -> Outcome:
    async with living(setup, folder) as live:
        await rest(live)
        await live.control.brakes.kill(Scope.ALL, "", "bench", "bench")
        await within(live.over)
    file = SqliteFile(folder / "exchange.sqlite")
    try:
        return judged(seed, live.marks.stages, file.load())
    finally:
        file.close()


def _told(kind: Kind, rounds: Sequence[Round]) -> dict[str, Any]:
    def of(name: str) -> dict[str, float]:
        return asdict(spread([getattr(each, name) for each in rounds]))

    entries = {
        "rounds": len(rounds),
        "accept_ms": of("accept_us"),
        "last_entry_after_acceptance_ms": of("last_entry_us"),
    }
    if kind is Kind.BUSY:
        return entries
    decided = [value for each in rounds for value in each.decided_us]
    return entries | {
        "shorts_out_ms": of("shorts_us"),
        "eight_messages_out_ms": of("messages_us"),
        "flat_ms": of("flat_us"),
        "frame_to_decision_ms": asdict(spread(decided)),
    }


def _told_faults(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    return {
        "seeds": len(outcomes),
        "flat": sum(each.stage == "flat" for each in outcomes),
        "incomplete": [asdict(each) for each in outcomes if each.stage != "flat"],
        "market_s": asdict(spread([each.took_ms for each in outcomes])),
        "reversed": [each.seed for each in outcomes if each.reversed],
        "sent_beyond_open": [each.seed for each in outcomes if each.beyond],
    }
