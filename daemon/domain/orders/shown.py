"""What a broker's account shows at one instant: its orders of the day, and what is held."""

from __future__ import annotations

from msgspec import Struct

from daemon.domain.orders.words import Product, Refusal, Side, State, Terms


class BrokerPosition(Struct, frozen=True):
    """What the broker says is held of a contract in one product; units, below zero short."""

    symbol: str
    net_quantity: int
    product: Product = Product.INTRADAY


class BrokerOrder(Struct, frozen=True):
    """An order as the broker's book shows it.

    Attributes:
        client_id: our own id; empty or strange where it was not ours.
        broker_order_id: the broker's number.
        symbol: of what.
        side: which way.
        quantity: units asked.
        state: `WORKING`, `REJECTED`, `CANCELLED` or `FILLED`.
        filled_quantity: units filled so far.
        filled_value_e4: the sum of price x units over those fills.
        text: the broker's words.
        product: how what it fills is held.
        price_e4: its limit; 0: it has none, or none that can be read.
        trigger_e4: what wakes it; 0 likewise.
        kind: why the broker would not have it, or has it no longer; None: it does not say.
    """

    client_id: str
    broker_order_id: str
    symbol: str
    side: Side
    quantity: int
    state: State
    filled_quantity: int
    filled_value_e4: int
    text: str = ""
    product: Product = Product.INTRADAY
    price_e4: int = 0
    trigger_e4: int = 0
    kind: Refusal | None = None

    @property
    def terms(self) -> Terms:
        """What it asks."""
        return Terms(self.quantity, self.price_e4, self.trigger_e4)


class AccountRead(Struct, frozen=True):
    """The broker's whole book at one instant; a read that failed has no answer at all.

    Attributes:
        orders: of the day.
        positions: what is held.
        at_ns: the instant.
        owned: shares of earlier days, where the broker does not count them among its positions. The
            owner's own are among them.
        unpriced: the broker's numbers of orders that filled a while ago, and that it tells no price
            of. They are shown as they stood before.
    """

    orders: tuple[BrokerOrder, ...]
    positions: tuple[BrokerPosition, ...]
    at_ns: int
    owned: tuple[BrokerPosition, ...] = ()
    unpriced: tuple[str, ...] = ()
