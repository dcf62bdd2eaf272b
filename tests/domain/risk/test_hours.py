"""Exits by time."""

from datetime import date, time

import pytest

from daemon.domain.instants import MILLISECOND_NS, SECOND_NS, at
from daemon.domain.market.instruments import Kind
from daemon.domain.risk.hours import alarm_at, brought_forward, due, exit_at, square_off

DAY = date(2025, 8, 29)
CLOSE_NS = at(DAY, time(15, 30))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Kind.EQUITY, time(15, 10)),
        (Kind.FUTURE, time(15, 20)),
        (Kind.CALL, time(15, 20)),
        (Kind.PUT, time(15, 20)),
    ],
)
def test_positions_are_squared_off_before_any_broker_does(kind: Kind, expected: time) -> None:
    assert square_off(kind) == expected


@pytest.mark.parametrize(
    ("wall", "close", "expected"),
    [
        (time(15, 20), time(15, 30), time(15, 20)),
        (time(15, 29), time(15, 30), time(15, 29)),
        (time(15, 29, 0, 1), time(15, 30), time(15, 29)),
        (time(15, 29, 30), time(15, 30), time(15, 29)),
        (time(15, 30), time(15, 30), time(15, 29)),
        (time(15, 20), time(14, 45), time(14, 44)),
    ],
)
def test_what_is_left_is_left_a_minute_before_the_close_at_the_latest(
    wall: time, close: time, expected: time
) -> None:
    """An exit time before that stands as it is; a shortened day brings it forward."""
    assert exit_at(DAY, wall, at(DAY, close)) == at(DAY, expected)


@pytest.mark.parametrize(
    ("day", "close", "expected"),
    [
        (DAY, time(15, 30), time(15, 20)),
        (DAY, time(15, 21), time(15, 20)),
        (DAY, time(15, 20, 1), time(15, 19, 1)),
        (DAY, time(15, 20), time(15, 19)),
        (DAY, time(12, 30), time(12, 29)),
        (date(2025, 8, 28), time(12, 30), time(15, 20)),
        (date(2025, 9, 1), time(15, 30), time(15, 20)),
    ],
)
def test_a_close_that_became_known_later_brings_the_exit_of_its_day_forward(
    day: date, close: time, expected: time
) -> None:
    exit_ns = at(DAY, time(15, 20))
    assert brought_forward(exit_ns, at(day, close)) == at(DAY, expected)
    assert brought_forward(exit_ns, 0) == exit_ns


@pytest.mark.parametrize(("after_ns", "expected"), [(-1, False), (0, True), (1, True)])
def test_the_first_frame_at_or_after_brings_the_exit(after_ns: int, expected: bool) -> None:
    exit_ns = at(DAY, time(15, 20))
    assert due(exit_ns, exit_ns + after_ns) is expected


@pytest.mark.parametrize(
    ("wall", "grace_ns", "expected"),
    [
        (time(15, 20), 5 * SECOND_NS, time(15, 20, 5)),
        (time(15, 20), 1_200 * SECOND_NS, time(15, 29)),
        (time(15, 28, 58), 5 * SECOND_NS, time(15, 29)),
        (time(15, 29, 30), 5 * SECOND_NS, time(15, 29, 30)),
        (time(15, 20), 250 * MILLISECOND_NS, time(15, 20, 0, 250_000)),
    ],
)
def test_silence_leaves_in_time_before_the_close(wall: time, grace_ns: int, expected: time) -> None:
    """Never before the exit time itself."""
    assert alarm_at(at(DAY, wall), CLOSE_NS, grace_ns) == at(DAY, expected)
