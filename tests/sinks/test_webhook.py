"""A webhook against a real receiver: signed, bounded in time, taken by a 2xx and nothing else."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256

import pytest

from daemon.domain.instants import SECOND_NS
from daemon.errors import SinkError, SinkFault
from daemon.messages.outbox import Event
from daemon.runtime.clock import VirtualClock
from daemon.sinks.webhook import Webhook
from daemon.telemetry.redaction import Secret
from tests.kit.receiver import CLOSING, FAILING, HANGS, REFUSING, TAKEN, leading, receiving
from tests.kit.servers import free_port

SECRET = Secret("a-long-enough-secret")
EVENT = Event(7, "7-abcd", "alert", "alert_id:alert-1", b'{"id":"7-abcd"}')


@asynccontextmanager
async def webhook(url: str, timeout_ms: int = 5_000) -> AsyncIterator[Webhook]:
    sink = Webhook(url, SECRET, timeout_ms, VirtualClock(1_700_000_000 * SECOND_NS))
    try:
        yield sink
    finally:
        await sink.close()


async def test_an_event_is_posted_with_its_id_and_a_signature_over_time_id_and_body():
    async with receiving() as receiver, webhook(receiver.url) as sink:
        await sink.deliver(EVENT, 2)

    (posted,) = receiver.posted
    code = hmac.new(b"a-long-enough-secret", b"1700000000.7-abcd." + EVENT.body, sha256)
    assert (posted.line, posted.body) == ("POST /hooks/ordo HTTP/1.1", EVENT.body)
    assert posted.headers["content-type"] == "application/json"
    assert posted.headers["ordo-event-id"] == "7-abcd"
    assert posted.headers["ordo-attempt"] == "2"
    assert posted.headers["ordo-signature"] == f"t=1700000000,v1={code.hexdigest()}"


async def test_one_connection_serves_several_events():
    async with receiving() as receiver, webhook(receiver.url) as sink:
        for _ in range(3):
            await sink.deliver(EVENT, 1)

    assert len(receiver.posted) == 3


def answering(status: int, after: str = "") -> bytes:
    more = f"Retry-After: {after}\r\n" if after else ""
    return f"HTTP/1.1 {status} So\r\nContent-Length: 0\r\n{more}\r\n".encode()


@pytest.mark.parametrize(
    ("answer", "told", "fault"),
    [
        (FAILING, "says no: it answered 500", SinkFault.FAILED),
        (REFUSING, "says no: it answered 404", SinkFault.REFUSED),
        (answering(422), "says no: it answered 422", SinkFault.REFUSED),
        (answering(408), "says no: it answered 408", SinkFault.AWAY),
        (answering(425), "says no: it answered 425", SinkFault.AWAY),
        (answering(429), "says no: it answered 429", SinkFault.AWAY),
        (answering(502), "says no: it answered 502", SinkFault.FAILED),
        (answering(503), "says no: it answered 503", SinkFault.FAILED),
        (answering(504), "says no: it answered 504", SinkFault.FAILED),
        (CLOSING, "cannot be reached: ServerDisconnectedError", SinkFault.FAILED),
        (b"nonsense\r\n\r\n", "cannot be reached: ", SinkFault.FAILED),
        (HANGS, "gave no answer within 200 ms", SinkFault.FAILED),
    ],
)
async def test_whatever_a_receiver_does_is_a_sentence_and_it_can_take_the_next_try(
    answer, told, fault
):
    async with receiving(answer, TAKEN) as receiver, webhook(receiver.url, 200) as sink:
        with pytest.raises(SinkError) as caught:
            await sink.deliver(EVENT, 1)
        await sink.deliver(EVENT, 2)

    assert str(caught.value).startswith(f"the webhook at http://127.0.0.1:{receiver.port} {told}")
    assert (caught.value.fault, caught.value.after_s) == (fault, 0)
    assert "/hooks" not in str(caught.value)  # the path may be what only the receiver knows
    assert [each.headers["ordo-attempt"] for each in receiver.posted] == ["1", "2"]


@pytest.mark.parametrize(
    ("after", "after_s"),
    [
        ("120", 120),
        ("Tue, 14 Nov 2023 22:13:50 GMT", 30),
        ("Tue, 14 Nov 2023 22:00:00 GMT", 0),
        ("soon", 0),
        ("-5", 0),
        ("9" * 40, 999_999_999),
    ],
)
async def test_for_how_long_a_receiver_wants_nothing_is_heard(after, after_s):
    async with receiving(answering(429, after)) as receiver, webhook(receiver.url) as sink:
        with pytest.raises(SinkError) as caught:
            await sink.deliver(EVENT, 1)

    assert caught.value.after_s == after_s


@pytest.mark.parametrize(
    ("status", "after", "fault"),
    [
        (503, "120", SinkFault.AWAY),
        (503, "0", SinkFault.FAILED),
        (502, "120", SinkFault.FAILED),
        (404, "120", SinkFault.REFUSED),
    ],
)
async def test_of_those_who_fail_only_a_503_that_asks_for_time_says_nothing_of_the_event(
    status, after, fault
):
    async with receiving(answering(status, after)) as receiver, webhook(receiver.url) as sink:
        with pytest.raises(SinkError) as caught:
            await sink.deliver(EVENT, 1)

    assert caught.value.fault is fault


async def test_a_redirection_is_not_followed():
    async with (
        receiving() as other,
        receiving(leading(other.url)) as receiver,
        webhook(receiver.url) as sink,
    ):
        with pytest.raises(SinkError, match="leads elsewhere: it answered 307") as caught:
            await sink.deliver(EVENT, 1)

    assert other.posted == []
    assert caught.value.fault is SinkFault.FAILED


async def test_where_nobody_listens_that_is_told():
    async with webhook(f"http://127.0.0.1:{free_port()}/secret-path") as sink:
        with pytest.raises(SinkError, match="cannot be reached: ") as caught:
            await sink.deliver(EVENT, 1)

    assert "secret-path" not in str(caught.value)
    assert caught.value.fault is SinkFault.AWAY
