"""What a live market tells, and what may be asked of whoever listens to it.

Prices are evidence. Whatever is told of orders is not: it says that the book is to be read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Protocol

from msgspec import Struct

from daemon.domain.market.frames import Frame, Quote
from daemon.domain.market.polled import Stamped


class FrameHeard(Struct, frozen=True, gc=False):
    """Prices came; `content` is equal for equal content, 0 where nothing is known of that."""

    frame: Frame
    content: int = 0


class BygonePrices(Struct, frozen=True):
    """What is held was last told of so before today: it may be left by that, and not judged.

    Attributes:
        quotes: each with its symbol.
    """

    quotes: tuple[tuple[str, Quote], ...]


class BookWanted(Struct, frozen=True):
    """Something may have become of orders that nobody told: read the book and the positions."""

    because: str


class SessionLost(Struct, frozen=True):
    """The broker does not take the session of this generation; 0: there is none at all."""

    generation: int


class LinkMoved(Struct, frozen=True):
    """A connection began to live, or died.

    Attributes:
        number: which; the first, 0, shows the indices and what is held.
        at_ns: when, in market time.
        alive: whether it lives now.
        why: it died.
        in_session: prices are missed meanwhile, which somebody must be told.
    """

    number: int
    at_ns: int
    alive: bool
    why: str = ""
    in_session: bool = False


class NoticeHeard(Struct, frozen=True):
    """The broker says something to people; `kind` is its word for it."""

    kind: str
    text: str
    at_ns: int


class MarketReady(Struct, frozen=True):
    """What is wanted is to be chosen anew; `renewed`: under another session than before."""

    renewed: bool = False


class PricesOwed(Struct, frozen=True):
    """The market is open since that instant: a market that is listened to owes prices from now."""

    since_ns: int


class NotShown(Struct, frozen=True):
    """Some of what is wanted cannot be shown, and why; to whom it concerns."""

    text: str
    at_ns: int


News = FrameHeard | BygonePrices | BookWanted | SessionLost | LinkMoved | NoticeHeard | MarketReady


class LiveMarket(Protocol):
    """Listens to a market until it is called off.

    Attributes:
        room: how many instruments it can show at once.
    """

    room: int

    def lists(self, symbol: str) -> bool:
        """Say whether the broker lists a symbol today, as far as is known."""
        ...

    def options(self, underlying: str, expiry: date) -> Sequence[str]:
        """Return the symbols of all options of an underlying that expire on a day."""
        ...

    def want(self, held: Iterable[str], others: Iterable[str]) -> Sequence[str]:
        """Show these symbols from now on, and no others.

        Args:
            held: what is held or works; it is shown where freshness is looked at first.
            others: everything else, indices among it.

        Returns:
            Why some of them are not shown, in sentences: that keeps no other from being shown.

        Raises:
            BrokerError: they are too many; what was shown before is shown still.
        """
        ...

    def hold(self, symbols: Iterable[str]) -> None:
        """Take that some of what is shown has come to be held: it may be left by its last price.

        Where that is of an earlier day it is told now. It moves to where freshness is looked at
        first, and else nothing is shown anew for it.
        """
        ...

    async def quotes(self, symbols: Iterable[str]) -> Mapping[str, Stamped]:
        """Ask for the newest quotes, where nothing is heard; absent: there is none.

        Raises:
            BrokerError: they could not be read.
        """
        ...

    def renew(self) -> None:
        """Use the present session, for the one before is none any more."""
        ...

    async def keep_up(self) -> bool:
        """See to it that what is listed is what the present day has; say whether it is."""
        ...

    async def listen(self, hear: Callable[[News], None]) -> None:
        """Tell all that comes, until this is cancelled; what breaks is made again.

        Args:
            hear: is told at once, and never waits.
        """
        ...
