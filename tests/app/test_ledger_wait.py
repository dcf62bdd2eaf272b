"""A start waits for the server of its ledger, with a bound, and for nothing else that is amiss."""

from __future__ import annotations

import pytest

from daemon.app import ledger_wait
from daemon.app.ledger_wait import LIMIT_S, answers
from daemon.domain.instants import SECOND_NS
from daemon.errors import StoreError
from daemon.runtime.clock import VirtualClock
from daemon.storage.store import AWAY

GONE = StoreError("the server is away", AWAY)


class Server:
    """A store whose server is away for some looks; a look takes ten seconds of host time."""

    def __init__(self, looks: int, error: StoreError = GONE) -> None:
        self.looks, self.error = looks, error
        self.running = VirtualClock(SECOND_NS)
        self.told: list[str] = []

    def missing(self) -> list[object]:
        """Look."""
        self.running.advance(10 * SECOND_NS)
        self.looks -= 1
        if self.looks >= 0:
            raise self.error
        return []

    async def answers(self, given_up=lambda: False) -> bool:
        """Wait for it."""
        return await answers(self, self.running, self.told.append, given_up)


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(ledger_wait, "_FIRST_S", 0)


async def test_one_that_answers_is_not_waited_for():
    server = Server(0)
    assert await server.answers()
    assert server.told == []


async def test_each_time_the_same_alert_says_why_and_how_long_and_that_nothing_is_guarded():
    server = Server(3)
    assert await server.answers()
    waits = f"ALERT the server is away; this start waits for it up to {LIMIT_S} s"
    assert server.told == [f"{waits}, and until it is ready nothing is guarded"] * 3


async def test_one_that_stays_away_ends_the_start_once_the_time_is_over():
    server = Server(1_000)
    with pytest.raises(StoreError, match="is away"):
        await server.answers()
    assert len(server.told) == LIMIT_S // 10 - 1


async def test_what_else_is_amiss_is_told_by_whoever_opens_it():
    server = Server(1, StoreError("it is damaged"))
    assert await server.answers()
    assert server.told == []


async def test_who_is_asked_to_end_waits_no_longer():
    server = Server(1_000)
    assert not await server.answers(lambda: bool(server.told))
    assert len(server.told) == 1
