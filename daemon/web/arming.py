"""Arming over the control port: what is taken, and what is done."""

from __future__ import annotations

from daemon.web.asks import Name, Taken, Words
from daemon.web.shapes import DoneTold
from daemon.web.table import Call
from daemon.web.telling import done_told


class ArmBody(Taken, frozen=True):
    """Which account, and why."""

    account: Name
    reason: Words = ""


async def arm(call: Call) -> DoneTold:
    """Arm an account of a live broker until the day ends."""
    body: ArmBody = call.body
    arming = call.house.control.arming
    return done_told(await arming.arm(body.account, body.reason, call.who.name), call.mode)


async def disarm(call: Call) -> DoneTold:
    """Let an account be entered no more."""
    body: ArmBody = call.body
    arming = call.house.control.arming
    return done_told(await arming.disarm(body.account, body.reason, call.who.name), call.mode)
