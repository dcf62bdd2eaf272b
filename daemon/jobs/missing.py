"""What a session lacks to be one: prices since its market opened, and a way to each broker."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date

from daemon.domain.instants import wall_of
from daemon.messages import DayOpened, EpochBegan, SessionReady


def missing(
    facts: Iterable[object],
    day: date,
    accounts: Sequence[str],
    ticked_ns: int,
    lost: Collection[str] = (),
) -> tuple[str, ...]:
    """Return what is missing, a sentence each.

    Args:
        facts: everything that was recorded so far, oldest first.
        day: of which day.
        accounts: that are to have a session at their broker.
        ticked_ns: when the newest price came; 0: never.
        lost: those whose session has ended since, which no fact says.
    """
    open_ns = 0
    ready: set[str] = set()
    for fact in facts:
        match fact:
            case DayOpened(opened, sessions) if opened == day and sessions:
                open_ns = sessions[0][0]
            case EpochBegan():
                ready.clear()
            case SessionReady(account):
                ready.add(account)
    ready.difference_update(lost)
    told = [f"{each} has no session at its broker" for each in accounts if each not in ready]
    if ticked_ns < open_ns:
        told.append(f"no price has come since the market opened at {wall_of(open_ns):%H:%M:%S}")
    return tuple(told)
