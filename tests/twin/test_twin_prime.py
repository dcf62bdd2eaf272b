"""Priming: an exchange that is opened again knows the newest quotes, and nothing happens by it."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from daemon.domain.instants import DAY_NS
from daemon.domain.market.frames import Quote
from daemon.domain.money import e4
from daemon.twin.file import SeenFile, SqliteFile
from daemon.twin.matching import PENDING_FRAMES
from daemon.twin.words import Reason, Status
from tests.kit.exchange import CALL, DAY, PUT, T0, band, bought, exchange, frame, order, quote

MS = 1_000_000
SECOND = 1_000 * MS
TOMORROW = T0 + DAY_NS


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


HALF = Quote(0, 0, 0, e4(900), 750)
"""A lone offer of a day without a trade: it says nothing of what a contract is worth."""


def worn_out(path):
    """An account whose call closed at 100 yesterday, opened again today and shown a lone offer."""
    ex = exchange(file=SqliteFile(path))
    for number in range(PENDING_FRAMES):  # nobody asks for anything, as where nothing rests
        ex.on_frame(frame(T0 + number, call=quote()), T0 + number)
    fresh = again(path, frame(TOMORROW, call=HALF))
    fresh.advance(TOMORROW)
    return fresh


def test_what_a_contract_was_worth_yesterday_is_known_after_a_restart_of_today(path):
    """Else a short of the night is bought back at any lone offer: it has no band around it."""
    fresh = worn_out(path)
    answer = fresh.place(order(price="900", decided_ns=TOMORROW), TOMORROW)
    assert answer.reason == Reason.BAND
    assert fresh.band_of(CALL) == band(CALL, e4(100), DAY)


@pytest.mark.parametrize("frames", [(), (frame(TOMORROW, put=quote()),)])
def test_it_is_known_after_a_second_restart_too_whatever_was_quoted_between_them(path, frames):
    fresh = worn_out(path)
    fresh.on_frame(frame(TOMORROW + 1, call=HALF, put=quote("70", "69", "71")), TOMORROW + 1)
    later = again(path, frame(TOMORROW + 1, call=HALF), *frames)
    later.advance(TOMORROW + 2)
    assert later.band_of(CALL) == band(CALL, e4(100), DAY)


def test_what_is_worth_another_price_by_now_is_saved_every_five_minutes(path):
    ex = exchange(file=SqliteFile(path))
    for seconds, price in ((0, "100"), (299, "110"), (301, "120"), (302, "130")):
        ex.on_frame(frame(T0 + seconds * SECOND, call=quote(price, "1", "999")), T0)
        ex.advance(T0 + seconds * SECOND)
    fresh = again(path, frame(TOMORROW, put=quote()))
    assert fresh.band_of(CALL) == band(CALL, e4(120), DAY)


def test_what_was_worth_something_and_is_no_contract_any_more_is_forgotten_by_a_restart(path):
    worn_out(path)
    expired = again(path)
    expired.advance(TOMORROW + DAY_NS)
    assert expired.band_of(CALL) is None


def test_a_file_from_before_worths_were_saved_is_taken_on_and_looked_at(path):
    ex = exchange(file=SqliteFile(path))
    ex.on_frame(frame(T0, call=quote()), T0)
    ex.place(order(quantity=75), T0)
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP TABLE worths")
    assert exchange(file=SeenFile(path)).orders() == ex.orders()
    assert exchange(file=SqliteFile(path)).orders() == ex.orders()


def test_an_exchange_that_has_seen_a_frame_is_not_primed():
    ex = exchange()
    ex.on_frame(frame(call=quote()), T0)
    ex.advance(T0)
    with pytest.raises(AssertionError, match="before any was read"):
        ex.prime([frame(call=quote())])
