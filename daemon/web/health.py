"""Health and metrics: how the daemon itself is, for people and for Prometheus."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from aiohttp import web

from daemon.control import Refusal
from daemon.messages import AccountSeen, RiskSeen
from daemon.telemetry.metrics import CONTENT_TYPE, Metrics
from daemon.web.health_shapes import BrokerTold, FeedTold, HealthTold, LedgerTold, LoopTold
from daemon.web.house import HOUSE, Health, House
from daemon.web.table import Call
from daemon.web.tokens import Principal

T = TypeVar("T")
_UNKNOWN: Final = float("nan")
_PATIENCE_S: Final = 1.0
_NO_HEALTH: Final = Health(ledger_ok=False, actors=())


async def admin_health(call: Call) -> HealthTold:
    """Tell how the daemon is."""
    house = call.house
    told = house.health() if house.health is not None else None
    found = told or _NO_HEALTH
    accounts = await house.control.reads.accounts()
    risk = await house.control.reads.risk()
    return HealthTold(
        ready=house.ready(),
        ledger=LedgerTold(told.ledger_ok if told else None, found.ledger_round_trip_ms),
        hot_state=found.hot_state,
        feed=FeedTold(risk.link_alive),
        link_alive=risk.link_alive,
        loop=LoopTold(found.loop_lag_ms, found.loop_lag_most_ms),
        brokers=tuple(_broker_told(each) for each in accounts),
        actors=found.actors,
        sinks=found.sinks,
        mode=call.mode,
    )


async def metrics(request: web.Request, who: Principal) -> web.Response:  # noqa: ARG001
    """Tell everything that is measured; what an actor does not answer is told as not known."""
    house = request.app[HOUSE]
    await _look(house)
    return web.Response(body=house.metrics.text(), headers={"Content-Type": CONTENT_TYPE})


async def _look(house: House) -> None:
    """Ask the owners how things stand; who does not answer leaves no figure of before."""
    told, reads = house.metrics, house.control.reads
    risk, accounts = await asyncio.gather(_asked(reads.risk()), _asked(reads.accounts()))
    if risk is None:
        for gauge in (told.open_legs, told.guarded, told.link_alive):
            gauge.set(_UNKNOWN)
    else:
        _set_risk(told, risk)
    told.budget_left.clear()
    for each in accounts or ():
        told.budget_left.labels(each.account, "entry").set(each.entries_left)
        told.budget_left.labels(each.account, "exit").set(each.exits_left)


async def _asked(reading: Coroutine[Any, Any, T]) -> T | None:
    """Return what an actor answers, if it does so before whoever scrapes gives up."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            return await reading
    except (Refusal, TimeoutError):
        return None


def _set_risk(told: Metrics, risk: RiskSeen) -> None:
    guarded, legs = risk.guarded()
    told.open_legs.set(legs)
    told.guarded.set(guarded / legs if legs else 1)
    told.link_alive.set(risk.link_alive)


def _broker_told(seen: AccountSeen) -> BrokerTold:
    return BrokerTold(
        seen.account, seen.broker, seen.reconciled, seen.entries_left, seen.exits_left
    )
