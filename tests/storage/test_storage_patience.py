"""A flush is waited for so long, and no longer."""

from __future__ import annotations

import threading

import pytest

from daemon.errors import StoreError
from daemon.storage.patience import Patience

LONG_S = 60


@pytest.fixture
def held():
    """A flush that ends when it is let go."""
    go = threading.Event()
    yield go
    go.set()


def test_flushes_run_one_after_the_other_in_one_thread_that_is_not_this_one():
    patience, seen = Patience(LONG_S), []
    told = [patience.in_time(lambda: seen.append(threading.current_thread())) for _ in range(3)]
    patience.close()
    seen[0].join(LONG_S)

    assert (told, len(set(seen)), seen[0].daemon) == ([True] * 3, 1, True)
    assert threading.current_thread() not in seen
    assert not seen[0].is_alive()


def test_what_fails_in_time_is_raised_and_the_next_flush_is_run():
    patience = Patience(LONG_S)

    def failing():
        raise StoreError("the disk is full")

    with pytest.raises(StoreError, match="the disk is full"):
        patience.in_time(failing)
    assert patience.in_time(lambda: None)
    patience.close()


def test_a_flush_that_takes_too_long_is_left_behind_and_none_is_run_after_it(held):
    ended = threading.Event()

    def slow():
        held.wait()
        ended.set()

    patience = Patience(0.001)
    told = patience.in_time(slow), patience.idle
    with pytest.raises(AssertionError, match="still under way"):
        patience.in_time(lambda: None)
    held.set()
    ended.wait(LONG_S)
    patience.close()
    patience._thread.join(LONG_S)

    assert (told, patience.idle) == ((False, False), True)


def test_a_defect_in_a_flush_is_a_failure_of_the_ledger_and_is_shown(monkeypatch):
    shown = []
    monkeypatch.setattr(threading, "excepthook", shown.append)
    patience = Patience(LONG_S)
    with pytest.raises(StoreError, match="fell over a defect"):
        patience.in_time(lambda: {}["missing"])
    patience._thread.join(LONG_S)

    assert [each.exc_type for each in shown] == [KeyError]


def test_closing_what_never_ran_is_nothing():
    patience = Patience()
    patience.close()

    assert (patience.idle, patience._thread.ident) == (True, None)
