from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.market.frames import Frame, Quote
from daemon.domain.market.merge import merge
from daemon.errors import InboxFull
from daemon.runtime.inbox import Inbox
from daemon.runtime.words import Lane


def drained(inbox: Inbox) -> list[object]:
    return [inbox.get()[0] for _ in range(inbox.unread)]


def test_control_is_read_first_then_facts_in_order_then_the_newest():
    """Whatever the order in which they came."""
    inbox = Inbox("router", 10)
    for number, (lane, message) in enumerate(
        [
            (Lane.NEWEST, "old frame"),
            (Lane.FACTS, "first fill"),
            (Lane.CONTROL, "halt"),
            (Lane.FACTS, "second fill"),
            (Lane.NEWEST, "frame"),
            (Lane.CONTROL, "exit"),
        ]
    ):
        inbox.put(lane, (message, number, 0))
    assert drained(inbox) == ["halt", "exit", "first fill", "second fill", "frame"]


def test_a_message_keeps_its_number_and_its_cause():
    """Of joined messages those of the later."""
    inbox = Inbox("router", 10, lambda older, newer: older + newer)
    inbox.put(Lane.FACTS, ("fill", 7, 3))
    inbox.put(Lane.NEWEST, ("a", 8, 4))
    inbox.put(Lane.NEWEST, ("b", 9, 5))
    assert [inbox.get(), inbox.get()] == [("fill", 7, 3), ("ab", 9, 5)]


def test_a_full_lane_of_facts_is_an_incident_and_loses_nothing_that_it_holds():
    """The one too many is refused; the other lanes go on."""
    inbox = Inbox("router", 2)
    inbox.put(Lane.FACTS, ("first", 1, 0))
    inbox.put(Lane.FACTS, ("second", 2, 0))
    with pytest.raises(InboxFull, match="router: 2 unread facts"):
        inbox.put(Lane.FACTS, ("third", 3, 0))
    inbox.put(Lane.CONTROL, ("halt", 4, 0))
    inbox.put(Lane.NEWEST, ("frame", 5, 0))
    assert drained(inbox) == ["halt", "first", "second", "frame"]
    inbox.put(Lane.FACTS, ("room again", 6, 0))
    assert inbox.unread == 1


def test_a_spike_between_two_reads_still_shows():
    """The newest frame carries the low and the high of those that it replaced."""
    inbox = Inbox("watchdog", 10, merge)
    for at_ns, ltp_e4 in enumerate((100, 250, 40, 120), 1):
        inbox.put(Lane.NEWEST, (Frame(at_ns, {"NIFTY": Quote(ltp_e4)}), at_ns, 0))
    frame = inbox.get()[0]
    assert frame == Frame(4, {"NIFTY": Quote(120, low_e4=40, high_e4=250)})
    assert inbox.superseded == 3


def test_without_a_way_to_join_them_the_newest_replaces_the_older():
    """And is counted as doing so."""
    inbox = Inbox("web", 10)
    inbox.put(Lane.NEWEST, ("old", 1, 0))
    inbox.put(Lane.NEWEST, ("new", 2, 0))
    assert (drained(inbox), inbox.superseded) == (["new"], 1)


def test_nothing_can_be_read_from_an_empty_inbox():
    """It says whose."""
    with pytest.raises(IndexError, match="router: the inbox is empty"):
        Inbox("router", 2).get()


steps = st.lists(st.one_of(st.sampled_from(Lane), st.none()), max_size=40)


@given(steps, st.integers(1, 5))
def test_an_inbox_is_two_queues_and_a_slot(plan, limit):
    """Against a plain model: what is read, what is refused, what counts as empty and unread."""
    inbox = Inbox("any", limit, lambda older, newer: (*older, *newer))
    control, facts, newest = deque(), deque(), ()
    for number, lane in enumerate(plan):
        held = len(control) + len(facts) + bool(newest)
        item = ((number,), number, 0)
        if lane is None:
            if held:
                expected = control.popleft() if control else facts.popleft() if facts else newest
                newest = () if expected is newest else newest
                assert inbox.get()[0] == expected
        elif lane is Lane.FACTS and len(facts) == limit:
            with pytest.raises(InboxFull):
                inbox.put(lane, item)
        else:
            assert inbox.put(lane, item) == (held == 0)
            if lane is Lane.NEWEST:
                newest = (*newest, number)
            else:
                (control if lane is Lane.CONTROL else facts).append((number,))
        assert inbox.unread == len(control) + len(facts) + bool(newest)


@pytest.mark.parametrize(("limit", "free"), [(1, 1), (2, 2), (4, 3), (100, 75)])
def test_it_is_crowded_once_three_quarters_of_its_facts_are_taken(limit, free):
    """The other lanes do not count."""
    inbox = Inbox("router", limit)
    inbox.put(Lane.CONTROL, ("halt", 1, 0))
    inbox.put(Lane.NEWEST, ("frame", 2, 0))
    seen = []
    for number in range(limit):
        seen.append(inbox.is_crowded)
        inbox.put(Lane.FACTS, ("fill", number, 0))
    assert seen.count(False) == free
    assert inbox.is_crowded
