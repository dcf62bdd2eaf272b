"""Holds: entries wait while something of the machine's own is not in order, and then go on."""

from __future__ import annotations

from daemon.actors.order_router.known.desk import Desk
from daemon.actors.turn import Turn
from daemon.messages import EntriesFreed, EntriesHeld, HeldBy, HoldEntries


def hold(desk: Desk, turn: Turn, wanted: HoldEntries, now_ns: int) -> bool:
    """Hold entries, and say whether that is news."""
    if desk.halts.holds.get(wanted.by) == wanted.because:
        return False
    held = EntriesHeld(desk.terms.account, wanted.by, wanted.because, now_ns)
    desk.apply(held)
    turn.record(held)
    return True


def free(desk: Desk, turn: Turn, by: HeldBy, now_ns: int) -> None:
    """Let entries go on, as far as this one held them."""
    if by in desk.halts.holds:
        freed = EntriesFreed(desk.terms.account, by, now_ns)
        desk.apply(freed)
        turn.record(freed)


def paused_because(desk: Desk) -> str:
    """Return why the account takes no entries, latches aside; empty: it does."""
    reasons = (desk.halts.unrecorded, desk.paused, *desk.halts.holds.values())
    return "; ".join(filter(None, reasons))
