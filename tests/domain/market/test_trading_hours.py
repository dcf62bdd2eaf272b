"""When each symbol trades: shares close earlier than derivatives."""

from datetime import date, time

import pytest

from daemon.domain.instants import at
from daemon.domain.market.calendar import Segment, sessions
from daemon.domain.market.trading_hours import (
    closed_until,
    hours_of,
    index_hours,
    next_opening_ns,
    order_hours_of,
    takes_orders,
    trades,
)

SHARE, OPTION, FUTURE = "RELIANCE", "NIFTY-2026-11-24-24500-CE", "RELIANCE-2026-11-24-FUT"
DAY = date(2026, 11, 20)


def hours(day=DAY):
    return tuple((each.open_ns, each.close_ns) for each in sessions(day, Segment.DERIVATIVES))


@pytest.mark.parametrize(
    ("symbol", "wall", "is_open"),
    [
        (SHARE, "09:14:59", False),
        (SHARE, "09:15:00", True),
        (SHARE, "15:14:59", True),
        (SHARE, "15:15:00", False),
        (SHARE, "15:39:00", False),
        (OPTION, "15:39:00", True),
        (FUTURE, "15:40:00", True),
        (OPTION, "15:40:01", False),
        ("a word of a broker's", "15:39:00", True),
    ],
)
def test_a_share_trades_by_the_hours_of_the_cash_market_and_all_else_by_the_days(
    symbol, wall, is_open
):
    assert trades(symbol, hours(), at(DAY, time.fromisoformat(wall))) is is_open


def test_an_index_is_told_while_its_shares_trade_and_all_day_where_no_table_knows_when():
    ((opens_ns, closes_ns),) = index_hours(hours())
    before = ((at(date(1999, 11, 19), time(10)), at(date(1999, 11, 19), time(15))),)
    assert (opens_ns, closes_ns) == (at(DAY, time(9, 15)), at(DAY, time(15, 15)) - 1)
    assert (index_hours(before), index_hours(())) == (before, ())


@pytest.mark.parametrize(
    ("wall", "is_taken"),
    [
        ("15:14:59", True),
        ("15:15:00", False),
        ("15:20:00", True),
        ("15:34:59", True),
        ("15:35:00", False),
    ],
)
def test_an_order_for_a_share_is_taken_in_the_closing_auction_too(wall, is_taken):
    """A share without derivatives trades on through it."""
    assert takes_orders(SHARE, hours(), at(DAY, time.fromisoformat(wall))) is is_taken


def test_until_the_auction_begins_orders_for_a_share_wait_for_it():
    assert next_opening_ns(SHARE, hours(), at(DAY, time(15, 16))) == at(DAY, time(15, 20))


def test_on_a_day_that_is_closed_or_over_nothing_trades():
    assert not trades(SHARE, (), at(DAY, time(10)))


def test_before_the_closing_auction_came_shares_traded_as_long_as_derivatives():
    day = date(2025, 9, 1)
    (opened,), ((opens_ns, closes_ns),) = hours(day), hours_of(SHARE, hours(day))
    assert (opens_ns, closes_ns + 1) == opened


def test_where_no_table_knows_the_hours_of_shares_those_of_the_day_are_theirs():
    """As in a replay of a day from before the tables."""
    day = date(2012, 1, 2)
    given = ((at(day, time(9, 15)), at(day, time(15, 30))),)
    assert hours_of(SHARE, given) == given
    assert order_hours_of(SHARE, given) == given


@pytest.mark.parametrize(
    ("symbol", "day", "wall", "said"),
    [
        (SHARE, DAY, time(8), " until 2026-11-20 09:15"),
        (SHARE, DAY, time(15, 16), " until 2026-11-20 15:20"),  # the closing auction
        (SHARE, DAY, time(15, 36), " until 2026-11-23 09:15"),  # over a weekend
        (OPTION, DAY, time(15, 50), " until 2026-11-23 09:15"),
        (SHARE, date(2012, 1, 2), time(15, 20), ""),
    ],
)
def test_it_is_said_until_when_a_market_is_closed_where_that_is_known(symbol, day, wall, said):
    known = hours(day) if day == DAY else ()
    assert closed_until(symbol, known, at(day, wall)) == f"its market is closed{said}"


def test_a_market_that_opens_again_today_says_so():
    """By the hours of the day, whatever is usual."""
    given = ((at(DAY, time(18)), at(DAY, time(19))),)
    said = closed_until(OPTION, given, at(DAY, time(16)))
    assert said == "its market is closed until 2026-11-20 18:00"
