from __future__ import annotations

from contextlib import nullcontext

import pytest
from msgspec.structs import replace

from daemon.domain.instants import SECOND_NS
from daemon.domain.orders.reconcile import Difference, external, unexplained
from daemon.domain.orders.shown import AccountRead, BrokerPosition
from daemon.domain.orders.words import OrderUpdated, State
from daemon.messages import KillStaged, Latched, LatchKind, Scope
from daemon.runtime.budget import Window
from daemon.simulation.books import Books, cut_short
from daemon.simulation.judging.judge import Judge, Measures, Violated
from daemon.twin.words import Side, Trade

SOLD = Trade("T", "O", "1", "CE", Side.SELL, 75, 1, SECOND_NS, product="intraday")
HIS = replace(SOLD, client_id="terminal-1")
BACK = replace(SOLD, side=Side.BUY)


def judge(*trades):
    made = Judge(Measures("a", (Window(5, SECOND_NS, 2),), {}, {}, 0, 0))
    made.trades = lambda: trades
    return made


def taken(units, intent_id="1", number=""):
    """The facts by which units of `CE` that no order explains are somebody's, or of his order."""
    shown = replace(unexplained(Difference("CE", 0, units), 1), broker_order_id=number)
    return external(intent_id, "a", shown, 0)


@pytest.mark.parametrize("trades", [(), (SOLD,), (replace(HIS, side=Side.BUY),)])
def test_units_that_nobody_has_traded_at_the_terminal_are_not_taken_for_somebodys(trades):
    with pytest.raises(Violated, match="I10: sell 75 CE is taken for somebody's"):
        judge(*trades).entered(taken(-75), 0)


def test_units_that_somebody_has_traded_are_taken_for_his_once():
    judged = judge(HIS)
    judged.entered(taken(-75), 0)
    with pytest.raises(Violated, match=r"and \+0 may be"):
        judged.entered(taken(-75, "2"), 0)


def test_what_is_known_of_his_order_is_not_taken_for_his_once_more():
    judged = judge(HIS)
    judged.entered(taken(-75, "EX", "O"), 0)
    with pytest.raises(Violated, match="I10"):
        judged.entered(taken(-75), 0)


def test_what_an_order_of_his_explains_and_news_of_no_order_are_no_matter():
    judged = judge()
    judged.entered([*taken(-75, "EX", "O"), OrderUpdated("nobody", "", State.FILLED, 75, 75, 0)], 0)
    assert judged.known.book.order("EX") is not None


FLAT = KillStaged("k", "flat", (), 0, 0)


def latched(scope):
    return Latched("k", LatchKind.KILL, scope, "", "", "", 0)


@pytest.mark.parametrize(
    ("trades", "second", "caught"),
    [
        ((SOLD,), 8, True),
        ((SOLD,), 7, False),
        ((SOLD, BACK), 60, False),
        ((SOLD, BACK, replace(SOLD, at_ns=50 * SECOND_NS)), 55, False),
        ((replace(SOLD, product="carry"), BACK), 60, True),
    ],
    ids=["held", "held a moment", "closed", "opened anew", "closed in another product"],
)
def test_a_kill_is_not_told_flat_while_the_exchange_has_long_held_something(trades, second, caught):
    judged = judge(*trades)
    with pytest.raises(Violated, match="I9") if caught else nullcontext():
        judged.entered([latched(Scope.ALL), FLAT], second * SECOND_NS)


def test_what_others_hold_beside_a_kill_of_one_strategy_is_no_matter():
    judged = judge(SOLD)
    judged.killed = lambda _: True  # by another one
    judged.entered([latched(Scope.STRATEGY), FLAT], 60 * SECOND_NS)
    assert judged.known.stages == {"k": FLAT}


def books():
    """Something is held from the fifth second on."""
    made = Books()
    for second, held in ((0, ()), (5, (BrokerPosition("CE", -75),))):
        made.keep(AccountRead((), held, second * SECOND_NS))
    return made


def shows(made, second, lag=0):
    read = made.shown(second * SECOND_NS, lag * SECOND_NS)
    assert read.at_ns == second * SECOND_NS
    return bool(read.positions)


def test_positions_fall_behind_for_a_while_and_come_back():
    made = books()
    assert shows(made, 5)
    made.fall_behind(3 * SECOND_NS, 20 * SECOND_NS)
    assert [shows(made, second) for second in (7, 8, 20)] == [False, True, True]
    made.fall_behind(30 * SECOND_NS, 20 * SECOND_NS)
    assert [shows(made, second) for second in (19, 20)] == [False, True]


def test_a_reading_that_lags_as_a_whole_makes_positions_no_older_than_the_longer_of_both():
    made = books()
    made.fall_behind(3 * SECOND_NS, 20 * SECOND_NS)
    assert [shows(made, second, lag=4) for second in (8, 9)] == [False, True]


def test_a_book_may_be_shown_without_its_newest_orders_or_its_oldest():
    book = AccountRead((1, 2, 3), (BrokerPosition("CE", -75),), 0)
    cuts = [cut_short(book, cut) for cut in range(5)]
    assert [each.orders for each in cuts] == [(), (1,), (1, 2), (2, 3), (3,)]
    assert {each.positions for each in cuts} == {book.positions}
