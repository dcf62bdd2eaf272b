import re
from datetime import timedelta

import pytest

from daemon.domain.instants import DAY_NS, SECOND_NS
from daemon.domain.money import e4
from daemon.twin.margin import Exposure, after, required, spread_margin
from daemon.twin.words import Accepted, Reason, Refused, Side, Wanted
from tests.kit.exchange import (
    CALL,
    DAY,
    EXPIRY,
    FUTURE,
    PUT,
    SHARE,
    T0,
    contract,
    exchange,
    frame,
    order,
    quote,
)

WING = "NIFTY-2025-09-02-24750-CE"
STRIKE = e4(24_550)
NAKED = STRIKE * 75 * 12 // 100


def held(symbol, net, value=0, **working):
    return Exposure(contract(symbol, DAY), net, value, **working)


@pytest.mark.parametrize(
    ("exposures", "day", "expected"),
    [
        ([], DAY, 0),
        ([held(CALL, -75)], DAY, NAKED),
        ([held(CALL, -75)], EXPIRY, STRIKE * 75 * 14 // 100),
        ([held(CALL, -75), held(PUT, -75)], DAY, 2 * NAKED),
        ([held(CALL, 75, e4(7_500))], DAY, e4(7_500)),
        ([held(CALL, -75), held(WING, 75, e4(1_000))], DAY, 75 * e4(200) + e4(1_000)),
        ([held(CALL, -150), held(WING, 75)], DAY, 75 * e4(200) + NAKED),
        ([held(PUT, -75), held(WING, 75)], DAY, NAKED),
        ([held(FUTURE, -75, e4(1_800_000))], DAY, e4(216_000)),
        ([held(SHARE, 10, e4(14_000))], DAY, e4(2_800)),
        ([held(CALL, 0, 0, selling_quantity=75)], DAY, NAKED),
        ([held(CALL, 75, e4(7_500), selling_quantity=75)], DAY, e4(7_500)),
        ([held(CALL, -75, 0, buying_quantity=75, buying_value_e4=e4(900))], DAY, NAKED),
        ([held(CALL, -75, 0, buying_quantity=150, buying_value_e4=e4(900))], DAY, NAKED + e4(450)),
        ([held(CALL, -75), held(WING, 75, 0, selling_quantity=75)], DAY, NAKED),
        ([held(CALL, -75), held(WING, 0, 0, buying_quantity=75)], DAY, NAKED),
        ([held(FUTURE, 75, e4(100), selling_quantity=75, selling_value_e4=e4(99))], DAY, e4(12)),
    ],
)
def test_margin_follows_the_stated_model(exposures, day, expected):
    """Shorts by strike, hedges by their width, working orders at their worst."""
    assert required(exposures, day) == expected


@pytest.mark.parametrize(
    ("call", "short", "long", "width"),
    [
        (True, 100, 105, 5),
        (True, 100, 95, 0),
        (False, 100, 95, 5),
        (False, 100, 105, 0),
        (True, 100, 200, 12),
    ],
)
def test_a_spread_risks_its_width_and_never_more_than_a_naked_short(call, short, long, width):
    """A long nearer the money risks nothing; one too far away saves nothing."""
    found = spread_margin([(e4(short), 1)], [(e4(long), 1)], call=call, expires=False)
    assert found == e4(width)


def test_each_bought_unit_hedges_one_sold_unit():
    """The longs go where they save most, and what is left over is naked."""
    shorts, longs = [(e4(100), 2), (e4(102), 1)], [(e4(104), 2)]
    found = spread_margin(shorts, longs, call=True, expires=False)
    assert found == e4(2) + e4(4) + e4(12)


def test_an_order_beyond_the_cash_is_refused_and_one_that_frees_margin_never_is():
    """Buying back a short passes even on an account that has nothing left."""
    ex = exchange(cash="221000")
    ex.on_frame(frame(call=quote(), put=quote()), T0)
    assert isinstance(ex.place(order("sell", price="99.95"), T0), Accepted)
    answer = ex.place(order("sell", price="99.95", symbol=PUT), T0)
    assert answer.reason == Reason.MARGIN
    text = r"it takes the margin to \d{6}\.\d\d rupees, and 221000\.00 are there"
    assert re.fullmatch(text, answer.text)
    ex.on_frame(frame(T0 + 1, call=quote("130", "129.95", "130.05")), T0 + 1)
    assert isinstance(ex.place(order(price="130.05"), T0 + 1), Accepted)
    assert ex.funds().used_e4 == 0
    assert ex.funds().available_e4 == e4(221_000) + 75 * e4("-30.10")


def test_the_hedge_cannot_be_sold_before_the_short_is_bought_back():
    """Longs first is refused for margin, shorts first is not."""
    ex = exchange(cash="30000")
    ex.on_frame(frame(call=quote()), T0)
    ex.place(order(symbol=WING, price="50"), T0)
    ex.on_frame(_both(T0 + 1), T0 + 1)
    assert isinstance(ex.place(order("sell", price="99.95", decided_ns=T0 + 1), T0 + 1), Accepted)
    sale = order("sell", price="49.95", symbol=WING, decided_ns=T0 + 1)
    assert ex.place(sale, T0 + 1).reason == Reason.MARGIN
    assert isinstance(ex.place(order(decided_ns=T0 + 1), T0 + 1), Accepted)
    assert isinstance(ex.place(sale, T0 + 1), Accepted)
    assert [p.net_quantity for p in ex.positions()] == [0, 0]


def test_a_short_needs_more_on_its_expiry_day():
    """The 2 % are there from the morning of the expiry."""
    ex = exchange()
    ex.on_frame(frame(call=quote()), T0)
    ex.place(order("sell", price="99.95"), T0)
    assert ex.funds().used_e4 == NAKED
    ex.advance(T0 + DAY_NS)
    assert ex.funds().used_e4 == NAKED + STRIKE * 75 * 2 // 100


def test_a_short_can_be_bought_back_when_its_margin_is_no_longer_there():
    """On the expiry morning the account is under water; only what frees margin passes."""
    ex = exchange(cash="221000")
    ex.on_frame(frame(call=quote()), T0)
    ex.place(order("sell", price="99.95"), T0)
    morning = T0 + DAY_NS
    ex.on_frame(frame(morning, call=quote()), morning)
    assert ex.funds().available_e4 < 0
    sale = order("sell", price="99.95", decided_ns=morning)
    assert ex.place(sale, morning).reason == Reason.MARGIN
    assert isinstance(ex.place(order(decided_ns=morning), morning), Accepted)
    assert [p.net_quantity for p in ex.positions()] == [0]


def test_a_working_order_holds_its_margin_until_it_is_cancelled():
    """What works counts as if it were done."""
    ex = exchange(cash="221000")
    ex.on_frame(frame(call=quote()), T0)
    first = ex.place(order("sell", price="105"), T0)
    assert isinstance(ex.place(order("sell", price="105"), T0 + SECOND_NS), Refused)
    ex.cancel(first.order_id, T0 + SECOND_NS)
    assert isinstance(ex.place(order("sell", price="105"), T0 + SECOND_NS), Accepted)
    assert DAY + timedelta(1) == EXPIRY


def _both(at_ns):
    both = frame(at_ns, call=quote())
    both.quotes[WING] = quote("50", "49.95", "50")
    return both


# net and value of what is held, units that are traded at 10, net and value after it
FILLED = [
    (0, 0, 75, 75, 750),
    (75, 600, 75, 150, 1350),
    (150, 900, -75, 75, 450),
    (75, 600, -75, 0, 0),
    (75, 600, -150, -75, 750),
    (-75, 600, 225, 150, 1500),
]


@pytest.mark.parametrize(("net", "value", "units", "left", "worth"), FILLED)
def test_what_is_traded_closes_what_is_open_the_other_way_before_it_opens(
    net, value, units, left, worth
):
    """So that its margin is counted for what is left."""
    assert after(held(FUTURE, net, e4(value)), units, e4(10)) == held(FUTURE, left, e4(worth))


@pytest.mark.parametrize(("product", "rupees"), [("intraday", 2_800), ("carry", 14_000)])
def test_shares_that_are_carried_are_paid_in_full(product, rupees):
    """And what is asked before they are bought is what they take then."""
    ex = exchange()
    ex.on_frame(frame(share=quote("1400", "1399.95", "1400")), T0)
    wanted = Wanted(SHARE, Side.BUY, 10, e4(1_400), product=product)
    assert ex.needed_for([wanted]) == e4(rupees)
    ex.place(order(quantity=10, price="1400", symbol=SHARE, product=product), T0)
    ex.advance(T0)
    assert ex.funds().used_e4 == e4(rupees)
