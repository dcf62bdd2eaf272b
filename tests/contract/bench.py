"""A broker on the bench: what a card may know of it, and how it makes a fault happen there.

Every broker is played the same morning, has the same exchange behind it, and is asked through the
door. A card sees the port on one side and the exchange's own book on the other; whatever a fault
is at a broker, only the bench of that broker knows.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import Self, TypeVar

from msgspec import Struct

from daemon.brokers.door import Door
from daemon.domain.market.frames import Quote
from daemon.domain.money import E4
from daemon.domain.orders.ids import IntentIds
from daemon.domain.orders.words import OrderUpdated
from daemon.ports.broker import Broker
from daemon.ports.market import News
from daemon.twin.exchange import Exchange
from tests.kit.wire_twin import frame, quote

CASH = 1_000_000
"""What the account has, in rupees."""
DIPS_S = 60
"""So many seconds after the open the call falls from 200 to 190."""
MORNING = tuple(
    frame(s, call=quote(200 if s < DIPS_S else 190), put=quote(180), index=Quote((25_800 + s) * E4))
    for s in range(0, 600, 60)
)
"""A quote a minute, one rupee wide on each side, ten lots on show."""
N = TypeVar("N", bound=News)
_PATIENCE_S = 10


class On(StrEnum):
    """Which request is struck."""

    PLACE = "place"
    CANCEL = "cancel"


class Arrives(StrEnum):
    """What becomes of a request that is not answered."""

    NOW = "now"
    NEVER = "never"
    LATE = "late"  # `LATE_S` later


LATE_S = 8


class Silent(Struct, frozen=True):
    """The next such request gets no answer that can be trusted; `way` is one of the bench's."""

    on: On
    way: str
    arrives: Arrives


class Stuck(Struct, frozen=True):
    """The next order is taken, and reaches the exchange so many seconds later."""

    seconds: int


class RejectedLater(Struct, frozen=True):
    """The next order is taken, and rejected by what the book says after it."""


class ToldTwice(Struct, frozen=True):
    """What happens next to an order is told twice."""


class SessionOver(Struct, frozen=True):
    """The broker ends the session."""


class StreamBroken(Struct, frozen=True):
    """The connection that prices and orders are told on breaks."""


Fault = Silent | Stuck | RejectedLater | ToldTwice | SessionOver | StreamBroken


class Impossible(Exception):
    """A fault that a broker cannot have."""


class Bench(ABC):
    """One account at one broker, opened at the first quote of the morning and logged in.

    Attributes:
        ids: of its orders.
        ask: asks the broker through the door.
        exchange: the exchange behind the broker; its book is the judge.
        news: what the stream told; nothing ever, where there is none.
        silences: the ways in which this broker does not answer.
        writes_a_second: so many it takes; one more is one too many.

    Args:
        broker: behind the door.
        exchange: behind the broker.
        now_ns: tells market time.
    """

    silences: Sequence[str]
    writes_a_second: int

    def __init__(self, broker: Broker, exchange: Exchange, now_ns: Callable[[], int]) -> None:
        self.ids = IntentIds(1)
        self.ask = Door(broker, now_ns, lambda *_: "").ask
        self.exchange = exchange
        self.now_ns = now_ns
        self.news: asyncio.Queue[News] = asyncio.Queue()

    @classmethod
    @abstractmethod
    def opened(cls) -> AbstractAsyncContextManager[Self]:
        """Keep a bench until the block ends."""

    @abstractmethod
    async def go_to(self, second: int) -> None:
        """Let market time pass, to so many seconds after the open; each costs the host some too."""

    @abstractmethod
    async def happen(self, fault: Fault) -> None:
        """Make a fault happen.

        Raises:
            Impossible: this broker cannot have it, so the cards that need it are left out.
        """

    @abstractmethod
    async def told(self, times: int) -> Sequence[OrderUpdated]:
        """Return what its owner hears of orders once the broker has told of them so often."""

    @abstractmethod
    async def change(self, broker_order_id: str, price_e4: int) -> None:
        """Give an order that rests another price."""

    @abstractmethod
    async def bring(self) -> None:
        """Do what a person does for a session, where one is needed."""

    async def next_news(self, kind: type[N]) -> N:
        """Wait for the next news of a kind; what never comes fails the card."""
        async with asyncio.timeout(_PATIENCE_S):
            while not isinstance(told := await self.news.get(), kind):
                pass
        return told
