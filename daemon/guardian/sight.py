"""What a guardian sees of the accounts that it stands in for, before it does anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from daemon.domain.market.calendar import may_trade
from daemon.domain.orders.book import Book
from daemon.domain.orders.reconcile import positions
from daemon.domain.orders.shares import beside
from daemon.domain.orders.shown import AccountRead
from daemon.domain.orders.words import State
from daemon.errors import BrokerError, SessionRefused
from daemon.guardian.decision import Exposure
from daemon.guardian.exposure import exposure_of
from daemon.guardian.orders import is_ordered
from daemon.guardian.ways import Way, Ways
from daemon.messages import AccountUnread, ReadAccount
from daemon.settings import Settings

_GRAVE = (Exposure.OPEN, Exposure.UNREAD, Exposure.HIDDEN, Exposure.FLAT)
"""What is said of several accounts is what is said of the first of these."""
_RESTING: Final = {Exposure.OPEN: Exposure.WAITING, Exposure.UNREAD: Exposure.HIDDEN}
"""What is said while the exchange rests, in place of these."""
_CLOSED_LOOKS = 60
"""While the exchange rests nothing moves: so often what was seen there last is said again."""


class Sight(Protocol):
    """Sees what is open.

    Attributes:
        looks: what was seen holds for so many looks of the watch.
        returns: what cannot be closed today may be so on another day, without a daemon.
        why: what hinders the sight, a sentence; empty: nothing does.
        rests: the exchange did not trade at the last look, as far as that was asked.
    """

    looks: int
    returns: bool
    why: str
    rests: bool

    async def look(self) -> Exposure:
        """Return what is open in all accounts."""
        ...

    async def let_go(self) -> None:
        """Let go of the brokers until the next look: a daemon beats."""
        ...


class PaperSight:
    """Looks into the files of the exchange on paper.

    Args:
        settings: everything that was set.
    """

    looks: int = 8
    returns: bool = False
    why: str = ""
    rests: bool = False

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def look(self) -> Exposure:
        """Return what is open in all accounts."""
        return exposure_of(self._settings)

    async def let_go(self) -> None:
        """Nothing is held."""


class BrokerSight:
    """Reads the books of the brokers that money is traded at.

    It asks seldom, for a daemon that lives may be asking too, and both count as one there.

    Args:
        ways: to the accounts.
        lives: tells the service manager that the guardian does not hang while a broker is slow.
    """

    looks: int = 40
    returns: bool = True

    def __init__(self, ways: Ways, lives: Callable[[], None]) -> None:
        self._ways = ways
        self._lives = lives
        self._resting: Exposure | None = None
        self._said_again = 0
        self.why = ""
        self.rests = False

    async def look(self) -> Exposure:
        """Return what is open in all accounts.

        Where the exchange rests nothing could be closed: whatever is open waits then, and what
        cannot be seen is only told.
        """
        try:
            ways = self._ways.all()
        except BrokerError as error:
            self.why = str(error)
            return Exposure.UNREAD
        self.rests = not may_trade(self._ways.now_ns())
        if self.rests and self._resting is not None and self._said_again < _CLOSED_LOOKS:
            self._said_again += 1
            return self._resting
        seen = [await self._seen(way) for way in ways]
        self.why = "; ".join(why for _, why in seen if why)
        found = next(each for each in _GRAVE if each in [exposure for exposure, _ in seen])
        if self.rests:
            found = _RESTING.get(found, found)
        self._resting, self._said_again = found if self.rests else None, 0
        return found

    async def let_go(self) -> None:
        """Let go of the brokers until the next look."""
        self._resting = None
        await self._ways.close()

    async def _seen(self, way: Way) -> tuple[Exposure, str]:
        """Return what is open in one account, and what hinders the sight of it."""
        self._lives()
        try:
            await way.take_up()
            *_, told = await way.door.ask(ReadAccount())
            if isinstance(told, AccountUnread) and not way.stands:  # the session died just now
                await way.take_up()
        except SessionRefused as error:
            return Exposure.HIDDEN, str(error)
        except BrokerError as error:
            return Exposure.UNREAD, f"{way.account} cannot be read: {error}"
        if isinstance(told, AccountUnread):
            told = told.whole_beside(Book()) or told
        if isinstance(told, AccountUnread):
            return Exposure.UNREAD, f"the book of {way.account} cannot be read: {told.because}"
        assert isinstance(told, AccountRead), "a reading ends with the book, or says why not"
        return (Exposure.OPEN if is_open(told) else Exposure.FLAT), ""


def is_open(read: AccountRead) -> bool:
    """Say whether a book shows anything that could be closed from here.

    A sale out of shares that lie beside the positions is no short, though it stands among them.
    """
    kept = beside(read)
    return any(order.state is State.WORKING for order in read.orders) or any(
        is_ordered(pocket.symbol) and not -kept.get(pocket, 0) <= net <= 0
        for pocket, net in positions(read).items()
    )


def sight_of(settings: Settings, ways: Ways | None, lives: Callable[[], None]) -> Sight:
    """Return what sees the accounts that are stood in for.

    Args:
        settings: everything that was set.
        ways: to the accounts at brokers, which then are seen alone; None: all are on paper.
        lives: tells the service manager that the guardian does not hang.
    """
    return PaperSight(settings) if ways is None else BrokerSight(ways, lives)
