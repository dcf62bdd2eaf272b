"""One leg under watch: its mark, its trips, the exit it owes."""

import pytest

from daemon.domain.money import E4, e4
from daemon.domain.orders.words import Side
from daemon.domain.risk.moves import NEVER
from daemon.domain.risk.pnl import NO_MARK, LegPosition
from daemon.domain.risk.premium import Base
from daemon.domain.risk.watched import WatchedLeg, armed, base_under_watch, entry_of, plan
from daemon.domain.risk.words import Distance, ExitReason, LegRules

STOP = LegRules(stop=Distance(percent_e4=30 * E4), target=Distance(percent_e4=60 * E4))
EMPTY = LegPosition("ce", "CE", Side.SELL)
SOLD = EMPTY.filled(Side.SELL, 75, e4("100"))


def watched(*positions: LegPosition, at_touch: bool = False, mark: str = "100") -> WatchedLeg:
    leg = WatchedLeg(EMPTY, STOP, 75)
    for position in positions:
        leg.take(position, 0, at_touch=at_touch)
        armed("s", [leg])
        leg.mark_e4 = e4(mark)
    return leg


def trips(leg: WatchedLeg) -> tuple[int, int]:
    return leg.low_trip_e4, leg.high_trip_e4


def test_a_leg_before_its_entry_has_no_trips() -> None:
    leg = watched()
    assert (leg.is_open, leg.is_entered, leg.is_closed, leg.is_free) == (False,) * 4
    assert trips(leg) == (-1, NEVER)
    assert leg.judge() == (False, None)


def test_a_position_without_a_fill_arms_nothing() -> None:
    assert watched(EMPTY).levels is None


def test_a_leg_that_expired_is_not_armed_anew() -> None:
    """Nothing is left of what was traded for it, so there is no price to count from."""
    leg = watched(SOLD)
    leg.take(EMPTY, 0, at_touch=False)
    assert armed("s", [leg]) == ()


def test_levels_live_from_the_first_fill_and_move_with_the_average() -> None:
    leg = watched(EMPTY.filled(Side.SELL, 25, e4("90")))
    assert trips(leg) == (e4("36"), e4("117"))
    both = EMPTY.filled(Side.SELL, 25, e4("90")).filled(Side.SELL, 25, e4("110"))
    leg.take(both, 0, at_touch=False)
    armed("s", [leg])
    assert trips(leg) == (e4("40"), e4("130"))


@pytest.mark.parametrize(
    ("planned", "position", "expected"),
    [
        (75, EMPTY, False),
        (75, EMPTY.filled(Side.SELL, 50, 1), False),
        (75, SOLD, True),
        (None, EMPTY, False),
        (None, EMPTY.filled(Side.SELL, 50, 1), True),
        (0, EMPTY, True),
    ],
)
def test_an_entry_is_complete_with_its_planned_quantity(
    planned: int | None, position: LegPosition, expected: bool
) -> None:
    leg = WatchedLeg(position, STOP, planned)
    assert leg.is_complete is expected


@pytest.mark.parametrize(
    ("planned", "settled", "counted"),
    [(None, None, 150), (None, 75, 75), (75, 75, 75), (150, 75, 150), (75, 150, 150), (75, 0, 75)],
)
def test_an_entry_counts_with_the_most_that_it_ever_wanted(
    planned: int | None, settled: int | None, counted: int
) -> None:
    """What it is settled with less may fill after all."""
    leg = WatchedLeg(EMPTY, STOP, planned)
    plan(leg, settled)
    leg.take(SOLD.filled(Side.SELL, 75, e4("100")), 0, at_touch=False)
    assert leg.planned_quantity == settled
    assert entry_of(leg).entry_quantity == counted


