"""The way to Zerodha as it is set: how long an answer may take, and over which kind of address."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.brokers.door import Door
from daemon.brokers.zerodha.forms import Sent
from daemon.brokers.zerodha.transport import TIMEOUT_MS, Transport, way_to
from daemon.domain.orders.words import OutcomeUnknown
from daemon.errors import BrokerUnavailable
from daemon.messages import Cancel, CancelAnswered, Place
from daemon.settings import Broker
from tests.kit.kite_account import OURS, approved, kite_account
from tests.kit.kite_script import HANGS

READ = Sent("GET", "/orders")
FOUR, SIX = socket.AF_INET, socket.AF_INET6
HOSTS = {FOUR: "127.0.0.1", SIX: "::1"}
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@given(st.integers(100, 60_000))
def test_whatever_is_set_a_request_is_given_up_before_the_door_would_give_it_up(timeout_ms):
    """So no answer that is waited for is lost on its way to who waits."""
    assert 0 < way_to(Broker(timeout_ms=timeout_ms)).timeout_ms < timeout_ms


def test_unless_set_a_request_may_take_as_long_as_with_the_vendors_own_client():
    assert way_to(Broker()).timeout_ms == TIMEOUT_MS


async def test_the_request_itself_tells_that_no_answer_came_and_not_the_door_behind_it():
    """A door that called it off would have closed its connection on an answer under way."""
    async with kite_account(timeout_ms=400) as account:
        await account.log_in()
        account.script.on("POST /orders/regular", HANGS)
        account.script.on("DELETE /orders/regular/15", HANGS)
        door = Door(account.broker, account.clock.now_ns, lambda *_: "", timeout_ms=400)
        (placed,) = await door.ask(Place(approved()))
        (cancelled,) = await door.ask(Cancel(OURS, "15"))

    assert isinstance(placed, OutcomeUnknown)
    assert isinstance(cancelled, CancelAnswered)
    assert placed.because.endswith("it took too long (350 ms)")
    assert cancelled.text.endswith("it took too long (350 ms)")


class Both:
    """A host of both kinds of address, and over which of them it was spoken to.

    Attributes:
        url: its name, which leads to both.
        came: the kinds over which requests came.
    """

    def __init__(self) -> None:
        self.url = ""
        self.came: list[socket.AddressFamily] = []

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        await reader.readuntil(b"\r\n\r\n")
        self.came.append(writer.get_extra_info("socket").family)
        writer.write(OK)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def host(monkeypatch: pytest.MonkeyPatch, *listening: socket.AddressFamily) -> AsyncIterator:
    """A host whose name leads to both kinds of address, the newer one first; it may lack one."""
    both, loop = Both(), asyncio.get_running_loop()
    port, servers = 0, []
    for family in listening:
        server = await asyncio.start_server(both.answer, HOSTS[family], port, family=family)
        port = server.sockets[0].getsockname()[1]
        servers.append(server)

    async def found(name: str, at: int, *, family: int = 0, **_: Any) -> list[Any]:
        assert name == "both.test"
        ends = {SIX: (HOSTS[SIX], at, 0, 0), FOUR: (HOSTS[FOUR], at)}
        return [
            (kind, socket.SOCK_STREAM, 6, "", end)
            for kind, end in ends.items()
            if family in (kind, socket.AF_UNSPEC)
        ]

    monkeypatch.setattr(loop, "getaddrinfo", found)
    both.url = f"http://both.test:{port}"
    try:
        yield both
    finally:
        for server in servers:
            server.close()


def pinned(url: str, static_ip: str | None) -> Transport:
    """The way to a host, as it would be to the broker itself."""
    return Transport(url, family=way_to(Broker(static_ip=static_ip))._family)


@pytest.mark.parametrize(
    ("static_ip", "family"), [("203.0.114.7", FOUR), ("2606:4700::1111", SIX), (None, SIX)]
)
async def test_orders_leave_over_the_kind_of_address_that_the_broker_was_told(
    monkeypatch, static_ip, family
):
    """Without one the machine chooses, and it prefers the newer kind."""
    async with host(monkeypatch, FOUR, SIX) as both:
        transport = pinned(both.url, static_ip)
        await transport.send(READ, None)
        await transport.close()
    assert both.came == [family]


@pytest.mark.parametrize(("static_ip", "there"), [("203.0.114.7", SIX), ("2606:4700::1111", FOUR)])
async def test_where_that_kind_leads_nowhere_the_other_is_not_tried(monkeypatch, static_ip, there):
    async with host(monkeypatch, there) as both:
        transport = pinned(both.url, static_ip)
        with pytest.raises(BrokerUnavailable, match="nothing was sent"):
            await transport.send(READ, None)
        await transport.close()
    assert both.came == []


def test_a_stand_in_on_this_machine_is_spoken_to_over_any():
    stand_in = {"api_root": "http://127.0.0.1:1", "ws_root": "ws://127.0.0.1:1"}
    assert way_to(Broker(static_ip="2606:4700::1111", **stand_in))._family is socket.AF_UNSPEC
