"""Health and metrics: how the daemon itself is, for people and for Prometheus."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from aiohttp import web

from daemon.control import Refusal
from daemon.messages import AccountSeen, RiskSeen
from daemon.telemetry.metrics import CONTENT_TYPE, Metrics
from daemon.web.admission.tokens import Principal
from daemon.web.answers.unread import unread
from daemon.web.house import HOUSE, Health, House
from daemon.web.table import Call
from daemon.web.told.health_shapes import BrokerTold, FeedTold, HealthTold, LedgerTold, LoopTold

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
    out = {each.account for each in await unread(house, accounts or ())}
    _set_risk(told, risk, known=accounts is not None and not out)
    told.budget_left.clear()
    told.book_read.clear()
    for each in accounts or ():
        told.book_read.labels(each.account).set(each.account not in out)
        told.budget_left.labels(each.account, "entry").set(each.entries_left)
        told.budget_left.labels(each.account, "exit").set(each.exits_left)


async def _asked(reading: Coroutine[Any, Any, T]) -> T | None:
    """Return what an actor answers, if it does so before whoever scrapes gives up."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            return await reading
    except (Refusal, TimeoutError):
        return None


def _set_risk(told: Metrics, risk: RiskSeen | None, *, known: bool) -> None:
    """Tell what is watched, where it is known that nothing else is held."""
    open_legs = share = alive = _UNKNOWN
    if risk is not None and known:
        guarded, open_legs = risk.guarded()
        share = guarded / open_legs if open_legs else 1
    if risk is not None and (risk.priced or not risk.link_alive):
        alive = risk.link_alive
    told.open_legs.set(open_legs)
    told.guarded.set(share)
    told.link_alive.set(alive)


def _broker_told(seen: AccountSeen) -> BrokerTold:
    return BrokerTold(
        seen.account, seen.broker, seen.reconciled, seen.entries_left, seen.exits_left
    )
