from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.domain.market.frames import Quote
from daemon.domain.market.instruments import contract
from daemon.domain.money import e4
from daemon.domain.orders.ladder import Ladder, Prospect, prospect_of
from daemon.domain.orders.words import Side

WIDE = Prospect(touch_e4=e4(100), ltp_e4=e4(98), low_e4=e4(60), high_e4=e4(140), tick_e4=e4("0.05"))


@pytest.mark.parametrize(
    ("step", "side", "expected"),
    [
        (0, Side.BUY, "100"),
        (1, Side.BUY, "101"),
        (2, Side.BUY, "103"),
        (3, Side.BUY, "137.20"),
        (9, Side.BUY, "137.20"),
        (0, Side.SELL, "100"),
        (1, Side.SELL, "99"),
        (2, Side.SELL, "97"),
        (3, Side.SELL, "61.20"),
        (9, Side.SELL, "61.20"),
    ],
)
def test_the_steps_go_from_the_touch_to_the_edge_of_the_band(step, side, expected):
    """At the touch, 1 % and 3 % through it, then 2 % inside the edge, again and again."""
    assert Ladder().price(step, side, WIDE) == e4(expected)


@pytest.mark.parametrize(
    ("case", "side", "step", "changes", "expected"),
    [
        ("no touch: the last price", Side.BUY, 0, {"touch_e4": 0}, "98"),
        ("no touch: the last price", Side.SELL, 1, {"touch_e4": 0}, "97"),
        ("a touch below the band", Side.BUY, 1, {"touch_e4": e4("10.05")}, "60"),
        ("a sale rounds down", Side.SELL, 1, {"touch_e4": e4("70.05")}, "69.30"),
        ("a purchase rounds up", Side.BUY, 1, {"touch_e4": e4("70.05")}, "70.80"),
        ("never above the band", Side.BUY, 2, {"touch_e4": e4("139")}, "140"),
        ("never below the band", Side.SELL, 2, {"touch_e4": e4("61")}, "60"),
        ("the edge yields to the touch", Side.BUY, 3, {"touch_e4": e4("139.50")}, "140"),
        ("the edge yields to the touch", Side.SELL, 3, {"touch_e4": e4("60.50")}, "60"),
        ("no band: the widest step repeats", Side.BUY, 3, {"low_e4": 0, "high_e4": 0}, "103"),
        ("no band: the widest step repeats", Side.SELL, 3, {"low_e4": 0, "high_e4": 0}, "97"),
        ("never below one tick", Side.SELL, 3, {"low_e4": 0, "touch_e4": e4("0.05")}, "0.05"),
        ("a band off the tick", Side.BUY, 2, {"high_e4": e4("100.02")}, "100"),
        ("a band off the tick", Side.SELL, 2, {"low_e4": e4("99.98")}, "100"),
    ],
)
def test_a_price_is_on_the_tick_and_inside_the_band(case, side, step, changes, expected):
    """The band outweighs the step, and the tick is rounded towards a fill."""
    assert Ladder().price(step, side, replace(WIDE, **changes)) == e4(expected)


@pytest.mark.parametrize(
    "changes",
    [{"touch_e4": 0, "ltp_e4": 0}, {"low_e4": e4("100.01"), "high_e4": e4("100.04")}],
)
def test_without_anything_to_price_from_there_is_no_price(changes):
    """Neither touch nor last price, or no tick inside the band."""
    assert Ladder().price(0, Side.BUY, replace(WIDE, **changes)) is None


prices = st.integers(0, e4(2000))


@st.composite
def prospects(draw):
    low_e4, high_e4 = sorted((draw(prices), draw(prices)))
    tick_e4 = draw(st.sampled_from([100, 500, 1000]))
    return Prospect(draw(prices), draw(prices), low_e4, high_e4, tick_e4)


ladders = st.builds(
    Ladder,
    st.lists(st.integers(0, 200_000), min_size=1, max_size=5).map(lambda steps: (*sorted(steps),)),
    st.integers(0, 100_000),
)


@given(ladders, st.sampled_from(Side), prospects())
def test_later_steps_are_never_less_eager(ladder, side, prospect):
    """At one touch a purchase never gets cheaper and a sale never dearer, all within bounds."""
    asked = [ladder.price(step, side, prospect) for step in range(8)]
    if None in asked:
        assert set(asked) == {None}
        return
    assert asked == sorted(asked, reverse=side is Side.SELL)
    assert asked[-1] == asked[len(ladder.steps_percent_e4)]
    assert [price for price in asked if price % prospect.tick_e4 or price <= 0] == []
    if prospect.high_e4:
        outside = [p for p in asked if not prospect.low_e4 <= p <= prospect.high_e4]
        assert outside == []


@pytest.mark.parametrize("steps", [(), (-1,), (0, 30_000, 10_000)])
def test_steps_that_fall_back_are_refused(steps):
    """A setting that would make an exit less eager with time is a mistake."""
    with pytest.raises(ValueError, match="never fall"):
        Ladder(steps_percent_e4=steps)


