"""Prices: fresh, quiet, stale."""

from datetime import date

import pytest

from daemon.actors.order_router.known.prices import Prices
from daemon.domain.instants import SECOND_NS as S
from daemon.domain.market.bands import reference_e4
from daemon.domain.market.frames import Frame, Quote
from daemon.messages import FramePolled
from daemon.ports.market import BygonePrices

A, B = Quote(100, 90, 1, 110, 1), Quote(200)


def seen(*frames):
    """Prices that have seen frames of these quotes."""
    prices = Prices(2)
    for n, quotes in enumerate(frames):
        prices.see(Frame(n, quotes))
    return prices


def known(prices, symbol, now_ns):
    """What there is of a contract: references, a price to enter at, one to leave at."""
    return prices.ticks_e4(symbol, now_ns), prices.fresh(symbol, now_ns), prices.last(symbol)


def test_the_newest_ticks_come_oldest_first():
    """As many as are kept."""
    assert seen({"a": A}, {"a": B}, {"a": Quote(300)}).ticks_e4("a", 9) == (200, 300)


def test_prints_of_long_ago_are_no_reference_beside_a_newer_one():
    """A minute back counts, more does not; a contract that was quiet since keeps its newest."""
    prices = Prices(5)
    for at_ns, quotes in ((0, {"a": A, "b": A}), (1, {"b": B}), (60 * S + 1, {"a": Quote(300)})):
        prices.see(Frame(at_ns, quotes))
    now_ns = 60 * S + 1
    assert (prices.ticks_e4("a", now_ns), prices.ticks_e4("b", now_ns)) == ((300,), (200,))
    prices.see(Frame(now_ns := 120 * S + 2, {}))
    assert (prices.ticks_e4("a", now_ns), prices.ticks_e4("b", now_ns)) == ((300,), (200,))


def test_a_contract_that_is_absent_is_quiet():
    """Its last price stands."""
    prices = seen({"a": A}, {"b": B}, {"b": B}, {"b": B})
    assert (prices.ticks_e4("a", 9), prices.fresh("a", 9)) == ((100,), A)


def test_what_was_never_seen_has_no_price():
    """Neither fresh nor stale."""
    prices = seen({"a": A})
    assert known(prices, "b", 9) == ((), None, Quote(0))


def test_a_lost_price_is_stale_and_can_still_close():
    """It is no tick and not fresh, yet the last that is known."""
    prices = seen({"a": A})
    prices.lose()
    assert known(prices, "a", 9) == ((), None, A)
    prices.see(Frame(9, {"a": B}))
    assert known(prices, "a", 9) == ((200,), B, B)


@pytest.mark.parametrize(
    ("lives_s", "age_ns", "fresh"),
    [
        (None, 3 * S, True),
        (None, 3 * S + 1, False),
        (10, 10 * S, True),
        (10, 10 * S + 1, False),
    ],
)
def test_a_price_dies_of_age_before_anybody_says_so_and_can_still_close(lives_s, age_ns, fresh):
    """By the newest frame, whatever that quotes; three seconds where nothing was told."""
    prices = seen({"a": A}, {"b": B})
    prices.lives_ns = lives_s * S if lives_s else prices.lives_ns
    assert known(prices, "a", 1 + age_ns) == (((100,), A, A) if fresh else ((), None, A))


def test_what_was_asked_for_on_a_dead_link_closes_and_enters_nothing():
    """It is newer than the last price there was, and no fresh one; the next frame is."""
    prices = seen({"a": A})
    prices.lose()
    prices.hear(FramePolled(Frame(5, {"a": B})))
    assert known(prices, "a", 9) == ((), None, B)
    prices.see(Frame(9, {"a": A}))
    assert known(prices, "a", 9) == ((100,), A, A)


def test_the_mean_of_half_a_minute_is_known_of_what_a_living_link_quoted():
    """However many frames a reference is found among; lost with the link, for it is old then."""
    prices = Prices(2)
    for second, ltp in enumerate((100, 200, 600)):
        prices.see(Frame(second * S, {"a": Quote(ltp)}))
    assert (prices.mean_e4("a"), prices.mean_e4("b")) == (300, 0)
    assert prices.ticks_e4("a", 2 * S) == (200, 600)
    prices.see(Frame(31 * S, {"b": Quote(5)}))
    assert (prices.mean_e4("a"), prices.mean_e4("b")) == (600, 5)
    prices.lose()
    assert prices.mean_e4("a") == 0


OLD = Quote(80, 79, 1, 81, 1)


