"""Profit of a leg is exact, and the day's numbers come out to the paisa."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.domain.market.frames import Quote
from daemon.domain.money import e4
from daemon.domain.orders.words import Side
from daemon.domain.risk.pnl import (
    NO_MARK,
    LegPosition,
    PnlTrack,
    mark_of,
    realised_e4,
    total_e4,
    unrealised_e4,
)
from daemon.domain.risk.words import Mark

CE = LegPosition("ce", "NIFTY-2025-09-02-24550-CE", Side.SELL).filled(Side.SELL, 75, e4("118.60"))
PE = LegPosition("pe", "NIFTY-2025-09-02-24550-PE", Side.SELL).filled(Side.SELL, 75, e4("95.30"))
prices = st.integers(1, 10_000_000)
fills = st.lists(st.tuples(st.sampled_from(Side), st.integers(1, 2_000), prices), max_size=12)


def position_of(trades: list[tuple[Side, int, int]], side: Side = Side.SELL) -> LegPosition:
    position = LegPosition("ce", "CE", side)
    for each, quantity, price_e4 in trades:
        position = position.filled(each, quantity, price_e4)
    return position


@pytest.mark.parametrize(
    ("ce", "pe", "expected"),
    [
        ("90.75", "130.30", "-536.25"),
        ("90.80", "130.00", "-517.50"),
        ("47.75", "142.35", "1785.00"),
    ],
)
def test_a_straddle_is_valued_to_the_paisa(ce: str, pe: str, expected: str) -> None:
    """75 of each sold at 118.60 and 95.30, against the marks of that real day."""
    assert total_e4(CE, e4(ce)) + total_e4(PE, e4(pe)) == e4(expected)


def test_what_is_bought_back_is_realised() -> None:
    """A third bought back at half: that third's profit is realised, the rest is not."""
    position = CE.filled(Side.BUY, 25, e4("59.30"))
    assert (position.net_quantity, realised_e4(position)) == (-50, e4("1482.50"))
    assert unrealised_e4(position, e4("100.00")) == e4("930.00")


def test_a_long_leg_gains_when_its_price_rises() -> None:
    position = position_of([(Side.BUY, 50, e4("10")), (Side.SELL, 20, e4("12"))], Side.BUY)
    assert realised_e4(position) == e4("40")
    assert unrealised_e4(position, e4("9")) == e4("-30")


def test_what_is_closed_too_far_is_open_the_other_way() -> None:
    """Bought 100 against 75 sold: 25 long at the buying price, the 75 realised."""
    position = position_of([(Side.SELL, 75, e4("100")), (Side.BUY, 100, e4("90"))])
    assert realised_e4(position) == e4("750")
    assert unrealised_e4(position, e4("88")) == e4("-50")


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize(
    ("prices", "wanted", "added", "quantity", "value_e4"),
    [
        (["100", "110"], 150, 0, 150, 75 * e4("210")),
        (["100", "110"], 75, 0, 75, 75 * e4("105")),
        (["100", "110"], 75, 75, 150, 75 * e4("210")),
        (["100", "110", "110"], 75, 75, 150, 50 * e4("320")),
        (["0.0001", "0.0002", "0.0002"], 100, 0, 100, 167),
        ([], 75, 0, 0, 0),
    ],
)
def test_an_entry_counts_with_no_more_than_was_wanted_of_it(
    side: Side, prices: list[str], wanted: int, added: int, quantity: int, value_e4: int
) -> None:
    """The rest was traded back, at the average price of all that was traded that way."""
    trades = [(side, 75, e4(price)) for price in prices]
    traded = replace(position_of(trades, side), added_quantity=added)
    entry = traded.filled(side.opposite, 75, e4("90")).entry_within(wanted)
    assert (entry.entry_quantity, entry.entry_value_e4) == (quantity, value_e4)
    assert abs(entry.net_quantity) == quantity


def test_a_flat_leg_has_nothing_unrealised() -> None:
    position = CE.filled(Side.BUY, 75, e4("100"))
    assert (unrealised_e4(position, e4("7")), realised_e4(position)) == (0, e4("1395"))


