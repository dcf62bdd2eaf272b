"""The parts of a trading day, as a row of the calendar lists them by the clock on the wall."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time
from enum import StrEnum

from msgspec import Struct


class SessionKind(StrEnum):
    """What a part of a day is for; in the first three orders match continuously."""

    CONTINUOUS = "continuous"
    SPECIAL = "special"
    MUHURAT = "muhurat"
    PRE_OPEN = "pre_open"
    CLOSING_AUCTION = "closing_auction"


TRADING = (SessionKind.CONTINUOUS, SessionKind.SPECIAL, SessionKind.MUHURAT)


class Part(Struct, frozen=True, forbid_unknown_fields=True):
    """One part of a day: what it is for, when it opens, and when it closes."""

    kind: SessionKind
    opens: time
    closes: time


def make_a_day(parts: Sequence[Part]) -> bool:
    """Return whether a day can have these parts: each after the one before, and one to trade in."""
    ends = [moment for part in parts for moment in (part.opens, part.closes)]
    return ends == sorted(set(ends)) and any(part.kind in TRADING for part in parts)
