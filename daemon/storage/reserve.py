"""The reserve of the emergency file: its last part is kept for what ends risk."""

from __future__ import annotations

from daemon.domain.orders.words import IntentRecorded, OrderFact, Purpose
from daemon.messages import (
    CancelAsked,
    ExitFinished,
    ExitOverdue,
    ExitOwed,
    Fact,
    KillStaged,
    Latched,
    Released,
)

_EXITS = (CancelAsked, ExitOwed, ExitFinished, ExitOverdue)
_ENDING = (OrderFact, *_EXITS, Latched, Released, KillStaged)
_RESERVED = 4
"""The last one in so many parts of the file is kept for what ends risk."""


def room_bytes(size_bytes: int, *, ends: bool) -> int:
    """Return up to where a file of a size may be filled.

    Args:
        size_bytes: of the file.
        ends: by what ends risk.
    """
    return size_bytes if ends else size_bytes - size_bytes // _RESERVED


def ends_risk(fact: Fact) -> bool:
    """Say whether a fact is of what must go on while everything else stops."""
    entry = isinstance(fact, IntentRecorded) and fact.intent.purpose is Purpose.ENTRY
    return isinstance(fact, _ENDING) and not entry
