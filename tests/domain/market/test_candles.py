from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.instants import SECOND_NS
from daemon.domain.market.candles import Candle, Candles, Folded, close_due, fold

MINUTE_NS = 60 * SECOND_NS
OPEN_NS = 1_000_000 * MINUTE_NS
FRESH = Candles(MINUTE_NS, OPEN_NS)


def after(*prices: tuple[int, int]) -> Candles:
    candles = FRESH
    for second, price_e4 in prices:
        candles = fold(candles, OPEN_NS + second * SECOND_NS, price_e4).candles
    return candles


def test_the_prices_of_a_minute_make_its_open_high_low_and_close():
    candle = after((0, 10), (20, 14), (40, 7), (59, 11)).open
    assert candle == Candle(OPEN_NS, OPEN_NS + MINUTE_NS, 10, 14, 7, 11, 4)


def test_extremes_between_two_prices_count():
    folded = fold(after((0, 10)), OPEN_NS + SECOND_NS, 11, 5, 20)
    assert folded.candles.open == Candle(OPEN_NS, OPEN_NS + MINUTE_NS, 10, 20, 5, 11, 2)


def test_a_price_of_the_next_minute_closes_a_candle():
    folded = fold(after((0, 10)), OPEN_NS + MINUTE_NS, 12)
    closed = Candle(OPEN_NS, OPEN_NS + MINUTE_NS, 10, 10, 10, 10)
    assert (folded.closed, folded.missing, folded.late) == (closed, 0, False)


def test_minutes_without_a_price_are_missing_and_never_invented():
    folded = fold(after((0, 10)), OPEN_NS + 4 * MINUTE_NS + 1, 12)
    assert folded == Folded(
        Candles(
            MINUTE_NS,
            OPEN_NS + 5 * MINUTE_NS,
            Candle(OPEN_NS + 4 * MINUTE_NS, OPEN_NS + 5 * MINUTE_NS, 12, 12, 12, 12),
        ),
        Candle(OPEN_NS, OPEN_NS + MINUTE_NS, 10, 10, 10, 10),
        missing=3,
    )


def test_minutes_before_the_first_price_of_a_session_are_missing():
    assert fold(FRESH, OPEN_NS + 2 * MINUTE_NS, 12).missing == 2


def test_without_a_session_open_nothing_is_missing_before_the_first_price():
    assert fold(Candles(MINUTE_NS), OPEN_NS + 5, 12).missing == 0


def test_candles_count_from_the_session_open():
    candles = Candles(60 * MINUTE_NS, OPEN_NS + 15 * MINUTE_NS)
    folded = fold(candles, OPEN_NS + 80 * MINUTE_NS, 12).candles
    assert folded.open is not None
    assert folded.open.open_ns == OPEN_NS + 75 * MINUTE_NS


def test_a_late_price_is_stated_and_changes_nothing():
    candles = after((0, 10), (60, 12))
    assert fold(candles, OPEN_NS + 59 * SECOND_NS, 99) == Folded(candles, late=True)


def test_a_price_for_a_candle_that_a_timer_closed_is_late():
    closed = close_due(after((0, 10)), OPEN_NS + MINUTE_NS).candles
    assert fold(closed, OPEN_NS + 59 * SECOND_NS, 99) == Folded(closed, late=True)


def test_a_timer_closes_a_candle_at_its_end_and_not_before():
    candles = after((0, 10))
    early = close_due(candles, OPEN_NS + MINUTE_NS - 1)
    due = close_due(candles, OPEN_NS + MINUTE_NS)
    assert (early, due) == (
        Folded(candles),
        Folded(Candles(MINUTE_NS, OPEN_NS + MINUTE_NS), candles.open),
    )


def test_a_timer_with_no_candle_open_closes_nothing():
    assert close_due(FRESH, OPEN_NS + MINUTE_NS) == Folded(FRESH)


@given(st.lists(st.tuples(st.integers(0, 3_000), st.integers(1, 10**9)), min_size=1))
def test_every_price_in_time_order_is_in_exactly_one_candle(prices):
    candles, closed, missing = FRESH, [], 0
    for second, price_e4 in sorted(prices):
        folded = fold(candles, OPEN_NS + second * SECOND_NS, price_e4)
        candles, missing = folded.candles, missing + folded.missing
        closed.extend([folded.closed] if folded.closed else [])
    assert candles.open is not None
    made = [*closed, candles.open]
    spans = (candles.open.close_ns - OPEN_NS) // MINUTE_NS
    assert (sum(candle.prices for candle in made), len(made) + missing) == (len(prices), spans)
