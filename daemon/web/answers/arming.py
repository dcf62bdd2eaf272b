"""Arming over the control port: what is taken, what is done, and what stands."""

from __future__ import annotations

from daemon.domain.instants import day_of, iso
from daemon.messages import AccountSeen
from daemon.storage import arms
from daemon.web.answers.asks import Name, Taken, Words
from daemon.web.house import House
from daemon.web.table import Call
from daemon.web.told.deed_shapes import DoneTold
from daemon.web.told.shapes import ArmTold
from daemon.web.told.telling import done_told


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


def arm_told(house: House, seen: AccountSeen) -> ArmTold | None:
    """Tell of the arm of an account; None: it has none that counts today.

    It counts where the record and the folder both have it, as for whoever lets entries out.
    """
    armed, line = seen.armed, house.control.line
    if armed is None or armed.day != day_of(line.now_ns()):
        return None
    held = arms.of(line.names.state_dir, seen.account)
    if held is None or held.day != armed.day:
        return None
    return ArmTold(armed.day.isoformat(), armed.by, armed.reason, iso(armed.at_ns))
