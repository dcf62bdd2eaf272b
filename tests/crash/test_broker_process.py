"""The broker in a process of its own, and its wire: what is no answer is never a refusal."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from typing import TypeVar

import pytest
from msgspec.structs import replace

from daemon import errors
from daemon.brokers.door import Door
from daemon.domain.instants import SECOND_NS
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.money import e4
from daemon.domain.orders.limits import Approved, _Seal
from daemon.domain.orders.words import (
    Intent,
    OrderAccepted,
    OrderRefused,
    OrderType,
    OrderUpdated,
    OutcomeUnknown,
    Purpose,
    Side,
    State,
)
from daemon.messages import Place
from tests.kit import broker_wire as wire
from tests.kit.broker_process import Manner, Whim, broker_process, serve
from tests.kit.remote_broker import RemoteBroker, RemoteExchange
from tests.kit.servers import free_port

T = TypeVar("T")
NOW_NS = 1_773_028_200 * SECOND_NS
SYMBOL = "NIFTY-2026-03-10-22900-CE"
QUOTE = Quote(e4(100), e4(100), 650, e4(101), 650)
SEED = dict(zip(Whim, (11, 0, 2, 12, 13, 3), strict=True))
"""By which seed the first order meets a whim, where each request meets one."""
SOUND = Manner(cash_e4=e4(10_000_000))
BOOKED = tuple(whim for whim in Whim if whim not in (Whim.CUT, Whim.LATE))


def approved(name: str = "one", price: str = "101") -> Approved:
    intent = Intent(
        intent_id=name,
        account="paper",
        strategy_id="straddle",
        leg_id="ce",
        symbol=SYMBOL,
        side=Side.BUY,
        quantity=65,
        order_type=OrderType.LIMIT,
        price_e4=e4(price),
        purpose=Purpose.EXIT,
        parent="exit",
        decided_ns=NOW_NS,
        deadline_ns=NOW_NS + 60 * SECOND_NS,
    )
    return Approved(intent, _Seal(intent))


@contextmanager
def within(folder: Path, manner: Manner) -> Iterator[int]:
    """Serve a broker on a thread of this process, which starts sooner; its port comes."""
    port: Queue[int] = Queue()
    over = threading.Event()
    work = serve(folder, manner, port.put, over.wait)
    thread = threading.Thread(target=asyncio.run, args=(work,))
    thread.start()
    try:
        yield port.get(timeout=30)
    finally:
        over.set()
        thread.join()


def asked(
    folder: Path, manner: Manner, what: Callable[[RemoteBroker, RemoteExchange], Awaitable[T]]
) -> T:
    """Have something asked of a broker which has been shown one quote."""
    with within(folder, manner) as port:
        return asyncio.run(at(port, what))


async def at(port: int, what: Callable[[RemoteBroker, RemoteExchange], Awaitable[T]]) -> T:
    exchange = RemoteExchange(port)
    broker = RemoteBroker(port, exchange, lambda: NOW_NS)
    exchange.on_frame(Frame(NOW_NS, {SYMBOL: QUOTE}), NOW_NS)
    try:
        return await what(broker, exchange)
    finally:
        await broker.close()
        exchange.close()


def test_an_order_is_taken_filled_found_and_read(tmp_path):
    async def what(broker: RemoteBroker, _: RemoteExchange) -> None:
        accepted, *news = await broker.place(approved())
        assert isinstance(accepted, OrderAccepted)
        assert [each.state for each in news if isinstance(each, OrderUpdated)][-1] is State.FILLED
        (found,) = await broker.find("one")
        assert isinstance(found, OrderUpdated)
        assert found.filled_quantity == 65
        *_, read = await broker.read()
        assert [(held.symbol, held.net_quantity) for held in read.positions] == [(SYMBOL, 65)]

    with broker_process(tmp_path, SOUND) as process:
        asyncio.run(at(process.port, what))


def test_what_rests_is_filled_by_a_frame_and_told(tmp_path):
    async def what(broker: RemoteBroker, exchange: RemoteExchange) -> None:
        accepted, *_ = await broker.place(approved(price="99"))
        assert isinstance(accepted, OrderAccepted)
        at_ns = NOW_NS + SECOND_NS
        lower = replace(QUOTE, ask_e4=e4("98.5"))
        events = exchange.on_frame(Frame(at_ns, {SYMBOL: lower}), at_ns)
        assert [each.client_id for each in events] == ["one", "one"]
        assert exchange.idle

    asked(tmp_path, SOUND, what)


@pytest.mark.parametrize("whim", BOOKED)
def test_an_order_that_was_booked_without_an_answer_is_in_doubt_and_found(tmp_path, whim):
    manner = replace(SOUND, seed=SEED[whim], percent=100)
    assert manner.whim("place", 1)[0] is whim

    async def what(broker: RemoteBroker, exchange: RemoteExchange) -> None:
        with pytest.raises(errors.OutcomeUnknown):
            await broker.place(approved())
        assert [trade.client_id for trade in exchange.trades()] == ["one"]

    asked(tmp_path, manner, what)


def test_an_order_whose_connection_ended_before_it_was_booked_is_in_doubt_too(tmp_path):
    """Who sent it cannot know, so it is never taken for a refusal."""
    manner = replace(SOUND, seed=SEED[Whim.CUT], percent=100)
    assert manner.whim("place", 1)[0] is Whim.CUT

    async def what(broker: RemoteBroker, exchange: RemoteExchange) -> None:
        with pytest.raises(errors.OutcomeUnknown):
            await broker.place(approved())
        assert exchange.trades() == []

    asked(tmp_path, manner, what)


def test_an_answer_that_comes_too_late_leaves_the_order_in_doubt(tmp_path):
    manner = replace(SOUND, seed=SEED[Whim.LATE], percent=100, late_ms=60_000)
    assert manner.whim("place", 1)[0] is Whim.LATE

    async def what(broker: RemoteBroker, exchange: RemoteExchange) -> None:
        door = Door(broker, lambda: NOW_NS, lambda *_: "", timeout_ms=50)
        (answer,) = await door.ask(Place(approved()))
        assert isinstance(answer, OutcomeUnknown)
        assert [trade.client_id for trade in exchange.trades()] == ["one"]

    asked(tmp_path, manner, what)


def test_only_a_connection_that_was_never_made_proves_that_nothing_left(tmp_path):
    async def what(_: RemoteBroker, exchange: RemoteExchange) -> None:
        nobody = RemoteBroker(free_port(), exchange, lambda: NOW_NS)
        with pytest.raises(errors.BrokerUnavailable):
            await nobody.place(approved())
        door = Door(nobody, lambda: NOW_NS, lambda *_: "")
        (answer,) = await door.ask(Place(approved()))
        assert isinstance(answer, OrderRefused)
        await nobody.close()

    asked(tmp_path, SOUND, what)


def test_a_request_arrives_though_its_sender_is_gone(tmp_path):
    """He sends it and lets go of the connection at once, as whoever is killed does."""

    async def what(_: RemoteBroker, exchange: RemoteExchange) -> None:
        body = wire.request(approved().intent, NOW_NS)
        head = f"POST /broker/place HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", exchange.port)) as wire_of_his:
            wire_of_his.sendall(head.encode() + body)
        while not exchange.trades():
            pass
        assert [trade.client_id for trade in exchange.trades()] == ["one"]

    asked(tmp_path, SOUND, what)


def test_an_order_may_be_booked_a_minute_of_the_market_late(tmp_path):
    manner = replace(SOUND, late_percent=100)
    (fault, *_) = manner.faults().plan
    assert 0 < fault.delay_ns <= 60 * SECOND_NS

    async def what(broker: RemoteBroker, exchange: RemoteExchange) -> None:
        with pytest.raises(errors.OutcomeUnknown):
            await broker.place(approved())
        assert exchange.trades() == []
        later_ns = NOW_NS + 61 * SECOND_NS
        exchange.on_frame(Frame(later_ns, {SYMBOL: QUOTE}), later_ns)
        assert [trade.client_id for trade in exchange.trades()] == ["one"]

    asked(tmp_path, manner, what)
