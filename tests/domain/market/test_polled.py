"""Polled quotes: how old one may be, and what frame they are."""

import pytest
from msgspec.structs import replace

from daemon.domain.instants import SECOND_NS, day_of, start_of
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.market.polled import Stamped, bygone_of, frame_of, is_young

NOW = 1_000_000 * SECOND_NS
A, B = Quote(100), Quote(200)


@pytest.mark.parametrize(
    ("exchange_ns", "young"),
    [
        (NOW, True),
        (NOW - 3 * SECOND_NS, True),
        (NOW - 3 * SECOND_NS - 1, False),
        (NOW + SECOND_NS, True),
        (NOW + SECOND_NS + 1, False),
        (0, False),
    ],
)
def test_a_quote_is_as_old_as_the_exchange_says_and_judges_nothing_after_three_seconds(
    exchange_ns, young
):
    """However lately it was asked for; where clocks lie further apart no age is known."""
    assert is_young(exchange_ns, NOW) is young


@pytest.mark.parametrize(
    ("told", "frame"),
    [
        ({}, None),
        ({"a": (A, 0), "b": (B, 9)}, None),
        ({"a": (A, 0), "b": (B, 1)}, Frame(NOW, {"b": B}, NOW - SECOND_NS)),
        ({"a": (A, 2), "b": (B, 1)}, Frame(NOW, {"a": A, "b": B}, NOW - 2 * SECOND_NS)),
    ],
)
def test_what_is_young_is_one_frame_and_no_younger_than_its_oldest_quote(told, frame):
    """Ages in seconds; 0 stands for a quote without an instant."""
    stamped = {
        symbol: Stamped(quote, NOW - age * SECOND_NS if age else 0)
        for symbol, (quote, age) in told.items()
    }
    assert frame_of(stamped, NOW) == frame


@pytest.mark.parametrize(("before_s", "old"), [(1, True), (0, False), (None, False)])
def test_of_a_quote_whose_last_trade_is_of_an_earlier_day_the_book_alone_is_judged(before_s, old):
    """However young the book is; without an instant of the trade it is taken as it is."""
    day_ns = start_of(day_of(NOW))
    traded_ns = 0 if before_s is None else day_ns - before_s
    quote = Quote(100, 90, 1, 110, 1)
    told = {"a": Stamped(quote, NOW, traded_ns)}
    assert bygone_of(told, NOW) == ({"a": quote} if old else {})
    assert frame_of(told, NOW) == Frame(NOW, {"a": replace(quote, ltp_e4=0) if old else quote}, NOW)
