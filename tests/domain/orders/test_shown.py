"""What a broker's account shows of an order says what the order asks."""

from daemon.domain.orders.shown import BrokerOrder
from daemon.domain.orders.words import Side, State, Terms


def test_an_order_asks_as_many_units_and_the_prices_that_are_shown():
    shown = BrokerOrder("a", "7", "NIFTY", Side.BUY, 65, State.WORKING, 0, 0)
    assert shown.terms == Terms(65)
    priced = BrokerOrder(
        "a", "7", "NIFTY", Side.BUY, 65, State.WORKING, 0, 0, price_e4=9, trigger_e4=8
    )
    assert priced.terms == Terms(65, 9, 8)
