"""A real Redis as the hot state: whatever it does is an answer or a sentence, in bounded time."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress

import pytest
import redis
import uvloop

from daemon.errors import HotStateError
from daemon.settings import RedisPlace
from daemon.storage.hot import redis as module
from daemon.storage.hot.codec import believed, owned
from daemon.storage.hot.redis import RedisHot, hazards_of
from daemon.storage.hot.words import Batch
from daemon.telemetry.redaction import Secret
from tests.kit.fault_proxy import FaultProxy, fault_proxy
from tests.kit.fault_ways import Fault, Then
from tests.kit.servers import RedisServer, free_port, redis_server

LEVELS = "strategy:straddle:risk_state"
OURS, THEIRS = "a" * 32, "b" * 32
MINE, OTHER = owned(b'{"x":1}', OURS), owned(b'{"x":2}', THEIRS)
ONE = Batch(changed={LEVELS: b"{}"}, standing={LEVELS})
PASSWORD = "a-long-enough-password"


@contextmanager
def running(port: int = 0, **options: str) -> Iterator[tuple[RedisServer, redis.Redis]]:
    given = {name.replace("_", "-"): value for name, value in options.items()}
    with redis_server(port=port, options=given) as server:
        password = given.get("requirepass")
        with closing(redis.Redis(unix_socket_path=str(server.path), password=password)) as other:
            yield server, other


@asynccontextmanager
async def opened(
    server: RedisServer, password: str = "", user: str = "", owner: str = ""
) -> AsyncIterator[RedisHot]:
    place = RedisPlace(path=str(server.path), user=user)
    store = RedisHot(place, Secret(password) if password else None, owner)
    try:
        yield store
    finally:
        await store.close()


async def test_it_is_reached_over_tcp_and_keeps_to_its_database():
    port = free_port()
    with running(port) as (_, other):
        store = RedisHot(RedisPlace("127.0.0.1", port, db=3))
        assert await store.write(ONE)
        await store.close()

        assert other.keys() == []
        other.select(3)
        assert other.keys() == [LEVELS.encode()]


async def test_prices_go_out_on_their_channel():
    with running() as (server, other), closing(other.pubsub()) as heard:
        heard.subscribe("market_data")
        assert heard.get_message(timeout=5)["type"] == "subscribe"
        async with opened(server) as store:
            await store.write(Batch(news=b'{"prices": {}}'))

        assert json.loads(heard.get_message(timeout=5)["data"]) == {"prices": {}}


@pytest.mark.parametrize("way", ["asks", "tells"])
@pytest.mark.parametrize("then", Then)
def test_whatever_the_wire_does_is_a_sentence_and_it_serves_again(monkeypatch, way, then):
    monkeypatch.setattr(module, "PATIENCE_S", 0.2)

    async def meet(proxy: FaultProxy, port: int) -> None:
        store = RedisHot(RedisPlace("127.0.0.1", port))
        assert await until_written(store)
        proxy.tell(**{way: Fault(after_bytes=0, then=then)})
        with pytest.raises(HotStateError, match=f"the Redis redis://127.0.0.1:{port} could not be"):
            await store.write(ONE)
        proxy.heal()
        assert await until_written(store)
        await store.close()

    with running() as (server, _), fault_proxy(server.path) as proxy:
        assert isinstance(proxy.at, int)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(meet(proxy, proxy.at))


@pytest.mark.parametrize("loop", [uvloop.new_event_loop, asyncio.new_event_loop])
def test_a_connection_that_was_reset_while_nobody_spoke_is_a_sentence_and_it_serves_again(loop):
    """The daemon runs on uvloop, which has a word of its own for it that is no error of a wire."""

    async def meet(proxy: FaultProxy, port: int) -> None:
        store = RedisHot(RedisPlace("127.0.0.1", port))
        assert await store.write(ONE)
        proxy.cut(resets=True)
        (connection,) = store._redis.connection_pool._available_connections
        with pytest.raises(ConnectionResetError):
            await connection._writer.wait_closed()
        with suppress(HotStateError):  # the client may find it out by itself, and connect anew
            assert await store.write(ONE)
        assert await store.write(ONE)
        await store.close()

    with running() as (server, _), fault_proxy(server.path) as proxy:
        assert isinstance(proxy.at, int)
        with asyncio.Runner(loop_factory=loop) as runner:
            runner.run(meet(proxy, proxy.at))


@pytest.mark.parametrize("fill", ["rpush", "sadd", "hset"])
async def test_a_key_of_ours_of_another_type_is_told_and_written_anew(fill):
    with running() as (server, other):
        getattr(other, fill)(LEVELS, *(("a", "b") if fill == "hset" else ("a",)))
        async with opened(server) as store:
            (poisoned,) = believed(await store.read()).poisoned
            assert await store.write(ONE)

        assert poisoned.code == "hot_state_poisoned"
        assert f"{LEVELS} cannot be read: WRONGTYPE" in str(poisoned)
        assert other.get(LEVELS) == b"{}"


async def test_ones_own_is_read_by_the_next_start():
    async with running_alone() as (_, store):
        assert await store.write(Batch(changed={LEVELS: b'{"x":1}'}, standing={LEVELS}))
        assert await store.write(Batch(standing={LEVELS}))
        kept = await store.read()

    assert (dict(kept.values), kept.poisoned) == ({LEVELS: MINE}, ())


@pytest.mark.parametrize("key", [LEVELS, "strategy:other:pnl"])
async def test_where_another_daemons_state_stands_none_of_it_is_read(key):
    async with running_alone() as (other, store):
        other.mset({LEVELS: MINE, key: OTHER})
        with pytest.raises(HotStateError, match=f"another daemon, such as {key}") as refused:
            await store.read()

    assert refused.value.code == "hot_state_taken"
    assert "name a database of its own in [hot_state] url" in str(refused.value)


@pytest.mark.parametrize("how", ["changed", "gone", "standing"])
async def test_another_daemons_state_is_not_overwritten_and_once_it_is_gone_ones_own_is_written(
    how,
):
    fresh = "strategy:fresh:pnl"
    batch = {"changed": {fresh: b'{"x":1}'}, "gone": [], "standing": [fresh]}
    batch[how] = {LEVELS: b'{"x":1}', fresh: b'{"x":1}'} if how == "changed" else [LEVELS]
    async with running_alone() as (other, store):
        other.set(LEVELS, OTHER)
        with pytest.raises(HotStateError, match="neither used nor overwritten"):
            await store.write(Batch(**batch))
        assert (other.get(LEVELS), other.get(fresh)) == (OTHER, None)
        other.delete(LEVELS)
        await store.write(Batch(**batch))
        assert other.get(fresh) == MINE


async def test_of_what_says_of_nobody_the_levels_are_told_and_all_is_written_anew():
    """So an earlier version wrote it; the record holds every level that was ever mirrored."""
    pnl = "strategy:straddle:pnl"
    async with running_alone() as (other, store):
        other.mset({LEVELS: b'{"version":1,"entries":[]}', pnl: b"{}"})
        kept = await store.read()
        assert await store.write(Batch(changed={LEVELS: b'{"x":1}'}, gone=[pnl], standing={LEVELS}))
        after = other.get(LEVELS), other.get(pnl)

    assert dict(kept.values) == {LEVELS: b"", pnl: b""}
    assert [f"{LEVELS} does not say whose it is" in str(each) for each in kept.poisoned] == [True]
    assert after == (MINE, None)


@asynccontextmanager
async def running_alone() -> AsyncIterator[tuple[redis.Redis, RedisHot]]:
    """Yield a server as others reach it, and as the daemon of one record does."""
    with running() as (server, other):
        async with opened(server, owner=OURS) as store:
            yield other, store


async def test_of_more_keys_than_we_ever_write_none_is_believed(monkeypatch):
    monkeypatch.setattr(module, "_MOST_KEYS", 3)
    with running() as (server, other):
        other.mset({f"strategy:s{number}:pnl": "{}" for number in range(9)})
        async with opened(server) as store:
            kept = await store.read()

    assert not kept.values
    assert "more than 3 keys" in str(kept.poisoned[0])


async def test_a_redis_that_is_not_there_or_gone_is_a_sentence_and_one_that_is_back_serves():
    port = free_port()
    store = RedisHot(RedisPlace("127.0.0.1", port))
    with pytest.raises(
        HotStateError, match=f"the Redis redis://127.0.0.1:{port} could not be read"
    ):
        await store.read()
    with running(port) as (server, _):
        assert await store.write(ONE)
        os.kill(server.pid, signal.SIGKILL)
        with pytest.raises(HotStateError, match="could not be written"):
            await until_refused(store)
    with running(port):
        assert await store.write(ONE)
    await store.close()


async def until_refused(store: RedisHot) -> None:
    """Write until the kill has come through."""
    async with asyncio.timeout(30):
        while True:
            await store.write(ONE)


async def test_a_redis_that_hangs_is_given_up_and_serves_again_once_it_goes_on(monkeypatch):
    monkeypatch.setattr(module, "PATIENCE_S", 0.1)
    with running() as (server, _):
        async with opened(server) as store:
            assert await store.write(ONE)
            os.kill(server.pid, signal.SIGSTOP)
            with pytest.raises(HotStateError, match="could not be written"):
                await store.write(ONE)
            with pytest.raises(HotStateError, match="could not be read"):
                await store.read()
            os.kill(server.pid, signal.SIGCONT)
            assert await until_written(store)


async def until_written(store: RedisHot) -> bool:
    async with asyncio.timeout(30):
        while True:
            try:
                return await store.write(ONE)
            except HotStateError:
                continue


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("CONFIG", "SET", "min-replicas-to-write", "1"), "NOREPLICAS"),
        (("REPLICAOF", "127.0.0.1", "1"), "name the server that it is a copy of"),
        (("CONFIG", "SET", "maxmemory", "1"), "raise its maxmemory"),
    ],
    ids=["too few replicas", "a replica", "out of memory"],
)
async def test_a_redis_that_takes_no_writes_says_why_and_takes_them_again(command, told):
    with running(repl_ping_replica_period="3600") as (server, other):
        async with opened(server) as store:
            assert await store.write(ONE)
            other.execute_command(*command)
            with pytest.raises(HotStateError, match="could not be written") as refused:
                await store.write(ONE)
            assert told in str(refused.value)
            other.execute_command("CONFIG", "SET", "min-replicas-to-write", "0")
            other.execute_command("CONFIG", "SET", "maxmemory", "0")
            other.execute_command("REPLICAOF", "NO", "ONE")
            assert await store.write(ONE)


async def test_a_password_opens_it_and_without_one_or_with_another_the_sentence_names_the_setting():
    with running(requirepass=PASSWORD) as (server, _):
        async with opened(server, PASSWORD) as store:
            assert await store.write(ONE)
        for password in ("", "another-long-password"):
            async with opened(server, password) as store:
                with pytest.raises(HotStateError, match="password_file of") as refused:
                    await store.write(ONE)
            assert password not in str(refused.value) or not password


async def test_a_user_of_an_access_list_needs_no_more_than_is_said():
    verbs = ("scan", "getrange", "set", "del", "exists", "ping", "publish", "multi", "exec")
    with running() as (server, other):
        other.acl_setuser(
            "ordo",
            enabled=True,
            passwords=[f"+{PASSWORD}"],
            keys=["strategy:*", "account:*"],
            reset_channels=True,
            channels=["market_data"],
            commands=[f"+{verb}" for verb in (*verbs, "select")],
        )
        async with opened(server, PASSWORD, "ordo", OURS) as store:
            value = b'{"x":1}'
            assert await store.write(Batch(changed={LEVELS: value}, standing={LEVELS}, news=b"{}"))
            assert dict((await store.read()).values) == {LEVELS: MINE}
            (unknown,) = await store.hazards()

    assert not unknown.certain
    assert "was not found out" in unknown.sentence


@pytest.mark.parametrize("policy", ["noeviction", "allkeys-lru"])
async def test_a_policy_that_drops_keys_is_found_out(policy):
    with running(maxmemory_policy=policy) as (server, _):
        async with opened(server) as store:
            found = await store.hazards()

    told = [f"its maxmemory-policy is {policy}; set it to noeviction"]
    assert [each.sentence.partition(": ")[2] for each in found] == told * (policy != "noeviction")


ANYBODY, ASKED = ("on", "nopass", "allkeys"), ("on", "allkeys")
SAFE = {"maxmemory-policy": "noeviction", "port": "6379", "bind": "127.0.0.1 -::1"}
OPEN = {**SAFE, "bind": "0.0.0.0", "protected-mode": "no"}


@pytest.mark.parametrize(
    ("told", "default", "sentences"),
    [
        ({**SAFE, "protected-mode": "no"}, ANYBODY, []),
        ({**OPEN, "protected-mode": "yes"}, ANYBODY, []),
        (OPEN, ASKED, []),
        (OPEN, ("off", "nopass"), []),
        ({**OPEN, "port": "0"}, ANYBODY, []),
        (OPEN, ANYBODY, ["listens on 0.0.0.0 and asks for no password"]),
        ({**OPEN, "bind": ""}, ANYBODY, ["listens on every address"]),
        ({**OPEN, "bind": "* -::*"}, ANYBODY, [r"listens on * -::*"]),
        ({**OPEN, "bind": "127.0.0.1 10.0.0.4"}, ANYBODY, ["listens on 127.0.0.1 10.0.0.4"]),
        ({**OPEN, "maxmemory-policy": "allkeys-lfu"}, ANYBODY, ["allkeys-lfu", "listens on"]),
    ],
)
def test_a_server_that_is_open_to_the_world_is_told_with_the_mend(told, default, sentences):
    found = list(hazards_of("the Redis", told, default))

    assert len(found) == len(sentences)
    assert all(part in each.sentence for part, each in zip(sentences, found, strict=True))
    assert all(each.certain for each in found)
