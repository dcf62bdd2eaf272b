"""One connection: its states, what it says to the broker, and what it makes of what it hears."""

from __future__ import annotations

import json
import random
from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.brokers.zerodha.packets import Mode
from daemon.brokers.zerodha.stream.connection import NEXT, WAITS_S, Connection, State
from daemon.brokers.zerodha.stream.words import (
    Begin,
    Bytes,
    Connect,
    Denied,
    Down,
    Drop,
    End,
    Garbled,
    Look,
    Lost,
    Noticed,
    Now,
    Opened,
    OrderHinted,
    Pinged,
    Pong,
    Ponged,
    Renewed,
    Send,
    SessionWanted,
    Text,
    Ticked,
    Up,
    Want,
)
from daemon.domain.instants import SECOND_NS
from tests.kit.kite_frames import frame
from tests.kit.ticker_line import (
    HEARTBEAT,
    NIFTY,
    OPTION,
    TRADING_DAY,
    Line,
    index_packet,
    indices,
    option_packet,
)

MORNING = time(10)


def test_after_opening_it_subscribes_sets_modes_and_has_the_book_read():
    line = Line(TRADING_DAY, MORNING)
    assert line.of(Connect) == [Connect()]

    told = line.tell(Opened())

    assert told == [
        Send('{"a":"subscribe","v":[256265,3160322]}'),
        Send('{"a":"mode","v":["full",[256265,3160322]]}'),
        Up(),
    ]


def test_prices_of_one_message_are_told_together():
    line = Line(TRADING_DAY, MORNING).opened()
    data = frame(index_packet(NIFTY, 2_435_005, 9), option_packet(OPTION, 11_865, 9))

    (told,) = line.tell(Bytes(data))

    assert isinstance(told, Ticked)
    assert [(tick.token, tick.quote.ltp_e4) for tick in told.ticks] == [
        (NIFTY, 243_500_500),
        (OPTION, 1_186_500),
    ]
    assert told.data == data


def test_a_heartbeat_says_nothing_beyond_itself():
    line = Line(TRADING_DAY, MORNING).opened()

    assert line.tell(HEARTBEAT) == []


@pytest.mark.parametrize("lacks", ["", "product", "quantity", "order_id"])
def test_an_order_that_is_pushed_is_a_hint_and_bears_no_state(lacks):
    line = Line(TRADING_DAY, MORNING).opened()
    record = {
        "order_id": "19", "status": "COMPLETE", "exchange": "NFO", "tradingsymbol": "X",
        "transaction_type": "BUY", "quantity": 75, "filled_quantity": 75, "average_price": 1.5,
        "tag": "OR0000000010000001", "product": "MIS",
    }  # fmt: skip
    record.pop(lacks, None)

    told = line.tell(Text(json.dumps({"type": "order", "data": record})))

    assert told == [OrderHinted("" if lacks == "order_id" else "19")]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"type":"message","data":"a holiday"}', Noticed("message", "a holiday")),
        ('{"type":"error","data":"no such token"}', Noticed("error", "no such token")),
        ('{"type":"instruments_meta","data":{"count":1}}', Noticed("instruments_meta", "")),
    ],
)
def test_what_the_broker_says_is_passed_on(text, told):
    assert Line(TRADING_DAY, MORNING).opened().tell(Text(text)) == [told]


@pytest.mark.parametrize(
    "happened", [Text(""), Text('{"type":"error","data":{}}'), Bytes(b""), Bytes(b"\x00\x01\x00")]
)
def test_what_cannot_be_understood_is_told_and_ends_nothing(happened):
    line = Line(TRADING_DAY, MORNING).opened()

    (told,) = line.tell(happened)

    assert isinstance(told, Garbled)
    assert line.connection.state is State.OPEN


def test_a_ping_is_answered_with_what_it_carries():
    assert Line(TRADING_DAY, MORNING).opened().tell(Pinged(b"42")) == [Pong(b"42")]


def test_a_change_of_the_set_says_only_what_changes():
    line = Line(TRADING_DAY, MORNING).opened()

    told = line.tell(Want({NIFTY: Mode.FULL, OPTION + 256: Mode.QUOTE}))

    assert told == [
        Send('{"a":"unsubscribe","v":[3160322]}'),
        Send('{"a":"subscribe","v":[3160578]}'),
    ]


def test_what_is_wanted_before_it_opens_is_said_when_it_opens():
    line = Line(TRADING_DAY, MORNING)

    assert line.tell(Want({OPTION: Mode.LTP})) == []
    assert line.tell(Opened())[:2] == [
        Send('{"a":"subscribe","v":[3160322]}'),
        Send('{"a":"mode","v":["ltp",[3160322]]}'),
    ]


