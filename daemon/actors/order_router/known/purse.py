"""The purse: which entries the account is known to bear, and which the broker was asked about."""

from __future__ import annotations

from msgspec import Struct, field

from daemon.domain.orders.margin import MarginLeg


class Awaiting(Struct, frozen=True):
    """An entry that is not asked about yet, for others come first.

    Attributes:
        legs: what is to be asked about.
        beside_e4: promised margin beside which it was too much; 0: it waits for its turn alone.
    """

    legs: tuple[MarginLeg, ...]
    beside_e4: int = 0


class Purse(Struct):
    """What is known of the margin of entries; no restart keeps it.

    Attributes:
        asked: entries that the broker was asked about and has not answered, with their legs.
        borne: entries whose margin was there, with what they need in `_e4`.
        awaiting: entries that others come before, those that came first ahead.
    """

    asked: dict[str, tuple[MarginLeg, ...]] = field(default_factory=dict)
    borne: dict[str, int] = field(default_factory=dict)
    awaiting: dict[str, Awaiting] = field(default_factory=dict)
