from __future__ import annotations

import asyncio
import os
import signal

import pytest

from daemon.app.machine.signals import KILL, HangUp, Stop, heard
from daemon.telemetry.log import make_log


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


class Told(HangUp):
    """Remembers what a hang-up led to."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.logged: list[dict[str, object]] = []
        super().__init__(self.said.append, make_log(self.logged.append, lambda: 0))


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
async def test_a_request_to_end_is_heard_and_the_first_one_is_remembered(name):
    stop = Stop()
    with heard(stop, Kills(), Told()):
        assert stop.signal is None
        await sent(name)
        await stop.asked()
        await sent(signal.SIGTERM)

    assert stop.signal is name


async def test_the_signal_of_a_kill_asks_for_no_end():
    stop, kills = Stop(), Kills()
    with heard(stop, kills, Told()):
        await sent(KILL)
        await sent(KILL)

    assert (kills.done, stop.signal) == (["latched", "told"] * 2, None)


async def test_while_the_loop_gets_no_turn_a_kill_is_latched_and_a_request_to_end_remembered():
    stop, kills = Stop(), Kills()
    with heard(stop, kills, Told()):
        for name in (KILL, signal.SIGTERM):
            os.kill(os.getpid(), name)
        assert (kills.done, stop.signal) == (["latched"], signal.SIGTERM)
        await stop.asked()


async def test_a_terminal_that_is_gone_ends_nothing_and_is_told_once():
    stop, told = Stop(), Told()
    with heard(stop, Kills(), told):
        for _ in range(3):
            await sent(signal.SIGHUP)

    assert stop.signal is None
    (said,), (logged,) = told.said, told.logged
    assert "the daemon guards on; settings are read at a start alone" in said
    assert (logged["event"], logged["because"]) == ("hung up", said)


async def test_who_was_begun_to_ignore_that_his_terminal_goes_ignores_it_afterwards_too():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with heard(Stop(), Kills(), Told()):
            pass
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


async def test_afterwards_the_signals_are_nobodys():
    with heard(Stop(), Kills(), Told()):
        pass

    assert [signal.getsignal(name) for name in (signal.SIGTERM, KILL, signal.SIGHUP)] == [
        signal.SIG_DFL
    ] * 3
