"""The store as the publisher of one sink asks it: records become events, in the words of the page.

What an event is about is its key: an alert, a kill, a strategy with all its orders, an order of
nobody's, an account. What concerns none of these is of one key with all of its kind.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

import msgspec

from daemon.errors import StoreError
from daemon.messages.modes import ON_PAPER, Modes
from daemon.messages.outbox import (
    BeginSink,
    Event,
    EventsRead,
    LetterState,
    ReadOn,
    ReadWanted,
    Settle,
    Settled,
    SinkBegun,
    StoreFailed,
    WantedRead,
)
from daemon.settings import SinkSettings
from daemon.storage.codec import Row, TicksTaken, decode_fact
from daemon.storage.outbox import Outbox
from daemon.web.told.news import News

T = TypeVar("T")
Asked = BeginSink | ReadOn | ReadWanted | Settle
Answer = SinkBegun | EventsRead | WantedRead | Settled | StoreFailed
_KEYS = ("alert_id", "kill_id", "strategy_id", "order_id", "account")
_LINK_LETTERS = 32
_COUNTED = 10_000
"""Whoever is further behind is that far behind; to count them all would take too long."""
_REMINDERS = 5_000
"""More orders than two days have, the days themselves included."""


class Doer(Protocol):
    """Has something done with the outbox in the store, by somebody who may wait."""

    def __call__(self, work: Callable[[Outbox], T], /) -> Awaitable[T]:
        """Return what came of it."""
        ...


class SinkStore:
    """The port of one sink to the store.

    Args:
        settings: of the sink.
        do: has work done off the loop, one thing at a time.
        modes: whose money each account trades with.
    """

    def __init__(self, settings: SinkSettings, do: Doer, modes: Modes = ON_PAPER) -> None:
        self._modes = modes
        self._sink = settings.id
        self._takes = frozenset(map(str, settings.events))
        self._do = do
        self._news: News | None = None
        self._dead = 0

    async def ask(self, asked: Asked) -> Sequence[Answer]:
        """Ask the store for something; what fails is told."""

        def work(outbox: Outbox) -> Answer:
            return self._answer(outbox, asked)

        try:
            return (await self._do(work),)
        except StoreError as error:
            return (StoreFailed(asked, str(error)),)

    def _answer(self, outbox: Outbox, asked: Asked) -> Answer:
        match asked:
            case BeginSink():
                cursor = outbox.begin(self._sink)
                self._dead = outbox.waiting(self._sink)
                return SinkBegun(cursor, outbox.buried(cursor), self._dead)
            case ReadOn(after, most):
                return self._read(outbox, after, most)
            case ReadWanted(most):
                return WantedRead(outbox.letters([LetterState.WANTED], self._sink, most))
            case Settle():
                outbox.settle(asked)
                if asked.letters:
                    self._dead = outbox.waiting(self._sink)
                return Settled(asked, self._dead)

    def _read(self, outbox: Outbox, after: int, most: int) -> EventsRead:
        if self._news is None:
            self._news = _reminded(outbox, after, self._modes)
        rows = outbox.rows(after, most)
        found = (self._event(self._news, row) for row in rows)
        events = tuple(each for each in found if each is not None and each.kind in self._takes)
        reached = rows[-1].number if rows else after
        return EventsRead(
            events, reached, outbox.left(reached, _COUNTED) if len(rows) == most else 0
        )

    def _event(self, news: News, row: Row) -> Event | None:
        """Return what is told of a record; None: it concerns nobody."""
        if row.kind == TicksTaken.__name__:
            return None
        item = news.of(decode_fact(row.body))
        return None if item is None else event_of(row, item)


def event_of(row: Row, item: dict[str, Any]) -> Event:
    """Return the event of a record, with the line of news that it is told by."""
    event_id = f"{row.number}-{row.link.hex()[:_LINK_LETTERS]}"
    body = body_of(event_id, row.number, item)
    return Event(row.number, event_id, item["kind"], key_of(item), body)


def body_of(event_id: str, number: int, item: dict[str, Any]) -> bytes:
    """Return what is told of an event: `id` is its own, and what a latch holds is the `name`."""
    about = {"name" if each == "id" else each: value for each, value in item.items()}
    return msgspec.json.encode({"id": event_id, "number": number, **about})


def key_of(item: dict[str, Any]) -> str:
    """Return what an event is about: those of one key are given in their order."""
    named = next((name for name in _KEYS if item.get(name)), "")
    return f"{named}:{item[named]}" if named else str(item["kind"])


def _reminded(outbox: Outbox, until: int, modes: Modes) -> News:
    """Return news that remembers the newest orders, which later records name by their id alone."""
    news = News(modes)
    for row in outbox.reminders(until, _REMINDERS):
        news.of(decode_fact(row.body))
    return news
