"""Both stores of the hot state, a real Redis and a file: one suite, the same answers."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing

import pytest
import redis

from daemon.settings import RedisPlace
from daemon.storage.hot.codec import VALUE_BYTES
from daemon.storage.hot.redis import RedisHot
from daemon.storage.hot.sqlite import SqliteHot
from daemon.storage.hot.words import Batch, HotStore
from tests.kit.servers import RedisServer, redis_server

STATE, LEVELS = "strategy:straddle:state", "strategy:straddle:risk_state"
BOTH = {STATE: b'{"a": 1}', LEVELS: b'{"b": 2}'}


class Place:
    """Where a store is kept: it can be opened again, and others can write to it."""

    def __init__(
        self,
        make: Callable[[], HotStore],
        put: Callable[[str, bytes], None],
        empty: Callable[[], None],
    ) -> None:
        self.make = make
        self.put = put
        self.empty = empty


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with redis_server() as found:
        yield found


@pytest.fixture(params=["redis", "sqlite"])
def place(request, tmp_path) -> Iterator[Place]:
    if request.param == "redis":
        server = request.getfixturevalue("server")
        with closing(redis.Redis(unix_socket_path=str(server.path))) as other:
            other.flushall()
            there = RedisPlace(path=str(server.path))
            yield Place(lambda: RedisHot(there), other.set, other.flushall)
    else:
        path = tmp_path / "hot.sqlite"

        def changed(words: str, *values: object) -> None:
            with closing(sqlite3.connect(path)) as db, db:
                db.execute(words, values)

        yield Place(
            lambda: SqliteHot(path),
            lambda key, value: changed("INSERT OR REPLACE INTO hot VALUES (?, ?)", key, value),
            lambda: changed("DELETE FROM hot"),
        )


@asynccontextmanager
async def opened(place: Place) -> AsyncIterator[HotStore]:
    store = place.make()
    try:
        yield store
    finally:
        await store.close()


async def test_a_new_store_holds_nothing_and_is_safe(place):
    async with opened(place) as store:
        assert dict((await store.read()).values) == {}
        assert await store.hazards() == ()


async def test_what_was_written_is_read_by_the_next_start(place):
    async with opened(place) as store:
        assert await store.write(Batch(changed=BOTH, standing=BOTH))
    async with opened(place) as store:
        kept = await store.read()

    assert (dict(kept.values), kept.poisoned) == (BOTH, ())


async def test_a_batch_replaces_and_takes_away(place):
    async with opened(place) as store:
        await store.write(Batch(changed=BOTH, standing=BOTH))
        stands = await store.write(Batch(changed={STATE: b"{}"}, gone={LEVELS}, standing={STATE}))
        assert stands
        assert dict((await store.read()).values) == {STATE: b"{}"}


async def test_a_batch_says_whether_all_that_is_to_stand_does(place):
    async with opened(place) as store:
        await store.write(Batch(changed=BOTH, standing=BOTH))
        place.empty()
        assert not await store.write(Batch(standing=BOTH))
        assert not await store.write(Batch(changed={STATE: b"{}"}, standing=BOTH))
        assert await store.write(Batch(changed=BOTH, standing=BOTH))
        assert await store.write(Batch())


async def test_keys_of_others_are_neither_read_nor_touched(place):
    async with opened(place) as store:
        await store.write(Batch(changed=BOTH, standing=BOTH))
        for key in ("strategy:a:b:state", "strategies", "account:x:pnl", "strategy:x:risk_state "):
            place.put(key, b"another program's")
        assert dict((await store.read()).values) == BOTH


async def test_of_a_value_of_any_size_no_more_is_read_than_we_ever_write(place):
    async with opened(place) as store:
        await store.write(Batch(changed=BOTH, standing=BOTH))
        place.put(LEVELS, b"x" * (VALUE_BYTES + 1_000_000))
        kept = await store.read()

    assert len(kept.values[LEVELS]) == VALUE_BYTES


async def test_a_store_may_be_closed_before_it_was_used_and_twice(place):
    store = place.make()
    await store.close()
    await store.close()

    assert store.kind in ("redis", "sqlite")
