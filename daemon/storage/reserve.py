"""The reserve of the emergency file: its last part is kept for what ends risk.

What only tells is held in memory there, and goes by: a restart knows it no more. A trail that moved
on is such a thing, for a restart folds the level before it, and follows the market anew; so is
what a start finds anew. What is kept of requests goes by from the half on. A day that begins or
ends has room to the last, for what is held is judged by it. Whatever else there is, such as an
entry, may be done only once it is recorded, and is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from daemon.domain.orders.words import IntentRecorded, OrderFact, Purpose
from daemon.domain.risk.moves import LevelMoved, Move
from daemon.messages import (
    AlertFact,
    BasketEnded,
    BooksAgree,
    BooksDiffer,
    BreakerMoved,
    CancelAsked,
    CredentialsKept,
    DayEnded,
    DayMarked,
    DayOpened,
    EntriesFreed,
    EntriesHeld,
    EntriesPaused,
    EntryDecided,
    ExitDecided,
    ExitFinished,
    ExitOverdue,
    ExitOwed,
    ExitReplaced,
    Fact,
    JobDone,
    KillStaged,
    Latched,
    LegExpired,
    LinkDied,
    LinkRevived,
    Noted,
    OptionsListed,
    PositionChanged,
    Released,
    RequestAnswered,
    RequestBegun,
    SessionReady,
    StartMissed,
    StrategyRemoved,
    StrategyStarted,
    StrategyStopped,
)
from daemon.messages.arming import AccountArmed, AccountDisarmed
from daemon.messages.control import BookRead
from daemon.runtime.words import ActorDisarmed, DeadLetter

_QUARTERS = 4
_EXITS = (ExitDecided, CancelAsked, ExitOwed, ExitFinished, ExitOverdue, ExitReplaced)
_HELD = (PositionChanged, LegExpired, BasketEnded)
_BRAKES = (EntriesPaused, Latched, Released, KillStaged, AccountDisarmed)
_AGAINST_ENTRIES = (StrategyStopped, StrategyRemoved)
_DAY = (DayOpened, DayMarked, DayEnded)
"""Few and small, and they come by themselves: refused, they would end the guard of what is held."""
_ENDING = (OrderFact, *_EXITS, *_HELD, *_BRAKES, *_AGAINST_ENTRIES, *_DAY)
_REQUESTS = (RequestBegun, RequestAnswered)
_FOUND_ANEW = (
    *(BooksAgree, BooksDiffer, EntriesHeld, EntriesFreed, BreakerMoved, LinkDied, LinkRevived),
    *(SessionReady, CredentialsKept, AccountArmed, StrategyStarted, ActorDisarmed, DeadLetter),
    *(BookRead, OptionsListed),
)
"""A start reads the books and hears the feed anew, and without these it trusts nobody more."""
_TELLING = (Noted, AlertFact, JobDone, StartMissed, EntryDecided, *_FOUND_ANEW)
"""That an entry was decided is one: nothing is entered by it, and a restart decides anew."""
_FOLLOWING = (Move.TRAILED, Move.LOCKED, Move.FLOOR_RAISED)
"""Moves of what follows the market; a stop that is armed or set by a person follows nobody."""
GONE_BY = (
    "its rest is kept for exits: levels that follow the market, notes and alerts are in memory "
    "alone, and a restart takes up the levels from before; make room on the ledger's disk, and "
    "start anew"
)
"""What is told once of a file that is so full."""


class Needs(Enum):
    """What a batch of facts needs of the file: up to how many quarters, and whether it goes by."""

    ALL = (4, False)
    """It ends risk."""
    MOST = (3, False)
    """It may be done only once it is recorded."""
    LITTLE = (3, True)
    """It tells, or a start finds it anew."""
    LEAST = (2, True)
    """Whoever repeats a request all day leaves the room of the levels alone."""

    @property
    def goes_by(self) -> bool:
        """Whether it goes by where there is no room, and is not refused."""
        return self.value[1]


def needs(facts: Sequence[Fact]) -> Needs:
    """Return what facts that were entered in one piece need."""
    if any(map(_ends_risk, facts)):
        return Needs.ALL
    if all(isinstance(fact, _REQUESTS) for fact in facts):
        return Needs.LEAST
    return Needs.LITTLE if all(map(_only_tells, facts)) else Needs.MOST


def room_bytes(size_bytes: int, need: Needs) -> int:
    """Return up to where a file of a size may be filled."""
    quarters, _ = need.value
    return size_bytes * quarters // _QUARTERS


def _ends_risk(fact: Fact) -> bool:
    """Say whether a fact is of what must go on while everything else stops."""
    if isinstance(fact, IntentRecorded):
        return fact.intent.purpose is not Purpose.ENTRY
    if isinstance(fact, LevelMoved):
        return fact.move not in _FOLLOWING
    return isinstance(fact, _ENDING)


def _only_tells(fact: Fact) -> bool:
    if isinstance(fact, LevelMoved):
        return fact.move in _FOLLOWING
    return isinstance(fact, (*_TELLING, *_REQUESTS))