@pytest.mark.parametrize(
    ("filled", "base"), [(0, Base(90_000_000, 75)), (75, Base(135_000_000, 75))]
)
def test_a_leg_that_any_fill_completes_keeps_its_entry_incomplete_until_it_has_one(
    filled: int, base: Base
) -> None:
    """Until then what the others paid and got adds up; then it is weighed against each other."""
    call, put, hedge = (
        "NIFTY-2025-09-02-24550-CE",
        "NIFTY-2025-09-02-24550-PE",
        "NIFTY-2025-09-02-25550-CE",
    )
    positions = (
        LegPosition("ce", call, Side.SELL).filled(Side.SELL, 75, e4("100")),
        LegPosition("hedge", hedge, Side.BUY).filled(Side.BUY, 75, e4("20")),
        LegPosition("pe", put, Side.SELL),
    )
    if filled:
        positions = (*positions[:2], positions[2].filled(Side.SELL, filled, e4("100")))
    legs = [WatchedLeg(LegPosition(p.leg_id, p.symbol, p.side), STOP, None) for p in positions]
    for leg, position in zip(legs, positions, strict=True):
        leg.take(position, 0, at_touch=False)
    assert base_under_watch(legs) == base


def test_a_crossed_price_is_judged_once() -> None:
    """A spike up and a spike down of several frames are kept until somebody judges."""
    leg = watched(SOLD)
    leg.cross(e4("92"), e4("129"))
    leg.cross(e4("95"), e4("130"))
    leg.cross(e4("90"), e4("128"))
    assert (leg.spike_low_e4, leg.spike_high_e4) == (e4("90"), e4("130"))
    assert leg.judge() == (False, ExitReason.STOP)
    assert leg.judge() == (False, None)


def test_a_spike_to_nothing_is_kept_until_it_is_judged() -> None:
    """A long that was worthless for an instant has met its stop."""
    bought = LegPosition("hedge", "HEDGE", Side.BUY).filled(Side.BUY, 75, e4("10"))
    leg = WatchedLeg(bought, STOP, 75)
    leg.take(bought, 0, at_touch=True)
    armed("s", [leg])
    leg.cross(0, 0)
    leg.mark_e4 = e4("10")
    leg.cross(e4("5"), e4("5"))
    assert leg.judge() == (False, ExitReason.STOP)


def test_a_leg_without_a_mark_is_not_judged() -> None:
    leg = watched(SOLD)
    leg.cross(e4("100"), e4("140"))
    leg.lose_mark()
    assert leg.judge() == (False, None)


def test_a_leg_that_owes_its_exit_is_not_judged() -> None:
    leg = watched(SOLD)
    leg.owed = True
    leg.set_trips()
    assert (trips(leg), leg.is_free) == ((-1, NEVER), False)
    leg.cross(e4("100"), e4("140"))
    assert leg.judge() == (False, None)


def test_a_part_that_is_bought_back_leaves_the_levels_where_they_are() -> None:
    leg = watched(SOLD)
    levels = leg.levels
    leg.take(SOLD.filled(Side.BUY, 25, e4("90")), 0, at_touch=False)
    assert (leg.levels is levels, leg.net_quantity) == (True, -50)


def test_a_closed_leg_owes_nothing_and_has_no_mark() -> None:
    leg = watched(SOLD)
    leg.owed = True
    leg.take(SOLD.filled(Side.BUY, 75, e4("90")), 0, at_touch=False)
    assert (leg.is_closed, leg.owed, leg.mark_e4, trips(leg)) == (
        True,
        False,
        NO_MARK,
        (-1, NEVER),
    )


def test_a_leg_marked_at_the_touch_keeps_its_mark_while_it_fills_more() -> None:
    leg = watched(EMPTY.filled(Side.SELL, 25, e4("100")), at_touch=True)
    leg.take(SOLD, 0, at_touch=True)
    assert leg.mark_e4 == e4("100")


@pytest.mark.parametrize(("at_touch", "mark_e4"), [(False, e4("100")), (True, NO_MARK)])
def test_a_leg_closed_too_far_is_valued_from_the_other_side(at_touch: bool, mark_e4: int) -> None:
    """It is open against its entry, so its levels rest; a touch of the wrong side is no mark."""
    leg = watched(SOLD, at_touch=at_touch)
    leg.take(SOLD.filled(Side.BUY, 100, e4("90")), 0, at_touch=at_touch)
    assert (leg.is_short, leg.mark_e4, trips(leg)) == (False, mark_e4, (-1, NEVER))
