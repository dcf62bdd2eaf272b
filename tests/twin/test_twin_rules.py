from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.instants import DAY_NS, SECOND_NS, at
from daemon.domain.market.frames import Quote
from daemon.domain.market.instruments import Instrument, Kind
from daemon.domain.money import e4
from daemon.errors import RuleUnknown
from daemon.twin import rules
from daemon.twin.exchange import Exchange
from daemon.twin.floor import Terms
from daemon.twin.rules import MarketRules, SlidingLog
from daemon.twin.words import Accepted, Change, Reason, Refused, Side, Status
from tests.kit.exchange import (
    CALL,
    DAY,
    FUTURE,
    PUT,
    RULES,
    SHARE,
    T0,
    band,
    contract,
    exchange,
    frame,
    is_open,
    order,
    quote,
)

CASES = [
    (order(), None),
    (order(quantity=1800), None),
    (order(quantity=1875), Reason.FREEZE),
    (order(quantity=0), Reason.LOT),
    (order(quantity=-75), Reason.LOT),
    (order(quantity=76), Reason.LOT),
    (order(price="100.03"), Reason.TICK),
    (order(price="0"), Reason.TICK),
    (order(price="110", trigger="105.01"), Reason.TICK),
    (order(price="140"), None),
    (order(price="140.05"), Reason.BAND),
    (order("sell", price="60"), None),
    (order("sell", price="59.95"), Reason.BAND),
    (order(order_type="market", price="140.05"), Reason.BAND),
    (order(price="104", trigger="105"), Reason.OTHER),
    (order("sell", price="96", trigger="95"), Reason.OTHER),
    (order(symbol="NIFTY"), Reason.INSTRUMENT),
    (order(symbol="GOLD"), Reason.INSTRUMENT),
    (order(symbol="NIFTY-2025-08-28-24550-CE"), Reason.INSTRUMENT),
    (order(order_type="market", price="0", symbol=FUTURE), Reason.OTHER),
]


@pytest.mark.parametrize(("request_", "expected"), CASES)
def test_the_exchange_refuses_for_its_own_reasons(request_, expected):
    """Edges of band and freeze are inside; the first objection is the answer."""
    ex = exchange()
    ex.on_frame(frame(call=quote()), T0)
    answer = ex.place(request_, T0)
    assert (answer.reason if isinstance(answer, Refused) else None) == expected
    assert len(ex.orders()) == (expected is None)


@pytest.mark.parametrize(
    ("price", "text"),
    [
        ("140.05", "140.05 is outside 60.00 to 140.00"),
        ("100.03", "100.03 is no whole number of ticks of 0.05"),
    ],
)
def test_a_refused_price_is_told_in_rupees(price, text):
    ex = exchange()
    ex.on_frame(frame(call=quote()), T0)
    answer = ex.place(order(price=price), T0)
    assert isinstance(answer, Refused)
    assert answer.text == text


@pytest.mark.parametrize(
    ("wall", "expected"),
    [(time(9, 14, 59), Refused), (time(9, 15), Accepted), (time(15, 30), Refused)],
)
def test_orders_are_taken_only_in_session(wall, expected):
    """Before the open and from the close on the answer is CLOSED."""
    now = at(DAY, wall)
    answer = exchange().place(order(decided_ns=now), now)
    assert isinstance(answer, expected)
    assert getattr(answer, "reason", Reason.CLOSED) == Reason.CLOSED


def test_a_day_that_no_rule_reaches_has_no_contracts():
    """Rules that do not know a day make the contract unknown, not the exchange fail."""

    def unknown(symbol, day):
        raise RuleUnknown(symbol)

    ex = Exchange.open(Terms(MarketRules(unknown, band, is_open), e4(1000)))
    assert ex.place(order(), T0).reason == Reason.INSTRUMENT


def test_without_a_price_or_a_band_every_limit_passes():
    """A band needs a reference: before the first price there is none."""
    assert isinstance(exchange().place(order(price="9000", quantity=75), T0), Accepted)
    free = MarketRules(contract, lambda *_: None, is_open)
    ex = Exchange.open(Terms(free, e4(10_000_000)))
    ex.on_frame(frame(call=quote()), T0)
    assert isinstance(ex.place(order(price="9000"), T0), Accepted)
    answer = ex.place(order(order_type="market", price="0"), T0)
    assert isinstance(answer, Accepted)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (None, 0),
        (Quote(0), 0),
        (Quote(7), 7),
        (Quote(0, 4, 1), 0),
        (Quote(0, 4, 1, 8, 1), 6),
        (Quote(4, 4, 1, 8, 1), 4),
        (Quote(8, 4, 1, 8, 1), 8),
        (Quote(3, 4, 1, 8, 1), 6),
        (Quote(9, 4, 1, 8, 1), 6),
        (Quote(3, 4, 1), 3),
        (Quote(9, 0, 0, 8, 1), 9),
    ],
)
def test_bands_are_measured_on_the_last_price_or_where_it_is_old_on_the_middle(known, expected):
    """It is old where a touch of two sides has left it; with neither there is no reference."""
    assert rules.reference_of(known) == expected


