import pytest

from daemon.domain.instants import DAY_NS, SECOND_NS
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.money import e4
from daemon.twin.matching import PENDING_FRAMES, Quotes
from daemon.twin.words import Reason, Side, Status
from tests.kit.exchange import CALL, PUT, T0, bought, exchange, frame, order, quote

LATER = T0 + SECOND_NS


@pytest.mark.parametrize(
    ("side", "price", "expected"),
    [
        ("buy", "100.00", []),
        ("buy", "100.05", [(75, 1_000_500)]),
        ("buy", "101.00", [(75, 1_000_500)]),
        ("sell", "100.00", []),
        ("sell", "99.95", [(75, 999_500)]),
        ("sell", "90.00", [(75, 999_500)]),
    ],
)
def test_an_order_trades_at_the_touch_and_only_where_its_limit_allows(side, price, expected):
    """A purchase pays the ask and a sale gets the bid, never better and never through."""
    ex = exchange()
    ex.on_frame(frame(call=quote()), T0)
    ex.place(order(side, price=price), T0)
    assert bought(ex) == expected


@pytest.mark.parametrize(
    "silent",
    [
        Quote(e4(100)),
        Quote(e4(100), e4(99), 750, 0, 0),
        Quote(e4(100), e4(99), 750, e4(101), 0),
        Quote(e4(100), e4(99), 750, e4(101), 74),
    ],
)
def test_without_a_quote_of_a_whole_lot_nothing_fills(silent):
    """A last price is no quote, nor is an ask without a lot behind it."""
    ex = exchange()
    ex.on_frame(frame(call=silent), T0)
    ex.place(order(price="110"), T0)
    ex.on_frame(frame(LATER, call=silent), LATER)
    assert bought(ex) == []


def test_a_symbol_that_no_frame_quoted_does_not_fill():
    """An order in a contract unheard of waits."""
    ex = exchange()
    ex.on_frame(frame(put=quote()), T0)
    ex.place(order(), T0)
    assert bought(ex) == []


def test_what_is_not_there_is_filled_by_later_frames_at_their_price():
    """A partial fill leaves the rest working, and each frame brings its own size and price."""
    ex = exchange()
    ex.on_frame(frame(call=quote(size=150)), T0)
    ex.place(order(quantity=375, price="102"), T0)
    ex.on_frame(frame(LATER, call=quote(ask="101", size=150)), LATER)
    ex.on_frame(frame(LATER + 1, call=quote(ask="103", size=150)), LATER + 1)
    ex.on_frame(frame(LATER + 2, call=quote(ask="102", size=150)), LATER + 2)
    assert bought(ex) == [(150, 1_000_500), (150, 1_010_000), (75, 1_020_000)]
    assert ex.orders()[0].filled_value_e4 == 150 * 1_000_500 + 150 * 1_010_000 + 75 * 1_020_000


def test_orders_share_the_size_until_the_symbol_is_quoted_again():
    """A frame that does not carry the symbol refills nothing; the next that does, does."""
    ex = exchange()
    ex.on_frame(frame(call=quote(size=75)), T0)
    first = ex.place(order(), T0)
    second = ex.place(order(), T0)
    ex.on_frame(frame(LATER, put=quote()), LATER)
    assert [o.status for o in ex.orders()] == [Status.FILLED, Status.WORKING]
    ex.on_frame(frame(LATER + 1, call=quote(size=75)), LATER + 1)
    assert [t.order_id for t in ex.trades()] == [first.order_id, second.order_id]


def test_the_size_on_the_other_side_is_not_used_up():
    """A purchase takes from the ask alone."""
    ex = exchange()
    ex.on_frame(frame(call=quote(size=75)), T0)
    ex.place(order("buy"), T0)
    ex.place(order("sell", price="99.95"), T0)
    assert bought(ex) == [(75, 1_000_500), (75, 999_500)]


def test_own_orders_go_by_price_and_then_by_time():
    """The better price is served first, the earlier order among equals."""
    ex = exchange()
    ex.on_frame(frame(call=quote(ask="110")), T0)
    for name, price in (("low", "101"), ("high", "103"), ("early", "102"), ("late", "102")):
        ex.place(order(price=price, client_id=name), T0)
    ex.on_frame(frame(LATER, call=quote(ask="100", size=225)), LATER)
    assert [t.client_id for t in ex.trades()] == ["high", "early", "late"]


