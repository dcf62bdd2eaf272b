"""What is asked of Zerodha beside orders: each request as it leaves, each answer as it is read."""

from __future__ import annotations

import json
from decimal import Decimal
from urllib.parse import parse_qsl

import pytest

from daemon.brokers.zerodha import gtt, held, market, questions
from daemon.brokers.zerodha.answers import done
from daemon.brokers.zerodha.forms import conversion
from daemon.brokers.zerodha.gtt import Child, Status
from daemon.brokers.zerodha.instruments import Listed
from daemon.brokers.zerodha.market import MOST_QUOTES, SPANS, Bar, Quoted
from daemon.brokers.zerodha.questions import Executed, Kind
from daemon.brokers.zerodha.wire import Reply
from daemon.domain.instants import DAY_NS, SECOND_NS, moment_of
from daemon.domain.market.frames import Quote
from daemon.domain.market.instruments import parse_symbol
from daemon.domain.orders.margin import MarginLeg
from daemon.domain.orders.words import Product, Side
from daemon.errors import (
    BrokerMisused,
    BrokerUnavailable,
    OutcomeUnknown,
    SessionRefused,
    WireGarbled,
)
from daemon.messages import BrokerPosition
from tests.kit.recordings import data_path

SYMBOL = "NIFTY-2026-08-25-24350-CE"
LISTED = Listed(11, SYMBOL, "NFO", "NIFTY26AUG24350CE", 65, 500, parse_symbol(SYMBOL))
LEG = MarginLeg(SYMBOL, Side.SELL, 65, 1_186_000)
T = 1_773_000_000 * SECOND_NS
EXECUTED = Executed(
    order_id="1", exchange="NFO", tradingsymbol="X", transaction_type="BUY", product="NRML",
    quantity=65, average_price=Decimal("118.65"),
)  # fmt: skip


def names(exchange: str, name: str) -> str:
    return f"{exchange}:{name}"


def reply(data: object) -> Reply:
    return Reply(200, json.dumps({"status": "success", "data": data}).encode())


def sample(name: str) -> Reply:
    return Reply(200, data_path(f"kite_mocks/{name}.json").read_bytes())


def test_the_broker_s_samples_of_all_it_can_be_asked_are_read():
    for question, name in (
        (questions.orders(), "orders"),
        (questions.states("1"), "order_info"),
        (questions.trades(), "trades"),
        (questions.trades("1"), "order_trades"),
        (questions.positions(names), "positions"),
        (questions.holdings(), "holdings"),
        (questions.basket_margin([(LEG, LISTED)]), "basket_margins"),
        (questions.order_margins([(LEG, LISTED)]), "order_margins"),
        (questions.charges([EXECUTED]), "virtual_contract_note"),
        (next(market.quotes(["NSE:INFY"])), "quote"),
        (next(market.candles(1, "minute", T, T)), "historical_minute"),
        (next(market.candles(1, "minute", T, T)), "historical_oi"),
        (gtt.triggers(), "gtt_get_orders"),
        (gtt.trigger(1), "gtt_get_order"),
    ):
        assert question.read(sample(name)), name
    assert questions.profile().read(sample("profile")).user_id == "AB1234"
    assert questions.funds().read(sample("margins")) == 997_250_500


@pytest.mark.parametrize(
    ("question", "method", "path"),
    [
        (questions.orders(), "GET", "/orders"),
        (questions.states("1/2"), "GET", "/orders/1%2F2"),
        (questions.trades(), "GET", "/trades"),
        (questions.trades("15"), "GET", "/orders/15/trades"),
        (questions.positions(names), "GET", "/portfolio/positions"),
        (questions.holdings(), "GET", "/portfolio/holdings"),
        (questions.funds(), "GET", "/user/margins"),
        (questions.profile(), "GET", "/user/profile"),
        (questions.order_margins([]), "POST", "/margins/orders"),
        (questions.charges([]), "POST", "/charges/orders"),
        (questions.contracts(), "GET", "/instruments"),
        (gtt.triggers(), "GET", "/gtt/triggers"),
        (gtt.trigger(7), "GET", "/gtt/triggers/7"),
    ],
)
def test_each_question_has_its_place(question, method, path):
    assert (question.sent.method, question.sent.path) == (method, path)
    assert question.kind is Kind.OTHER


def test_margins_and_charges_are_those_of_each_order():
    assert questions.order_margins([]).read(reply([{"total": 1498}])) == (14_980_000,)
    assert questions.charges([]).read(reply([{"charges": {"total": 0.58269}}])) == (5_827,)
    (sent,) = json.loads(questions.charges([EXECUTED]).sent.body)
    assert (sent["average_price"], sent["variety"], sent["order_type"]) == (
        118.65, "regular", "LIMIT",
    )  # fmt: skip


