"""Prices: fresh, quiet, stale."""

from daemon.actors.order_router.prices import Prices
from daemon.domain.instants import SECOND_NS as S
from daemon.domain.market.frames import Frame, Quote

A, B = Quote(100, 90, 1, 110, 1), Quote(200)


def seen(*frames):
    """Prices that have seen frames of these quotes."""
    prices = Prices(2)
    for n, quotes in enumerate(frames):
        prices.see(Frame(n, quotes))
    return prices


def test_the_newest_ticks_come_oldest_first():
    """As many as are kept."""
    assert seen({"a": A}, {"a": B}, {"a": Quote(300)}).ticks_e4("a") == (200, 300)


def test_prints_of_long_ago_are_no_reference_beside_a_newer_one():
    """A minute back counts, more does not; a contract that was quiet since keeps its newest."""
    prices = Prices(5)
    for at_ns, quotes in ((0, {"a": A, "b": A}), (1, {"b": B}), (60 * S + 1, {"a": Quote(300)})):
        prices.see(Frame(at_ns, quotes))
    assert (prices.ticks_e4("a"), prices.ticks_e4("b")) == ((300,), (200,))
    prices.see(Frame(120 * S + 2, {}))
    assert (prices.ticks_e4("a"), prices.ticks_e4("b")) == ((300,), (200,))


def test_a_contract_that_is_absent_is_quiet():
    """Its last price stands."""
    prices = seen({"a": A}, {"b": B}, {"b": B}, {"b": B})
    assert (prices.ticks_e4("a"), prices.fresh("a")) == ((100,), A)


def test_what_was_never_seen_has_no_price():
    """Neither fresh nor stale."""
    prices = seen({"a": A})
    assert (prices.ticks_e4("b"), prices.fresh("b"), prices.last("b")) == ((), None, Quote(0))


def test_a_lost_price_is_stale_and_can_still_close():
    """It is no tick and not fresh, yet the last that is known."""
    prices = seen({"a": A})
    prices.lose()
    assert (prices.ticks_e4("a"), prices.fresh("a"), prices.last("a")) == ((), None, A)
    prices.see(Frame(9, {"a": B}))
    assert (prices.ticks_e4("a"), prices.last("a")) == ((200,), B)