@pytest.mark.parametrize(
    ("trades", "side", "expected"),
    [
        ([], Side.SELL, 0),
        ([(Side.SELL, 50, 1_000), (Side.SELL, 25, 1_001)], Side.SELL, 1_000),
        ([(Side.SELL, 1, 1_000), (Side.SELL, 1, 1_001)], Side.SELL, 1_000),
        ([(Side.SELL, 1, 1_001), (Side.SELL, 1, 1_002)], Side.SELL, 1_002),
        ([(Side.BUY, 2, 500), (Side.SELL, 1, 900)], Side.BUY, 500),
    ],
)
def test_the_entry_price_is_the_average_half_to_even(
    trades: list[tuple[Side, int, int]], side: Side, expected: int
) -> None:
    """Only fills in the direction of the entry count."""
    assert position_of(trades, side).entry_e4 == expected


@given(fills, prices)
def test_realised_and_unrealised_sum_to_the_total(
    trades: list[tuple[Side, int, int]], mark_e4: int
) -> None:
    """Rounding moves money between the two and never makes any."""
    position = position_of(trades)
    assert realised_e4(position) + unrealised_e4(position, mark_e4) == total_e4(position, mark_e4)


@given(st.data(), fills, prices)
def test_the_order_of_fills_does_not_matter(
    data: st.DataObject, trades: list[tuple[Side, int, int]], mark_e4: int
) -> None:
    """Fills heard in another order give the same position."""
    other = data.draw(st.permutations(trades))
    assert position_of(other) == position_of(trades)
    assert total_e4(position_of(trades), mark_e4) == sum(
        side.sign * quantity * (mark_e4 - price_e4) for side, quantity, price_e4 in trades
    )


SHORT, LONG = True, False


@pytest.mark.parametrize(
    ("mark", "short", "ltp_bid_ask", "expected"),
    [
        (Mark.LTP, SHORT, (900, 895, 905), 900),
        (Mark.LTP, LONG, (900, 895, 905), 900),
        (Mark.LTP, SHORT, (0, 895, 905), 905),
        (Mark.LTP, LONG, (0, 895, 905), 895),
        (Mark.LTP, SHORT, (0, 895, 0), 895),
        (Mark.LTP, LONG, (0, 0, 905), 0),
        (Mark.LTP, SHORT, (900, 0, 0), 900),
        (Mark.LTP, LONG, (900, 0, 905), 900),
        (Mark.TOUCH, SHORT, (900, 895, 905), 905),
        (Mark.TOUCH, LONG, (900, 895, 905), 895),
        (Mark.TOUCH, SHORT, (0, 895, 905), 905),
        (Mark.TOUCH, SHORT, (900, 895, 0), 900),
        (Mark.TOUCH, SHORT, (900, 950, 0), 950),
        (Mark.TOUCH, SHORT, (0, 895, 0), 895),
        (Mark.TOUCH, SHORT, (900, 0, 0), 900),
        (Mark.TOUCH, LONG, (900, 0, 905), 900),
        (Mark.TOUCH, LONG, (900, 0, 5), 5),
        (Mark.TOUCH, LONG, (0, 0, 905), 0),
        (Mark.TOUCH, LONG, (900, 0, 0), 900),
        (Mark.LTP, LONG, (0, 895, 0), 895),
        (Mark.TOUCH, LONG, (900, 895, 0), 895),
        (Mark.TOUCH, SHORT, (900, 905, 905), 905),
        (Mark.TOUCH, SHORT, (900, 905, 5), 905),
        (Mark.TOUCH, LONG, (900, 2000, 905), 905),
        (Mark.LTP, SHORT, (900, 905, 5), 900),
        (Mark.LTP, SHORT, (0, 905, 5), 905),
    ],
)
def test_a_mark_is_the_last_trade_or_what_closing_costs(
    mark: Mark, short: bool, ltp_bid_ask: tuple[int, int, int], expected: int
) -> None:
    """The ask for a short, the bid for a long; the worse of a book that is crossed.

    What is only offered is worthless.
    """
    ltp_e4, bid_e4, ask_e4 = ltp_bid_ask
    quote = Quote(ltp_e4, bid_e4=bid_e4, ask_e4=ask_e4)
    assert mark_of(quote, mark, short=short, option=True) == expected