def test_shares_that_are_not_delivered_yet_are_held_too():
    row = {"exchange": "NSE", "tradingsymbol": "SBIN", "average_price": 1}
    told = questions.holdings().read(
        reply([row | {"quantity": 3, "t1_quantity": 2}, row | {"quantity": 0, "t1_quantity": 0}])
    )

    assert held.shares(told, names) == (BrokerPosition("NSE:SBIN", 5, Product.CARRY),)


def test_shares_that_were_sold_today_were_there_when_it_began():
    """What was sold of them is among the positions, below zero."""
    row = {"exchange": "NSE", "tradingsymbol": "SBIN", "average_price": 1, "t1_quantity": 0}
    told = questions.holdings().read(reply([row | {"quantity": 2, "opening_quantity": 10}]))

    assert held.shares(told, names) == (BrokerPosition("NSE:SBIN", 10, Product.CARRY),)


def test_the_file_of_contracts_is_a_text_and_no_page():
    read = questions.contracts().read

    assert read(Reply(200, b"instrument_token,")) == "instrument_token,"
    for bad in (Reply(502, b"<html>"), Reply(302, b""), Reply(200, b"\xff"), Reply(201, b"{}")):
        with pytest.raises(BrokerUnavailable):
            read(bad)
    with pytest.raises(SessionRefused):
        read(Reply(403, b'{"error_type":"TokenException"}'))


def test_quotes_are_asked_for_in_batches():
    asked = list(market.quotes([f"NFO:X{n}" for n in range(2 * MOST_QUOTES + 1)]))

    assert [each.sent.path.count("i=") for each in asked] == [500, 500, 1]
    assert {each.kind for each in asked} == {Kind.QUOTE}
    assert next(market.quotes(["NSE:NIFTY 50", "NFO:M&M26AUGFUT"])).sent.path == (
        "/quote?i=NSE%3ANIFTY+50&i=NFO%3AM%26M26AUGFUT"
    )
    assert list(market.quotes([])) == []


def test_a_quote_has_its_touch_and_the_band_and_one_that_is_absent_stays_so():
    level = {"price": 118.6, "quantity": 65, "orders": 1}
    told = next(market.quotes(["NFO:X", "NFO:Y"])).read(
        reply(
            {
                "NFO:X": {
                    "instrument_token": 11,
                    "last_price": 118.65,
                    "timestamp": "2021-06-08 15:45:56",
                    "last_trade_time": "2021-06-08 15:45:52",
                    "lower_circuit_limit": 50.05,
                    "upper_circuit_limit": 300,
                    "depth": {"buy": [level], "sell": []},
                }
            }
        )
    )

    at_ns = 1_623_147_356 * SECOND_NS
    quote, band = Quote(1_186_500, 1_186_000, 65), (500_500, 3_000_000)
    assert told == {"NFO:X": Quoted(11, quote, at_ns, *band, at_ns - 4 * SECOND_NS)}


GOOD = {"instrument_token": 11, "last_price": 118.65, "depth": {"buy": [], "sell": []}}
ODD = (
    {**GOOD, "depth": None},
    {**GOOD, "last_price": None},
    {**GOOD, "last_price": 1e30},
    {**GOOD, "timestamp": "0000-00-00 00:00:00"},
    {"instrument_token": 11},
    "none",
    None,
)


@pytest.mark.parametrize("odd", ODD)
def test_a_quote_that_cannot_be_read_is_left_out_and_the_others_are_told(odd):
    read = next(market.quotes(["NFO:X", "NFO:Y", "NFO:Z"])).read

    told = read(reply({"NFO:X": GOOD, "NFO:Y": odd, "NFO:Z": GOOD}))
    assert told == dict.fromkeys(("NFO:X", "NFO:Z"), Quoted(11, Quote(1_186_500), 0, 0, 0))


@pytest.mark.parametrize("odd", ODD)
def test_an_answer_of_which_no_quote_can_be_read_is_refused(odd):
    with pytest.raises(WireGarbled):
        next(market.quotes(["NFO:X", "NFO:Y"])).read(reply({"NFO:X": odd, "NFO:Y": odd}))


@pytest.mark.parametrize("interval", SPANS)
def test_candles_are_asked_for_in_stretches_that_touch_and_never_overlap(interval):
    span_ns = SPANS[interval] * DAY_NS
    asked = list(market.candles(256265, interval, T, T + 2 * span_ns + 60 * SECOND_NS))
    bounds = [tuple(part.split("=")[1] for part in each.sent.path.split("?")[1].split("&")[:2])
              for each in asked]  # fmt: skip

    assert {each.kind for each in asked} == {Kind.HISTORY}
    assert bounds == [
        (stamp(T), stamp(T + span_ns - SECOND_NS)),
        (stamp(T + span_ns), stamp(T + 2 * span_ns - SECOND_NS)),
        (stamp(T + 2 * span_ns), stamp(T + 2 * span_ns + 60 * SECOND_NS)),
    ]


