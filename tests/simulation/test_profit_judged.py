"""What people have seen of profit is held against the record, day by day."""

from __future__ import annotations

from datetime import date

import pytest

from daemon.domain.money import E4
from daemon.domain.orders.reconcile import EXTERNAL
from daemon.domain.orders.words import (
    Intent,
    IntentRecorded,
    OrderType,
    OrderUpdated,
    Purpose,
    Side,
    State,
)
from daemon.domain.risk.lock_and_trail import LockStatus
from daemon.messages import DayOpened, LegSeen, PnlFrame, RiskSeen, WatchSeen
from daemon.simulation.judging.heard import Heard
from daemon.simulation.judging.judge import Violated
from daemon.simulation.judging.known import Known

CALL = "NIFTY-2026-03-10-24500-CE"
MONDAY, TUESDAY = (DayOpened(date(2026, 3, day), (), 0) for day in (9, 10))


def traded(name, side, price, owner=EXTERNAL):
    """An order of 65 units that was filled."""
    order = (side, 65, OrderType.LIMIT, price * E4, Purpose.ENTRY, "", 0, 0)
    filled = OrderUpdated(name, name, State.FILLED, 65, 65 * price * E4, 0)
    return IntentRecorded(Intent(name, "paper", owner, CALL, CALL, *order), 0), filled


FIRST = (*traded("1", Side.SELL, 127), *traded("2", Side.BUY, 125))  # earns 130
OPENS, CLOSES = traded("3", Side.SELL, 130), traded("4", Side.BUY, 131)  # loses 65


def seen(rupees, owner=EXTERNAL):
    """A leg that is flat is shown, and what it has made."""
    leg = LegSeen(CALL, CALL, Side.SELL, 0, 0, 0, 0, rupees * E4, 0, 0, 0, ())
    watch = WatchSeen(owner, "flat", LockStatus.NONE.value, 0, 0, rupees * E4, 0, 0, (leg,))
    return PnlFrame(1, RiskSeen(1, True, (watch,)), ())


def judged(frame, *facts):
    known, heard = Known(), Heard()
    for fact in facts:
        known.apply(fact)
    heard.saw(frame)
    heard.judge_end(known)


@pytest.mark.parametrize(
    ("rupees", "facts"),
    [
        (130, (MONDAY, *FIRST)),
        (65, (MONDAY, *FIRST, *OPENS, *CLOSES)),
        (-65, (MONDAY, *FIRST, TUESDAY, *OPENS, *CLOSES)),
        (-65, (MONDAY, *FIRST, *OPENS, TUESDAY, *CLOSES)),  # carried, it is shown whole
        (-65, (MONDAY, *FIRST, TUESDAY, *OPENS, TUESDAY, *CLOSES)),  # it is told anew
        (130, (MONDAY, *OPENS, *CLOSES, TUESDAY, *FIRST)),
    ],
)
def test_what_was_over_before_a_day_is_none_of_what_is_shown_on_it(rupees, facts):
    judged(seen(rupees), *facts)
    with pytest.raises(Violated, match="I22: of external"):
        judged(seen(rupees + 1), *facts)


def test_an_entry_that_was_carried_is_shown_with_all_that_it_has_made():
    facts = (*traded("1", Side.SELL, 127, "s"), *traded("2", Side.BUY, 125, "s"))
    judged(seen(130, "s"), MONDAY, *facts, TUESDAY)
    with pytest.raises(Violated, match="I22: of s 0 is shown as earned"):
        judged(seen(0, "s"), MONDAY, *facts, TUESDAY)
