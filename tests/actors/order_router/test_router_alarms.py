"""Alarms: at most one is waited for in each matter."""

from daemon.actors.order_router.known.alarms import BasketDue, ClosingDue, Wakes
from daemon.actors.turn import Turn


def set_alarms(*dues):
    """Wakes that were asked for these, and what they had set."""
    wakes, turn = Wakes(), Turn()
    for due in dues:
        wakes.wake(turn, due)
    return wakes, [alarm.message for alarm in turn.effects]


def test_a_later_alarm_of_the_same_matter_is_not_set():
    """It will be looked at before."""
    assert set_alarms(ClosingDue("a", 5), ClosingDue("a", 5), ClosingDue("a", 9))[1] == [
        ClosingDue("a", 5)
    ]


def test_an_earlier_one_takes_its_place():
    """The moved one rings too and is passed over."""
    wakes, told = set_alarms(ClosingDue("a", 5), ClosingDue("a", 3))
    assert told == [ClosingDue("a", 5), ClosingDue("a", 3)]
    assert [wakes.rings(ClosingDue("a", at_ns)) for at_ns in (3, 3, 5)] == [True, False, False]


def test_matters_and_kinds_do_not_mix():
    """A basket is not a closing, and one closing is not another."""
    dues = (ClosingDue("a", 5), ClosingDue("b", 5), BasketDue("a", 5))
    wakes, told = set_alarms(*dues)
    assert told == list(dues)
    assert [wakes.rings(due) for due in dues] == [True, True, True]
