"""What the tests of the stores stand on."""

from __future__ import annotations

import asyncpg
import redis

from tests.kit.servers import free_port, postgres_server, redis_server


def test_a_redis_of_the_tests_keeps_what_it_is_told_and_ends_with_its_block():
    with redis_server(port=free_port()) as server:
        client = redis.Redis.from_url(server.url)
        client.set("key", "value")
        assert client.get("key") == b"value"
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    assert not server.path.exists()


async def test_a_postgres_of_the_tests_answers_and_ends_with_its_block():
    with postgres_server() as server:
        connection = await asyncpg.connect(server.url())
        assert await connection.fetchval("SELECT 1 + 1") == 2
        await connection.close()
    assert not server.folder.exists()
