"""What is held although its time to leave has passed."""

from __future__ import annotations

import pytest

from daemon.jobs.still_open import still_open
from daemon.messages import DayOpened, LegExpired
from tests.kit.acting import CE, DAY, clock, opened, sold

EXIT_NS = clock("15:20:00")
SHORT = DayOpened(DAY, ((clock("09:15:00"), clock("12:30:00")),), clock("09:10:00"))
CLOSED = DayOpened(DAY, (), clock("09:10:00"))
EARLY_NS = clock("12:29:00")


@pytest.mark.parametrize(
    ("facts", "until_ns", "told"),
    [
        ((opened(), sold("ce")), EXIT_NS, (f"s ce holds -75 {CE}",)),
        ((opened(), sold("ce")), EXIT_NS - 1, ()),
        ((opened(), sold("ce"), SHORT), EARLY_NS, (f"s ce holds -75 {CE}",)),
        ((opened(), sold("ce"), SHORT), EARLY_NS - 1, ()),
        ((opened(), sold("ce"), SHORT, CLOSED), EXIT_NS - 1, ()),
        ((opened(), sold("ce"), sold("ce", bought="90")), EXIT_NS, ()),
        ((opened(), sold("ce"), LegExpired("s", "ce", CE, EXIT_NS)), EXIT_NS, ()),
        ((sold("ce"),), EXIT_NS, ()),
        ((), EXIT_NS, ()),
    ],
)
def test_only_what_was_to_be_left_by_then_is_told(facts, until_ns, told):
    assert still_open(facts, until_ns) == told
