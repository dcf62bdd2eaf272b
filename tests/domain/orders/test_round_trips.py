"""From where on a leg's trades are counted."""

import pytest

from daemon.domain.orders.book import Book, Position
from daemon.domain.orders.late import handed_on
from daemon.domain.orders.reconcile import EXTERNAL, MANUAL
from daemon.domain.orders.round_trips import RoundTrips
from daemon.domain.orders.words import OrderAccepted, Purpose, Side, State
from tests.domain.orders.test_book import recorded, updated

E4 = 10_000


class Told:
    """A book and its round trips, told the same."""

    def __init__(self, strategy_id):
        self.book = Book()
        self.trips = RoundTrips(self.book)
        self._leg = (strategy_id, "call")
        self._orders = 0

    def intends(self, side, quantity=75):
        self._orders += 1
        name, whose = f"o{self._orders}", {"strategy_id": self._leg[0]}
        self.hears(recorded(name, side=side, quantity=quantity, **whose))
        return name

    def hears(self, fact):
        self.trips.hear(fact)
        self.book.apply(fact)

    def fills(self, name, quantity, price, state=State.FILLED):
        self.hears(updated(state, quantity, quantity * price * E4, name, f"b{name}"))

    def trades(self, side, price, quantity=75):
        self.fills(self.intends(side, quantity), quantity, price)

    @property
    def traded(self):
        return self.trips.traded(self._leg)


@pytest.mark.parametrize("strategy_id", [MANUAL, EXTERNAL])
def test_a_leg_of_no_basket_begins_at_nothing_with_the_first_fill_after_it_was_flat(strategy_id):
    told = Told(strategy_id)
    told.trades(Side.BUY, 100)
    told.trades(Side.SELL, 110)
    assert told.traded == Position(75, 7_500 * E4, 75, 8_250 * E4)
    name = told.intends(Side.BUY)
    told.hears(OrderAccepted(name, "9", 5))
    told.fills(name, 0, 120, State.WORKING)
    assert told.traded == Position(75, 7_500 * E4, 75, 8_250 * E4)
    told.fills(name, 30, 120, State.WORKING)
    told.fills(name, 75, 120)
    assert told.traded == Position(75, 9_000 * E4)


def test_an_order_that_rested_since_before_it_was_flat_begins_another():
    told = Told(MANUAL)
    rests = told.intends(Side.SELL)
    told.trades(Side.BUY, 100)
    told.trades(Side.SELL, 110)
    told.fills(rests, 75, 90)
    assert told.traded == Position(0, 0, 75, 6_750 * E4)


def test_a_leg_of_a_basket_goes_on_until_the_next_is_opened():
    """A fill that was in doubt may come after it was flat."""
    told = Told("straddle")
    for side, price in ((Side.SELL, 100), (Side.BUY, 90), (Side.SELL, 95)):
        told.trades(side, price)
    assert told.traded == Position(75, 6_750 * E4, 150, 14_625 * E4)
    told.trips.begin(("straddle", "call"))
    assert told.traded == Position()


def test_an_order_that_was_sent_before_a_leg_was_entered_anew_is_none_of_its_trip():
    told = Told("straddle")
    told.trips.begin(("straddle", "call"))
    early = told.intends(Side.SELL)
    assert told.trips.is_of(told.book.order(early).intent)
    told.trips.begin(("straddle", "call"))
    late = told.intends(Side.SELL)
    assert not told.trips.is_of(told.book.order(early).intent)
    assert told.trips.is_of(told.book.order(late).intent)


@pytest.mark.parametrize("strategy_id", [MANUAL, EXTERNAL, "straddle"])
def test_every_order_is_of_a_leg_that_no_basket_has_entered(strategy_id):
    told = Told(strategy_id)
    name = told.intends(Side.SELL)
    told.fills(name, 75, 90)
    told.trades(Side.BUY, 90)
    told.trades(Side.SELL, 90)
    assert told.trips.is_of(told.book.order(name).intent)


@pytest.mark.parametrize("begun", [True, False])
def test_what_fills_late_and_what_gives_it_back_count_in_no_trip(begun):
    told = Told("straddle")
    early = told.intends(Side.BUY)
    if begun:
        told.trips.begin(("straddle", "call"))
    told.trades(Side.SELL, 100)
    before = told.book.order(early)
    told.fills(early, 30, 120, State.CANCELLED)
    for fact in handed_on(told.book.order(early), before, ("n1", "n2"), 9):
        told.hears(fact)
        told.hears(fact)
    assert told.traded == Position(0, 0, 75, 7_500 * E4)


def test_a_better_price_of_what_was_sent_before_is_none_of_its_trip():
    told = Told("straddle")
    leg = ("straddle", "call")
    told.trips.begin(leg)
    sold, bought = told.intends(Side.SELL), told.intends(Side.BUY)
    told.fills(sold, 75, 100)
    told.fills(bought, 75, 90)
    told.trips.begin(leg)
    now = told.intends(Side.SELL)
    told.fills(now, 75, 80)
    told.fills(sold, 75, 101)
    told.fills(bought, 75, 91)
    told.fills(bought, 75, 91)
    assert told.traded == Position(0, 0, 75, 6_000 * E4)
    told.fills(now, 75, 81)
    assert told.traded == Position(0, 0, 75, 6_075 * E4)


def test_what_no_order_is_known_of_begins_nothing():
    told = Told(MANUAL)
    told.trips.hear(updated(State.FILLED, 75, 75 * E4, "nobody's"))
    assert told.traded == Position()


def test_what_an_entry_filled_beyond_what_its_orders_were_sent_for_was_added_to_it():
    """An exit adds nothing, and neither does an order of before it was entered anew."""
    told, leg = Told("straddle"), ("straddle", "call")
    assert told.trips.added(leg) == 0
    told.trips.begin(leg)
    for quantity in (150, 75, 30):
        told.fills(told.intends(Side.SELL), quantity, 100)
    assert told.trips.added(leg) == 75
    told.hears(recorded("x", side=Side.BUY, strategy_id="straddle", purpose=Purpose.EXIT))
    told.fills("x", 150, 90)
    assert told.trips.added(leg) == 75
    told.trips.begin(leg)
    assert told.trips.added(leg) == 0
