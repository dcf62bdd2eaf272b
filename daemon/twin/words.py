"""The words that the exchange on paper speaks: requests, answers, reports, trades, statements.

They are its own, not ours: a paper account is two books kept by different code, and a word shared
between them could carry a mistake from one into the other. Prices and amounts are in `_e4`,
quantities in units, instants in ns; a report carries cumulative fills and the whole state after.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

INTRADAY = "intraday"
"""The product of a request that names none."""


class Side(StrEnum):
    """Which way an order trades."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """+1 for a purchase, -1 for a sale."""
        return 1 if self == Side.BUY else -1


class OrderType(StrEnum):
    """How an order is priced; `MARKET` is a limit at its protection."""

    LIMIT = "limit"
    STOP_LIMIT = "sl"
    MARKET = "market"


class Status(StrEnum):
    """Where an order stands in the exchange's book."""

    WORKING = "working"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


class Reason(StrEnum):
    """Why the exchange says no."""

    BAND = "BAND"
    FREEZE = "FREEZE"
    LOT = "LOT"
    TICK = "TICK"
    MARGIN = "MARGIN"
    CLOSED = "CLOSED"
    INSTRUMENT = "INSTRUMENT"
    RATE = "RATE"
    OTHER = "OTHER"


class TwinOrder(Struct, frozen=True):
    """A request to trade.

    Attributes:
        client_id: the sender's own id. As at a real broker it identifies nothing here: sent twice
            it makes two orders.
        symbol: of what.
        side: which way.
        quantity: units.
        order_type: how it is priced.
        price_e4: the limit; for `MARKET` the protection, 0: the exchange's own.
        decided_ns: the instant of the frame that decided it; it never matches an earlier frame.
        trigger_e4: for `STOP_LIMIT`.
        product: in which its units are held. As at a broker the positions of each are kept apart,
            and shares are paid in full in any but `INTRADAY`.
    """

    client_id: str
    symbol: str
    side: Side
    quantity: int
    order_type: OrderType
    price_e4: int
    decided_ns: int
    trigger_e4: int = 0
    product: str = INTRADAY


class Change(Struct, frozen=True):
    """A request to alter a working order; 0 leaves a field as it is.

    Attributes:
        decided_ns: the changed order never matches a frame before this.
        quantity: the new whole quantity in units, filled ones included.
        price_e4: the new limit.
        trigger_e4: the new trigger.
    """

    decided_ns: int
    quantity: int = 0
    price_e4: int = 0
    trigger_e4: int = 0


class Accepted(Struct, frozen=True):
    """The order has a number; nothing is filled by that. `at_ns`: when the answer is due."""

    order_id: str
    at_ns: int


class Modified(Struct, frozen=True):
    """The order was altered."""

    order_id: str
    at_ns: int


class Cancelled(Struct, frozen=True):
    """The rest of the order was taken out of the book."""

    order_id: str
    filled_quantity: int
    at_ns: int


class Refused(Struct, frozen=True):
    """The answer is no, and why."""

    reason: Reason
    text: str
    at_ns: int


class NoAnswer(Struct, frozen=True):
    """No answer came in time; the request may have arrived or may yet arrive."""

    text: str
    at_ns: int


PlaceAnswer = Accepted | Refused | NoAnswer
ModifyAnswer = Modified | Refused | NoAnswer
CancelAnswer = Cancelled | Refused | NoAnswer


class OrderReport(Struct, frozen=True):
    """All that the exchange says of an order; a later report replaces an earlier one.

    Attributes:
        order_id: the exchange's number.
        client_id: the sender's own id.
        symbol: of what.
        side: which way.
        quantity: units asked for.
        order_type: how it was priced.
        price_e4: the limit; for `MARKET` the protection it became a limit at.
        trigger_e4: for `STOP_LIMIT`.
        decided_ns: no frame before this may fill it.
        arrived_ns: when it, or its last change, reached the exchange.
        at_ns: when this became so.
        status: where it stands.
        filled_quantity: units filled so far.
        filled_value_e4: the sum of price x units over those fills.
        triggered: a `STOP_LIMIT` that has become a limit order.
        resting: it can still match; after `CANCELLED` only where a fault wants it so.
        priority: its turn among own orders of one price; lower is earlier.
        reason: why it was rejected.
        text: the same in a sentence.
        product: in which its units are held.
    """

    order_id: str
    client_id: str
    symbol: str
    side: Side
    quantity: int
    order_type: OrderType
    price_e4: int
    trigger_e4: int
    decided_ns: int
    arrived_ns: int
    at_ns: int
    status: Status
    filled_quantity: int
    filled_value_e4: int
    triggered: bool
    resting: bool
    priority: int
    reason: Reason | None = None
    text: str = ""
    product: str = INTRADAY

    @property
    def open_quantity(self) -> int:
        """Units not filled yet."""
        return self.quantity - self.filled_quantity


class Trade(Struct, frozen=True):
    """Units that changed hands at one price.

    Attributes:
        trade_id: the exchange's number.
        order_id: of the order; empty for a settlement.
        client_id: of the order; empty for a settlement.
        symbol: of what.
        side: which way.
        quantity: units.
        price_e4: at what; 0 is the settlement of a worthless option.
        at_ns: when.
        settlement: made by the exchange when the contract expired, by no order.
        product: in which the units are held.
    """

    trade_id: str
    order_id: str
    client_id: str
    symbol: str
    side: Side
    quantity: int
    price_e4: int
    at_ns: int
    settlement: bool = False
    product: str = INTRADAY


class FinalPrice(Struct, frozen=True):
    """What a contract was worth at its expiry that was traded, and of which nothing is held net.

    The account may yet be long and short in it for two purposes; no trade tells it the price.
    """

    symbol: str
    price_e4: int
    at_ns: int
    product: str = INTRADAY


Event = OrderReport | Trade | FinalPrice


class Position(Struct, frozen=True):
    """What the trades in one symbol and product add up to; values are sums of price x units.

    Attributes:
        symbol: of what.
        net_quantity: units bought less units sold.
        buy_quantity: units bought.
        buy_value_e4: paid for them.
        sell_quantity: units sold.
        sell_value_e4: received for them.
        open_value_e4: what the open units were opened at; never below 0.
        realised_e4: earned by the units that were closed, at average cost.
        last_e4: the last traded price known; 0: none.
        unrealised_e4: what closing the open units at `last_e4` would earn; 0 without a price.
        product: in which they are held.
    """

    symbol: str
    net_quantity: int = 0
    buy_quantity: int = 0
    buy_value_e4: int = 0
    sell_quantity: int = 0
    sell_value_e4: int = 0
    open_value_e4: int = 0
    realised_e4: int = 0
    last_e4: int = 0
    unrealised_e4: int = 0
    product: str = INTRADAY


class Funds(Struct, frozen=True):
    """The account in money, in `_e4`; `available_e4` is cash + realised - used."""

    cash_e4: int
    realised_e4: int
    used_e4: int
    available_e4: int


class Wanted(Struct, frozen=True):
    """One leg that somebody asks the margin of; units, and what one of them is to cost."""

    symbol: str
    side: Side
    quantity: int
    price_e4: int
    product: str = INTRADAY
