"""The orders of a guardian, as the gate sees them."""

from __future__ import annotations

from datetime import date, time

import pytest
from msgspec.structs import replace

from daemon.domain.instants import SECOND_NS, at
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.orders.flatten import PlaceExit
from daemon.domain.orders.limits import Approved, Control, Limits, Refused, gate
from daemon.domain.orders.words import Pocket, Side
from daemon.guardian.orders import Wanted, contract_of, intent_of, seen_by_the_gate

NOON = at(date(2026, 3, 9), time(12))
CALL, LATER = "NIFTY-2026-03-10-22900-CE", "NIFTY-2027-01-05-26000-CE"
SEEN = [Frame(NOON, {CALL: Quote(1_000_000, 999_000, 650, 1_001_000, 650)})]
SHORT = Wanted("paper", ("s", "ce"), Pocket(CALL), "paper:exit:1", 65, 0, ())


@pytest.mark.parametrize(("price_e4", "leaves"), [(1_390_000, True), (1_410_000, False)])
def test_an_exit_outside_the_band_of_the_exchange_stays_here(price_e4, leaves):
    word = PlaceExit("s ce", Side.BUY, 65, price_e4)
    intent = intent_of("G1", word, SHORT, NOON)
    judged = gate(intent, seen_by_the_gate(SHORT, Side.BUY, SEEN, NOON), Limits(), NOON)
    assert isinstance(judged, Approved) is leaves
    assert leaves or (isinstance(judged, Refused) and judged.control is Control.COLLAR)


@pytest.mark.parametrize(
    ("day", "wall", "leaves"),
    [
        (date(2027, 1, 1), time(12), True),
        (date(2027, 1, 1), time(18), False),
        (date(2027, 1, 2), time(12), False),
    ],
    ids=["in the hours of a weekday", "in the evening", "at a weekend"],
)
def test_on_a_day_that_no_table_knows_an_exit_leaves_in_the_usual_hours_alone(day, wall, leaves):
    now_ns = at(day, wall)
    wanted = replace(SHORT, pocket=Pocket(LATER))
    seen = [Frame(now_ns, {LATER: SEEN[0].quotes[CALL]})]
    intent = intent_of("G1", PlaceExit("s ce", Side.BUY, 65, 1_000_000), wanted, now_ns)
    judged = gate(intent, seen_by_the_gate(wanted, Side.BUY, seen, now_ns), Limits(), now_ns)
    assert isinstance(judged, Approved) is leaves
    assert leaves or (isinstance(judged, Refused) and judged.control is Control.TRADABILITY)


def test_before_the_first_freeze_quantity_that_a_table_knows_an_exit_is_cut_by_that_one():
    """A contract that cannot be ordered would stay open."""
    wall = at(date(2023, 3, 9), time(12))
    assert contract_of("NIFTY-2023-03-16-17500-CE", wall) is not None


def test_an_exit_has_time_to_leave_after_it_was_decided():
    """The record and the requests before it take some; the door keeps back what is past it."""
    intent = intent_of("G1", PlaceExit("s ce", Side.BUY, 65, 1_000_000), SHORT, NOON)
    assert intent.deadline_ns >= intent.decided_ns + 60 * SECOND_NS
