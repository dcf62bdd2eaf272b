"""Silence: what becomes of shorts while the feed is dead."""

import pytest

from daemon.actors.order_router import Terms
from daemon.messages import DayEnded, ExitOwed, LinkDied, LinkRevived, Noted, StrategyStopped
from tests.kit.router import CLOSES, DAY, OPENED, T0, S, Stage, enter, frame, latch, leave

HOLDS = Terms("a", "broker", strict=False)
LEAVES = Terms("a", "broker", strict=False, leaves_in_silence=True)
HELD = "the feed is silent for 60 s and s is short ce, pe: it is held; leave it by hand"
LEFT = "the feed is silent for 60 s and s is short ce, pe: it is left"


def dead(terms, *legs):
    """An entry that is held while the link dies."""
    made = Stage(terms=terms).entered(*legs)
    made.tell(LinkDied(made.now_ns))
    made.facts.append(LinkDied(made.now_ns))
    return made


def notes(made):
    """What a person was told."""
    return [fact.text for fact in made.told(Noted)]


def test_entries_stop_at_once_when_the_link_dies():
    made = dead(HOLDS)
    assert "ended: the price of NIFTY-2025-09-02-24750-CE is stale" in made.tell(
        enter("hc", at_ns=made.now_ns)
    )


@pytest.mark.parametrize(("terms", "told", "owed"), [(HOLDS, HELD, 0), (LEAVES, LEFT, 1)])
def test_after_a_minute_of_silence_a_short_is_told_and_left_where_the_owner_says_so(
    terms, told, owed
):
    made = dead(terms)
    made.run(59)
    assert notes(made) == []
    made.run(2)
    assert notes(made) == [told]
    assert [fact.reason for fact in made.told(ExitOwed)] == ["stale"] * owed
    assert bool(made.broker.net()) is not bool(owed)


def test_with_the_short_its_hedge_is_left():
    made = dead(LEAVES, "ce", "hc")
    made.run(61)
    assert made.broker.net() == {}


def test_what_is_only_long_is_left_alone():
    made = dead(LEAVES, "hc")
    made.run(61)
    assert notes(made) == []
    assert made.told(ExitOwed) == []


def test_a_link_that_revives_in_time_changes_nothing_and_a_new_silence_counts_from_its_own_begin():
    made = dead(LEAVES)
    made.run(40)
    made.tell(LinkRevived(made.now_ns))
    made.run(5)
    made.tell(LinkDied(made.now_ns))
    made.run(59)
    assert notes(made) == []
    made.run(2)
    assert notes(made) == [LEFT]


def test_after_the_close_nobody_is_told():
    made = dead(HOLDS)
    made.tell(DayEnded(DAY, CLOSES))
    made.run(61)
    assert notes(made) == []


def test_a_restart_counts_the_silence_from_when_it_began():
    made = dead(HOLDS)
    made.run(40)
    made.build()
    made.run(19)
    assert notes(made) == []
    made.run(2)
    assert notes(made) == [HELD]


def test_a_silence_from_before_the_session_counts_from_its_opening():
    made = dead(HOLDS)
    made.now_ns = T0 + 30 * S
    made.tell(OPENED)
    made.run(31)
    assert notes(made) == [HELD]


def test_exits_and_kills_go_on_in_silence():
    made = dead(HOLDS, "ce")
    made.tell(leave("ce"))
    assert "flat ce" in made.run(1)
    made = dead(HOLDS, "ce")
    made.tell(latch())
    made.run(5)
    assert made.broker.net() == {}


def test_nothing_is_stopped_by_a_silence():
    made = dead(LEAVES)
    made.run(61)
    made.tell(LinkRevived(made.now_ns))
    made.tell(frame(made.now_ns))
    assert made.told(StrategyStopped) == []
    assert made.tell(enter("hc", at_ns=made.now_ns))[0] == "opened"