def test_a_403_stops_and_asks_for_a_session_and_nothing_is_tried_before_there_is_one():
    line = Line(TRADING_DAY, MORNING)

    assert line.tell(Denied(1)) == [SessionWanted(1)]
    line.run(3_600)
    assert (line.connection.state, line.of(Connect)) == (State.DENIED, [Connect()])

    assert line.tell(Renewed()) == [Connect()]


def test_a_403_that_another_session_does_not_mend_is_tried_again_after_waits_and_asks_for_none():
    line = Line(TRADING_DAY, MORNING)
    line.tell(Denied(1))
    assert line.tell(Renewed()) == [Connect()]
    waits_s = []
    for generation in range(2, 7):
        began_ns = line.now_ns
        (down,) = line.tell(Denied(generation))
        assert (type(down), "plan of the key" in down.why) == (Down, True)
        line.run(60)
        waits_s.append((line.now_ns - began_ns) // SECOND_NS)
    for least_s, waited_s in zip(WAITS_S[:5], waits_s, strict=True):
        assert least_s <= waited_s <= 1.25 * least_s

    line.tell(Opened())
    line.tell(Lost("reset"))
    line.run(60)
    assert line.tell(Denied(7)) == [SessionWanted(7)]


def test_where_there_is_no_session_one_is_waited_for_however_often():
    line = Line(TRADING_DAY, MORNING)

    for generation in (0, 0, 1):
        assert line.tell(Denied(generation)) == [SessionWanted(generation)]
        assert line.tell(Renewed()) == [Connect()]


def test_another_session_replaces_what_was_opened_with_the_one_before():
    line = Line(TRADING_DAY, MORNING).opened()

    told = line.tell(Renewed())

    assert told == [Drop(), Down("there is another session", in_session=True), Connect()]
    assert line.tell(Opened())[-1] == Up()


def test_it_is_tried_again_after_1_2_4_8_16_and_30_seconds_each_a_little_longer_by_chance():
    line = Line(TRADING_DAY, MORNING)
    waits_s = []
    for _ in range(8):
        line.tell(Lost("refused"))
        began_ns = line.now_ns
        line.run(60)
        waits_s.append((line.now_ns - began_ns) / SECOND_NS)

    for wait_s, least_s in zip(waits_s, (*WAITS_S, 30, 30), strict=True):
        assert least_s <= wait_s < least_s * 1.25
    assert len(set(waits_s)) == len(waits_s)


def test_after_a_connection_that_lasted_the_waits_begin_anew():
    line = Line(TRADING_DAY, MORNING)
    for _ in range(3):
        line.tell(Lost("refused"))
        line.run(60)
    line.opened().each_second([indices(price) for price in range(100, 112)], 12)
    line.tell(Lost("reset"))
    began_ns = line.now_ns

    line.run(60)

    assert line.now_ns - began_ns < 1.25 * SECOND_NS


def test_a_connection_that_breaks_at_once_is_not_made_again_each_second():
    line = Line(TRADING_DAY, MORNING)
    for _ in range(4):
        line.opened().tell(Lost("reset"))
        began_ns = line.now_ns
        line.run(60)

    assert line.now_ns - began_ns >= 8 * SECOND_NS


def test_an_end_lets_go_and_nothing_wakes_it_again():
    line = Line(TRADING_DAY, MORNING).opened()

    assert line.tell(End()) == [Drop()]
    assert [line.tell(each) for each in (Renewed(), Begin(), Look(), Opened(), HEARTBEAT)] == [
        [], [], [], [], [],
    ]  # fmt: skip
    assert (line.connection.state, line.connection.due_ns) == (State.ENDED, None)


HAPPENED = st.one_of(
    st.sampled_from(
        [Begin(), Opened(), Denied(1), Lost("x"), Renewed(), Look(), Ponged(), HEARTBEAT]
    ),
    st.binary(max_size=400).map(Bytes),
    st.text(max_size=60).map(Text),
    st.dictionaries(st.integers(0, 2**32 - 1), st.sampled_from(Mode), max_size=5).map(Want),
)


@given(st.lists(st.tuples(HAPPENED, st.integers(0, 40 * SECOND_NS)), max_size=30))
def test_whatever_happens_in_whatever_order_it_connects_only_where_nothing_stands(events):
    connection, running_ns, made = Connection(random.Random(3)), 0, False
    for happened, later_ns in events:
        running_ns += later_ns
        before = connection.state
        told = connection.handle(happened, Now(running_ns, 10**18 + running_ns))
        for each in told:
            if isinstance(each, Drop):
                made = False
            elif isinstance(each, Connect):
                assert not made
                made = True
            elif isinstance(each, Send | Ticked | Up):
                assert connection.state is State.OPEN
        if isinstance(happened, Lost | Denied) and connection.state is not before:
            made = False
        is_denied_again = isinstance(happened, Denied) and connection.state is State.WAITING
        known = NEXT.get((before, Lost if is_denied_again else type(happened)))
        assert known is None or connection.state is known
        assert made is (connection.state in (State.CONNECTING, State.OPEN))