def test_a_step_before_the_first_is_a_defect():
    """Steps are counted from zero."""
    with pytest.raises(AssertionError):
        Ladder().price(-1, Side.BUY, WIDE)


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize(
    ("symbol", "touch", "tick"),
    [("BAJAJ-AUTO", "8437.50", "0.50"), ("MARUTI", "15212", "1"), ("RELIANCE", "1412.30", "0.10")],
)
def test_each_step_of_an_exit_at_a_dear_share_is_on_the_tick_of_the_exchange(
    symbol, touch, tick, side
):
    day = date(2026, 10, 12)
    quote = Quote(e4(touch), e4(touch), 10, e4(touch), 10)
    prospect = prospect_of(contract(symbol, day), side, quote, day)
    asked = [Ladder().price(step, side, prospect) for step in range(5)]
    assert [price % e4(tick) for price in asked] == [0] * 5
    assert all(prospect.low_e4 <= price <= prospect.high_e4 for price in asked)


@pytest.mark.parametrize(
    ("case", "side", "step", "touch", "outside", "expected"),
    [
        ("the touch", Side.BUY, 0, "100", "137.20", "100"),
        ("a step short of it", Side.BUY, 2, "100", "137.20", "103"),
        ("not as far again", Side.BUY, 3, "100", "137.20", "103"),
        ("nor at the same price", Side.BUY, 2, "100", "103", "101"),
        ("the touch itself was", Side.BUY, 3, "100", "100", "100"),
        ("the touch is beyond it", Side.BUY, 3, "138", "137", "138"),
        ("a purchase that was too cheap", Side.BUY, 0, "70", "70", "100"),
        ("a purchase that was too cheap", Side.BUY, 3, "65", "70", "100"),
        ("cheap, and refused far out", Side.BUY, 3, "90", "137.20", "92.70"),
        ("cheap, and refused at the middle", Side.BUY, 0, "70", "100", "70"),
        ("dear, and refused at the middle", Side.SELL, 0, "130", "100", "130"),
        ("a sale", Side.SELL, 2, "100", "61.20", "97"),
        ("not as far again", Side.SELL, 3, "100", "61.20", "97"),
        ("the touch is beyond it", Side.SELL, 3, "61", "62", "61"),
        ("a sale that was too dear", Side.SELL, 0, "130", "130", "100"),
        ("only a last price", Side.BUY, 1, "0", "137.20", "101"),
    ],
)
def test_while_a_no_of_the_band_stands_no_step_goes_as_far_again(
    case, side, step, touch, outside, expected
):
    """What was refused short of the middle is asked there: it trades at the touch all the same.

    And what was refused at the middle is asked at the touch.
    """
    prospect = replace(WIDE, touch_e4=e4(touch), ltp_e4=e4(100), around_e4=e4(100))
    assert Ladder().held(step, side, prospect, e4(outside)) == e4(expected)


def test_while_a_no_stands_nothing_is_asked_where_there_is_no_price():
    nothing = replace(WIDE, touch_e4=0, ltp_e4=0)
    assert Ladder().held(0, Side.BUY, nothing, e4(100)) is None
    middle = replace(nothing, around_e4=e4(100))
    assert Ladder().held(0, Side.BUY, middle, e4(100)) == e4(100)
    unknown = replace(WIDE, low_e4=0, high_e4=0)
    assert Ladder().held(3, Side.BUY, unknown, e4(103)) == e4(101)


DAY = date(2026, 10, 12)
CALL = contract("NIFTY-2026-10-13-24550-CE", DAY)


def at_touch(bid: str, ask: str, ltp: str) -> Quote:
    return Quote(e4(ltp), e4(bid), 75, e4(ask), 75)


@pytest.mark.parametrize(
    ("case", "side", "quote", "mean", "expected"),
    [
        ("none is known", Side.BUY, at_touch("99", "101", "100"), "0", ("60", "140", "100")),
        ("a quiet market", Side.BUY, at_touch("99", "101", "100"), "98", ("58.80", "137.20", "98")),
        ("a leap", Side.BUY, at_touch("149", "151", "150"), "102", ("61.20", "151", "102")),
        ("a leap", Side.SELL, at_touch("149", "151", "150"), "102", ("61.20", "142.80", "102")),
        ("a fall", Side.SELL, at_touch("49", "51", "50"), "98", ("49", "137.20", "98")),
        ("a fall", Side.BUY, at_touch("49", "51", "50"), "98", ("58.80", "137.20", "98")),
        ("a wide touch", Side.BUY, at_touch("99", "500", "100"), "98", ("58.80", "140", "98")),
        ("a wide touch", Side.SELL, at_touch("1", "101", "100"), "102", ("60", "142.80", "102")),
        ("no offer", Side.BUY, at_touch("149", "0", "150"), "102", ("61.20", "150", "102")),
        ("no price now", Side.BUY, Quote(0), "102", ("0", "0", "0")),
    ],
)
def test_the_band_lies_around_the_mean_and_reaches_as_far_as_the_touch(
    case, side, quote, mean, expected
):
    """No further than the band of now: an offer of a fool is no market."""
    found = prospect_of(CALL, side, quote, DAY, e4(mean))
    assert (found.low_e4, found.high_e4, found.around_e4) == tuple(map(e4, expected))


def test_the_band_of_a_share_lies_around_the_price_of_now():
    share, quote = contract("RELIANCE", DAY), at_touch("1399", "1401", "1400")
    found = prospect_of(share, Side.BUY, quote, DAY, e4(1000))
    assert found == prospect_of(share, Side.BUY, quote, DAY)


def test_where_no_table_says_the_band_there_is_none_around_a_mean():
    day, quote = date(2018, 1, 1), at_touch("99", "101", "100")
    found = prospect_of(CALL, Side.BUY, quote, day, e4(98))
    assert (found.low_e4, found.high_e4) == (0, 0)