def test_sales_go_by_the_lowest_price_first():
    """The cheapest seller is served first."""
    ex = exchange()
    ex.on_frame(frame(call=quote(bid="90")), T0)
    for name, price in (("dear", "101"), ("cheap", "99")):
        ex.place(order("sell", price=price, client_id=name), T0)
    ex.on_frame(frame(LATER, call=quote(bid="102", size=75)), LATER)
    assert [t.client_id for t in ex.trades()] == ["cheap"]


@pytest.mark.parametrize(("decided", "expected"), [(T0, 1), (T0 - 1, 1), (T0 + 1, 0)])
def test_no_frame_before_the_deciding_one_fills_an_order(decided, expected):
    """The deciding frame may fill it although the order arrives later; an earlier one never."""
    ex = exchange()
    ex.on_frame(frame(call=quote()), T0)
    ex.place(order(decided_ns=decided), T0 + 5)
    assert len(ex.trades()) == expected


def test_a_frame_out_of_order_changes_nothing():
    """An older frame than the newest is not the market any more."""
    ex = exchange()
    ex.on_frame(frame(call=quote(ask="110")), T0)
    ex.place(order(decided_ns=T0 - 2), T0)
    ex.on_frame(frame(T0 - 1, call=quote(ask="90")), T0)
    assert bought(ex) == []


def test_yesterdays_quote_does_not_fill_todays_order():
    """With the first frame of a day the quotes of the day before are gone."""
    ex = exchange()
    ex.on_frame(frame(call=quote()), T0)
    ex.on_frame(frame(T0 + DAY_NS, put=quote()), T0 + DAY_NS)
    ex.place(order(decided_ns=T0 + DAY_NS), T0 + DAY_NS)
    assert bought(ex) == []


MOMENT = T0 + 1_200 * SECOND_NS


@pytest.mark.parametrize(
    "resting", [order(decided_ns=MOMENT), order(price="103", trigger="99", decided_ns=MOMENT)]
)
def test_after_a_silence_nothing_trades_at_a_price_from_before_it(resting):
    """The first frame bears a part of the market; what it does not bear is not of now."""
    ex = exchange()
    ex.on_frame(frame(call=quote(), put=quote()), T0)
    ex.link(alive=False)
    ex.place(resting, MOMENT)
    ex.link(alive=True)
    ex.on_frame(frame(MOMENT + 1, put=quote()), MOMENT + 1)
    assert (bought(ex), ex.orders()[0].triggered) == ([], False)
    ex.on_frame(frame(MOMENT + 2, call=quote(ltp="101", ask="102")), MOMENT + 2)
    ex.on_frame(frame(MOMENT + 3, put=quote()), MOMENT + 3)
    assert bought(ex) == ([(75, 1_020_000)] if resting.trigger_e4 else [])
    ex.place(order(price="102.50", decided_ns=MOMENT + 3), MOMENT + 3)
    assert bought(ex)[-1] == (75, 1_020_000)


def test_what_is_asked_for_in_a_silence_is_of_now_in_its_own_frame_alone():
    """Another answer may lack it, and so may the first frame of the link that lives again."""
    ex = exchange()
    ex.on_frame(frame(call=quote(), put=quote()), T0)
    ex.link(alive=False)
    ex.on_frame(frame(LATER, call=quote(ask="100.00")), LATER)
    ex.place(order(decided_ns=LATER), LATER)
    assert bought(ex) == [(75, 1_000_000)]
    ex.on_frame(frame(MOMENT, put=quote()), MOMENT)
    ex.place(order(decided_ns=MOMENT), MOMENT)
    ex.link(alive=True)
    ex.on_frame(frame(MOMENT + 1, put=quote()), MOMENT + 1)
    assert bought(ex) == [(75, 1_000_000)]


def test_what_was_quoted_before_a_silence_still_says_what_a_contract_was_worth():
    """The band lies around it, and what is held is valued by it."""
    ex = exchange()
    ex.on_frame(frame(call=quote()), T0)
    ex.place(order(), T0)
    ex.link(alive=False)
    ex.link(alive=True)
    ex.on_frame(frame(LATER, put=quote()), LATER)
    assert ex.positions()[0].last_e4 == e4(100)
    assert ex.place(order(price="141"), LATER).reason == Reason.BAND


def test_many_frames_without_an_order_are_read_when_one_comes():
    """Frames laid down unread are the market all the same."""
    ex = exchange()
    for step in range(200):
        ex.on_frame(frame(T0 + step, call=quote(ask="100"), put=quote(size=75)), T0 + step)
    ex.on_frame(frame(T0 + 200, put=quote(ask="99")), T0 + 200)
    ex.place(order(decided_ns=T0 + 200), T0 + 200)
    ex.place(order(decided_ns=T0 + 200, symbol=PUT), T0 + 200)
    assert bought(ex) + bought(ex, PUT) == [(75, 1_000_000), (75, 990_000)]


