"""Ticks: the price steps that an order keeps to, and those that a limit is judged by.

The tick of a share hangs on a close of the month before, which is not known here. What is priced
here keeps to a step that is valid whichever it was; what a person types may be valid by any.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from daemon.domain.market.instruments import Instrument, Kind, ShareTicks
from daemon.domain.market.rules import latest, rows
from daemon.domain.money import e4

_MOVED = 2
"""So many times its price a share may have cost when its tick was set, or so small a part of it."""


def safe_tick_e4(instrument: Instrument, price_e4: int, day: date) -> int:
    """Return the price step that an order keeps to, so that the exchange takes its price.

    Of a share it is the tick of twice the price, for all finer ones divide it: a price on it is
    valid under each tick that the share can have, unless it has lost more than half since.

    Args:
        instrument: what is ordered.
        price_e4: about what it costs; 0 where that is not known.
        day: the trading day.
    """
    reached = _reached(instrument, _MOVED * price_e4, day)
    return max(instrument.tick_e4, *reached) if reached else instrument.tick_e4


def finest_tick_e4(instrument: Instrument, price_e4: int, day: date) -> int:
    """Return the price step that a limit is judged by: what is off it the exchange takes from none.

    Of a share it is the tick of half the price, unless that of the table of all is finer: which the
    share has is for the exchange to say.

    Args:
        instrument: what is ordered.
        price_e4: the limit.
        day: the trading day.
    """
    reached = _reached(instrument, price_e4 // _MOVED, day)
    return min(instrument.tick_e4, reached[-1]) if reached else instrument.tick_e4


def _reached(instrument: Instrument, close_e4: int, day: date) -> list[int]:
    """Return the ticks of a share from the least close up to one; of all else none."""
    if instrument.kind is not Kind.EQUITY:
        return []
    return [tick_e4 for least_e4, tick_e4 in _share_ticks_e4(day) if least_e4 <= close_e4]


@lru_cache(maxsize=1_024)
def _share_ticks_e4(day: date) -> tuple[tuple[int, int], ...]:
    """Return from which close on a share has which tick, the least first."""
    row = latest(rows("instruments", "share_ticks", ShareTicks), day)
    return tuple(sorted((e4(each.least), e4(each.tick)) for each in row.ticks)) if row else ()
