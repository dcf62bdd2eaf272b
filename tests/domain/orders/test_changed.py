"""An order of ours of which somebody made another at the broker: what is told, and said."""

import pytest
from msgspec.structs import replace

from daemon.domain.orders.changed import as_news, in_whole, lowered_by, sentence, told
from daemon.domain.orders.heard import Heard, hear, order_of
from daemon.domain.orders.words import (
    NO_TRIGGER,
    IntentRecorded,
    OrderType,
    OrderUpdated,
    Purpose,
    State,
    Terms,
)
from tests.domain.orders.test_book import intent


def order(quantity=0, price_e4=0, trigger_e4=0, **changes):
    """A stop of 130 units, woken at 90 and of a limit of 100 unless told."""
    stop = {"order_type": OrderType.STOP_LIMIT, "trigger_e4": 900_000, "purpose": Purpose.EXIT}
    heard = Heard()
    hear(heard, IntentRecorded(intent(**stop | changes), 1))
    if quantity or price_e4 or trigger_e4:
        asks = {"quantity": quantity, "price_e4": price_e4, "trigger_e4": trigger_e4}
        hear(heard, OrderUpdated("a", "7", State.WORKING, 0, 0, 4, **asks))
    return order_of(heard, heard.intent)


@pytest.mark.parametrize(
    ("state", "quantity", "news"),
    [
        (State.WORKING, 65, 65),
        (State.FILLED, 65, 65),
        (State.WORKING, 195, 195),
        (State.WORKING, 130, 0),
        (State.CANCELLED, 65, 0),
        (State.REJECTED, 65, 0),
    ],
)
def test_of_how_many_units_an_order_is_is_news_while_it_says_what_fills(state, quantity, news):
    assert told(order(), state, Terms(quantity)) == Terms(news)


ASKED = Terms(130, 1_000_000, 900_000)


@pytest.mark.parametrize(
    ("state", "shown", "news"),
    [
        (State.WORKING, ASKED, Terms()),
        (State.WORKING, Terms(130, 1_010_000, 900_000), Terms(0, 1_010_000)),
        (State.WORKING, Terms(130, 1_000_000, 950_000), Terms(0, 0, 950_000)),
        (State.WORKING, Terms(65, 1_010_000, 950_000), Terms(65, 1_010_000, 950_000)),
        (State.FILLED, Terms(130, 1_010_000, 950_000), Terms()),
        (State.CANCELLED, Terms(65, 1_010_000, 950_000), Terms()),
        (State.REJECTED, Terms(65, 1_010_000, 950_000), Terms()),
    ],
)
def test_at_which_prices_an_order_rests_is_news_while_it_works(state, shown, news):
    assert told(order(), state, shown) == news


def test_an_order_that_we_left_to_the_market_has_no_price_that_somebody_could_change():
    left = order_of(Heard(), intent(order_type=OrderType.MARKET, price_e4=0))
    assert told(left, State.WORKING, Terms(130, 1_010_000, 5)) == Terms()


def test_of_a_strangers_order_a_price_is_news_that_was_not_shown_before():
    unpriced = order_of(Heard(), intent(order_type=OrderType.MARKET, price_e4=0))
    shown = Terms(130, 1_010_000, 900_000)
    assert told(unpriced, State.WORKING, shown, ours=False) == Terms(0, 1_010_000, 900_000)
    said = OrderUpdated("a", "7", State.WORKING, 0, 0, 4, None, "", *shown)
    assert as_news(unpriced, said, ours=False).terms == Terms(0, 1_010_000, 900_000)
    assert as_news(unpriced, said).terms == Terms()


def test_that_nothing_wakes_a_strangers_order_any_more_is_news_once():
    known, gone = order(), Terms(0, 0, NO_TRIGGER)
    said = OrderUpdated("a", "7", State.WORKING, 0, 0, 4, None, "", *gone)
    assert told(known, State.WORKING, in_whole(Terms(130, 1_000_000)), ours=False) == gone
    assert as_news(known, said, ours=False).terms == gone
    plain = order(trigger_e4=NO_TRIGGER)
    assert (plain.terms, plain.order_type) == (Terms(130, 1_000_000), OrderType.LIMIT)
    assert told(plain, State.WORKING, in_whole(plain.terms), ours=False) == Terms()
    assert as_news(plain, said, ours=False).terms == Terms()


