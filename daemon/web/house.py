"""What every answer is given from: the verbs, the clock, and who may speak."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

from aiohttp import web
from msgspec import Struct, field

from daemon.control import Control, Refusal
from daemon.messages import CodeLoaded, RiskSeen
from daemon.messages.modes import Modes
from daemon.runtime.clock import Clock, WallClock
from daemon.settings.web import Web
from daemon.telemetry.log import Log
from daemon.telemetry.metrics import Metrics
from daemon.telemetry.tracing import Tracer
from daemon.web.strangers import Strangers
from daemon.web.told.health_shapes import ActorTold, HotStateTold, SinkTold


class Health(Struct, frozen=True):
    """How the daemon is, as far as the control line does not tell it.

    Attributes:
        ledger_ok: facts become durable; false: only exits go on.
        actors: each of them.
        ledger_round_trip_ms: how long the last flush took that had something to store; None: none
            had.
        loop_lag_ms: how late the event loop woke whoever slept, last; None: nobody looks.
        loop_lag_most_ms: the most since the start.
        hot_state: where the state of risk is mirrored.
        sinks: of the outbox.
    """

    ledger_ok: bool
    actors: tuple[ActorTold, ...]
    ledger_round_trip_ms: float | None = None
    loop_lag_ms: float | None = None
    loop_lag_most_ms: float | None = None
    hot_state: HotStateTold = HotStateTold("none", None, None)
    sinks: tuple[SinkTold, ...] = ()


def _is_ready() -> bool:
    return True


def _stands() -> int:
    return 0


def _asks_nothing(risk: RiskSeen) -> bool:  # noqa: ARG001
    return False


async def _replays_nothing(sink: str, number: int) -> int:  # noqa: ARG001
    raise Refusal("no_outbox", "this daemon has no sinks")


class House(Struct, frozen=True):
    """What the control port is served from.

    Attributes:
        control: the verbs.
        settings: of the port.
        state_dir: where tokens and sessions are kept.
        host: host time as it was at the start, carried on: by it goes whatever expires here.
        log: takes a line per request.
        brokers: the broker of each account; the first account is meant where none is named.
        ready: whether recovery is complete.
        health: tells what the control line does not; None: nobody does.
        code: what decides in this run; None: nobody says.
        clerk: the address of the actor that remembers which requests were answered.
        metrics: counts requests, and is told as text.
        tracer: takes a span for each request; None: nobody traces.
        replay: has dead letters of the outbox delivered after all, of a sink (empty: of all) and a
            record (0: all); returns how many, or raises a `Refusal`.
        wall: host time as the machine has it by now: the vault goes by it, as others write to it.
        asks: whether quotes are asked for in place of a feed that is dead.
        passing_ns: market time as a clock on the wall shows it; between two events of a market that
            is played it goes on, and no decision goes by it.
        left_out: a sentence for each strategy that was to take entries from the start and could
            not be read, by its name.
        strangers: says of which requests that nobody was let in for a line is written.
    """

    control: Control
    settings: Web
    state_dir: Path
    host: Clock
    log: Log
    brokers: Mapping[str, str]
    ready: Callable[[], bool] = _is_ready
    health: Callable[[], Health] | None = None
    code: CodeLoaded | None = None
    clerk: str = "request_clerk"
    metrics: Metrics = field(default_factory=Metrics)
    tracer: Tracer | None = None
    replay: Callable[[str, int], Awaitable[int]] = _replays_nothing
    wall: Clock = WallClock()
    asks: Callable[[RiskSeen], bool] = _asks_nothing
    passing_ns: Callable[[], int] = _stands
    left_out: Mapping[str, str] = {}
    strangers: Strangers = field(default_factory=Strangers)

    @property
    def modes(self) -> Modes:
        """Whose money each account trades with."""
        return self.control.line.names.modes


HOUSE: Final = web.AppKey("house", House)
