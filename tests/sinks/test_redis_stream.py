"""A stream of a real Redis: every event is an entry, and what fails is a sentence."""

from __future__ import annotations

import asyncio
import json
from contextlib import closing

import pytest
import redis

from daemon.errors import SinkError, SinkFault
from daemon.messages.outbox import Event
from daemon.settings import RedisPlace
from daemon.sinks.redis_stream import RedisStream
from daemon.telemetry.redaction import Secret
from tests.kit.servers import redis_server

PASSWORD = "a-long-enough-password"
EVENT = Event(7, "7-abcd", "alert", "alert_id:alert-1", b'{"id":"7-abcd"}')


async def test_an_event_is_an_entry_with_its_id_number_and_kind():
    with redis_server(options={"requirepass": PASSWORD}) as server:
        sink = RedisStream(RedisPlace(path=str(server.path)), Secret(PASSWORD), "ordo:events", 100)
        await asyncio.gather(*(sink.deliver(EVENT, 1) for _ in range(4)))
        await sink.close()
        with closing(redis.Redis(unix_socket_path=str(server.path), password=PASSWORD)) as other:
            entries = [fields for _, fields in other.xrange("ordo:events")]

    assert len(entries) == 4
    assert entries[0][b"id"] == b"7-abcd"
    assert (entries[0][b"number"], entries[0][b"kind"]) == (b"7", b"alert")
    assert json.loads(entries[0][b"event"]) == {"id": "7-abcd"}


async def test_the_stream_keeps_about_as_many_entries_as_it_may():
    with redis_server() as server:
        sink = RedisStream(RedisPlace(path=str(server.path)), None, "ordo:events", 100)
        for _ in range(400):
            await sink.deliver(EVENT, 1)
        await sink.close()
        with closing(redis.Redis(unix_socket_path=str(server.path))) as other:
            length = other.xlen("ordo:events")

    assert 100 <= length < 300


async def test_what_a_redis_does_not_take_is_told_without_the_password():
    with redis_server(options={"requirepass": PASSWORD}) as server:
        place = RedisPlace(path=str(server.path))
        sink = RedisStream(place, Secret("another-password"), "ordo:events", 100)
        with pytest.raises(SinkError, match=r"cannot be written: .*secret_file") as caught:
            await sink.deliver(EVENT, 1)
        await sink.close()
    assert "another-password" not in str(caught.value)

    gone = RedisStream(place, None, "ordo:events", 100)
    with pytest.raises(SinkError, match=r"the stream at unix://.* ordo:events cannot be written"):
        await gone.deliver(EVENT, 1)
    await gone.close()


async def test_a_key_that_is_no_stream_is_told():
    with redis_server() as server:
        with closing(redis.Redis(unix_socket_path=str(server.path))) as other:
            other.set("ordo:events", "something else")
        sink = RedisStream(RedisPlace(path=str(server.path)), None, "ordo:events", 100)
        with pytest.raises(SinkError, match="wrong kind of value") as caught:
            await sink.deliver(EVENT, 1)
        await sink.close()
    assert caught.value.fault is SinkFault.AWAY  # it would say so to any event


async def test_an_event_past_the_record_has_the_number_of_none():
    with redis_server() as server:
        sink = RedisStream(RedisPlace(path=str(server.path)), None, "ordo:events", 100)
        await sink.deliver(Event(-3, "emergency-7-3", "kill", "kill_id:k", b"{}"), 1)
        await sink.close()
        with closing(redis.Redis(unix_socket_path=str(server.path))) as other:
            ((_, fields),) = other.xrange("ordo:events")

    assert (fields[b"id"], fields[b"number"]) == (b"emergency-7-3", b"0")
