"""How things stand, in one line that a person reads in `systemctl status`."""

from __future__ import annotations

from collections.abc import Sequence

from daemon.domain.instants import moment_of
from daemon.kill import Latch
from daemon.messages import AccountSeen, RiskSeen

RECOVERING = "recovering: what was recorded is read"
STOPPING = "stopping: what is under way is finished"


def head(mode: str, at_ns: int) -> str:
    """Return whose money is traded with, and market time."""
    return f"{mode.upper()}, market time {moment_of(at_ns):%Y-%m-%d %H:%M:%S}"


def standing(
    head: str, risk: RiskSeen, accounts: Sequence[AccountSeen], latches: Sequence[Latch]
) -> str:
    """Return guarded legs, exits, unread books, pauses and latches behind how it begins.

    Args:
        head: how it begins.
        risk: what is watched.
        accounts: as their routers know them.
        latches: those that stand.
    """
    guarded, legs = risk.guarded()
    owed = sum(len(each.exits_owed) for each in accounts)
    parts = [
        head,
        f"{guarded} of {legs} open legs guarded" if legs else "nothing is open",
        f"exits under way: {owed}" if owed else "",
        *(
            f"the broker's book of {each.account} is not read"
            + (f": {each.unread}" if each.unread else "")
            for each in accounts
            if not each.reconciled
        ),
        *(f"{each.account} takes no entries: {each.paused}" for each in accounts if each.paused),
        *(f"{each.kind} {each.latch_id} is latched" for each in latches),
    ]
    return "; ".join(part for part in parts if part)
