"""Lag: for how long after a fill the broker's positions may not show it."""

import pytest

from daemon.domain.orders.book import Book
from daemon.domain.orders.lag import LAG_NS, may_lag
from daemon.domain.orders.words import IntentRecorded, OrderUpdated, Pocket, Product, State
from tests.kit.scripted_broker import NOBODY

S = 10**9
AT = 1_000 * S
HERE = Pocket(NOBODY.symbol)


def book(number: str = "B1", *filled: int) -> Book:
    """One order that filled so far, with news of it each second."""
    made = Book()
    made.apply(IntentRecorded(NOBODY, AT - S))
    for second, units in enumerate(filled):
        at_ns = AT + second * S
        made.apply(OrderUpdated("", number, State.WORKING, units, units, at_ns))
    return made


@pytest.mark.parametrize(
    ("after_ns", "lags"), [(0, True), (LAG_NS - 1, True), (LAG_NS, False), (1 - LAG_NS, True)]
)
def test_positions_may_lack_a_fill_for_some_seconds(after_ns, lags):
    assert may_lag(book("B1", 25), HERE, AT + after_ns) is lags


def test_nothing_waits_for_an_instant_that_is_yet_to_come():
    assert not may_lag(book("B1", 25), HERE, AT - LAG_NS)


def test_the_last_fill_counts_and_no_news_that_tells_of_none():
    assert book("B1", 0, 25, 50, 50).filled_ns == {HERE: AT + 2 * S}


def test_an_order_that_has_not_filled_is_lacking_nowhere():
    assert not may_lag(book("B1", 0), HERE, AT)


def test_another_product_of_the_contract_lacks_nothing():
    assert not may_lag(book("B1", 25), HERE._replace(product=Product.CARRY), AT)


def test_what_was_booked_without_an_order_at_the_broker_is_lacking_nowhere():
    assert not may_lag(book("", 75), HERE, AT)


def test_a_new_day_lacks_nothing_of_the_one_before():
    made = book("B1", 75)
    made.put_away()
    assert not may_lag(made, HERE, AT)