PROTECTED = [
    (Side.BUY, CALL, ("9.95", "9.90", "9.95"), "10.45"),
    (Side.BUY, CALL, ("10", "9.95", "10"), "10.30"),
    (Side.BUY, CALL, ("100", "99.95", "100"), "102"),
    (Side.BUY, CALL, ("500", "499", "500"), "505"),
    (Side.SELL, CALL, ("100", "99.95", "100"), "96.95"),
    (Side.SELL, CALL, ("0.05", "0.05", "0.10"), "0.05"),
    (Side.BUY, CALL, ("50", "0", "0"), "51.50"),
    (Side.BUY, FUTURE, ("24000", "23999", "24000"), "24120"),
    (Side.BUY, SHARE, ("99", "98", "99"), "101"),
    (Side.SELL, SHARE, ("200", "200", "201"), "198"),
    (Side.BUY, CALL, ("0", "0", "0"), "0"),
]


@pytest.mark.parametrize(("side", "symbol", "prices", "expected"), PROTECTED)
def test_a_market_order_is_protected_by_the_level_of_its_price(side, symbol, prices, expected):
    """It becomes a limit some percent beyond the touch, a whole tick, never below one tick."""
    known = quote(*prices)
    assert rules.protection(side, known, contract(symbol, DAY)) == e4(expected)


def test_a_market_order_is_protected_inside_the_band():
    """Where the protection would leave the band the band's edge is the limit."""
    near = Exchange.open(
        Terms(MarketRules(contract, lambda s, r, d: (r - 7_300, r + 7_300), is_open), e4(100_000))
    )
    near.on_frame(frame(call=quote()), T0)
    near.place(order(order_type="market", price="0"), T0)
    near.place(order("sell", order_type="market", price="0"), T0)
    assert [o.price_e4 for o in near.orders()] == [e4("100.70"), e4("99.30")]


def test_a_market_order_with_its_own_protection_keeps_it():
    """The given protection is the limit, and what lies beyond it rests there."""
    ex = exchange()
    ex.on_frame(frame(call=quote(size=75)), T0)
    ex.place(order(order_type="market", price="101", quantity=150), T0)
    assert [(o.price_e4, o.filled_quantity) for o in ex.orders()] == [(e4(101), 75)]


def test_the_eleventh_message_in_a_second_is_refused_and_one_a_second_later_is_not():
    """A window is a second long and slides; its older end is outside."""
    ex = exchange()
    answers = [ex.place(order(), T0 + n) for n in range(11)]
    assert [type(a) for a in answers] == [Accepted] * 10 + [Refused]
    assert answers[-1].reason == Reason.RATE
    assert ex.cancel(answers[0].order_id, T0 + 20).reason == Reason.RATE
    assert ex.modify(answers[0].order_id, Change(T0, 150), T0 + 20).reason == Reason.RATE
    assert isinstance(ex.place(order(), T0 + SECOND_NS), Accepted)
    assert ex.place(order(), T0 + SECOND_NS).reason == Reason.RATE


def test_the_minutes_limit_holds_beside_the_seconds():
    """400 in a minute, however evenly they come."""
    step = SECOND_NS // 10
    log = SlidingLog()
    admitted = 0
    for n in range(600):
        if log.admits(T0 + n * step):
            log.add(T0 + n * step)
            admitted += 1
    assert admitted == 400
    assert not log.admits(T0 + 60 * SECOND_NS - 1)
    assert log.admits(T0 + 60 * SECOND_NS)


def test_a_log_without_windows_lets_everything_in():
    log = SlidingLog(windows=())
    for _ in range(1_000):
        log.add(0)

    assert log.admits(0)


@given(st.lists(st.integers(0, 3 * SECOND_NS), min_size=12, max_size=200).map(sorted))
def test_no_sliding_second_ever_holds_more_than_ten(gaps):
    """Whatever the arrivals, any second that ends at an admitted message has at most ten."""
    log, admitted = SlidingLog(), []
    for now in gaps:
        if log.admits(now):
            log.add(now)
            admitted.append(now)
    for end in admitted:
        assert sum(end - SECOND_NS < stamp <= end for stamp in admitted) <= 10


def test_a_contract_trades_on_its_expiry_day_and_not_after():
    """The last day is the expiry itself."""
    assert rules.tradable(RULES, CALL, date(2025, 9, 2)) is not None
    assert rules.tradable(RULES, CALL, date(2025, 9, 3)) is None


def test_a_message_about_an_order_that_cannot_change_is_refused():
    """Unknown numbers and orders at their end answer OTHER."""
    ex = exchange()
    ex.on_frame(frame(call=quote()), T0)
    done = ex.place(order(), T0)
    assert ex.orders()[0].status == Status.FILLED
    for order_id in ("none", done.order_id):
        assert ex.cancel(order_id, T0).reason == Reason.OTHER
        assert ex.modify(order_id, Change(T0, 150), T0).reason == Reason.OTHER


