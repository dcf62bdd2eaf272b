"""The route table: all that is served, by whom it may be asked, and what it says."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

from msgspec import Struct

from daemon.domain.plans.schema import Plan
from daemon.web.admission.auth import AUTH
from daemon.web.admission.tokens import Role
from daemon.web.answers import (
    alerts,
    arming,
    asks,
    credentials,
    deeds,
    door,
    health,
    looks,
    orders,
    outbox,
    strategies,
)
from daemon.web.logging_in import logins
from daemon.web.openapi import describe
from daemon.web.table import Call, Handler, Route, Writes
from daemon.web.told import deed_shapes, shapes
from daemon.web.told.health_shapes import HealthTold


def _look(path: str, handler: Handler, told: type[Struct], summary: str, **more: Any) -> Route:
    """A row that changes nothing."""
    role = more.pop("role", Role.VIEWER)
    return Route(
        method="GET", path=path, role=role, handler=handler, answer=told, summary=summary, **more
    )


def _deed(path: str, handler: Handler, taken: type[Struct], summary: str, **more: Any) -> Route:
    """A row that a trader acts by."""
    given: dict[str, Any] = {
        "method": "POST",
        "role": Role.TRADER,
        "writes": Writes.ONCE,
        "answer": deed_shapes.DoneTold,
        **more,
    }
    return Route(path=path, handler=handler, body=taken, summary=summary, **given)


def _later(method: str, path: str, summary: str, role: Role = Role.ADMIN) -> Route:
    """A row that is known and not built yet."""
    return Route(method=method, path=path, role=role, summary=summary)


async def description(call: Call) -> shapes.Description:
    """Describe all that is served; anybody may ask, so it is made once."""
    return _described(call.request.app[AUTH].cookie)


@cache
def _described(cookie: str) -> shapes.Description:
    return describe(ROUTES, cookie)


_STRATEGY = "/api/strategies/{strategy_id}"
_ORDER = "/api/orders/{order_id}"
_brake = partial(_deed, writes=Writes.BRAKE)
_plan = partial(_deed, taken=Plan, read=strategies.plan_of)
_kill = partial(_brake, answer=deed_shapes.KilledTold, status=202)

_LOOKS = (
    _look("/api/health", looks.health, door.Nothing, "whether somebody is there", role=Role.NONE),
    _look("/api/ready", looks.ready, door.Nothing, "whether recovery is complete", role=Role.NONE),
    _look("/api/admin/health", health.admin_health, HealthTold, "how the daemon is"),
    _look("/api/status", looks.status, shapes.StatusTold, "how things stand"),
    _look(
        *("/api/ltp", looks.ltp, shapes.PriceTold, "the newest price of a symbol"),
        query=asks.PriceQuery,
    ),
    _look(
        *("/api/orders", looks.orders, shapes.OrdersTold, "the book of orders"),
        query=asks.OrdersQuery,
    ),
    _look(_ORDER, looks.order, shapes.OrderTold, "one order"),
    _look(
        *("/api/portfolio/snapshot", looks.snapshot, shapes.SnapshotTold),
        "positions and profit per account and strategy",
    ),
    _look("/api/pnl/daily", looks.daily, shapes.DailyTold, "the profit of the day"),
    _look("/api/strategies", looks.strategies, shapes.StrategiesTold, "every strategy"),
    _look(_STRATEGY, strategies.look, shapes.DeclarationTold, "one strategy, as it is written"),
    _look("/api/alerts", alerts.look, alerts.AlertsTold, "what somebody must know of"),
    _look("/api/kill/{kill_id}", looks.kill_stage, deed_shapes.KillTold, "how far a kill has come"),
)
_DEEDS = (
    _deed(
        *("/api/order", orders.place, asks.OrderBody, "send one order, once"),
        writes=Writes.ORDER,
        answer=shapes.OrderAnswer,
    ),
    Route(
        method="DELETE",
        path=_ORDER,
        role=Role.TRADER,
        handler=orders.cancel,
        answer=deed_shapes.DoneTold,
        writes=Writes.ONCE,
        summary="take an order out of the book",
    ),
    _plan("/api/strategies", strategies.declare, summary="add a strategy", status=201),
    _plan(_STRATEGY, strategies.change, summary="change a declared strategy", method="PUT"),
    Route(
        method="DELETE",
        path=_STRATEGY,
        role=Role.TRADER,
        handler=strategies.remove,
        answer=deed_shapes.DoneTold,
        writes=Writes.ONCE,
        summary="remove a declared strategy",
    ),
    _deed(f"{_STRATEGY}/start", deeds.start, asks.NoBody, "let a strategy take entries"),
    _deed(f"{_STRATEGY}/stop", deeds.stop, asks.NoBody, "let a strategy take no more entries"),
    _deed(
        *(f"{_STRATEGY}/exit", deeds.leave, asks.ExitBody, "close a position, or part of it"),
        by_account=True,
    ),
    _deed(*(f"{_STRATEGY}/adjust", deeds.adjust, asks.AdjustBody, "move a stop"), by_account=True),
    _deed(
        *("/api/alerts/{alert_id}/acknowledge", alerts.acknowledge, asks.NoBody),
        "say that an alert was seen",
    ),
    _deed(
        *("/api/outbox/replay", outbox.replay, outbox.ReplayBody),
        "have dead letters of the outbox delivered after all",
        answer=outbox.ReplayedTold,
    ),
    _kill(f"{_STRATEGY}/kill", deeds.kill_strategy, asks.ReasonBody, "stop and close a strategy"),
    _brake(
        *("/api/pause", deeds.pause, asks.ScopeBody, "take no new entries in a scope"),
        answer=deed_shapes.PausedTold,
    ),
    _brake(
        *("/api/cancel-all", deeds.cancel_all, asks.CancelBody),
        "take every working order of a scope out of the book",
    ),
    _kill("/api/kill", deeds.kill, asks.ScopeBody, "stop and close a scope"),
    _kill("/api/admin/kill-switch", deeds.kill, asks.ScopeBody, "the same as /api/kill"),
    _deed(
        *("/api/arm", arming.arm, arming.ArmBody),
        "let an account of a live broker be entered until the day ends",
        role=Role.ADMIN,
    ),
    _brake("/api/disarm", arming.disarm, arming.ArmBody, "let an account be entered no more"),
    _deed("/api/rearm", deeds.rearm, asks.RearmBody, "release a latch", role=Role.ADMIN),
    _deed(
        *("/api/broker/credentials", credentials.put, credentials.CredentialsBody),
        "put credentials of an account into the vault",
        role=Role.ADMIN,
        writes=Writes.NO,
        read=credentials.read_credentials,
    ),
    _deed(
        *("/api/sessions/{account}/login", logins.log_in, logins.StepBody),
        "tell which page a log-in needs, or take what it led to",
        role=Role.ADMIN,
        writes=Writes.NO,
        answer=logins.StepTold,
        read=logins.read_login,
    ),
    _look(
        *("/api/sessions/{account}/login/{login_id}", logins.look, logins.LoginTold),
        "how far a log-in has come that was begun with a page",
        role=Role.ADMIN,
    ),
)
_LATER = (
    _later("POST", "/api/webhooks/{name}", "a signal from outside", Role.TRADER),
    _later("POST", "/api/backtests", "a backtest", Role.TRADER),
    *(
        _later(method, f"/api/{area}/{{rest:.*}}", f"everything under /api/{area}")
        for area in ("auth", "marketplace")
        for method in ("GET", "POST", "PUT", "DELETE")
    ),
)
_METRICS = Route(
    method="GET",
    path="/metrics",
    role=Role.VIEWER,
    summary="everything that is measured, Prometheus text",
    raw=health.metrics,
)
_DESCRIPTION = Route(
    method="GET",
    path="/api/openapi.json",
    role=Role.NONE,
    summary="this description, OpenAPI 3.1",
    handler=description,
)
ROUTES: tuple[Route, ...] = (*_LOOKS, *_DEEDS, *door.ROUTES, *_LATER, _METRICS, _DESCRIPTION)
"""Whatever stands in no row is not served at all."""
