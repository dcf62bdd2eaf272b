"""What a session lacks to be one."""

from __future__ import annotations

import pytest

from daemon.jobs.missing import missing
from daemon.messages import EpochBegan, SessionReady
from tests.kit.acting import DAY, clock, day_opened

OPEN = clock("09:15:00")
READY = SessionReady("paper", 1, 5)
NO_PRICE = "no price has come since the market opened at 09:15:00"
NO_SESSION = "paper has no session at its broker"


@pytest.mark.parametrize(
    ("facts", "ticked_ns", "told"),
    [
        ((READY, day_opened()), OPEN, ()),
        ((READY, day_opened()), OPEN - 1, (NO_PRICE,)),
        ((day_opened(),), OPEN, (NO_SESSION,)),
        ((READY, EpochBegan(2, 6), day_opened()), 0, (NO_SESSION, NO_PRICE)),
        ((READY, day_opened(closed=True)), 0, ()),
    ],
)
def test_prices_since_the_opening_and_a_session_of_this_run_are_wanted(facts, ticked_ns, told):
    assert missing(facts, DAY, ("paper",), ticked_ns) == told


def test_a_session_that_was_lost_since_is_none():
    facts = (READY, SessionReady("second", 1, 5), day_opened())

    assert missing(facts, DAY, ("paper", "second"), OPEN, ("paper",)) == (NO_SESSION,)