def test_an_instrument_without_expiry_never_expires():
    """Equities trade on any day."""
    share = Instrument(SHARE, SHARE, Kind.EQUITY, 1, 500, 1)
    plain = MarketRules(lambda *_: share, band, is_open)
    assert rules.tradable(plain, SHARE, date(2099, 1, 1)) == share


def test_the_band_of_a_derivative_lies_around_the_mean_of_the_half_minute_before():
    """It is taken every half minute, so after a leap even a limit at the touch waits for that."""
    ex, leap = exchange(), quote("145", "144.95", "145.05")
    for second in range(31):
        ex.on_frame(frame(T0 + second * SECOND_NS, call=quote(), share=quote()), 0)
    answers = []
    for second in range(31, 61):
        now_ns = T0 + second * SECOND_NS
        ex.on_frame(frame(now_ns, call=leap, share=leap), now_ns)
        answers.append(ex.place(order(price="145.05", decided_ns=now_ns), now_ns))
    assert {answer.text for answer in answers[:-1]} == {"145.05 is outside 60.00 to 140.00"}
    assert answers[-1] == Accepted(answers[-1].order_id, T0 + 60 * SECOND_NS)
    assert ex.band_of(CALL) == (e4(87), e4(203))
    assert ex.band_of(SHARE) == (e4(87), e4(203))


NEXT_NS = T0 + DAY_NS
OFFER = Quote(0, 0, 0, e4(900), 750)


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (None, ("60", "140")),
        (OFFER, ("60", "140")),
        (quote("0", "190", "210"), ("120", "280")),
        (Quote(e4(200)), ("120", "280")),
    ],
)
def test_until_a_day_has_a_price_a_band_lies_around_that_of_the_day_before(today, expected):
    """As around a base price; an offer alone is none, a trade or a touch of two sides is."""
    ex = exchange()
    ex.on_frame(frame(call=quote()), T0)
    ex.on_frame(frame(NEXT_NS, call=today) if today else frame(NEXT_NS, put=quote()), NEXT_NS)
    ex.advance(NEXT_NS)
    assert ex.band_of(CALL) == tuple(map(e4, expected))


def test_a_lone_offer_beyond_the_band_of_yesterdays_price_is_not_met():
    """A limit there is refused, and a market order waits at the edge."""
    ex = exchange()
    ex.on_frame(frame(call=quote()), T0)
    ex.on_frame(frame(NEXT_NS, call=OFFER), NEXT_NS)
    far = ex.place(order(price="900", decided_ns=NEXT_NS), NEXT_NS)
    assert (far.reason, far.text) == (Reason.BAND, "900.00 is outside 60.00 to 140.00")
    ex.place(order(order_type="market", price="0", decided_ns=NEXT_NS), NEXT_NS)
    assert [(each.price_e4, each.filled_quantity) for each in ex.orders()] == [(e4(140), 0)]


@pytest.mark.parametrize("then", [OFFER, Quote(0), Quote(0, e4(20), 750)])
@pytest.mark.parametrize("days", [0, 1])
def test_a_touch_of_two_sides_is_the_price_of_its_day_though_one_goes(then, days):
    """Until a trade or another such touch, be it on the next day."""
    ex = exchange()
    ex.on_frame(frame(call=quote()), T0)
    ex.on_frame(frame(T0 + 1, call=quote("0", "190", "210")), T0 + 1)
    for after_s in (1, 31, 61):
        now_ns = T0 + after_s * SECOND_NS
        ex.on_frame(frame(now_ns, call=then), now_ns)
    now_ns += days * DAY_NS
    ex.on_frame(frame(now_ns, call=then), now_ns)
    ex.advance(now_ns)
    assert ex.band_of(CALL) == (e4(120), e4(280))


def test_a_price_outlives_days_without_one_until_its_contract_is_over():
    """An exchange that was idle for days knows it too; what was never priced has no band."""
    ex = exchange()
    ex.on_frame(frame(call=quote(), put=OFFER, future=quote(), share=quote()), T0)
    for days, known in ((1, (CALL, FUTURE, SHARE)), (2, (FUTURE, SHARE)), (3, (FUTURE, SHARE))):
        now_ns = T0 + days * DAY_NS
        ex.on_frame(frame(now_ns, call=OFFER, put=OFFER), now_ns)
        ex.advance(now_ns)
        banded = [each for each in (CALL, PUT, FUTURE, SHARE) if ex.band_of(each)]
        assert tuple(banded) == known


@pytest.mark.parametrize(("price", "taken"), [("99.99", True), ("99.995", False)])
def test_the_exchange_takes_a_limit_in_a_share_on_the_finest_step_of_its_price(price, taken):
    ex = exchange()
    ex.on_frame(frame(share=quote()), T0)
    answer = ex.place(order(symbol=SHARE, quantity=1, price=price), T0)
    assert isinstance(answer, Accepted) is taken
    assert taken or (answer.reason, answer.text.split()[-1]) == (Reason.TICK, "0.01")
