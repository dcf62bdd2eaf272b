import pytest

from daemon.domain.instants import DAY_NS, SECOND_NS
from daemon.domain.money import e4
from daemon.twin.words import Accepted, Cancelled, Change, Modified, Reason, Status, Trade
from tests.kit.exchange import CALL, T0, bought, exchange, frame, order, quote

LATER = T0 + SECOND_NS


def test_what_a_request_did_is_told_by_the_next_call_and_once():
    """The answer gives a number; report, trade, report follow."""
    ex = exchange()
    ex.on_frame(frame(call=quote()), T0)
    assert isinstance(ex.place(order(), T0), Accepted)
    events = ex.on_frame(frame(LATER), LATER)
    assert [getattr(e, "status", "trade") for e in events] == ["working", "trade", "filled"]
    assert isinstance(events[1], Trade)
    assert ex.on_frame(frame(LATER + 1), LATER + 1) == ex.advance(LATER + 1) == []


def test_a_client_id_sent_twice_is_two_orders():
    """The exchange does not deduplicate, so that a test can see who sends twice."""
    ex = exchange()
    for _ in range(2):
        ex.place(order(client_id="same"), T0)
    assert len(ex.orders_by_client_id("same")) == 2
    assert ex.orders_by_client_id("other") == []


def test_a_cancellation_leaves_what_was_filled():
    """The rest goes, the fills stay, and nothing trades any more."""
    ex = exchange()
    ex.on_frame(frame(call=quote(size=75)), T0)
    placed = ex.place(order(quantity=150), T0)
    assert ex.cancel(placed.order_id, T0) == Cancelled(placed.order_id, 75, T0)
    ex.on_frame(frame(LATER, call=quote()), LATER)
    assert bought(ex) == [(75, 1_000_500)]
    assert ex.orders()[0].status == Status.CANCELLED


def test_a_better_price_matches_at_once_but_never_an_earlier_frame():
    """A change carries its own decision."""
    ex = exchange()
    ex.on_frame(frame(call=quote()), T0)
    placed = ex.place(order(price="99"), T0)
    assert isinstance(ex.modify(placed.order_id, Change(T0 + 1, price_e4=e4(101)), T0), Modified)
    assert bought(ex) == []
    ex.modify(placed.order_id, Change(T0, price_e4=e4("101.50")), T0)
    assert bought(ex) == [(75, 1_000_500)]


@pytest.mark.parametrize(
    ("before", "change", "expected"),
    [
        ("99", Change(T0, price_e4=e4(100)), ["other", "changed"]),
        ("100", Change(T0, quantity=225), ["other", "changed"]),
        ("100", Change(T0, quantity=75), ["changed", "other"]),
    ],
)
def test_a_new_price_or_a_larger_quantity_loses_its_turn(before, change, expected):
    """A smaller quantity keeps it."""
    ex = exchange()
    ex.on_frame(frame(call=quote(ask="110")), T0)
    first = ex.place(order(price=before, quantity=150, client_id="changed"), T0)
    ex.place(order(price="100", client_id="other"), T0)
    ex.modify(first.order_id, change, T0)
    ex.on_frame(frame(LATER, call=quote(ask="100")), LATER)
    assert [t.client_id for t in ex.trades()] == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (Change(T0, quantity=75), Reason.OTHER),
        (Change(T0, quantity=160), Reason.LOT),
        (Change(T0, quantity=1875), Reason.FREEZE),
        (Change(T0, price_e4=1), Reason.TICK),
        (Change(T0, price_e4=e4("140.05")), Reason.BAND),
        (Change(T0, price_e4=e4(101), quantity=1800), Reason.MARGIN),
    ],
)
def test_a_change_is_held_to_the_same_rules(change, expected):
    """A refused change leaves the order as it was."""
    ex = exchange(cash="100000")
    ex.on_frame(frame(call=quote(size=75)), T0)
    placed = ex.place(order(quantity=150), T0)
    before = ex.orders()
    assert ex.modify(placed.order_id, change, T0).reason == expected
    assert ex.orders() == before


