from __future__ import annotations

import msgspec
import pytest

from daemon.domain.market.frames import Frame, Quote


def test_a_quote_knows_nothing_but_its_last_price_unless_told():
    assert Quote(118_6000) == Quote(118_6000, 0, 0, 0, 0, 0, 0)


def test_a_frame_and_its_quotes_are_never_changed():
    quote = Quote(118_6000)
    frame = Frame(1, {"NIFTY": quote})

    with pytest.raises(AttributeError):
        quote.ltp_e4 = 1
    with pytest.raises(AttributeError):
        frame.at_ns = 2


def test_a_frame_is_the_same_after_a_round_trip():
    frame = Frame(5, {"NIFTY": Quote(24_550_0000, bid_e4=1, bid_quantity=75)}, exchange_ns=3)

    assert msgspec.json.decode(msgspec.json.encode(frame), type=Frame) == frame


@pytest.mark.parametrize(
    ("bid_e4", "ask_e4", "crossed"),
    [(901, 900, True), (900, 900, False), (899, 900, False), (900, 0, False), (0, 900, False)],
)
def test_a_book_is_crossed_where_its_bid_lies_above_its_ask(
    bid_e4: int, ask_e4: int, crossed: bool
) -> None:
    """A book of one side is none that could be."""
    assert Quote(900, bid_e4=bid_e4, ask_e4=ask_e4).is_crossed is crossed
