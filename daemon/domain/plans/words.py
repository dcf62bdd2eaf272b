"""The words and numbers of a strategy file: its choices, and the bounds of its plain values.

A description belongs to each, because a refusal says what is expected and not only what is wrong.
"""

from __future__ import annotations

from datetime import time
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, NamedTuple

from msgspec import Meta


class Span(NamedTuple):
    """The bounds of a `Decimal`: above `low` (or at it, where `closed`), at most `high`."""

    low: int
    high: int
    closed: bool = False


class Basis(StrEnum):
    """The price that the at-the-money strike is measured on."""

    SPOT = "spot"
    FUTURE = "future"
    SYNTHETIC = "synthetic"


class Weekday(StrEnum):
    """The days of a week, in the order of `date.weekday()`."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


class ExpiryWord(StrEnum):
    """An expiry by its place in the calendar, counted from the trading day."""

    WEEKLY = "weekly"
    NEXT_WEEKLY = "next_weekly"
    MONTHLY = "monthly"
    NEXT_MONTHLY = "next_monthly"


class Pick(StrEnum):
    """Which premium near the wanted one is taken."""

    CLOSEST = "closest"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"


class OnLegStop(StrEnum):
    """Whether one stopped leg leaves alone, or takes the others along."""

    LEG = "leg"
    ALL = "all"


class CheckOn(StrEnum):
    """When the rules are looked at."""

    TICK = "tick"


StrategyId = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z",
        description="letters, digits, - and _, 64 at most",
    ),
]
LegId = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z",
        description="letters, digits, - and _, 64 at most",
    ),
]
AccountId = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}\Z",
        description="the ids of accounts in a list, each once",
    ),
]
Underlying = Annotated[
    str,
    Meta(
        pattern=r"^[A-Z0-9][A-Z0-9&_-]{0,31}\Z",
        description='an index or equity in capitals, such as "NIFTY"',
    ),
]
WallTime = Annotated[time, Meta(tz=False, description="a time of day in India, such as 09:20:00")]
Percent = Annotated[
    Decimal, Meta(description="a percentage above 0, such as 30"), Span(0, 1_000_000)
]
Points = Annotated[Decimal, Meta(description="points above 0, such as 12.5"), Span(0, 1_000_000)]
Price = Annotated[Decimal, Meta(description="a price above 0, such as 24550"), Span(0, 10_000_000)]
Rupees = Annotated[Decimal, Meta(description="rupees above 0, such as 6000"), Span(0, 10**12)]
Floor = Annotated[
    Decimal, Meta(description="rupees, 0 or more, such as 1500"), Span(0, 10**12, closed=True)
]
Milliseconds = Annotated[
    int, Meta(ge=1, le=600_000, description="whole milliseconds from 100 to 600000")
]
Lots = Annotated[int, Meta(ge=1, le=10_000, description="whole lots from 1 to 10000")]
AtmSteps = Annotated[
    int,
    Meta(ge=-200, le=200, description="whole strikes from -200 to 200, out of the money above 0"),
]
Rank = Annotated[int, Meta(ge=1, le=60, description="a whole number from 1 (the nearest) to 60")]
DayCount = Annotated[int, Meta(ge=0, le=1_000)]
