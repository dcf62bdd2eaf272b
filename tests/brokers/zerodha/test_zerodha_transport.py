"""A request goes out once; what is no answer says whether anything of it may have left."""

from __future__ import annotations

import socket
import traceback
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from daemon.brokers.zerodha.forms import PLAIN_FORM, Sent
from daemon.brokers.zerodha.transport import Transport, _Broken
from daemon.errors import BrokerUnavailable, OutcomeUnknown
from daemon.telemetry.redaction import Secret
from tests.kit.canary import planted
from tests.kit.kite_script import (
    CLOSES,
    CUTS,
    HANGS,
    NO_HTTP,
    PAGE,
    Answer,
    KiteScript,
    scripted_kite,
    yes,
)

SECRET = planted("session")
HEADER = Secret(f"token key:{SECRET}")
PLACE = Sent("POST", "/orders/regular", b"quantity=65&tag=OR0000000010000001", PLAIN_FORM)
CHANGE = Sent("PUT", "/orders/regular/15", b"price=1", PLAIN_FORM)
CANCEL = Sent("DELETE", "/orders/regular/15?parent_order_id=14")
READ = Sent("GET", "/quote?i=NFO%3AM%26M26AUGFUT&i=NSE%3ANIFTY+50")


@pytest.fixture
async def script() -> AsyncIterator[KiteScript]:
    async with scripted_kite() as made:
        yield made


@pytest.fixture
async def transport(script) -> AsyncIterator[Transport]:
    made = Transport(script.url)
    yield made
    await made.close()


@pytest.mark.parametrize("sent", [PLACE, CHANGE, CANCEL, READ])
async def test_a_request_arrives_byte_for_byte_with_the_headers_of_the_broker(
    script, transport, sent
):
    script.on(f"{sent.method} {sent.path.partition('?')[0]}", yes({"order_id": "15"}))
    reply = await transport.send(sent, HEADER)
    (asked,) = script.asked

    assert (asked.method, asked.path, asked.body) == (sent.method, sent.path, sent.body)
    assert reply.status == 200
    told = {name.lower(): value for name, value in asked.headers.items()}
    assert told["authorization"] == HEADER.reveal()
    assert told["x-kite-version"] == "3"
    assert told.get("content-type", "") == sent.content_type


async def test_without_a_session_no_authorization_is_sent(script, transport):
    script.on("POST /orders/regular", yes({}))
    await transport.send(PLACE, None)

    assert "Authorization" not in script.asked[0].headers


@pytest.mark.parametrize("sent", [PLACE, CHANGE, CANCEL, READ])
@pytest.mark.parametrize("how", [CLOSES, CUTS, HANGS, NO_HTTP])
async def test_what_failed_after_a_byte_had_left_is_in_doubt_and_was_sent_once(
    script, transport, sent, how
):
    route = f"{sent.method} {sent.path.partition('?')[0]}"
    script.on(route, yes({}), how)
    await transport.send(sent, HEADER)  # so that the next one finds a connection
    with pytest.raises(OutcomeUnknown) as caught:
        await transport.send(sent, HEADER, 200)

    assert len(script.asked) == 2
    assert SECRET not in "".join(traceback.format_exception(caught.value))


async def test_what_is_late_once_there_is_a_connection_surely_does_not_leave(script, transport):
    script.on("POST /orders/regular", yes({"order_id": "15"}))
    with pytest.raises(BrokerUnavailable, match=r"nothing was sent .* its deadline passed"):
        await transport.send(PLACE, HEADER, in_time=lambda: False)

    assert script.asked == []
    assert (await transport.send(PLACE, HEADER, in_time=lambda: True)).status == 200


async def test_a_redirect_is_an_answer_and_is_not_followed(script, transport):
    script.on("POST /orders/regular", Answer(307, headers={"Location": f"{script.url}/else"}))

    assert (await transport.send(PLACE, HEADER)).status == 307
    assert len(script.asked) == 1


async def test_a_page_for_browsers_is_an_answer_too(script, transport):
    script.on("POST /orders/regular", PAGE)

    assert (await transport.send(PLACE, HEADER)).body == PAGE.body


async def test_what_found_no_connection_was_surely_not_executed():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and listens to nobody
        transport = Transport(f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(BrokerUnavailable, match=r"nothing was sent .* there is no connection"):
            await transport.send(PLACE, HEADER)
        await transport.close()


async def test_a_host_without_tls_is_not_spoken_to(script):
    transport = Transport(script.url.replace("http:", "https:"))
    with pytest.raises(BrokerUnavailable, match="nothing was sent"):
        await transport.send(PLACE, HEADER)
    await transport.close()

    assert not script.asked


async def test_a_connection_that_takes_too_long_to_make_was_surely_not_used():
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            transport = Transport(f"https://127.0.0.1:{port}")
            with pytest.raises(BrokerUnavailable, match=r"it took too long \(100 ms\)"):
                await transport.send(PLACE, HEADER, 100)
            await transport.close()


KEY = ConnectionKey("h", 443, True, True, None, None, None)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (aiohttp.ClientConnectorDNSError(KEY, OSError()), "its name leads to no address"),
        (
            aiohttp.ClientConnectorCertificateError(KEY, ValueError()),
            "its certificate is not to be trusted",
        ),
        (aiohttp.ClientConnectorSSLError(KEY, OSError()), "no TLS could be agreed on"),
        (aiohttp.ClientConnectorError(KEY, OSError()), "there is no connection"),
        (aiohttp.ConnectionTimeoutError("u"), "it took too long (7 ms)"),
        (aiohttp.SocketTimeoutError("u"), "it took too long (7 ms)"),
        (TimeoutError(), "it took too long (7 ms)"),
        (
            _Broken(aiohttp.ServerDisconnectedError()),
            "it closed the connection without an answer",
        ),
        (aiohttp.ClientPayloadError("x"), "its answer was cut short"),
        (_Broken(aiohttp.ClientOSError(104, "reset")), "the connection broke"),
        (aiohttp.ClientConnectionResetError("x"), "the connection was closed"),
        (aiohttp.ClientResponseError(None, ()), "its answer is no HTTP"),
        (aiohttp.ClientConnectionError("x"), "the connection was closed"),
        (ConnectionAbortedError(), "it failed"),
        (RuntimeError("unable to perform operation; the handler is closed"), "it failed"),
    ],
)
@pytest.mark.parametrize("left", [False, True])
def test_each_failure_has_its_words_and_whether_a_byte_left_decides_alone(error, said, left):
    transport = Transport()
    told = transport._failure(error, left, 7)

    assert type(told) is (OutcomeUnknown if left else BrokerUnavailable)
    assert str(told).endswith(said)