@pytest.mark.parametrize(
    ("newest", "last"),
    [
        (None, OLD),
        (A, A),
        (Quote(0, 90, 1, 110, 1), Quote(0, 90, 1, 110, 1)),
        (Quote(0, 0, 0, 110, 1), Quote(80, 0, 0, 110, 1)),
        (Quote(0, 90, 1), Quote(80, 90, 1)),
        (Quote(0), Quote(80)),
    ],
)
def test_a_price_of_an_earlier_day_closes_only_where_no_other_tells(newest, last):
    """A whole touch does; of half a touch it is the last price, and none to enter at."""
    prices = seen({"a": newest} if newest else {"b": B})
    prices.hear(BygonePrices((("a", OLD),)))
    assert (prices.last("a"), prices.fresh("a", 0)) == (last, newest)


DAY, EXPIRY = date(2025, 9, 1), date(2025, 9, 2)
OPTION = "NIFTY-2025-09-02-24550-CE"
OFFER = Quote(0, 0, 0, 900, 1)


@pytest.mark.parametrize(
    ("yesterday", "newest", "last"),
    [
        (A, None, A),
        (A, OFFER, Quote(100, 0, 0, 900, 1)),
        (A, B, B),
        (Quote(3, 90, 1, 110, 1), OFFER, Quote(100, 0, 0, 900, 1)),
        (Quote(0, 90, 1, 110, 1), Quote(0, 40, 1), Quote(100, 40, 1)),
        (OFFER, None, OFFER),
        (OFFER, Quote(0, 40, 1), Quote(0, 40, 1)),
    ],
)
def test_a_price_is_kept_over_the_night_and_closes_where_the_day_has_none(yesterday, newest, last):
    """What the quote was worth stands beside half a touch; what was never priced stays so."""
    prices = seen({OPTION: yesterday})
    prices.begin_day(EXPIRY)
    prices.see(Frame(1, {OPTION: newest} if newest else {}))
    assert (prices.last(OPTION), prices.fresh(OPTION, 1)) == (last, newest)
    prices.lose()
    assert prices.last(OPTION) == last


@pytest.mark.parametrize("ends", ["", "the link", "the day"])
@pytest.mark.parametrize("then", [OFFER, Quote(0)])
def test_a_whole_touch_says_what_a_contract_is_worth_though_a_half_one_follows(then, ends):
    """Today, on a link that has died, and on the next day; yesterday says so no more."""
    prices = seen({OPTION: Quote(60)})
    prices.begin_day(DAY)
    prices.see(Frame(1, {OPTION: Quote(0, 90, 1, 110, 1)}))
    prices.see(Frame(2, {OPTION: then}))
    if ends == "the link":
        prices.lose()
    elif ends == "the day":
        prices.begin_day(EXPIRY)
    assert reference_e4(prices.last(OPTION)) == 100


def test_what_was_asked_for_on_a_dead_link_says_what_a_contract_is_worth_as_well():
    prices = seen({OPTION: A})
    prices.lose()
    for quote in (Quote(0, 90, 1, 130, 1), OFFER):
        prices.hear(FramePolled(Frame(1, {OPTION: quote})))
    assert prices.last(OPTION) == Quote(110, 0, 0, 900, 1)


@pytest.mark.parametrize(("told", "worth"), [(3, 100), (4, 4)])
def test_the_trade_that_was_known_last_says_nothing_new_of_what_was_quoted_since(told, worth):
    """A broker tells in the morning what traded last, be it days ago; another trade is news."""
    prices = seen({OPTION: Quote(3, 90, 1, 110, 1)})
    prices.begin_day(EXPIRY)
    prices.hear(BygonePrices(((OPTION, Quote(told)),)))
    assert reference_e4(prices.last(OPTION)) == worth


def test_a_day_without_a_price_leaves_the_one_before_standing():
    """A lone offer is no news of what a contract is worth."""
    prices = seen({OPTION: A})
    prices.begin_day(DAY)
    prices.see(Frame(1, {OPTION: OFFER}))
    prices.begin_day(EXPIRY)
    assert prices.last(OPTION) == A


def test_what_expired_is_forgotten_and_what_never_does_is_kept():
    """The expiry itself is one more day; a share, a future of later and a strange word stay."""
    others = ("RELIANCE", "NIFTY-2025-09-30-FUT", "of a file")
    prices = seen(dict.fromkeys((OPTION, *others), A))
    prices.begin_day(EXPIRY)
    assert prices.last(OPTION) == A
    prices.begin_day(date(2025, 9, 3))
    assert prices.last(OPTION) == Quote(0)
    assert [prices.last(each) for each in others] == [A] * 3
