"""What a day's orders cost, by the fills that moved the legs."""

import pytest

from daemon.actors.risk_watchdog.day_costs import DayCosts
from daemon.domain.market.costs import Executed, cost_e4
from daemon.domain.orders.reconcile import EXTERNAL
from daemon.domain.orders.words import Side
from daemon.messages import PositionChanged
from tests.kit.asked import DAY, NOW

SYMBOL, PRICE_E4 = "NIFTY-2026-03-10-24500-CE", 1_000_000


def moved(strategy_id, bought, sold):
    values = (bought, bought * PRICE_E4, sold, sold * PRICE_E4)
    return PositionChanged(strategy_id, SYMBOL, SYMBOL, Side.SELL, *values, NOW)


def cost_of(side, quantity):
    executed = Executed(SYMBOL, side, quantity, quantity * PRICE_E4, settled=False)
    return cost_e4(executed, DAY, kept=False) if quantity else 0


@pytest.mark.parametrize(
    ("strategy_id", "bought", "sold", "costs"),
    [
        ("s", 65, 0, (65, 0)),
        ("s", 65, 65, (65, 65)),
        (EXTERNAL, 0, 65, (0, 65)),
        (EXTERNAL, 65, 65, (0, 0)),
        (EXTERNAL, 65, 130, (0, 65)),
        (EXTERNAL, 130, 65, (65, 0)),
    ],
)
def test_what_a_stranger_handed_on_to_a_leg_costs_him_nothing(strategy_id, bought, sold, costs):
    day = DayCosts()
    day.take((strategy_id, ""), moved(strategy_id, bought, sold))
    wanted = cost_of(Side.BUY, costs[0]) + cost_of(Side.SELL, costs[1])
    assert day.total_e4((strategy_id, ""), ()) == wanted
