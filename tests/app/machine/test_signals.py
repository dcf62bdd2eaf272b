from __future__ import annotations

import asyncio
import os
import signal

import pytest

from daemon.app.machine.signals import KILL, Stop, heard


async def sent(name: signal.Signals) -> None:
    """Send this process a signal, and let the loop hear it."""
    os.kill(os.getpid(), name)
    for _ in range(20):
        await asyncio.sleep(0)


class Kills:
    """Remembers what a signal led to."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def latch(self) -> None:
        """Be called in the handler."""
        self.done.append("latched")

    def act(self) -> None:
        """Be called in the loop."""
        self.done.append("told")


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
async def test_a_request_to_end_is_heard_and_the_first_one_is_remembered(name):
    stop = Stop()
    with heard(stop, Kills()):
        assert stop.signal is None
        await sent(name)
        await stop.asked()
        await sent(signal.SIGTERM)

    assert stop.signal is name


async def test_the_signal_of_a_kill_asks_for_no_end():
    stop, kills = Stop(), Kills()
    with heard(stop, kills):
        await sent(KILL)
        await sent(KILL)

    assert (kills.done, stop.signal) == (["latched", "told"] * 2, None)


async def test_while_the_loop_gets_no_turn_a_kill_is_latched_and_a_request_to_end_remembered():
    stop, kills = Stop(), Kills()
    with heard(stop, kills):
        for name in (KILL, signal.SIGTERM):
            os.kill(os.getpid(), name)
        assert (kills.done, stop.signal) == (["latched"], signal.SIGTERM)
        await stop.asked()


async def test_afterwards_the_signals_are_nobodys():
    with heard(Stop(), Kills()):
        pass

    assert [signal.getsignal(name) for name in (signal.SIGTERM, KILL)] == [signal.SIG_DFL] * 2
