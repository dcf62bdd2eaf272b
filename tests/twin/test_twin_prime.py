"""Priming: an exchange that is opened again knows the newest quotes, and nothing happens by it."""

from __future__ import annotations

import pytest

from daemon.twin.file import SqliteFile
from daemon.twin.words import Status
from tests.kit.exchange import CALL, DAY, PUT, T0, bought, exchange, frame, order, quote

MS = 1_000_000
SECOND = 1_000 * MS


@pytest.fixture
def path(tmp_path):
    return tmp_path / "twin.sqlite"


def again(path, *frames):
    """The exchange of a file, opened anew and shown these frames."""
    ex = exchange(file=SqliteFile(path))
    ex.prime(frames)
    return ex


def test_the_quotes_are_known_and_no_order_is_matched(path):
    """An order that rests stays as it was, though the quote would fill it."""
    ex = exchange(file=SqliteFile(path))
    ex.on_frame(frame(call=quote(ask="101")), T0)
    ex.place(order(), T0)
    fresh = again(path, frame(T0 + SECOND, call=quote()), frame(T0 + 2 * SECOND, put=quote()))
    assert fresh.quoted_ns() == T0 + 2 * SECOND
    assert set(fresh.quotes(DAY).quotes) == {CALL, PUT}
    assert fresh.quotes(DAY).quoted_ns == {CALL: T0 + SECOND, PUT: T0 + 2 * SECOND}
    assert [each.status for each in fresh.orders()] == [Status.WORKING]
    assert fresh.reached_ns() == T0


def test_an_order_decided_at_the_newest_frame_may_match_it_and_a_later_one_may_not(path):
    exchange(file=SqliteFile(path)).close()
    fresh = again(path, frame(T0, call=quote()))
    fresh.place(order(quantity=75, decided_ns=T0), T0 + 40 * MS)
    fresh.place(order(quantity=150, decided_ns=T0 + 1), T0 + 40 * MS)
    assert bought(fresh) == [(75, 1_000_500)]


def test_what_is_decided_on_a_picture_of_the_newest_quotes_may_match_them(path):
    """A picture is a frame that its owner decides on; what it shows may lie a while back."""
    exchange(file=SqliteFile(path)).close()
    fresh = exchange(file=SqliteFile(path))
    fresh.prime([frame(T0, call=quote())], T0 + 2 * MS)
    fresh.place(order(quantity=75, decided_ns=T0 + 2 * MS), T0 + 40 * MS)
    fresh.place(order(quantity=75, decided_ns=T0 + 2 * MS + 1), T0 + 80 * MS)
    assert bought(fresh) == [(75, 1_000_500)]


def test_what_was_taken_of_a_quote_is_still_gone(path):
    """Two lots stood there and one was bought, so one is left until the next quote."""
    ex = exchange(file=SqliteFile(path))
    ex.on_frame(frame(call=quote(size=150)), T0)
    ex.place(order(quantity=75), T0 + 40 * MS)
    ex.close()
    fresh = again(path, frame(T0, call=quote(size=150)))
    fresh.place(order(quantity=150), T0 + 80 * MS)
    assert bought(fresh) == [(75, 1_000_500), (75, 1_000_500)]
    fresh.on_frame(frame(T0 + SECOND, call=quote(size=150)), T0 + SECOND)
    assert bought(fresh)[2:] == [(75, 1_000_500)]


def test_what_was_taken_of_an_older_quote_counts_no_more(path):
    ex = exchange(file=SqliteFile(path))
    ex.on_frame(frame(call=quote(size=75)), T0)
    ex.place(order(quantity=75), T0)
    ex.close()
    fresh = again(path, frame(T0 + SECOND, call=quote(size=75)))
    fresh.place(order(quantity=75, decided_ns=T0 + SECOND), T0 + SECOND)
    assert bought(fresh) == [(75, 1_000_500)] * 2


def test_a_trade_in_what_has_no_quote_any_more_takes_nothing(path):
    ex = exchange(file=SqliteFile(path))
    ex.on_frame(frame(call=quote(size=75)), T0)
    ex.place(order(quantity=75), T0)
    ex.close()
    fresh = again(path, frame(T0 + SECOND, put=quote(size=75)))
    fresh.place(order(symbol=PUT, quantity=75, decided_ns=T0 + SECOND), T0 + SECOND)
    assert bought(fresh, PUT) == [(75, 1_000_500)]


def test_an_exchange_that_has_seen_a_frame_is_not_primed():
    ex = exchange()
    ex.on_frame(frame(call=quote()), T0)
    ex.advance(T0)
    with pytest.raises(AssertionError, match="before any was read"):
        ex.prime([frame(call=quote())])