def stamp(at_ns: int) -> str:
    return f"{moment_of(at_ns):%Y-%m-%d+%H:%M:%S}".replace(":", "%3A")


def test_there_are_no_candles_of_an_interval_that_is_none():
    with pytest.raises(BrokerMisused, match="2minute"):
        next(market.candles(1, "2minute", T, T))


def test_a_candle_is_read_with_its_offset():
    row = ["2017-12-15T09:15:00+0530", 1704.5, 1705, 1699.25, 1702.8, 2499]
    read = next(market.candles(1, "minute", T, T)).read

    bar = Bar(1_513_309_500 * SECOND_NS, 17_045_000, 17_050_000, 16_992_500, 17_028_000, 2_499)
    assert read(reply({"candles": [row]})) == (bar,)
    assert read(reply({"candles": [[*row, 7]]}))[0].open_interest == 7


@pytest.mark.parametrize(
    "row",
    [
        [],
        ["2017-12-15T09:15:00+0530", 1, 1, 1, 1],
        [1, 1, 1, 1, 1, 1],
        ["yesterday", 1, 1, 1, 1, 1],
        ["2017-12-15T09:15:00+0530", 1, 1, 1, 1, "many"],
        ["2017-12-15T09:15:00+0530", 1, 1, 1, 1, 2.5],
    ],
)
def test_a_candle_that_is_none_is_refused(row):
    with pytest.raises(WireGarbled):
        next(market.candles(1, "minute", T, T)).read(reply({"candles": [row]}))


def test_a_trigger_has_one_price_or_a_lower_and_a_higher_one():
    low, high = (
        Child(1_000_000, Side.BUY, 65, 1_000_500),
        Child(1_500_000, Side.SELL, 65, 1_499_500),
    )
    one, two = gtt.placing(LISTED, 1_186_000, (low,)), gtt.placing(LISTED, 1, (low, high))

    assert (one.method, one.path) == ("POST", "/gtt/triggers")
    assert one.body.endswith(b"&type=single")
    assert two.body.endswith(b"&type=two-leg")
    assert json.loads(dict(parse_qsl(two.body.decode()))["condition"])["trigger_values"] == [
        100,
        150,
    ]
    for bad in ((), (high, low), (low, low), (low, high, high)):
        with pytest.raises(BrokerMisused):
            gtt.placing(LISTED, 1, bad)


def test_a_trigger_s_status_is_one_of_those_that_are_known():
    row = {"id": 1, "status": "triggered", "type": "single"}

    assert gtt.trigger(1).read(reply(row)).status is Status.TRIGGERED
    with pytest.raises(WireGarbled):
        gtt.trigger(1).read(reply(row | {"status": "melted"}))
    assert gtt.removal(7).path == "/gtt/triggers/7"
    assert done(sample("gtt_place_order"), gtt.Taken).trigger_id == 123


def test_a_trigger_that_has_triggered_tells_the_order_that_it_placed_or_why_there_is_none():
    refused = gtt.trigger(1).read(sample("gtt_get_order"))
    result = {"order_result": {"status": "success", "order_id": "15", "rejection_reason": ""}}
    row = {"id": 1, "status": "triggered", "type": "single", "orders": [{"result": result}]}
    placed = gtt.trigger(1).read(reply(row))
    rests = gtt.trigger(1).read(reply(row | {"orders": [{"result": None}]}))

    assert (refused.status, refused.order_id) == (Status.TRIGGERED, "")
    assert "circuit limit" in refused.refusal
    assert (placed.order_id, placed.refusal) == ("15", "")
    assert (rests.order_id, rests.refusal) == ("", "")


def test_a_conversion_is_of_a_position_of_the_day():
    sent = conversion(LISTED, Side.SELL, 65, "MIS", "NRML")

    assert (sent.method, sent.path) == ("PUT", "/portfolio/positions")
    assert sent.body == (
        b"exchange=NFO&tradingsymbol=NIFTY26AUG24350CE&transaction_type=SELL&position_type=day"
        b"&quantity=65&old_product=MIS&new_product=NRML"
    )
    assert done(sample("convert_position"), bool) is True


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (403, b'{"error_type":"TokenException"}', SessionRefused),
        (400, b'{"error_type":"InputException","message":"bad"}', BrokerMisused),
        (400, b'{"error_type":"InputException","message":"timed out"}', OutcomeUnknown),
        (500, b'{"error_type":"GeneralException"}', OutcomeUnknown),
        (502, b"<html>", OutcomeUnknown),
        (200, b'{"data":{}}', OutcomeUnknown),
    ],
)
def test_a_write_that_is_no_order_is_refused_only_where_that_is_sure(status, body, error):
    with pytest.raises(error):
        done(Reply(status, body), bool)
