"""Closing values: the index's own price at the close, else the nearest thing to it."""

from __future__ import annotations

import pytest

from daemon.domain.market.frames import Quote
from daemon.domain.money import e4
from daemon.twin.matching import LastPrices
from daemon.worlds.closing import Closing, closing
from tests.kit.acting import CE, NEXT_DAY, PE, clock

CLOSE = clock("15:30:00", NEXT_DAY)
MINUTE = 60_000_000_000


def told(**quoted: tuple[str, str]) -> Closing:
    """What NIFTY was worth, by prices of the form ("15:29:59", "24600")."""
    quotes, quoted_ns = {}, {}
    for name, (wall, price) in quoted.items():
        symbol = {"ce": CE, "pe": PE}.get(name, name.replace("_", "-"))
        quotes[symbol] = Quote(e4(price))
        quoted_ns[symbol] = clock(wall, NEXT_DAY)
    last = LastPrices(quotes, quoted_ns)
    return closing(last, "NIFTY", NEXT_DAY, CLOSE - MINUTE, MINUTE)


def worth(price: str, wall: str, *, implied: bool = False) -> Closing:
    return Closing(e4(price), clock(wall, NEXT_DAY), implied)


@pytest.mark.parametrize(
    ("quoted", "known"),
    [
        (
            {"NIFTY": ("15:29:00", "24600"), "ce": ("15:29:59", "1"), "pe": ("15:29:59", "151")},
            worth("24600", "15:29:00"),
        ),
        (
            {"NIFTY": ("11:00:00", "24600"), "ce": ("15:29:59", "1"), "pe": ("15:29:58", "151")},
            worth("24400", "15:29:58", implied=True),
        ),
        (
            {"NIFTY": ("15:00:00", "24600"), "ce": ("15:29:59", "1"), "pe": ("14:00:00", "151")},
            worth("24600", "15:00:00"),
        ),
        (
            {"NIFTY": ("15:29:30", "0"), "ce": ("15:00:00", "1"), "pe": ("15:00:00", "151")},
            worth("24400", "15:00:00", implied=True),
        ),
        (
            {"NIFTY": ("11:00:00", "24600"), "ce": ("15:29:59", "0"), "pe": ("15:29:58", "151")},
            worth("24600", "11:00:00"),
        ),
        (
            {"NIFTY": ("15:00:00", "24600"), "ce": ("15:00:00", "1"), "pe": ("15:00:00", "151")},
            worth("24600", "15:00:00"),
        ),
        ({"NIFTY_50": ("15:29:59", "24600")}, Closing(0, 0)),
    ],
    ids=[
        *("its own at the close", "the options after it", "half a pair is none", "no price"),
        *("a pair without a price", "of one instant", "nothing"),
    ],
)
def test_the_price_nearest_to_the_close_is_taken(quoted, known):
    """An index that was last quoted at 11:00 says nothing of the close where options still do."""
    assert told(**quoted) == known


def test_pairs_that_were_quoted_long_before_the_last_imply_nothing():
    """The pair nearest to the money then would else be believed now."""
    old = {
        "NIFTY_2025_09_02_24600_CE": ("11:05:00", "80"),
        "NIFTY_2025_09_02_24600_PE": ("11:05:00", "80"),
    }
    assert told(ce=("15:29:59", "1"), pe=("15:29:59", "151"), **old) == worth(
        "24400", "15:29:59", implied=True
    )
