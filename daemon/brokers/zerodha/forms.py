"""What Zerodha is sent: the fields of orders, in the order in which its own client sends them.

An order at the market leaves only with its protection: as a limit at the price that we set, or
with the broker's own. Orders above the freeze quantity are cut by us, so the broker's slicing is
never asked for: its slices do not bear our id.

Source: Kite Connect 3, orders and margins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Struct

from daemon.brokers.zerodha.instruments import Listed
from daemon.brokers.zerodha.products import product_at
from daemon.brokers.zerodha.symbols import plain
from daemon.domain.money import units
from daemon.domain.orders.limits import Approved
from daemon.domain.orders.margin import MarginLeg
from daemon.domain.orders.words import OrderType, Side
from daemon.errors import BrokerMisused

REGULAR = "regular"
VARIETIES = frozenset({REGULAR, "amo", "co", "iceberg", "auction"})
AUTOMATIC = "-1"
"""The protection that the broker reckons by itself."""
PLAIN_FORM, JSON_FORM = "application/x-www-form-urlencoded", "application/json"
_WHOLE = 100
SIDES = {Side.BUY: "BUY", Side.SELL: "SELL"}
"""Which way an order goes, in the broker's word."""
_AT_MARKET = ("MARKET", "SL-M")
_TAG = re.compile(r"[A-Za-z0-9]{1,20}", re.ASCII)
_PERCENT = re.compile(r"\d{1,3}(?:\.\d{1,4})?", re.ASCII)


class Sent(Struct, frozen=True):
    """A request.

    Attributes:
        method: of HTTP.
        path: after the host, with the query.
        body: as it is sent; empty where there is none.
        content_type: of the body.
    """

    method: str
    path: str
    body: bytes = b""
    content_type: str = ""


class OrderForm(Struct, frozen=True, kw_only=True):
    """An order as it is placed; a field of None is not sent.

    Raises:
        BrokerMisused: the broker would refuse it, or it would be unprotected.
    """

    variety: str = REGULAR
    exchange: str
    tradingsymbol: str
    transaction_type: str
    quantity: int
    product: str
    order_type: str
    price: str | None = None
    validity: str | None = None
    validity_ttl: int | None = None
    disclosed_quantity: int | None = None
    trigger_price: str | None = None
    iceberg_legs: int | None = None
    iceberg_quantity: int | None = None
    auction_number: str | None = None
    algo_id: str | None = None
    tag: str | None = None
    market_protection: str | None = None

    def __post_init__(self) -> None:
        """Refuse what must not be sent.

        Raises:
            BrokerMisused: it has no such variety, no tag that can be found again, or no protection.
        """
        if self.variety not in VARIETIES:
            raise BrokerMisused(f"there is no variety {self.variety!r} at Zerodha")
        if self.tag is not None and _TAG.fullmatch(self.tag) is None:
            raise BrokerMisused(f"{self.tag!r} is no tag: at most 20 letters and digits")
        check_protection(self.order_type, self.market_protection)

    @property
    def request(self) -> Sent:
        """The request that places it."""
        fields = {name: getattr(self, name) for name in self.__struct_fields__}
        return form("POST", f"/orders/{self.variety}", fields)


class Change(Struct, frozen=True, kw_only=True):
    """What is to be changed of an order that rests; a field of None stays as it is."""

    parent_order_id: str | None = None
    quantity: int | None = None
    price: str | None = None
    order_type: str | None = None
    trigger_price: str | None = None
    validity: str | None = None
    disclosed_quantity: int | None = None
    market_protection: str | None = None


def conversion(
    listed: Listed, side: Side, quantity: int, old_product: str, new_product: str
) -> Sent:
    """Return the request that moves a position of the day from one product to another."""
    fields: dict[str, object] = {
        "exchange": listed.exchange,
        "tradingsymbol": listed.name,
        "transaction_type": SIDES[side],
        "position_type": "day",
        "quantity": quantity,
        "old_product": old_product,
        "new_product": new_product,
    }
    return form("PUT", "/portfolio/positions", fields)


def check_protection(order_type: str | None, protection: str | None) -> None:
    """Refuse an order at the market that has no protection.

    Raises:
        BrokerMisused: it has none, or one that is none.
    """
    if order_type not in _AT_MARKET or protection == AUTOMATIC:
        return
    told = protection or ""
    if _PERCENT.fullmatch(told) is None or not 0 < Decimal(told) <= _WHOLE:
        raise BrokerMisused(f"{order_type} without market protection is never sent")


def form_of(approved: Approved, listed: Listed) -> OrderForm:
    """Return an order of ours as it is placed.

    Args:
        approved: the order; its id becomes the tag, by which it is found again.
        listed: its contract at the broker.
    """
    intent = approved.intent
    assert listed.symbol == intent.symbol, "the contract is another's"
    stop = intent.order_type is OrderType.STOP_LIMIT
    at_market = intent.order_type is OrderType.MARKET and not intent.price_e4
    order_type = "MARKET" if at_market else "SL" if stop else "LIMIT"
    return OrderForm(
        exchange=listed.exchange,
        tradingsymbol=listed.name,
        transaction_type=SIDES[intent.side],
        quantity=intent.quantity,
        product=product_at(listed.exchange, intent.product),
        order_type=order_type,
        price=None if at_market else plain(intent.price_e4),
        validity="DAY",
        trigger_price=plain(intent.trigger_e4) if stop else None,
        tag=intent.intent_id,
        market_protection=AUTOMATIC if at_market else None,
    )


def modification(variety: str, order_id: str, change: Change) -> Sent:
    """Return the request that changes an order.

    Args:
        variety: the order's own.
        order_id: the broker's number.
        change: what to change.

    Raises:
        BrokerMisused: it would be at the market without protection.
    """
    check_protection(change.order_type, change.market_protection)
    fields = {name: getattr(change, name) for name in change.__struct_fields__}
    path = f"/orders/{quote(variety, '')}/{quote(order_id, '')}"
    return form("PUT", path, {"variety": variety, "order_id": order_id, **fields})


def cancellation(variety: str, order_id: str, parent_order_id: str | None = None) -> Sent:
    """Return the request that takes an order out of the book.

    Args:
        variety: the order's own.
        order_id: the broker's number.
        parent_order_id: of a second leg, the first.
    """
    path = f"/orders/{quote(variety, '')}/{quote(order_id, '')}"
    query = urlencode({"parent_order_id": parent_order_id}) if parent_order_id else ""
    return Sent("DELETE", f"{path}?{query}" if query else path)


def basket(legs: Iterable[tuple[MarginLeg, Listed]]) -> Sent:
    """Return the question what legs need beside all that is held.

    Args:
        legs: each with its contract at the broker.
    """
    orders = [
        {
            "exchange": listed.exchange,
            "tradingsymbol": listed.name,
            "transaction_type": SIDES[leg.side],
            "variety": REGULAR,
            "product": product_at(listed.exchange, leg.product),
            "order_type": "LIMIT",
            "quantity": leg.quantity,
            "price": units(leg.price_e4),
            "trigger_price": 0,
        }
        for leg, listed in legs
    ]
    path = "/margins/basket?consider_positions=True&mode=compact"
    return Sent("POST", path, _JSON.encode(orders), JSON_FORM)


_JSON = msgspec.json.Encoder(decimal_format="number")


def form(method: str, path: str, fields: dict[str, object]) -> Sent:
    """Return a request whose fields stand in its body; a field of None is not sent."""
    told = {name: value for name, value in fields.items() if value is not None}
    body = urlencode(told).encode()
    return Sent(method, path, body, PLAIN_FORM)
