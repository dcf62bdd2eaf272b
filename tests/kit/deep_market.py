"""A recorded morning in which the touch takes whatever is asked, for a twin to play.

A generated market shows some lots at a time, so what a large position waits for is the market.
Here it waits for nobody but its owner, unless a story wants the touch to be as thin.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

DAY = date(2026, 3, 9)
STRIKES = (25_700, 25_800, 25_900)
BSE_STRIKES = (83_900, 84_000, 84_100)
_EXPIRY, _BSE_EXPIRY = "10-Mar-2026", "12-Mar-2026"
_OPEN = datetime(2026, 3, 9, 9, 15)  # noqa: DTZ001  a file of recordings has Indian time
_PARTS = ("LTP", "Bid_Price", "Bid_Qty", "Ask_Price", "Ask_Qty")
_HEAD = ("snapshot", "index_name", "Expiry_Date", "Strike_Price", "CurrentVal")

Course = Callable[[int], float]
"""The last price of every option so many seconds after the open, in rupees."""


Touch = Callable[[int], int]
"""The units that bid and ask of every option show so many seconds after the open."""


def deep(_: int) -> int:
    """More than anybody here asks for."""
    return 10_000_000


def still(second: int) -> float:
    """A price that stays where it is, but for the tick that each trade may make."""
    return 100.0 + 0.05 * (second % 2)


def recorded(folder: Path, seconds: int, course: Course = still, touch: Touch = deep) -> Path:
    """Write a morning of so many seconds, a snapshot each, and return the file.

    Args:
        folder: where.
        seconds: how long.
        course: of the price.
        touch: how much bid and ask show.
    """
    lines = []
    for second in range(seconds):
        last, units = course(second), touch(second)
        quote = f"{last:.2f},{last - 0.05:.2f},{units},{last + 0.05:.2f},{units}"
        lines += _snapshot(second, ("NIFTY", _EXPIRY), STRIKES, quote)
    return _written(folder, lines)


def two_exchanges(folder: Path, seconds: int, nse_seconds: int) -> Path:
    """Write a morning of so many seconds in which NSE tells nothing any more after some of them.

    Args:
        folder: where.
        seconds: how long.
        nse_seconds: how long NSE tells its prices; BSE goes on.
    """
    lines = []
    for second in range(seconds):
        last = still(second)
        quote = f"{last:.2f},{last - 0.05:.2f},{deep(0)},{last + 0.05:.2f},{deep(0)}"
        if second < nse_seconds:
            lines += _snapshot(second, ("NIFTY", _EXPIRY), STRIKES, quote)
        lines += _snapshot(second, ("SENSEX", _BSE_EXPIRY), BSE_STRIKES, quote)
    return _written(folder, lines)


def _snapshot(
    second: int, whose: tuple[str, str], strikes: tuple[int, ...], quote: str
) -> list[str]:
    moment, spot = _OPEN + timedelta(seconds=second), strikes[1] + second % 2
    return [f"{moment},{','.join(whose)},{strike},{spot},{quote},{quote}" for strike in strikes]


def _written(folder: Path, lines: list[str]) -> Path:
    sides = [f"{side}_{part}" for side in ("CALLS", "PUTS") for part in _PARTS]
    path = folder / "deep_market.csv"
    path.write_text("\n".join([",".join([*_HEAD, *sides]), *lines]) + "\n")
    return path
