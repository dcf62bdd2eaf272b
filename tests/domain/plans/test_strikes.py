from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.market.frames import Quote
from daemon.domain.market.instruments import Kind
from daemon.domain.money import E4
from daemon.domain.plans.schema import Strike
from daemon.domain.plans.strikes import Listed, by_premium, choose, exact, from_the_money
from daemon.domain.plans.words import Pick

LADDER = [strike * E4 for strike in (24400, 24450, 24500, 24550, 24600)]


def listed(premiums: dict[int, int | None]) -> Listed:
    return {
        strike * E4: None if premium is None else Quote(ltp_e4=premium * E4)
        for strike, premium in premiums.items()
    }


@pytest.mark.parametrize(
    ("steps", "kind", "basis", "expected"),
    [
        (0, Kind.CALL, 24_501, 24_500),
        (0, Kind.PUT, 24_524, 24_500),
        (0, Kind.CALL, 24_525, 24_500),
        (0, Kind.CALL, 24_526, 24_550),
        (1, Kind.CALL, 24_500, 24_550),
        (1, Kind.PUT, 24_500, 24_450),
        (-1, Kind.CALL, 24_500, 24_450),
        (-1, Kind.PUT, 24_500, 24_550),
        (2, Kind.CALL, 24_500, 24_600),
        (0, Kind.CALL, 24_650, 24_600),
        (0, Kind.CALL, 24_350, 24_400),
        (3, Kind.CALL, 24_500, "no strike is listed 3 places from 24500.00"),
        (-3, Kind.CALL, 24_500, "no strike is listed -3 places from 24500.00"),
        (0, Kind.CALL, 24_651, "the listed strikes do not reach 24651.00"),
        (0, Kind.CALL, 24_349, "the listed strikes do not reach 24349.00"),
        (0, Kind.CALL, 0, "no price to measure the money on yet"),
    ],
)
def test_a_strike_is_counted_from_the_money(
    steps: int, kind: Kind, basis: int, expected: int | str
) -> None:
    """Out of the money above 0, which is up for calls and down for puts; a tie goes down."""
    chosen = from_the_money(steps, kind, basis * E4, LADDER)

    assert chosen == (expected if isinstance(expected, str) else expected * E4)


def test_a_single_listed_strike_is_at_the_money() -> None:
    """One strike shows no step that could be missing."""
    assert from_the_money(0, Kind.CALL, 25_000 * E4, LADDER[:1]) == LADDER[0]


@given(
    strikes=st.lists(st.integers(1, 10**6), min_size=2, unique=True),
    basis=st.integers(1, 10**6),
    steps=st.integers(-5, 5),
)
def test_calls_and_puts_mirror_each_other(strikes: list[int], basis: int, steps: int) -> None:
    """A call so far out is the put as far in, and nothing is nearer than the money."""
    strikes.sort()
    call = from_the_money(steps, Kind.CALL, basis, strikes)
    put = from_the_money(-steps, Kind.PUT, basis, strikes)
    money = from_the_money(0, Kind.CALL, basis, strikes)

    assert isinstance(call, str) == isinstance(put, str)
    assert isinstance(call, str) or call == put
    assert isinstance(money, str) or abs(money - basis) == min(abs(s - basis) for s in strikes)


def test_an_exact_strike_must_be_listed() -> None:
    """It is that strike or none."""
    assert exact(LADDER[1], dict.fromkeys(LADDER)) == LADDER[1]
    assert exact(24_475 * E4, dict.fromkeys(LADDER)) == "the strike 24475.00 is not listed"


CALLS = {100: 60, 110: 40, 120: 25, 130: 15, 140: 0}


@pytest.mark.parametrize(
    ("premium", "pick", "expected"),
    [
        (26, Pick.CLOSEST, 120),
        (20, Pick.CLOSEST, 130),
        (30, Pick.AT_LEAST, 110),
        (25, Pick.AT_LEAST, 120),
        (30, Pick.AT_MOST, 120),
        (15, Pick.AT_MOST, 130),
        (61, Pick.AT_LEAST, "no quoted premium is at least 61.00"),
        (14, Pick.AT_MOST, "no quoted premium is at most 14.00"),
    ],
)
def test_a_strike_is_picked_by_its_premium(premium: int, pick: Pick, expected: int | str) -> None:
    """The nearest that is allowed; strikes without a premium do not count."""
    chosen = by_premium(premium * E4, pick, Kind.CALL, listed(CALLS))

    assert chosen == (expected if isinstance(expected, str) else expected * E4)


