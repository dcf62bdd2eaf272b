"""A webhook against a real receiver: signed, bounded in time, taken by a 2xx and nothing else."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256

import pytest

from daemon.domain.instants import SECOND_NS
from daemon.errors import SinkError
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


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (FAILING, "says no: it answered 500"),
        (REFUSING, "says no: it answered 404"),
        (CLOSING, "cannot be reached: ServerDisconnectedError"),
        (b"nonsense\r\n\r\n", "cannot be reached: "),
        (HANGS, "gave no answer within 200 ms"),
    ],
)
async def test_whatever_a_receiver_does_is_a_sentence_and_it_can_take_the_next_try(answer, told):
    async with receiving(answer, TAKEN) as receiver, webhook(receiver.url, 200) as sink:
        with pytest.raises(SinkError) as caught:
            await sink.deliver(EVENT, 1)
        await sink.deliver(EVENT, 2)

    assert str(caught.value).startswith(f"the webhook at http://127.0.0.1:{receiver.port} {told}")
    assert "/hooks" not in str(caught.value)  # the path may be what only the receiver knows
    assert [each.headers["ordo-attempt"] for each in receiver.posted] == ["1", "2"]


async def test_a_redirection_is_not_followed():
    async with (
        receiving() as other,
        receiving(leading(other.url)) as receiver,
        webhook(receiver.url) as sink,
    ):
        with pytest.raises(SinkError, match="leads elsewhere: it answered 307"):
            await sink.deliver(EVENT, 1)

    assert other.posted == []


async def test_where_nobody_listens_that_is_told():
    async with webhook(f"http://127.0.0.1:{free_port()}/secret-path") as sink:
        with pytest.raises(SinkError, match="cannot be reached: ") as caught:
            await sink.deliver(EVENT, 1)

    assert "secret-path" not in str(caught.value)
