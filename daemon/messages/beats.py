"""The beat: whether those who guard still take what they are told, asked once a second.

The driver's side tells `Pulse` to the feed and to every router; each publishes `Pulsed`; a watchdog
that has heard both of its own shows `Alive`. None of it is recorded, and no decision of trading
hangs on it but one: while no beat comes, nothing is entered.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class HeldBy(StrEnum):
    """Who holds entries back, and lets go of them by himself."""

    BEAT = "beat"
    CLOCK = "clock"
    HOT_STATE = "hot_state"
    BOOKS = "books"
    LATCH_FOLDER = "latch_folder"


class Pulse(Struct, frozen=True):
    """To the feed and the routers: are you there?

    Attributes:
        number: rises with each one.
        who: whom it is told to.
    """

    number: int
    who: str


class Pulsed(Struct, frozen=True):
    """Somebody took a pulse in, behind all that he was told before it."""

    number: int
    who: str


class Alive(Struct, frozen=True):
    """A watchdog has heard the feed and its router answer one pulse.

    Attributes:
        number: of the pulse.
        router: whose account it watches.
    """

    number: int
    router: str


class HoldEntries(Struct, frozen=True):
    """To a router: take no entries until whoever holds them lets go."""

    by: HeldBy
    because: str


class FreeEntries(Struct, frozen=True):
    """To a router: what held them has passed."""

    by: HeldBy
