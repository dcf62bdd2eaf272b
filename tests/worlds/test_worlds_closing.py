"""Closing values: the index's own price at the close, else the nearest thing to it."""

from __future__ import annotations

import pytest

from daemon.domain.market.closes import Closes
from daemon.domain.market.frames import Quote
from daemon.domain.money import e4
from daemon.messages import Basis
from daemon.twin.matching import LastPrices
from daemon.worlds.closing import Closing, closing, recorded
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


def worth(price: str, wall: str, basis: Basis = Basis.CLOSE) -> Closing:
    return Closing(e4(price), clock(wall, NEXT_DAY), basis)


@pytest.mark.parametrize(
    ("quoted", "known"),
    [
        (
            {"NIFTY": ("15:29:00", "24600"), "ce": ("15:29:59", "1"), "pe": ("15:29:59", "151")},
            worth("24600", "15:29:00"),
        ),
        (
            {"NIFTY": ("11:00:00", "24600"), "ce": ("15:29:59", "1"), "pe": ("15:29:58", "151")},
            worth("24400", "15:29:58", Basis.FORWARD),
        ),
        (
            {"NIFTY": ("15:00:00", "24600"), "ce": ("15:29:59", "1"), "pe": ("14:00:00", "151")},
            worth("24600", "15:00:00", Basis.LAST),
        ),
        (
            {"NIFTY": ("15:29:30", "0"), "ce": ("15:00:00", "1"), "pe": ("15:00:00", "151")},
            worth("24400", "15:00:00", Basis.FORWARD),
        ),
        (
            {"NIFTY": ("11:00:00", "24600"), "ce": ("15:29:59", "0"), "pe": ("15:29:58", "151")},
            worth("24600", "11:00:00", Basis.LAST),
        ),
        (
            {"NIFTY": ("15:00:00", "24600"), "ce": ("15:00:00", "1"), "pe": ("15:00:00", "151")},
            worth("24600", "15:00:00", Basis.LAST),
        ),
        ({"NIFTY_50": ("15:29:59", "24600")}, Closing(0, 0, Basis.LAST)),
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
        "24400", "15:29:59", Basis.FORWARD
    )


AFTER, MEAN = {"NIFTY": e4("24590")}, {"NIFTY": e4("24580")}


@pytest.mark.parametrize(
    ("averaged", "after", "mean", "known"),
    [
        (True, AFTER, MEAN, worth("24590", "15:30:00")),
        (True, {}, MEAN, worth("24580", "15:30:00", Basis.MEAN)),
        (True, {"NIFTY": e4("24600")}, MEAN, worth("24580", "15:30:00", Basis.MEAN)),
        (True, {"BANKNIFTY": 1}, {"BANKNIFTY": 1}, worth("24600", "15:29:00", Basis.LAST)),
        (False, AFTER, {}, worth("24590", "15:30:00")),
        (False, {}, {}, worth("24600", "15:29:00")),
    ],
    ids=["after", "mean", "the last again", "of another", "auction", "within the auction's"],
)
def test_a_recording_tells_the_closing_value_or_else_the_mean(averaged, after, mean, known):
    """A level after the session that is the session's last again is no news of the close."""
    closes, last = Closes(CLOSE, averaged, after, mean), worth("24600", "15:29:00")
    assert recorded(last, Quote(e4("24600")), "NIFTY", closes) == known


def test_an_index_without_a_quote_in_the_session_is_closed_by_what_comes_after_it():
    closes = Closes(CLOSE, True, AFTER)
    none = Closing(0, 0, Basis.LAST)
    assert recorded(none, None, "NIFTY", closes) == worth("24590", "15:30:00")


def test_what_options_imply_of_a_recorded_close_stays_what_it_is():
    implied = worth("24400", "15:29:58", Basis.FORWARD)
    assert recorded(implied, None, "NIFTY", Closes(CLOSE, True)) == implied
