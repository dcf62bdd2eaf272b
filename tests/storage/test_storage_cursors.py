"""Cursors on every store: they begin once, and move only from where their reader left them."""

from __future__ import annotations

from contextlib import closing

import pytest

from daemon.errors import StoreError
from daemon.messages.outbox import Cursor
from daemon.storage.cursors import begun, cursor, cursors, moved
from tests.kit.facts import NOW, ORIGIN
from tests.kit.stores import killed, ledger_of
from tests.storage.test_storage_ledger import ENDED


@pytest.fixture
def aside(kept):
    ledger_of(kept).close()
    with closing(kept.store.open_aside()) as aside:
        yield aside


def test_a_cursor_begins_once_and_stays_where_it_is(aside):
    assert cursor(aside, "reader") is None

    assert begun(aside, "reader", 3) == begun(aside, "reader", 9) == Cursor("reader", 3)
    assert cursors(aside) == (Cursor("reader", 3),)


def test_a_cursor_moves_with_what_follows_from_the_records_that_it_passes(kept, aside):
    began, reached = begun(aside, "reader", 0), Cursor("reader", 2, "a reason", NOW)
    other = ("INSERT INTO cursors (name, number) VALUES (?, ?)", ("other", 7))

    assert aside.change([moved(began, reached), other])
    with closing(kept.store.open_aside()) as again:
        assert cursors(again) == (Cursor("other", 7), reached)


def test_a_cursor_that_somebody_else_has_moved_is_left_where_it_is_and_nothing_is_done(aside):
    began = begun(aside, "reader", 0)
    aside.change([moved(began, Cursor("reader", 2))])
    other = ("INSERT INTO cursors (name, number) VALUES (?, ?)", ("other", 7))

    assert not aside.change([moved(began, Cursor("reader", 5)), other])
    assert cursors(aside) == (Cursor("reader", 2),)


def test_a_change_that_fails_leaves_nothing_of_the_others(aside):
    began = begun(aside, "reader", 0)
    with pytest.raises(StoreError, match="could not be written"):
        aside.change([moved(began, Cursor("reader", 2)), ("INSERT INTO nowhere VALUES (1)", ())])

    assert cursor(aside, "reader") == began
    assert aside.change([moved(began, Cursor("reader", 2))])  # it goes on afterwards


def test_records_are_seen_beside_a_cursor_once_they_are_stored_and_not_before(kept, aside):
    ledger = ledger_of(kept)
    ledger.append(ENDED[:2], ORIGIN, NOW)
    assert aside.reader.head().count == 0

    ledger.flush()
    assert aside.reader.head().count == 2
    killed(ledger)


def test_who_writes_records_goes_on_while_cursors_move(kept, aside):
    ledger = ledger_of(kept)
    began = begun(aside, "reader", 0)
    for number, fact in enumerate(ENDED, start=1):
        ledger.append([fact], ORIGIN, NOW)
        ledger.flush()
        assert aside.change([moved(began, began := Cursor("reader", number))])
    ledger.close()

    assert (ledger.head.count, cursor(aside, "reader")) == (len(ENDED), began)


def test_a_place_without_a_ledger_has_nothing_beside_it(kept):
    with pytest.raises(StoreError, match=r"cannot be read|not a ledger"):
        kept.store.open_aside()
