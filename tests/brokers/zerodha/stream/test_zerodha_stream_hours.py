"""When a ticker owes prices."""

from __future__ import annotations

from datetime import date, time

import pytest

from daemon.brokers.zerodha.stream.hours import Owed, owed
from daemon.domain.instants import at

DAY = date(2026, 11, 26)
OPEN_NS = at(DAY, time(9, 15))


@pytest.mark.parametrize(
    ("day", "wall", "due"),
    [
        (DAY, time(9, 14, 59), Owed()),
        (DAY, time(9, 15), Owed(OPEN_NS, OPEN_NS)),
        (DAY, time(15, 14, 59), Owed(OPEN_NS, OPEN_NS)),
        (DAY, time(15, 15), Owed(OPEN_NS)),
        (DAY, time(15, 39, 59), Owed(OPEN_NS)),
        (DAY, time(15, 40), Owed()),
        (date(2026, 11, 24), time(10), Owed()),
        (date(2026, 11, 28), time(10), Owed()),
        (date(2031, 1, 6), time(10), Owed()),
    ],
    ids=[
        "before the open", "at the open", "before the shares close", "once the shares have closed",
        "before the end", "at the end", "a holiday", "a Saturday", "a day that no table reaches",
    ],
)  # fmt: skip
def test_what_is_owed(day, wall, due):
    assert owed(at(day, wall)) == due
