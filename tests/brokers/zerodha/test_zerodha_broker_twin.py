"""Our account at the twin of Zerodha: what it does there, the twin's own book says."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from daemon.brokers.zerodha.broker import Zerodha
from daemon.brokers.zerodha.client import READING, Client
from daemon.brokers.zerodha.contracts import Contracts
from daemon.brokers.zerodha.signing_in import SigningIn
from daemon.brokers.zerodha.transport import Transport
from daemon.domain.instants import DAY_NS, SECOND_NS
from daemon.domain.money import E4
from daemon.domain.orders.margin import MarginLeg
from daemon.domain.orders.words import OrderAccepted, Side, State
from daemon.domain.orders.words import OutcomeUnknown as Unknown
from daemon.messages import BrokerPosition, LoggedIn, OrderNotFound, StepWanted
from daemon.runtime.clock import VirtualClock
from daemon.telemetry.redaction import Secret
from tests.kit.kite_account import OURS, Kept, approved
from tests.kit.wire_twin import CALL, LOT, OPEN_NS, twin


class AtTwin:
    """An account of ours, and the twin that it is at."""

    def __init__(self, client) -> None:
        self.twin = client
        self.market = VirtualClock(OPEN_NS)
        self.kept = Kept()
        self.kept.held["api_key"] = Secret(client.ready.api_key)
        self.kept.held["api_secret"] = Secret(client.ready.api_secret)
        self.kept.keep("access_token", Secret(f"{OPEN_NS + DAY_NS} {client.token}"))
        self.refused: list[int] = []
        policy = replace(READING, base_ms=0, jitter_ms=0, longest_wait_ms=0)
        self.client = Client(
            Transport(client.ready.url), client.host, self.refused.append, policy, self.pause
        )
        signing_in = SigningIn(self.client, self.kept, self.market.now_ns)
        self.broker = Zerodha(self.client, Contracts(), signing_in, self.market.now_ns)

    async def pause(self, seconds: float) -> None:
        self.twin.host.advance(round(seconds * SECOND_NS))

    async def later(self, second: int) -> None:
        await self.twin.advance(second)
        self.market.set(OPEN_NS + second * SECOND_NS)


@pytest.fixture
async def at() -> AsyncIterator[AtTwin]:
    async with twin() as client:
        made = AtTwin(client)
        assert isinstance((await made.broker.log_in(1))[0], LoggedIn)
        yield made
        await made.broker.close()


def entry(price: int):
    return approved(symbol=CALL, side=Side.BUY, quantity=LOT, price_e4=price * E4)


async def test_an_order_is_placed_filled_found_and_held(at):
    (told,) = await at.broker.place(entry(201))
    (found,) = await at.broker.find(OURS)
    (read,) = await at.broker.read()

    assert isinstance(told, OrderAccepted)
    assert (found.broker_order_id, found.state) == (told.broker_order_id, State.FILLED)
    assert found.filled_value_e4 == 201 * LOT * E4
    assert read.positions == (BrokerPosition(CALL, LOT),)
    assert [order.client_id for order in read.orders] == [OURS]


async def test_an_order_that_rests_is_cancelled(at):
    (told,) = await at.broker.place(entry(150))
    (done,) = await at.broker.cancel(OURS, told.broker_order_id)

    assert done.done
    assert (await at.broker.find(OURS))[0].state is State.CANCELLED


async def test_an_order_that_timed_out_and_arrived_late_is_in_doubt_until_it_is_found(at):
    await at.twin.fault(kind="timed_out", on="place", arrives="late", late_ms=8_000)
    (told,) = await at.broker.place(entry(201))
    (absent,) = await at.broker.find(OURS)
    await at.later(60)
    (found,) = await at.broker.find(OURS)

    assert isinstance(told, Unknown)
    assert isinstance(absent, OrderNotFound)
    assert found.state is State.FILLED


async def test_what_legs_need_is_told_beside_what_is_free(at):
    leg = MarginLeg(CALL, Side.SELL, LOT, 200 * E4)
    (told,) = await at.broker.margin("entry", [leg])

    assert 0 < told.required_e4 < told.available_e4 == 1_000_000 * E4


async def test_a_person_s_token_makes_a_session_and_counts_once(at):
    page = f"{at.twin.ready.url}/connect/login?v=3&api_key={at.twin.ready.api_key}"
    at.twin.host.advance(SECOND_NS)
    async with at.twin.http.get(page, allow_redirects=False) as led:
        address = led.headers.get("Location", "")
    brought = address.partition("request_token=")[2].partition("&")[0]
    at.kept.keep("request_token", Secret(brought or at.twin.ready.request_token))
    (told,) = await at.broker.log_in(2)
    at.kept.keep("request_token", Secret(brought or at.twin.ready.request_token))
    (again,) = await at.broker.log_in(3)

    assert isinstance(told, LoggedIn)
    assert isinstance(again, StepWanted)
    assert at.refused == []
