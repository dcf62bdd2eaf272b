from hypothesis import given
from hypothesis import strategies as st

from daemon.twin.book import applied, marked
from daemon.twin.words import Position, Side, Trade

TRADES = st.lists(
    st.tuples(st.sampled_from(Side), st.integers(1, 20), st.integers(0, 5_000_000)), max_size=40
)


def fold(trades):
    position = Position("S")
    for side, quantity, price_e4 in trades:
        position = applied(position, Trade("t", "o", "c", "S", side, quantity, price_e4, 0))
    return position


@given(TRADES)
def test_a_position_is_the_sum_of_its_trades(trades):
    """Quantities and values of both sides are plain sums, and nothing open costs nothing."""
    position = fold(trades)
    net = sum(side.sign * quantity for side, quantity, _ in trades)
    buys = [(q, p) for side, q, p in trades if side == Side.BUY]
    assert position.net_quantity == net
    assert position.buy_quantity - position.sell_quantity == net
    assert position.buy_value_e4 == sum(q * p for q, p in buys)
    assert position.open_value_e4 >= 0
    assert net != 0 or position.open_value_e4 == 0


@given(TRADES, st.integers(1, 5_000_000))
def test_money_is_conserved_to_the_last_unit(trades, last_e4):
    """Realised + unrealised = sales - purchases + what is open at its price, exactly."""
    position = marked(fold(trades), last_e4)
    flows = position.sell_value_e4 - position.buy_value_e4
    made = position.realised_e4 + position.unrealised_e4
    assert made == flows + position.net_quantity * last_e4


def test_a_reversal_closes_first_and_opens_the_rest_at_its_own_price():
    """Selling 150 against 75 held realises 75 and leaves a short at the new price."""
    position = fold([(Side.BUY, 75, 100), (Side.SELL, 150, 130)])
    assert position.net_quantity == -75
    assert position.realised_e4 == 75 * 30
    assert position.open_value_e4 == 75 * 130
    assert marked(position, 120).unrealised_e4 == 75 * 10


def test_without_a_price_nothing_is_valued():
    """A position whose price is unknown shows no unrealised profit."""
    position = fold([(Side.BUY, 75, 100)])
    assert marked(position, 0) == position
