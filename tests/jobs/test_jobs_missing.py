"""What a session lacks to be one."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from daemon.domain.instants import SECOND_NS
from daemon.jobs.missing import Prices, missing
from daemon.messages import EpochBegan, SessionReady
from tests.kit.acting import DAY, clock, day_opened

OPEN = clock("09:15:00")
READY = SessionReady("paper", 1, 5)
NO_PRICE = "no price has come since the market opened at 09:15:00"
NO_SESSION = "paper has no session at its broker"


@pytest.mark.parametrize(
    ("facts", "newest_ns", "told"),
    [
        ((READY, day_opened()), OPEN, ()),
        ((READY, day_opened()), OPEN - 1, (NO_PRICE,)),
        ((day_opened(),), OPEN, (NO_SESSION,)),
        ((READY, EpochBegan(2, 6), day_opened()), 0, (NO_SESSION, NO_PRICE)),
        ((READY, day_opened(closed=True)), 0, ()),
    ],
)
def test_prices_since_the_opening_and_a_session_of_this_run_are_wanted(facts, newest_ns, told):
    assert missing(facts, DAY, ("paper",), (), Prices(newest_ns, OPEN)) == told


def test_a_session_that_was_lost_since_is_none():
    facts = (READY, SessionReady("second", 1, 5), day_opened())

    assert missing(facts, DAY, ("paper", "second"), ("paper",)) == (NO_SESSION,)


@pytest.mark.parametrize(
    ("interval_ns", "newest", "now", "told"),
    [
        (0, "09:16:00", "09:17:00", False),
        (0, "09:15:59", "09:17:00", True),
        (60 * SECOND_NS, "09:15:59", "09:17:00", False),
        (60 * SECOND_NS, "09:15:59", "09:19:00", True),
        (0, "09:15:00", "09:15:59", False),
        (0, "15:30:00", "15:31:30", False),
    ],
)
def test_a_price_is_wanted_that_is_no_older_than_a_minute_or_three_intervals_of_its_feed(
    interval_ns, newest, now, told
):
    """One that came right after the opening does not say that any comes now."""
    opened = replace(day_opened(), interval_ns=interval_ns)
    prices = Prices(clock(newest), clock(now))
    since = (f"no price has come since {newest}",) if told else ()
    assert missing((opened,), DAY, (), (), prices) == since
