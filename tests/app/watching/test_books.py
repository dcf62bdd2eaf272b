"""Waiting for the books: one that cannot be read holds up no other, and people hear of it."""

from __future__ import annotations

import asyncio
from datetime import date, time
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from daemon.app.watching import books as waiting
from daemon.app.watching.books import Books
from daemon.control import Refusal
from daemon.domain.instants import SECOND_NS, at
from daemon.messages import AccountSeen, FreeEntries, HeldBy, HeldSeen, HoldEntries
from daemon.runtime.clock import MonotonicClock, VirtualClock
from daemon.runtime.flow import Flow
from daemon.runtime.pace import Pace

OPEN, NIGHT = (at(date(2026, 3, 9), wall) for wall in (time(9, 30), time(8, 30)))
OPENS = at(date(2026, 3, 9), time(9, 15))
UNKNOWN_NIGHT = at(date(2027, 1, 1), time(8, 30))
"""Of a day that no table knows."""
SESSIONLESS = "there is no session at Zerodha"
READ = AccountSeen("zed", "zerodha", True, "", (), (), (), (), 0)
UNTRIED = replace(READ, reconciled=False)
UNREAD = replace(UNTRIED, unread=SESSIONLESS)
HELD = (HeldSeen("zed", "s", "ce", "NIFTY", -65, 0, 0, 65, 0),)


def of(seen: AccountSeen, account: str) -> AccountSeen:
    return replace(seen, account=account)


class Waiting:
    """Books that are waited for, as their owners tell of them one after the other."""

    def __init__(self, *told: tuple[AccountSeen, ...], now_ns: int = OPEN) -> None:
        self.left, self.heard, self.refuses, self.settled = list(told), [], False, 0
        reads = SimpleNamespace(accounts=self._accounts)
        line = SimpleNamespace(router=str, tell=lambda *said: self.heard.append(said[:2]))
        control: Any = SimpleNamespace(reads=reads, line=line)
        tasks: Any = SimpleNamespace(
            caught_up=self._nothing, run_until=self._nothing, settle=self._settled
        )
        self.flowing = Books(control, tasks, Flow(VirtualClock(now_ns), VirtualClock()))
        self.standing = Books(control, tasks, Pace(MonotonicClock(), None))

    async def _accounts(self) -> tuple[AccountSeen, ...]:
        if self.refuses:
            self.refuses = False
            raise Refusal("no_answer", "router:zed is busy")
        return self.left.pop(0)

    async def _nothing(self, *_: object) -> None: ...

    async def _settled(self) -> None:
        self.settled += 1


@pytest.fixture(autouse=True)
def hurried(monkeypatch) -> None:
    monkeypatch.setattr(waiting, "_LOOK_EVERY_S", 0.001)
    monkeypatch.setattr(waiting, "_LOOK_SELDOM_S", 0.001)
    monkeypatch.setattr(waiting, "_PATIENCE_S", 0.001)


async def test_an_account_that_cannot_be_read_holds_up_no_other_where_time_flows():
    second = of(READ, "zed2")
    told = Waiting((UNREAD, of(UNREAD, "zed2")), (UNREAD, second), (READ, second))
    await told.flowing.begin()
    assert told.left == [(READ, second)]


async def test_an_account_whose_first_reading_is_under_way_is_waited_for():
    second = of(READ, "zed2")
    told = Waiting((UNTRIED, second), (READ, second))
    await told.flowing.begin()
    assert told.left == []


async def test_where_time_stands_all_are_waited_for():
    second = of(READ, "zed2")
    told = Waiting((UNREAD, second), (READ, second))
    await told.standing.begin()
    assert (told.left, told.settled) == ([], 1)


async def test_it_is_ready_once_the_last_book_is_read_though_a_router_was_busy_once():
    told, ready = Waiting((UNREAD,), (READ,)), asyncio.Event()
    told.refuses = True
    work = asyncio.create_task(told.flowing.finish(ready.set))
    async with asyncio.timeout(20):
        await ready.wait()
    assert told.left == []
    assert not work.done()
    work.cancel()


async def test_who_holds_something_unread_while_it_trades_is_told_of_until_the_book_is_read():
    unread = replace(UNREAD, held=HELD)
    told = Waiting((unread,), (unread,), (unread,), (replace(READ, held=HELD),))
    await told.flowing.begin()
    because = f"its broker's book is not read, and nothing guards what it holds: {SESSIONLESS}"
    assert told.heard == [
        ("zed", HoldEntries(HeldBy.BOOKS, because)),
        ("zed", FreeEntries(HeldBy.BOOKS)),
    ]


async def test_an_order_that_may_fill_unread_is_as_good_as_something_held():
    told = Waiting(*[(replace(UNREAD, working=1),)] * 3, (READ,))
    await told.flowing.begin()
    assert [type(message) for _, message in told.heard] == [HoldEntries, FreeEntries]


@pytest.mark.parametrize("seconds", [60, 59])
async def test_a_minute_into_the_market_who_was_not_read_yet_is_told_of_whatever_is_held(
    monkeypatch, seconds
):
    monkeypatch.setattr(waiting, "_UNREAD_S", 0.001)
    told = Waiting(*[(UNREAD,)] * 3, (READ,), now_ns=OPENS + seconds * SECOND_NS)
    await told.flowing.begin()
    because = f"its broker's book has not been read since the start: {SESSIONLESS}"
    held = [("zed", HoldEntries(HeldBy.BOOKS, because)), ("zed", FreeEntries(HeldBy.BOOKS))]
    assert told.heard == (held if seconds == 60 else [])


@pytest.mark.parametrize(
    ("unread", "now_ns"),
    [(UNREAD, OPEN), *((replace(UNREAD, held=HELD), now_ns) for now_ns in (NIGHT, UNKNOWN_NIGHT))],
)
async def test_with_nothing_held_for_a_moment_or_nothing_traded_nobody_is_told(unread, now_ns):
    told = Waiting((unread,), (unread,), (unread,), (READ,), now_ns=now_ns)
    await told.flowing.begin()
    assert told.heard == []