def test_nothing_fills_outside_the_session():
    """A frame after the close is not traded on."""
    ex = exchange()
    ex.on_frame(frame(call=quote(ask="110")), T0)
    ex.place(order(), T0)
    after = T0 + 6 * 3_600 * SECOND_NS
    ex.on_frame(frame(after, call=quote()), after)
    assert bought(ex) == []


STOPS = [
    ("buy", "105", "110", {"ltp": "104.95"}, False),
    ("buy", "105", "110", {"ltp": "105"}, True),
    ("buy", "105", "110", {"ltp": "100", "high_e4": "105"}, True),
    ("buy", "105", "110", {"ltp": "100", "low_e4": "105"}, False),
    ("buy", "105", "110", {"ltp": "0"}, False),
    ("sell", "95", "90", {"ltp": "95.05"}, False),
    ("sell", "95", "90", {"ltp": "95"}, True),
    ("sell", "95", "90", {"ltp": "100", "low_e4": "94"}, True),
    ("sell", "95", "90", {"ltp": "100", "high_e4": "94"}, False),
]


@pytest.mark.parametrize(("side", "trigger", "price", "prices", "expected"), STOPS)
def test_a_stop_becomes_a_limit_when_a_trade_touches_its_trigger(
    side, trigger, price, prices, expected
):
    """Last price, low and high since the frame before touch it; then it trades at the touch."""
    ex = exchange()
    ex.on_frame(frame(call=quote()), T0)
    ex.place(order(side, price=price, trigger=trigger), T0)
    assert not ex.orders()[0].triggered
    ex.on_frame(frame(LATER, call=quote(**prices)), LATER)
    assert ex.orders()[0].triggered is expected
    assert bool(ex.trades()) is expected


def test_a_high_from_before_the_order_does_not_trigger_it():
    """Neither the deciding frame's high nor one that a later frame does not repeat counts."""
    ex = exchange()
    ex.on_frame(frame(call=quote(high_e4="120")), T0)
    ex.place(order(price="125", trigger="110"), T0)
    ex.on_frame(frame(LATER, put=quote()), LATER)
    assert not ex.orders()[0].triggered


def test_a_triggered_stop_stays_a_limit():
    """Once triggered it waits for its limit, whatever the last price does."""
    ex = exchange()
    ex.on_frame(frame(call=quote()), T0)
    ex.place(order(price="106", trigger="105"), T0)
    ex.on_frame(frame(LATER, call=quote(ltp="105", ask="107")), LATER)
    ex.on_frame(frame(LATER + 1, call=quote(ltp="101", ask="101")), LATER + 1)
    assert bought(ex) == [(75, 1_010_000)]


def test_a_market_that_gaps_past_the_limit_leaves_a_stop_awake_and_unfilled():
    """It rests at its limit as any other order, and trades there once the market is back."""
    ex = exchange()
    ex.on_frame(frame(call=quote()), T0)
    ex.place(order(price="125", trigger="120"), T0)
    ex.on_frame(frame(LATER, call=quote(ltp="130", bid="129.95", ask="130.05")), LATER)
    (stop,) = ex.orders()
    assert (stop.triggered, stop.resting, stop.filled_quantity) == (True, True, 0)
    ex.on_frame(frame(LATER + 1, call=quote(ltp="124", ask="124.05")), LATER + 1)
    assert bought(ex) == [(75, 1_240_500)]


def test_frames_are_read_as_they_are():
    """A quote with a price but no size offers nothing to a sale either."""
    ex = exchange()
    ex.on_frame(Frame(T0, {CALL: Quote(e4(100), e4(99), 0, e4(101), 75)}), T0)
    ex.place(order("sell", price="90"), T0)
    assert bought(ex) == []


def test_a_market_that_has_seen_nothing_offers_nothing():
    """There is no offer in a symbol that was never quoted."""
    assert Quotes().offer(CALL, Side.BUY, 75) is None


def test_frames_that_nobody_asks_for_are_not_hoarded():
    """While nothing works, unread frames stay within their bound."""
    ex = exchange()
    for step in range(1_000):
        ex.on_frame(frame(T0 + step, call=quote()), T0 + step)
    assert len(ex._quotes.pending) < PENDING_FRAMES
