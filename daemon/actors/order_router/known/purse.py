"""The purse: which entries the account is known to bear, and which the broker was asked about."""

from __future__ import annotations

from msgspec import Struct, field

from daemon.domain.orders.margin import MarginLeg


class Purse(Struct):
    """What is known of the margin of entries; no restart keeps it.

    Attributes:
        asked: entries that the broker was asked about and has not answered, with their legs.
        borne: entries whose margin was there.
    """

    asked: dict[str, tuple[MarginLeg, ...]] = field(default_factory=dict)
    borne: set[str] = field(default_factory=set)
