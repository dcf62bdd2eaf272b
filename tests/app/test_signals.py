from __future__ import annotations

import asyncio
import os
import signal

import pytest

from daemon.app.signals import KILL, Stop, heard


async def sent(name: signal.Signals) -> None:
    """Send this process a signal, and let the loop hear it."""
    os.kill(os.getpid(), name)
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
async def test_a_request_to_end_is_heard_and_the_first_one_is_remembered(name):
    stop = Stop()
    with heard(stop, lambda: None):
        assert stop.signal is None
        await sent(name)
        await stop.asked()
        await sent(signal.SIGTERM)

    assert stop.signal is name


async def test_the_signal_of_a_kill_asks_for_no_end():
    stop, kills = Stop(), []
    with heard(stop, lambda: kills.append("kill")):
        await sent(KILL)
        await sent(KILL)

    assert (kills, stop.signal) == (["kill", "kill"], None)


async def test_afterwards_the_signals_are_nobodys():
    with heard(Stop(), lambda: None):
        pass

    assert asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM) is False
