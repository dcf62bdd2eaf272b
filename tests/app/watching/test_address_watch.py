"""An address that changes disarms the accounts of the broker that would refuse, and no others."""

from __future__ import annotations

import asyncio
from datetime import date
from itertools import cycle

import pytest
from msgspec.structs import replace

from daemon.app.given.assignment import Assignment, GeneratedDays
from daemon.app.watching import address_watch
from daemon.app.watching.address_watch import AddressWatch
from daemon.cli.engine import accounts_for
from daemon.control import Control
from daemon.messages import AccountSeen, Declined, Done, SeeAccount
from daemon.messages.arming import AccountArmed, DisarmAccount
from daemon.worlds import GeneratedMarket
from tests.jobs.preflight.test_preflight_egress import KNOWN, live, saying
from tests.kit.control_port import Actors
from tests.kit.receiver import receiving

DAY = date(2026, 11, 27)
BARE = AccountSeen("second", "zerodha", True, "", (), (), (), (), 0, live=True)
ARMED = replace(BARE, armed=AccountArmed("second", DAY, "", "ann", 5))
PAPER = AccountSeen("paper", "paper", True, "", (), (), (), (), 0)


class Watched:
    """A watch over scripted actors, and what it told people."""

    def __init__(self, folder, url, second=ARMED) -> None:
        settings = live(url)
        days = GeneratedDays(GeneratedMarket(1, DAY), 0)
        given = Assignment(settings, accounts_for(settings, ()), (), frozenset(), days, folder)
        seen = cycle((PAPER, second))
        script = {SeeAccount: lambda _: next(seen), DisarmAccount: lambda _: Done()}
        self.actors = Actors(script, folder)
        self.said: list[str] = []
        self.watch = AddressWatch(given, Control(self.actors.line), self.said.append)

    @property
    def disarmed(self) -> list[tuple[str, object]]:
        return [each for each in self.actors.asked if isinstance(each[1], DisarmAccount)]


async def test_an_address_that_the_broker_knows_changes_nothing(tmp_path):
    async with receiving(saying(KNOWN)) as there:
        watched = Watched(tmp_path, there.url)
        await watched.watch.look()

    assert (watched.said, watched.actors.asked) == ([], [])


async def test_another_address_disarms_what_is_armed_there_and_says_what_to_do(tmp_path):
    async with receiving(saying("9.9.9.9")) as there:
        watched = Watched(tmp_path, there.url)
        await watched.watch.look()

    because = f"orders would leave from 9.9.9.9, and zerodha takes them from {KNOWN} alone"
    assert watched.disarmed == [("router:second", DisarmAccount(because, "ordo"))]
    (said,) = watched.said
    assert said.startswith(f"ALERT {because}; send from the one that it knows")


async def test_what_is_not_armed_is_left_and_told_once_until_it_is_mended(tmp_path):
    async with receiving(saying("9.9.9.9"), saying("9.9.9.9"), saying(KNOWN)) as there:
        watched = Watched(tmp_path, there.url, BARE)
        for _ in range(3):
            await watched.watch.look()

    assert watched.disarmed == []
    assert len(watched.said) == 2
    assert watched.said[1] == "orders leave from the address that zerodha knows again"


async def test_an_arm_stays_where_nobody_says_which_address_it_is(tmp_path):
    async with receiving(saying("nobody")) as there:
        watched = Watched(tmp_path, there.url)
        await watched.watch.look()

    assert watched.disarmed == []
    assert "is not known" in watched.said[0]
    assert "name somebody else" in watched.said[0]


async def test_a_router_that_does_not_disarm_is_told_of_and_the_watch_goes_on(tmp_path):
    async with receiving(saying("9.9.9.9")) as there:
        refused = {DisarmAccount: lambda _: Declined("disarmed", "it fell too often")}
        watched = Watched(tmp_path, there.url)
        watched.actors.answers |= refused
        await watched.watch.look()

    assert watched.said[1] == "ALERT it fell too often"


async def test_it_is_looked_at_again_and_again(tmp_path, monkeypatch):
    monkeypatch.setattr(address_watch, "EVERY_S", 0)
    async with receiving(saying(KNOWN)) as there:
        watch = Watched(tmp_path, there.url).watch
        keeping = asyncio.get_running_loop().create_task(watch.keep())
        await there.until(3)
        keeping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await keeping
