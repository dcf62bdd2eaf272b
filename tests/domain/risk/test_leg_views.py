"""What is to be seen of one leg: its last mark, its levels, and whether anything judges it."""

import pytest

from daemon.domain.money import E4, e4
from daemon.domain.orders.words import Side
from daemon.domain.risk.leg_views import view_of
from daemon.domain.risk.pnl import NO_MARK, LegPosition
from daemon.domain.risk.watched import WatchedLeg, armed
from daemon.domain.risk.words import Distance, LegRules

STOP = LegRules(stop=Distance(percent_e4=30 * E4), target=Distance(percent_e4=60 * E4))
EMPTY = LegPosition("ce", "CE", Side.SELL)
SOLD = EMPTY.filled(Side.SELL, 75, e4("100"))


def watched(*positions: LegPosition, mark: str = "100", rules: LegRules = STOP) -> WatchedLeg:
    leg = WatchedLeg(EMPTY, rules, 75)
    for position in positions:
        leg.take(position, 0, at_touch=False)
        armed("s", [leg])
        leg.mark_e4 = e4(mark)
    return leg


def test_a_view_tells_the_last_mark_and_that_it_is_not_fresh() -> None:
    leg = watched(SOLD, mark="90")
    leg.lose_mark()
    leg.lose_mark()
    view = view_of(leg, ruled_by_whole=False)
    assert (view.mark_e4, view.fresh, view.unrealised_e4) == (e4("90"), False, e4("750"))
    assert (view.stop_e4, view.target_e4, view.ruled) == (e4("130"), e4("40"), True)


def test_what_is_open_and_never_had_a_price_has_no_known_profit_and_what_is_closed_has() -> None:
    leg = watched(SOLD.filled(Side.BUY, 25, e4("90")))
    assert view_of(leg, ruled_by_whole=False).pnl_e4 == e4("250")
    leg.mark_e4 = NO_MARK
    view = view_of(leg, ruled_by_whole=False)
    assert (view.mark_e4, view.realised_e4) == (NO_MARK, e4("250"))
    assert (view.unrealised_e4, view.pnl_e4) == (None, None)
    closed = view_of(watched(SOLD.filled(Side.BUY, 75, e4("90"))), ruled_by_whole=False)
    assert (closed.unrealised_e4, closed.pnl_e4) == (0, e4("750"))


def test_a_view_before_the_entry_has_neither_price_nor_level() -> None:
    view = view_of(watched(), ruled_by_whole=True)
    assert (view.entry_e4, view.mark_e4, view.unrealised_e4, view.stop_e4) == (0, NO_MARK, 0, 0)
    assert view.ruled


@pytest.mark.parametrize(
    ("rules", "owed", "ruled_by_whole", "whole_judged", "unjudged"),
    [
        (LegRules(), False, True, False, True),
        (LegRules(), False, True, True, False),
        (LegRules(), True, True, False, False),
        (LegRules(), False, False, False, False),
        (STOP, False, True, False, False),
    ],
)
def test_what_rules_of_the_whole_alone_hold_is_unjudged_while_they_are(
    rules: LegRules, owed: bool, ruled_by_whole: bool, whole_judged: bool, unjudged: bool
) -> None:
    """It says so only where it has a price itself: else that is what it lacks."""
    leg = watched(SOLD, rules=rules)
    leg.owed = owed
    how = {"ruled_by_whole": ruled_by_whole, "whole_judged": whole_judged}
    assert view_of(leg, **how).unjudged is unjudged
    leg.lose_mark()
    assert not view_of(leg, **how).unjudged
