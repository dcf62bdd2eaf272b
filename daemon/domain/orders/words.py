"""The words of the order machine: what we intend, what the broker said, what became of it.

Facts are past tense and carry cumulative quantities, never increments, so that hearing one twice,
late or out of order changes nothing. An order is an *intent* from the moment it is committed, which
is before its request leaves; it ends only by the broker's own evidence.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct, field


class Side(StrEnum):
    """Which way."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """+1 for a purchase, -1 for a sale."""
        return 1 if self is _BUY else -1

    @property
    def opposite(self) -> Side:
        """The side that undoes this one."""
        return _SELL if self is _BUY else _BUY


_BUY, _SELL = Side.BUY, Side.SELL  # looked up once: asking the class costs twenty times a name


class Product(StrEnum):
    """How a position is held: left on the same day, or carried overnight."""

    INTRADAY = "intraday"
    CARRY = "carry"


class Pocket(NamedTuple):
    """What a broker keeps apart: one contract in one product.

    Units bought in one product close nothing that is held in another.
    """

    symbol: str
    product: Product = Product.INTRADAY

    def __str__(self) -> str:
        """Return it as people say it; what is left on the same day is the contract alone."""
        return self.symbol if self.product is _INTRADAY else f"{self.symbol} {self.product}"

    @property
    def leg_id(self) -> str:
        """The leg under which it stands where no basket entered it."""
        return self.symbol if self.product is _INTRADAY else f"{self.symbol}-{self.product}"


_INTRADAY = Product.INTRADAY


class OrderType(StrEnum):
    """How an order is priced. `MARKET` is always protected: a limit at the collar."""

    LIMIT = "limit"
    STOP_LIMIT = "sl"
    MARKET = "market"


class Purpose(StrEnum):
    """Whether an order may add to risk."""

    ENTRY = "entry"
    EXIT = "exit"
    RESIDENT_STOP = "resident_stop"


class Refusal(StrEnum):
    """Why the answer was no: vendors' texts become one of these in their codec."""

    BAND = "BAND"
    FREEZE = "FREEZE"
    LOT = "LOT"
    TICK = "TICK"
    MARGIN = "MARGIN"
    SESSION = "SESSION"
    RATE = "RATE"
    CLOSED = "CLOSED"
    INSTRUMENT = "INSTRUMENT"
    UNSENT = "UNSENT"  # it never left for the broker; what was recorded before has OTHER for that
    OTHER = "OTHER"


class State(StrEnum):
    """Where an order stands. The grammar is the table in `states`."""

    INTENDED = "INTENDED"
    UNKNOWN = "UNKNOWN"
    PARKED = "PARKED"
    REFUSED = "REFUSED"
    WORKING = "WORKING"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"
    FILLED = "FILLED"


class Terms(NamedTuple):
    """What an order asks.

    Attributes:
        quantity: units that it is of.
        price_e4: its limit.
        trigger_e4: what wakes it.
    """

    quantity: int = 0
    price_e4: int = 0
    trigger_e4: int = 0


UNTOLD = Terms()
"""Nothing is told of what an order asks: it asks what was intended."""
NO_TRIGGER = -1
"""A trigger that was taken off an order, for 0 tells nothing: it is a plain limit now."""


class Intent(Struct, frozen=True, omit_defaults=True):
    """One order that we want, committed before its request leaves and never sent twice.

    Attributes:
        intent_id: our client order id, random or bound to the run's epoch; never reused.
        account: whose money.
        strategy_id: who wants it.
        leg_id: for which leg of the strategy.
        symbol: of what.
        side: which way.
        quantity: units, a multiple of the lot, at most the freeze quantity.
        order_type: how it is priced.
        price_e4: the limit; for MARKET the protection.
        purpose: entry, exit, or a stop that rests at the broker.
        parent: the basket or the obligation that it is a child of.
        decided_ns: the market instant of the decision; it never matches an older quote.
        deadline_ns: past this instant it must not leave any more.
        trigger_e4: for `STOP_LIMIT`.
        product: how its position is held; an exit has that of what it closes. What was recorded
            before there were products is of the same day, and left out of a record where it is.
    """

    intent_id: str
    account: str
    strategy_id: str
    leg_id: str
    symbol: str
    side: Side
    quantity: int
    order_type: OrderType
    price_e4: int
    purpose: Purpose
    parent: str
    decided_ns: int
    deadline_ns: int
    trigger_e4: int = field(default_factory=int)  # of a factory, so that its 0 stands in records
    product: Product = Product.INTRADAY

    @property
    def pocket(self) -> Pocket:
        """What it trades, as the broker keeps it."""
        return Pocket(self.symbol, self.product)


class IntentRecorded(Struct, frozen=True, tag=True):
    """We want this order."""

    intent: Intent
    at_ns: int


class OrderAccepted(Struct, frozen=True, tag=True):
    """The broker took the order and gave it a number; nothing is filled by that."""

    intent_id: str
    broker_order_id: str
    at_ns: int


class OrderRefused(Struct, frozen=True, tag=True):
    """The broker's answer was no: the order never reached a book."""

    intent_id: str
    kind: Refusal
    text: str
    at_ns: int


class OutcomeUnknown(Struct, frozen=True, tag=True):
    """No answer that can be trusted: perhaps it was executed."""

    intent_id: str
    because: str
    at_ns: int


class ConfirmationWanted(Struct, frozen=True, tag=True):
    """The broker asks something before it takes the order; it has placed nothing.

    Whoever answers there places it, so it is reckoned with like an order whose outcome is unknown.

    Attributes:
        question_id: of the question, at the broker.
        text: what it asks.
    """

    intent_id: str
    question_id: str
    text: str
    at_ns: int

    @property
    def said(self) -> str:
        """The question, for a person: nobody else answers it."""
        return f"the broker asks before it takes it: {self.text} (question {self.question_id})"


class OrderParked(Struct, frozen=True, tag=True):
    """The look-up window passed without evidence: possible exposure until the day ends."""

    intent_id: str
    at_ns: int


def _none() -> None:
    return None


class OrderUpdated(Struct, frozen=True, tag=True, omit_defaults=True):
    """What the broker's book says of an order; quantities are cumulative.

    Attributes:
        state: `WORKING`, `REJECTED`, `CANCELLED` or `FILLED`.
        filled_quantity: units filled so far.
        filled_value_e4: the sum of price x units over those fills.
        kind: why, where it was rejected, or cancelled for a reason that is known.
        quantity: units that the order is of, which somebody may have changed at the broker; left
            out of a record where it is 0: nothing new is told of it. So are the next two.
        price_e4: its limit.
        trigger_e4: what wakes it; `NO_TRIGGER`: nothing does any more.
    """

    intent_id: str
    broker_order_id: str
    state: State
    filled_quantity: int
    filled_value_e4: int
    at_ns: int
    kind: Refusal | None = field(default_factory=_none)  # of factories, so that they stand in
    text: str = field(default_factory=str)  # records though nothing is told by them
    quantity: int = 0
    price_e4: int = 0
    trigger_e4: int = 0

    @property
    def terms(self) -> Terms:
        """What it says of what the order asks."""
        return Terms(self.quantity, self.price_e4, self.trigger_e4)


OrderAnswer = OrderAccepted | OrderRefused | OutcomeUnknown | ConfirmationWanted
"""What a request to place an order is answered with: exactly one of these."""
OrderNews = OrderAnswer | OrderParked | OrderUpdated
OrderFact = IntentRecorded | OrderNews
