"""Accounts at brokers around a closing: who can be asked, at which prices, and until when."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import date, time

import pytest

from daemon.domain.instants import at
from daemon.domain.market.frames import Quote
from daemon.domain.market.polled import Stamped
from daemon.errors import BrokerUnavailable, SessionRefused
from daemon.guardian import live_world
from daemon.guardian.live_world import reached

DAY, UNKNOWN_DAY = date(2026, 3, 9), date(2027, 1, 1)
NOON = at(DAY, time(12))
CALL, PUT = "NIFTY-2026-03-10-22900-CE", "NIFTY-2026-03-10-22900-PE"
NO_SESSION, AWAY = SessionRefused("no session"), BrokerUnavailable("the line is down")


class Way:
    """A way whose session stands, or fails; its broker tells quotes, or fails."""

    def __init__(self, account: str, fails: Exception | None = None) -> None:
        self.account, self.fails = account, fails
        self.door, self.broker = object(), self
        self.asked: list[tuple[str, ...]] = []
        self.quoted: Mapping[str, Stamped] | Exception = {CALL: Stamped(Quote(1), 0)}

    async def take_up(self) -> None:
        """Use the session."""
        if self.fails is not None:
            raise self.fails

    async def quotes(self, symbols: Iterable[str]) -> Mapping[str, Stamped]:
        """Tell quotes."""
        self.asked.append(tuple(symbols))
        if isinstance(self.quoted, Exception):
            raise self.quoted
        return self.quoted


class Ways:
    """Some ways, and the time."""

    def __init__(self, *ways: Way) -> None:
        self.ways, self.at_ns = ways, NOON

    def all(self) -> tuple[Way, ...]:
        """Return them."""
        return self.ways

    def now_ns(self) -> int:
        """Return market time."""
        return self.at_ns


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(live_world, "_PAUSE_S", 0)


async def test_accounts_without_a_session_are_told_of_and_the_others_closed():
    world = await reached(Ways(Way("a"), Way("b", NO_SESSION), Way("c", AWAY)))
    assert list(world.doors) == ["a", "c"]
    assert world.others == ["no session"]
    assert await world.ready("a") == ""
    assert await world.ready("c") == "c cannot be asked: the line is down"


async def test_brokers_are_asked_all_at_once_for_a_slow_one_may_hold_up_no_other(monkeypatch):
    """The service manager ends a guardian that is not heard of for a minute."""
    ways = [Way("a"), Way("b"), Way("c")]
    met = asyncio.Barrier(len(ways))
    for way in ways:
        monkeypatch.setattr(way, "take_up", met.wait)
    async with asyncio.timeout(10):
        world = await reached(Ways(*ways))
    assert list(world.doors) == ["a", "b", "c"]


async def test_where_no_account_has_a_session_nothing_is_begun():
    with pytest.raises(SessionRefused, match="no session; no session"):
        await reached(Ways(Way("a", NO_SESSION), Way("b", NO_SESSION)))


async def test_a_session_that_dies_at_the_work_ends_it():
    way = Way("a")
    world = await reached(Ways(way))
    way.fails = NO_SESSION
    with pytest.raises(SessionRefused):
        await world.ready("a")


@pytest.mark.parametrize("fails", [AWAY, TimeoutError()])
async def test_prices_are_asked_for_once_each_and_those_before_stay_where_that_fails(fails):
    way = Way("a")
    world = await reached(Ways(way))
    assert await world.price("a", ()) == ""
    assert await world.price("a", (CALL, PUT, CALL)) == ""
    way.quoted = fails
    assert "prices of a cannot be read: " in await world.price("a", (CALL,))
    assert way.asked == [(CALL, PUT), (CALL,)]
    assert world.quotes == {CALL: Quote(1)}


async def test_prices_of_one_account_go_on_to_count_beside_those_of_another():
    one, other = Way("a"), Way("b")
    other.quoted = {PUT: Stamped(Quote(2), 0)}
    world = await reached(Ways(one, other))
    await world.price("a", (CALL,))
    await world.price("b", (PUT,))
    assert world.quotes == {CALL: Quote(1), PUT: Quote(2)}


@pytest.mark.parametrize("day", [DAY, UNKNOWN_DAY], ids=["known", "one that no table knows"])
async def test_the_market_goes_on_until_the_exchange_rests(day):
    ways = Ways(Way("a"))
    world = await reached(ways)
    ways.at_ns = at(day, time(12))
    assert await world.go_on() == {"a": ()}
    ways.at_ns = at(day, time(18))
    assert await world.go_on() is None
    assert world.now_ns() == at(day, time(18))
