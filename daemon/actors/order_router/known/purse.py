"""The purse: which entries the account is known to bear, and which the broker was asked about."""

from __future__ import annotations

from msgspec import Struct, field

from daemon.domain.orders.margin import MarginLeg


class Asked(Struct):
    """An entry that the broker was asked about and has not answered.

    Attributes:
        legs: what was asked about.
        beside: what was promised to others and the answer may not have seen: by whom, in `_e4`.
    """

    legs: tuple[MarginLeg, ...]
    beside: dict[str, int]


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
        asked: entries that the broker was asked about and has not answered.
        borne: entries whose margin was there, with what they need in `_e4`; those that are over
            until the broker has answered their orders.
        awaiting: entries that others come before, those that came first ahead.
        put_off: by strategy, entries that others came before until their time was over.
    """

    asked: dict[str, Asked] = field(default_factory=dict)
    borne: dict[str, int] = field(default_factory=dict)
    awaiting: dict[str, Awaiting] = field(default_factory=dict)
    put_off: dict[str, Awaiting] = field(default_factory=dict)
