"""Connections: deadlines for what arrives slowly, and room for those who ask."""

from __future__ import annotations

import asyncio
import contextlib
import json

import aiohttp
import pytest

from daemon.messages import SeeOrders
from daemon.settings.web import Web
from daemon.web import reading
from daemon.web.admission import connection
from daemon.web.admission.tokens import Role
from daemon.web.table import Route
from tests.kit.control_port import open_port

HEAD = b"POST /api/kill HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
HEALTH = b"GET /api/health HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n"


@contextlib.asynccontextmanager
async def socket_to(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port.served.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def ended(reader) -> bytes:
    """Return what came until the other side ended the connection."""
    try:
        return await reader.read()
    except ConnectionError:
        return b""


@pytest.mark.parametrize("said", [b"", b"GET /api/hea", HEAD])
async def test_who_does_not_finish_the_headers_in_time_is_cut(tmp_path, monkeypatch, said):
    monkeypatch.setattr(connection, "HEADERS_S", 0.05)
    async with open_port(tmp_path) as port, socket_to(port) as (reader, writer):
        writer.write(said.replace(b"%d", b"%d" % port.served.port))

        assert await ended(reader) == b""


async def test_headers_that_trickle_in_have_no_more_time(tmp_path, monkeypatch):
    monkeypatch.setattr(connection, "HEADERS_S", 0.2)
    async with open_port(tmp_path) as port, socket_to(port) as (reader, writer):

        async def trickle() -> None:
            writer.write(b"GET / HTTP/1.1\r\n")
            with contextlib.suppress(ConnectionError):
                while not writer.is_closing():
                    writer.write(b"X")
                    await writer.drain()
                    await asyncio.sleep(0.01)

        trickling = asyncio.ensure_future(trickle())

        assert await ended(reader) == b""
        trickling.cancel()


async def test_a_second_request_has_its_own_time(tmp_path, monkeypatch):
    monkeypatch.setattr(connection, "HEADERS_S", 0.05)
    async with open_port(tmp_path) as port, socket_to(port) as (reader, writer):
        writer.write(HEALTH.replace(b"%d", b"%d" % port.served.port))
        answered = await reader.readuntil(b'{"ok":true}')
        writer.write(b"GET /api/hea")

        assert answered.startswith(b"HTTP/1.1 200")
        assert await ended(reader) == b""


async def test_an_idle_connection_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(connection, "IDLE_S", 0.05)
    async with open_port(tmp_path) as port, socket_to(port) as (reader, writer):
        writer.write(HEALTH.replace(b"%d", b"%d" % port.served.port))

        assert (await ended(reader)).endswith(b'{"ok":true}')


async def test_a_body_that_does_not_come_is_waited_for_within_bounds(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "BODY_S", 0.05)
    async with open_port(tmp_path) as port, socket_to(port) as (reader, writer):
        token = port.admin["Authorization"].encode()
        head = HEAD.replace(b"%d", b"%d" % port.served.port)
        rest = b"Content-Type: application/json\r\nContent-Length: 100\r\nAuthorization: "
        writer.write(head + rest + token + b"\r\n\r\n{")
        answered = await ended(reader)

    head, _, body = answered.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408")
    assert json.loads(body)["code"] == "timeout"


async def test_an_answer_that_takes_forever_is_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(connection, "ANSWER_S", 0.05)
    let_go = asyncio.Event()

    async def forever(request, who):
        await let_go.wait()
        return connection.web.Response()

    slow = Route(method="GET", path="/slow", role=Role.VIEWER, summary="", raw=forever)
    async with open_port(tmp_path, more=(slow,)) as port:
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await port.ask("GET", "/slow")
        let_go.set()


async def test_what_upgrades_takes_its_time(tmp_path, monkeypatch):
    monkeypatch.setattr(connection, "ANSWER_S", 0.05)

    async def patient(request, who):
        await asyncio.sleep(0.15)
        return connection.web.json_response({"who": who.name})

    slow = Route(
        method="GET", path="/ws/slow", role=Role.VIEWER, summary="", raw=patient, upgrade=True
    )
    async with open_port(tmp_path, more=(slow,)) as port:
        assert (await port.ask("GET", "/ws/slow"))[:2] == (200, {"who": "operator"})


async def test_sockets_that_say_nothing_make_room_for_one_that_asks(tmp_path):
    settings = Web(port=0, max_connections=12, max_connections_loopback=10)
    async with open_port(tmp_path, settings=settings) as port, contextlib.AsyncExitStack() as held:
        silent = [await held.enter_async_context(socket_to(port)) for _ in range(10)]
        status, _, _ = await port.bare("GET", "/api/health")

        assert status == 200
        assert await ended(silent[0][0]) == b""


async def announced(port, held, path=b"login", more=b""):
    """Return a connection whose headers are being answered, and whose body is to come."""
    reader, writer = await held.enter_async_context(socket_to(port))
    head = HEAD.replace(b"kill", path) % port.served.port
    writer.write(head + more + b"Content-Length: 10\r\nExpect: 100-continue\r\n\r\n")
    await reader.readuntil(b"100 Continue\r\n\r\n")
    return reader, writer


async def test_bodies_that_are_announced_and_never_come_make_room_for_one_that_asks(tmp_path):
    settings = Web(port=0, max_connections=12, max_connections_loopback=10)
    async with open_port(tmp_path, settings=settings) as port, contextlib.AsyncExitStack() as held:
        pairs = [await announced(port, held) for _ in range(10)]
        status, _, _ = await port.bare("GET", "/api/health")

        assert status == 200
        assert await ended(pairs[0][0]) == b""


async def test_who_shows_a_credential_is_not_cut_for_others_before_his_body_has_come(tmp_path):
    settings = Web(port=0, max_connections=12, max_connections_loopback=10)
    async with open_port(tmp_path, settings=settings) as port, contextlib.AsyncExitStack() as held:
        token = b"Authorization: " + port.admin["Authorization"].encode() + b"\r\n"
        pairs = [await announced(port, held, b"kill", token) for _ in range(10)]
        extra, _ = await held.enter_async_context(socket_to(port))
        assert await ended(extra) == b""
        reader, writer = pairs[0]
        writer.write(b"[" * 10)

        assert await reader.readuntil(b"bad_media_type")


@pytest.mark.parametrize("path", [b"login", b"nothing"])
async def test_who_sends_all_of_his_body_is_not_cut_for_others(tmp_path, path):
    settings = Web(port=0, max_connections=12, max_connections_loopback=10)
    async with open_port(tmp_path, settings=settings) as port, contextlib.AsyncExitStack() as held:
        head = HEAD.replace(b"kill", path) % port.served.port
        whole = head + b"Content-Length: 10\r\n\r\n" + b"[" * 10
        pairs = [await held.enter_async_context(socket_to(port)) for _ in range(10)]
        for reader, writer in pairs:
            writer.write(whole)
            await reader.readuntil(b'"request_id":')
        extra, _ = await held.enter_async_context(socket_to(port))
        assert await ended(extra) == b""
        pairs[0][1].write(whole)

        assert await pairs[0][0].readuntil(b'"request_id":')


async def test_a_body_that_comes_late_keeps_its_connection_from_then_on(tmp_path):
    settings = Web(port=0, max_connections=12, max_connections_loopback=10)
    async with open_port(tmp_path, settings=settings) as port, contextlib.AsyncExitStack() as held:
        pairs = [await announced(port, held) for _ in range(10)]
        for reader, writer in pairs:
            writer.write(b"[" * 10)
            await reader.readuntil(b'"request_id":')
        extra, _ = await held.enter_async_context(socket_to(port))
        assert await ended(extra) == b""
        pairs[0][1].write(HEALTH % port.served.port)

        assert await pairs[0][0].readuntil(b'{"ok":true}')


async def test_a_body_whose_sender_goes_away_is_no_defect(tmp_path):
    async with open_port(tmp_path) as port:
        async with contextlib.AsyncExitStack() as held:
            await announced(port, held)
        await port.bare("GET", "/api/health")
        lines = port.lines()

    (told,) = (line for line in lines if line.get("route") == "/api/login")
    assert told["status"] == 400
    assert "defect" not in [line["event"] for line in lines]


async def test_those_who_asked_are_not_cut_for_others(tmp_path):
    settings = Web(port=0, max_connections=12, max_connections_loopback=10)
    async with open_port(tmp_path, settings=settings) as port, contextlib.AsyncExitStack() as held:
        pairs = [await held.enter_async_context(socket_to(port)) for _ in range(10)]
        for reader, writer in pairs:
            writer.write(HEALTH.replace(b"%d", b"%d" % port.served.port))
            await reader.readuntil(b'{"ok":true}')
        extra, _ = await held.enter_async_context(socket_to(port))

        assert await ended(extra) == b""
        pairs[0][1].write(HEALTH.replace(b"%d", b"%d" % port.served.port))
        assert await pairs[0][0].readuntil(b'{"ok":true}')


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 1_000 + b"\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_a_bad_request_without_a_trace(tmp_path, garbage):
    async with open_port(tmp_path) as port, socket_to(port) as (reader, writer):
        writer.write(garbage)
        answered = await ended(reader)

    head, _, body = answered.partition(b"\r\n\r\n")
    assert head.split()[1] == b"400"
    assert b"X-Request-Id" in head
    assert json.loads(body)["code"] in ("bad_request", "duplicate_host")
    assert b"Traceback" not in answered


async def test_a_defect_is_told_to_the_log_and_not_to_the_outside(tmp_path):
    async def defective(request, who):
        raise ZeroDivisionError("a secret")

    row = Route(method="GET", path="/defect", role=Role.VIEWER, summary="", raw=defective)
    async with open_port(tmp_path, more=(row,)) as port:
        status, told, headers = await port.ask("GET", "/defect", headers={"X-Request-Id": "it"})
        lines = {line["event"]: line for line in port.lines()}

    assert (status, told["code"], told["request_id"]) == (500, "internal", "it")
    assert headers["Content-Security-Policy"]
    assert "secret" not in json.dumps(told)
    assert "ZeroDivisionError: a secret" in lines["defect"]["exception"]
    assert lines["request"]["status"] == 500


async def test_the_port_closes_in_time_while_an_answer_is_under_way(tmp_path, monkeypatch):
    monkeypatch.setattr("daemon.web.server._STOP_S", 0.05)
    asked = asyncio.Event()

    async def forever(request, who):
        asked.set()
        await asyncio.Event().wait()

    row = Route(method="GET", path="/slow", role=Role.NONE, summary="", raw=forever)
    async with contextlib.AsyncExitStack() as outer:
        async with open_port(tmp_path, more=(row,)) as port:
            reader, writer = await outer.enter_async_context(socket_to(port))
            writer.write(b"GET /slow HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % port.served.port)
            await asked.wait()

        assert await ended(reader) == b""
        with pytest.raises(OSError, match="Connect"):
            await asyncio.open_connection("127.0.0.1", port.served.port)


async def test_a_port_that_is_taken_is_refused_with_what_to_do(tmp_path):
    async with open_port(tmp_path) as port:
        with pytest.raises(Exception, match=r"\[web\] 127\.0\.0\.1 port \d+ cannot be listened"):
            async with open_port(tmp_path, settings=Web(port=port.served.port)):
                pass


@pytest.mark.parametrize(
    "line",
    [
        b"Authorization: Bearer \xff\xfe",
        b"Authorization: Bearer ordo_00000000_\xed\xa0\x80",
        b"Cookie: ordo_session=\xff; x=\xfe",
        b"Origin: \xff\xfe",
        b"X-Request-Id: \xff",
        b"Content-Type: \xff/\xfe",
        b"Content-Encoding: \xff",
        b"Sec-Fetch-Site: \xff",
        b"Expect: \xff",
        b"Transfer-Encoding: \xff",
        b"Upgrade: \xff",
        b"Content-Length: -1",
    ],
)
async def test_a_header_that_is_no_text_is_refused_without_a_defect(tmp_path, line):
    async with open_port(tmp_path) as port, socket_to(port) as (reader, writer):
        head = b"POST /api/logout HTTP/1.1\r\nConnection: close\r\nHost: 127.0.0.1:%d\r\n"
        writer.write(head % port.served.port + line + b"\r\n\r\n")
        answered = await ended(reader)
        events = [told["event"] for told in port.lines()]

    assert b"400" <= answered.split()[1] < b"500"
    assert "defect" not in events


@pytest.mark.parametrize(
    "path", [b"/api/%ff", b"/api/\xff", b"/api/orders/%ed%a0%80", b"/api/ltp?symbol=%ff", b"*"]
)
async def test_an_address_that_is_no_text_is_refused_without_a_defect(tmp_path, path):
    async with open_port(tmp_path, {SeeOrders: lambda _: ()}) as port:
        async with socket_to(port) as (reader, writer):
            token = port.admin["Authorization"].encode()
            head = b"GET %s HTTP/1.1\r\nConnection: close\r\nHost: 127.0.0.1:%d\r\n"
            rest = b"Authorization: " + token + b"\r\n\r\n"
            writer.write(head % (path, port.served.port) + rest)
            answered = await ended(reader)
        events = [told["event"] for told in port.lines()]

    assert b"400" <= answered.split()[1] < b"500"
    assert "defect" not in events


@pytest.mark.parametrize(("said", "status"), [(b"100-Continue", b"100"), (b"tea", b"400")])
async def test_one_expectation_is_met(tmp_path, said, status):
    async with open_port(tmp_path) as port, socket_to(port) as (reader, writer):
        head = b"POST /api/nothing HTTP/1.1\r\nConnection: close\r\nHost: 127.0.0.1:%d\r\n"
        writer.write(head % port.served.port + b"Expect: " + said + b"\r\n\r\n")
        answered = await ended(reader)

    assert answered.split()[1] == status