def test_a_change_after_the_close_is_refused():
    """There is no session to change it in."""
    ex = exchange()
    placed = ex.place(order(), T0)
    after = T0 + 8 * 3_600 * SECOND_NS
    assert ex.modify(placed.order_id, Change(T0, 150), after).reason == Reason.CLOSED


def test_the_trigger_of_a_waiting_stop_can_be_moved():
    """It then triggers at the new level."""
    ex = exchange()
    ex.on_frame(frame(call=quote()), T0)
    placed = ex.place(order(price="110", trigger="105"), T0)
    ex.modify(placed.order_id, Change(T0, trigger_e4=e4(102)), T0)
    ex.on_frame(frame(LATER, call=quote("102", "102", "102")), LATER)
    assert bought(ex) == [(75, 1_020_000)]


def test_a_triggered_stop_can_be_priced_anew():
    """Its trigger lies behind it and binds the limit no more."""
    ex = exchange()
    ex.on_frame(frame(call=quote()), T0)
    placed = ex.place(order(price="105", trigger="105"), T0)
    ex.on_frame(frame(LATER, call=quote("105", "106", "107")), LATER)
    assert isinstance(ex.modify(placed.order_id, Change(T0, price_e4=e4(104)), LATER), Modified)


def test_a_day_ends_its_working_orders_and_its_statements():
    """Working orders lapse; orders, trades and flat positions go, what is held stays."""
    ex = exchange()
    ex.on_frame(frame(call=quote(size=75)), T0)
    ex.place(order(), T0)
    ex.place(order(price="90"), T0)
    ex.advance(T0)
    (lapsed,) = ex.advance(T0 + DAY_NS)
    assert (lapsed.status, lapsed.filled_quantity) == (Status.CANCELLED, 0)
    assert (ex.orders(), ex.trades()) == ([], [])
    assert [(p.symbol, p.net_quantity) for p in ex.positions()] == [(CALL, 75)]


def test_funds_are_cash_and_realised_less_what_is_used():
    """Closing at a loss takes it from what is available, to the last unit."""
    ex = exchange()
    ex.on_frame(frame(call=quote()), T0)
    ex.place(order(), T0)
    ex.place(order("sell", price="99.95"), T0)
    funds = ex.funds()
    assert funds.realised_e4 == -75 * 1_000
    assert (funds.used_e4, funds.available_e4) == (0, e4(1_000_000) - 75_000)


def test_positions_are_valued_at_the_newest_price():
    """Frames that nobody traded on count too."""
    ex = exchange()
    ex.on_frame(frame(call=quote()), T0)
    ex.place(order(), T0)
    ex.advance(T0)
    ex.on_frame(frame(LATER, call=quote("110")), LATER)
    (position,) = ex.positions()
    assert (position.last_e4, position.unrealised_e4) == (e4(110), 75 * e4("9.95"))


def test_the_clock_never_runs_backwards():
    """A call with an older instant happens now."""
    ex = exchange()
    ex.advance(LATER)
    assert ex.place(order(), T0).at_ns == LATER


def both_ways():
    """An account that is long in one product, and short in another of the same contract."""
    ex = exchange()
    ex.on_frame(frame(call=quote()), T0)
    ex.place(order("buy", price="100.05"), T0)
    ex.place(order("sell", price="99.95", product="carry"), T0)
    ex.advance(T0)
    return ex


def test_what_is_held_in_one_product_is_kept_apart_from_what_is_held_in_another():
    held = {(p.symbol, p.product): p.net_quantity for p in both_ways().positions()}
    assert held == {(CALL, "intraday"): 75, (CALL, "carry"): -75}


def test_an_order_and_its_trades_tell_their_product():
    ex = both_ways()
    assert [each.product for each in ex.orders()] == ["intraday", "carry"]
    assert [each.product for each in ex.trades()] == ["intraday", "carry"]
