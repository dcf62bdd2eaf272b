"""Alerts: what somebody must know of, and that somebody does."""

from __future__ import annotations

from daemon.domain.instants import iso
from daemon.messages import AlertSeen, Severity
from daemon.web.house import House
from daemon.web.table import Call
from daemon.web.told.deed_shapes import DoneTold
from daemon.web.told.shapes import Told
from daemon.web.told.telling import done_told


class AlertTold(Told, frozen=True):
    """An alert: what is wrong, since when, how loud it is, and who has seen it."""

    alert_id: str
    severity: Severity
    code: str
    sentence: str
    account: str
    strategy_id: str
    at: str
    level: int
    acknowledged_by: str | None
    acknowledged_at: str | None
    cleared_at: str | None


class AlertsTold(Told, frozen=True):
    """The alerts, those first whose condition holds, then the newest first."""

    alerts: tuple[AlertTold, ...]


async def look(call: Call) -> AlertsTold:
    """Tell of every alert that is open, and of those that were lately."""
    told = await call.house.control.reads.alerts()
    return AlertsTold(tuple(_told(each, call.house) for each in told), mode=call.mode)


async def acknowledge(call: Call) -> DoneTold:
    """Let an alert escalate no more."""
    hands = call.house.control.hands
    done = await hands.acknowledge(call.path["alert_id"], call.who.name)
    return done_told(done, call.mode)


def _told(alert: AlertSeen, house: House) -> AlertTold:
    condition, seen = alert.raised.condition, alert.acknowledged
    return AlertTold(
        alert_id=alert.raised.alert_id,
        severity=condition.severity,
        code=condition.code,
        sentence=condition.sentence,
        account=condition.account,
        strategy_id=condition.strategy_id,
        at=iso(alert.raised.at_ns),
        level=alert.level,
        acknowledged_by=seen.by if seen else None,
        acknowledged_at=iso(seen.at_ns) if seen else None,
        cleared_at=None if alert.cleared_ns is None else iso(alert.cleared_ns),
        mode=house.modes.of_fact(alert.raised),
    )