@pytest.mark.parametrize(
    ("case", "short", "ltp_bid_ask", "expected"),
    [
        ("one far offer", SHORT, ("0", "60", "205"), None),
        ("one far offer", LONG, ("0", "60", "205"), None),
        ("nothing is bid", SHORT, ("0", "0", "205"), None),
        ("nothing is bid", LONG, ("0", "0", "205"), None),
        ("a tenth of the middle", SHORT, ("0", "95", "105"), "105"),
        ("a tenth of the middle", LONG, ("0", "95", "105"), "95"),
        ("a tick more", SHORT, ("0", "95", "105.05"), None),
        ("two rupees of what is cheap", LONG, ("0", "1", "3"), "1"),
        ("a tick more", LONG, ("0", "1", "3.05"), None),
        ("it is cheap, and nothing is bid", LONG, ("0", "0", "0.05"), "0"),
        ("nobody offers it", SHORT, ("0", "60", "0"), "60"),
        ("nobody offers it", LONG, ("0", "60", "0"), "60"),
        ("it has traded", SHORT, ("118", "60", "205"), "118"),
        ("a far bid above its offer", SHORT, ("0", "205", "60"), None),
    ],
)
def test_what_goes_by_the_last_trade_and_has_none_goes_by_no_wide_book(
    case: str, short: bool, ltp_bid_ask: tuple[str, str, str], expected: str | None
) -> None:
    """At the open the book of what was carried may be one far offer, which is no price."""
    ltp, bid, ask = ltp_bid_ask
    quote = Quote(e4(ltp), bid_e4=e4(bid), ask_e4=e4(ask))
    mark_e4 = NO_MARK if expected is None else e4(expected)
    assert mark_of(quote, Mark.LTP, short=short, option=True) == mark_e4


@pytest.mark.parametrize(
    ("short", "ltp_bid_ask", "expected"),
    [
        (LONG, (900, 895, 905), 895),
        (LONG, (900, 0, 905), 900),
        (LONG, (900, 0, 880), 880),
        (LONG, (900, 0, 0), 900),
        (LONG, (0, 0, 905), 905),
        (SHORT, (900, 895, 0), 900),
        (SHORT, (0, 895, 0), 895),
    ],
)
def test_a_share_or_a_future_at_its_circuit_is_not_worthless(
    short: bool, ltp_bid_ask: tuple[int, int, int], expected: int
) -> None:
    """One side of its book is empty, and the price is known all the same."""
    ltp_e4, bid_e4, ask_e4 = ltp_bid_ask
    quote = Quote(ltp_e4, bid_e4=bid_e4, ask_e4=ask_e4)
    assert mark_of(quote, Mark.TOUCH, short=short, option=False) == expected


@pytest.mark.parametrize("option", [True, False])
@pytest.mark.parametrize("short", [SHORT, LONG])
@pytest.mark.parametrize("mark", list(Mark))
def test_nothing_quoted_is_no_mark(mark: Mark, short: bool, option: bool) -> None:
    assert mark_of(Quote(ltp_e4=0), mark, short=short, option=option) == NO_MARK


def test_a_track_keeps_the_first_instant_of_its_extremes() -> None:
    track = PnlTrack()
    for at_ns, pnl_e4 in enumerate([5, 9, 3, 9, 3, 4], start=1):
        track.note(pnl_e4, at_ns)
    assert (track.low_e4, track.low_ns) == (3, 3)
    assert (track.high_e4, track.high_ns) == (9, 2)
    assert (track.last_e4, track.last_ns) == (4, 6)


def test_a_track_of_losses_alone_has_its_high_below_zero() -> None:
    track = PnlTrack()
    track.note(-5, 1)
    track.note(-7, 2)
    assert (track.high_e4, track.low_e4) == (-5, -7)


def test_an_estimate_is_the_newest_and_no_extreme() -> None:
    """Of a frame that did not price everything: the next that does is whole again."""
    track = PnlTrack()
    track.note(5, 1)
    track.estimate(-900, 2)
    assert (track.last_e4, track.last_ns, track.low_e4, track.low_ns) == (-900, 2, 5, 1)
    assert [track.is_whole(at_ns) for at_ns in (1, 2)] == [False, False]
    track.note(4, 3)
    assert (track.last_e4, track.low_e4, track.is_whole(3)) == (4, 4, True)