def test_a_word_that_tells_a_limit_alone_takes_no_trigger_off_a_strangers_order():
    said = OrderUpdated("a", "7", State.WORKING, 0, 0, 4, price_e4=1_010_000)
    assert as_news(order(), said, ours=False).terms == Terms(0, 1_010_000)


def test_what_a_price_was_changed_back_to_is_news_of_an_order_that_was_moved():
    assert told(order(price_e4=1_010_000), State.WORKING, ASKED) == Terms(0, 1_000_000)


def test_a_word_keeps_of_what_an_order_asks_only_what_is_new():
    said = OrderUpdated("a", "7", State.WORKING, 0, 0, 4, None, "", *ASKED)
    plain = OrderUpdated("a", "7", State.WORKING, 0, 0, 4)
    assert as_news(order(), said) == plain
    assert as_news(order(), plain) is plain
    assert as_news(order(65), said).terms == Terms(130)


@pytest.mark.parametrize(("now", "units"), [(65, 65), (195, -65), (0, 0), (130, 0)])
def test_what_was_taken_off_an_order_is_counted_and_what_was_put_on_it_is_below_zero(now, units):
    assert lowered_by(order(now), order()) == units


@pytest.mark.parametrize(
    ("purpose", "now", "alone", "so"),
    [
        (Purpose.EXIT, 65, False, "; what it leaves open is closed by another"),
        (Purpose.EXIT, 195, False, "; it is taken back where it is of more than is open"),
        (
            Purpose.RESIDENT_STOP,
            65,
            False,
            "; what it leaves without a stop has another in a minute",
        ),
        (Purpose.RESIDENT_STOP, 195, False, "; it is taken back where it is of more than is open"),
        (Purpose.ENTRY, 65, False, "; its entry is given up"),
        (Purpose.ENTRY, 195, False, "; what fills of it is held and left like the rest"),
        (Purpose.ENTRY, 65, True, ""),
    ],
)
def test_what_was_made_of_an_order_is_said_with_what_follows(purpose, now, alone, so):
    made = order(now, purpose=purpose)
    what = f"order 7 of ours, to sell 130 {made.intent.symbol}"
    said = f"{what}, was changed at the broker and not by us: it is of {now} now"
    assert sentence(made, order(purpose=purpose), alone=alone) == said + so


LIMIT = "its limit is 101.00 now, 100.00 before"
TRIGGER = "its trigger is 95.00 now, 90.00 before"
RESTS = "it is taken back where it rests too long"


@pytest.mark.parametrize(
    ("purpose", "now", "alone", "said"),
    [
        (
            Purpose.EXIT,
            {"price_e4": 1_010_000},
            False,
            f"{LIMIT}; it is taken back where it rests beside the step of its ladder",
        ),
        (
            Purpose.RESIDENT_STOP,
            {"price_e4": 1_010_000, "trigger_e4": 950_000},
            False,
            f"{LIMIT}; {TRIGGER}; it is left there, and our own stop stands as it did",
        ),
        (
            Purpose.ENTRY,
            {"quantity": 65, "trigger_e4": 950_000},
            False,
            f"it is of 65 now; {TRIGGER}; its entry is given up; {RESTS}",
        ),
        (Purpose.ENTRY, {"price_e4": 1_010_000}, True, LIMIT),
    ],
)
def test_the_prices_that_somebody_gave_an_order_are_said_beside_those_before(
    purpose, now, alone, said
):
    made = order(purpose=purpose, **now)
    told = sentence(made, order(purpose=purpose), alone=alone)
    assert told.removesuffix(said).endswith("was changed at the broker and not by us: ")


def test_an_order_whose_number_is_not_known_is_said_to_have_none():
    made = replace(order(65), broker_order_id="")
    said = sentence(made, order(), alone=True)
    assert said.startswith(f"order of no number of ours, to sell 130 {made.intent.symbol}, was")
