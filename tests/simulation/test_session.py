"""The session at the broker ends, and a log-in some seconds later brings another one."""

from __future__ import annotations

from daemon.domain.instants import SECOND_NS
from daemon.simulation.dice import Dice
from daemon.simulation.session import Session
from daemon.simulation.timeline import Timeline

SHUT_NS = 20 * SECOND_NS


class Ends:
    """It ends at every look."""

    def of(self, _):
        return True


def session():
    refused, timeline = [], Timeline(Dice(1), 0)
    return Session(timeline, Ends(), refused.append), timeline, refused


def later(timeline, by_ns):
    timeline.after(by_ns, lambda: None)
    while timeline.go_on(timeline.now_ns() + by_ns):
        pass


def test_a_session_stands_until_it_ends():
    made, timeline, refused = session()
    assert made.lets_in(1)
    assert not made.refuses()
    made.look()
    assert made.refuses()
    later(timeline, SECOND_NS)
    assert refused == [1]


def test_with_its_day_a_session_ends_and_whoever_logs_in_is_given_another():
    made, timeline, refused = session()
    made.lets_in(1)
    made.expire()
    assert made.refuses()
    later(timeline, SECOND_NS)
    assert refused == [1]
    assert made.lets_in(2)
    assert not made.refuses()


def test_nobody_is_let_in_until_a_while_after_it_has_ended():
    made, timeline, _ = session()
    made.look()
    assert not made.lets_in(2)
    assert made.refuses()
    later(timeline, SHUT_NS)
    assert made.lets_in(3)
    assert not made.refuses()


def test_whoever_is_refused_later_hears_of_the_newest_generation():
    made, timeline, refused = session()
    for generation in (4, 5):
        later(timeline, SHUT_NS)
        made.lets_in(generation)
        made.look()
    made.refuses()
    later(timeline, SECOND_NS)
    assert refused == [5]
