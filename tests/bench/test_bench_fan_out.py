import json

import pytest

from daemon.bench import __main__ as command
from daemon.bench import fan_out
from daemon.bench.fan_out_clients import Client, spread

SMALL = fan_out.Load(clients=6, stuck=1, seconds=1)


def test_every_client_that_reads_gets_the_messages_and_none_is_lost():
    told = fan_out.bench(SMALL)

    assert told["readers_lost"] == 0
    assert told["fewest_messages"] > 0
    assert told["messages"] > 0
    assert told["stuck_dropped"] == len(told["stuck_dropped_after_s"])


def test_a_spread_is_told_in_milliseconds():
    assert spread([*range(1_000, 101_000, 1_000)]) == spread(
        [100_000, *range(1_000, 100_000, 1_000)]
    )
    assert (spread([4_000]).p50, spread(range(100_000)).p99) == (4.0, 99.0)


async def test_a_client_that_is_not_let_in_says_why():
    client = Client("no token", [], reads=True)
    client.data_received(b"HTTP/1.1 401 Unauthorized\r\n")
    client.data_received(b"\r\n\r\n")

    with pytest.raises(ConnectionError, match="401"):
        await client.open
    lost = Client("no token", [], reads=True)
    lost.connection_lost(None)
    with pytest.raises(ConnectionError, match="refused"):
        await lost.open


def test_a_bench_is_chosen_by_its_name(monkeypatch, capsys):
    monkeypatch.setattr(fan_out, "bench", lambda: {"loop_late_ms": {"idle": {"p99": 1.0}}})
    command.main("fan_out")

    assert json.loads(capsys.readouterr().out)["noise"] == {"p99": 1.0}
    with pytest.raises(SystemExit, match="no bench nothing; there are: decode, engine, fan_out"):
        command.main("nothing")
