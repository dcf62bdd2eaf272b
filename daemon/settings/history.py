"""`[history]`: which prices are kept, for people and programs to look at later."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from daemon.settings.kinds import OneOf, Whole
from daemon.settings.tables import Table


class Prices(StrEnum):
    """What is kept of prices."""

    NONE = "none"
    CANDLES = "candles"
    TICKS = "ticks"


class HistorySettings(Table, frozen=True):
    """`[history]`: what is kept of prices, where they are not replayed and come at a pace.

    Attributes:
        prices: candles of a minute, of every instrument that the feed quotes; or every quote
            besides.
        keep_days: so many days of them stay.
    """

    prices: Annotated[Prices, OneOf(Prices)] = Prices.CANDLES
    keep_days: Annotated[int, Whole(1, 3_650, "days")] = 30
