"""The reserve of the emergency file: its last part is kept for what ends risk.

What only tells is held in memory there, and goes by: a restart knows it no more. A trail that moved
on is such a thing, for a restart folds the level before it, and follows the market anew. Whatever
else there is may be done only once it is recorded, and is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from daemon.domain.orders.words import IntentRecorded, OrderFact, Purpose
from daemon.domain.risk.moves import LevelMoved, Move
from daemon.messages import (
    AlertFact,
    CancelAsked,
    EntriesPaused,
    ExitDecided,
    ExitFinished,
    ExitOverdue,
    ExitOwed,
    ExitReplaced,
    Fact,
    JobDone,
    KillStaged,
    Latched,
    Noted,
    OptionsListed,
    Released,
    StartMissed,
)

_EXITS = (ExitDecided, CancelAsked, ExitOwed, ExitFinished, ExitOverdue, ExitReplaced)
_ENDING = (OrderFact, *_EXITS, EntriesPaused, Latched, Released, KillStaged)
_TELLING = (Noted, OptionsListed, AlertFact, JobDone, StartMissed)
_FOLLOWING = (Move.TRAILED, Move.LOCKED, Move.FLOOR_RAISED)
"""Moves of what follows the market; a stop that is armed or set by a person follows nobody."""
GONE_BY = (
    "its rest is kept for exits: levels that follow the market, notes and alerts are in memory "
    "alone, and a restart takes up the levels from before; make room on the ledger's disk, and "
    "start anew"
)
"""What is told once of a file that is so full."""
_RESERVED = 4
"""The last one in so many parts of the file is kept for what ends risk."""


class Needs(Enum):
    """What a batch of facts needs of the file."""

    ALL = "all of it, for it ends risk"
    MOST = "what is not reserved, or it is refused"
    LITTLE = "what is not reserved, or it goes by"


def needs(facts: Sequence[Fact]) -> Needs:
    """Return what facts that were entered in one piece need."""
    if any(map(_ends_risk, facts)):
        return Needs.ALL
    return Needs.LITTLE if all(map(_only_tells, facts)) else Needs.MOST


def room_bytes(size_bytes: int, need: Needs) -> int:
    """Return up to where a file of a size may be filled."""
    return size_bytes if need is Needs.ALL else size_bytes - size_bytes // _RESERVED


def _ends_risk(fact: Fact) -> bool:
    """Say whether a fact is of what must go on while everything else stops."""
    if isinstance(fact, IntentRecorded):
        return fact.intent.purpose is not Purpose.ENTRY
    if isinstance(fact, LevelMoved):
        return fact.move not in _FOLLOWING
    return isinstance(fact, _ENDING)


def _only_tells(fact: Fact) -> bool:
    return isinstance(fact, _TELLING) or (isinstance(fact, LevelMoved) and fact.move in _FOLLOWING)
