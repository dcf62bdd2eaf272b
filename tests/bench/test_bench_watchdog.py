import asyncio
import json

import pytest

from daemon.bench import __main__ as command
from daemon.bench import live, watchdog
from daemon.errors import OrdoError

SMALL = watchdog.Load(clients=6, stuck=1, seconds=1.5, symbols=41, per_second=20)


def test_both_stretches_are_told(monkeypatch, capsys):
    """The watchdog decided on frames alone and with clients, none of whom was lost."""
    monkeypatch.setattr(watchdog, "Load", lambda: SMALL)
    command.main("watchdog")
    ours = json.loads(capsys.readouterr().out)["ours"]
    told = ours["frame_to_decision_ms"]

    assert told["idle"]["frames"] > 0
    assert told["watched"]["frames"] > 0
    assert told["p99_more"] == pytest.approx(
        told["watched"]["from_due"]["p99"] - told["idle"]["from_due"]["p99"]
    )
    assert (ours["readers_lost"], ours["following_at_the_end"]) == (0, 6)
    assert ours["messages"] > 0


async def test_a_daemon_that_ends_before_it_came_so_far_is_told():
    running = asyncio.get_running_loop().create_task(asyncio.sleep(0))

    with pytest.raises(OrdoError, match="did not come so far"):
        await live.within(asyncio.Event(), running)