@pytest.mark.parametrize(
    ("premium", "unquoted", "expected"),
    [
        (26, 100, 120),
        (26, 110, "the strike 110.00 beside 120.00 is not quoted yet"),
        (26, 120, "the strike 120.00 beside 130.00 is not quoted yet"),
        (26, 130, 120),
        (60, 140, 100),
        (60, 110, 100),
        (15, 140, 130),
        (14, 140, "the strike 140.00 beside 130.00 is not quoted yet"),
    ],
)
def test_by_its_premium_no_strike_is_picked_beside_one_whose_quote_has_not_come(
    premium: int, unquoted: int, expected: int | str
) -> None:
    """That one could be nearer; one on the other side, or farther off, could not."""
    chosen = by_premium(premium * E4, Pick.CLOSEST, Kind.CALL, listed(CALLS | {unquoted: None}))

    assert chosen == (expected if isinstance(expected, str) else expected * E4)


@pytest.mark.parametrize(("kind", "expected"), [(Kind.CALL, 110), (Kind.PUT, 100)])
def test_a_tie_goes_out_of_the_money(kind: Kind, expected: int) -> None:
    """Of two premiums equally near, the safer strike."""
    chosen = by_premium(50 * E4, Pick.CLOSEST, kind, listed({100: 60, 110: 40}))

    assert chosen == expected * E4


def test_what_has_not_traded_counts_with_its_middle() -> None:
    """One side alone is no price; the middle may fall between two units."""
    quotes = {
        1: Quote(ltp_e4=0, bid_e4=10, ask_e4=13),
        2: Quote(ltp_e4=0, bid_e4=11),
        3: Quote(ltp_e4=0, ask_e4=11),
        4: Quote(ltp_e4=20, bid_e4=11, ask_e4=20),
    }

    assert by_premium(11, Pick.CLOSEST, Kind.CALL, quotes) == 1
    assert by_premium(12, Pick.AT_LEAST, Kind.CALL, quotes) == 4


@pytest.mark.parametrize(
    ("quote", "expected"),
    [
        (Quote(ltp_e4=150, bid_e4=60, ask_e4=62), 110),
        (Quote(ltp_e4=150, bid_e4=140, ask_e4=150), 120),
        (Quote(ltp_e4=150, bid_e4=60), 120),
        (Quote(ltp_e4=150, ask_e4=62), 120),
        (Quote(ltp_e4=10, bid_e4=148, ask_e4=152), 120),
    ],
)
def test_a_last_price_that_bid_and_ask_have_left_is_no_premium(quote: Quote, expected: int) -> None:
    """The trade of a gap ago is at 150: the middle of now counts; half a book has left nothing."""
    quotes = {100: Quote(200), 110: Quote(130), 120: quote, 130: Quote(40)}

    assert by_premium(150, Pick.CLOSEST, Kind.CALL, quotes) == expected


@pytest.mark.parametrize(
    ("strike", "expected"),
    [
        (Strike(atm=1), 110),
        (Strike(exact=Decimal(120)), 120),
        (Strike(premium=Decimal(24)), 120),
        (Strike(premium=Decimal(24), pick=Pick.AT_MOST), 130),
    ],
)
def test_the_plan_says_which_way_to_choose(strike: Strike, expected: int) -> None:
    """One of the three, the premium's pick being the closest unless it is said."""
    assert choose(strike, Kind.CALL, 101 * E4, listed(CALLS)) == expected * E4


def test_an_empty_chain_has_no_strike() -> None:
    """Before the first chain there is nothing to choose from."""
    assert choose(Strike(atm=0), Kind.CALL, E4, {}) == "no strike of this expiry has been seen yet"
