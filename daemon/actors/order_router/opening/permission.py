"""Permission: what a live broker's account asks of an entry beyond what paper asks."""

from __future__ import annotations

from daemon.actors.order_router.known.desk import Desk
from daemon.domain.instants import day_of
from daemon.domain.orders.arming import unarmed


def unarmed_because(desk: Desk, now_ns: int) -> str:
    """Return why nothing may be entered in the account; empty: it is armed, or on paper."""
    if not desk.terms.live:
        return ""
    armed = desk.halts.armed
    return unarmed(desk.terms.account, armed.day if armed else None, day_of(now_ns))
