"""What a router asks of its broker, and what it is answered beside the facts of an order."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from daemon.domain.orders.book import Book
from daemon.domain.orders.limits import Approved
from daemon.domain.orders.margin import MarginLeg
from daemon.domain.orders.shares import is_shareless
from daemon.domain.orders.shown import AccountRead
from daemon.domain.orders.words import Pocket, Product


class Place(Struct, frozen=True):
    """Ask the broker to take an order."""

    approved: Approved


class Cancel(Struct, frozen=True):
    """Ask the broker to take an order out of its book."""

    intent_id: str
    broker_order_id: str


class FindOrder(Struct, frozen=True):
    """Ask the broker what became of an order whose outcome is unknown."""

    intent_id: str


class CancelAnswered(Struct, frozen=True):
    """What the broker said to a cancellation; what became of the order is told by its book."""

    intent_id: str
    done: bool
    text: str
    at_ns: int


class Basis(StrEnum):
    """What the value of an underlying is that its contracts are settled by."""

    CLOSE = "close"
    MEAN = "mean"
    LAST = "last"
    FORWARD = "forward"


class Settled(Struct, frozen=True):
    """The exchange closed what expired, at its settlement price; no order did.

    Attributes:
        symbol: what expired.
        quantity: units that were closed, the net of the account; 0: it was long and short alike.
        price_e4: what a unit was worth.
        at_ns: when.
        aged_ns: how long before the close the price was that it went by; 0: it was at the close.
        product: in which it was held.
        basis: what the underlying's value was that it follows from.
    """

    symbol: str
    quantity: int
    price_e4: int
    at_ns: int
    aged_ns: int = 0
    product: Product = Product.INTRADAY
    basis: Basis = Basis.CLOSE

    @property
    def pocket(self) -> Pocket:
        """What was closed, as the broker keeps it."""
        return Pocket(self.symbol, self.product)


class OrderNotFound(Struct, frozen=True):
    """The broker shows no such order now; that is never proof that there will be none."""

    intent_id: str
    at_ns: int


class ReadAccount(Struct, frozen=True):
    """Ask the broker for its whole book: orders of the day and positions, at one instant."""


class AccountUnread(Struct, frozen=True):
    """The broker's book could not be read.

    Attributes:
        because: why.
        at_ns: when.
        sessionless: there is no session, which tells nothing of the link.
        partly: the rest, where nothing but an order that is not known as ours hides in it. No
            absence from it proves anything: it is for who closes what is held in any case.
        answered: the orders and what is held of the day came, understood or not: the link lives.
        sharesless: the rest, where nothing but the shares of earlier days is missing.
    """

    because: str
    at_ns: int
    sessionless: bool = False
    partly: AccountRead | None = None
    answered: bool = False
    sharesless: AccountRead | None = None

    def whole_beside(self, book: Book) -> AccountRead | None:
        """Return what was read, where it is whole for who has this book; None: it is not."""
        read = self.sharesless
        return read if read is not None and is_shareless(book, read) else None


class ReadMargin(Struct, frozen=True):
    """Ask the broker what margin these legs need beside all that is held and works.

    Attributes:
        parent: the entry that they belong to, with a number before it where an earlier question
            about it may yet be answered; it comes back with the answer.
        legs: all of them, as they stand once they are filled.
    """

    parent: str
    legs: tuple[MarginLeg, ...]


class MarginRead(Struct, frozen=True):
    """What an entry needs, and what is free for it.

    Attributes:
        parent: the entry.
        required_e4: by how much it raises the margin; below zero where it frees some.
        available_e4: free before it.
        at_ns: when that was so.
    """

    parent: str
    required_e4: int
    available_e4: int
    at_ns: int


class MarginUnread(Struct, frozen=True):
    """The broker did not say what an entry needs, and why.

    Attributes:
        parent: the entry.
        because: why not.
        at_ns: when.
        answered: it did answer, with a no; else nothing came that can be understood.
    """

    parent: str
    because: str
    at_ns: int
    answered: bool = False


class LogIn(Struct, frozen=True):
    """Ask the broker for a session; `generation` comes back with the answer."""

    generation: int


class LoggedIn(Struct, frozen=True):
    """The broker gave a session.

    Attributes:
        generation: the one that was asked for.
        at_ns: the market instant.
        until_ns: when it ends; 0: the broker does not say.
    """

    generation: int
    at_ns: int
    until_ns: int = 0


class StepWanted(Struct, frozen=True):
    """The broker gives no session without a person, and why; what he brings goes to the vault.

    Attributes:
        generation: the one that was asked for.
        because: why.
        at_ns: the market instant.
        again_ns: when one may be given without him; 0: that takes him.
    """

    generation: int
    because: str
    at_ns: int
    again_ns: int = 0


class LoginFailed(Struct, frozen=True):
    """The broker gave no session, and why.

    Attributes:
        generation: the one that was asked for.
        because: why.
        at_ns: the market instant.
        again_ns: before it none is given.
    """

    generation: int
    because: str
    at_ns: int
    again_ns: int = 0


class RenewSession(Struct, frozen=True):
    """To a session keeper: the broker refused the session of this generation, or nobody has it.

    Attributes:
        account: whose.
        generation: the one that was refused, or that stood last where there is none; where a newer
            one stands already, nothing is done.
    """

    account: str
    generation: int
