"""What a client asks for: the fields of its forms, checked as Zerodha checks them first."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct

from daemon.brokers.zerodha.forms import VARIETIES
from daemon.brokers.zerodha.wire_twin.contracts import Contracts, Listing
from daemon.brokers.zerodha.wire_twin.words import wrong
from daemon.domain.market.frames import Quote
from daemon.domain.money import E4, ceil_to, e4, floor_to, percent_of
from daemon.twin.words import OrderType, Side

AT_MARKET = ("MARKET", "SL-M")
STOPS = ("SL", "SL-M")
_ORDER_TYPES = ("LIMIT", "MARKET", "SL", "SL-M")
PRODUCTS = ("CNC", "NRML", "MIS", "MTF")
_VALIDITIES = ("DAY", "IOC", "TTL")
_TAKEN = ("regular", "amo")
_TAG_LENGTH = 20
_MOST_PERCENT = 100
_AMOUNT = re.compile(r"-?\d{1,9}(?:\.\d{1,4})?", re.ASCII)
_UNPROTECTED = (
    "Market orders without market protection are not allowed. "
    "Set `market_protection`, or place a limit order."
)

Form = Mapping[str, str]


class Asked(Struct, frozen=True, kw_only=True):
    """An order as it was asked for.

    Attributes:
        listing: of what.
        side: which way.
        quantity: units.
        variety: as in the path.
        product: `CNC`, `NRML`, `MIS` or `MTF`.
        order_type: `LIMIT`, `MARKET`, `SL` or `SL-M`.
        price_e4: of a limit.
        trigger_e4: of a stop.
        validity: `DAY`, `IOC` or `TTL`.
        minutes: how long a `TTL` is good for.
        disclosed_quantity: only shown again.
        protection: percent in `_e4`, -1 x `E4`: the broker's own; 0: none.
        tag: the sender's.
        marks: the broker's own tags.
    """

    listing: Listing
    side: Side
    quantity: int
    variety: str
    product: str
    order_type: str
    price_e4: int = 0
    trigger_e4: int = 0
    validity: str = "DAY"
    minutes: int = 0
    disclosed_quantity: int = 0
    protection: int = 0
    tag: str = ""
    marks: tuple[str, ...] = ()

    @property
    def at_exchange(self) -> OrderType:
        """How the exchange gets it: nothing goes there at the market."""
        if self.order_type in STOPS:
            return OrderType.STOP_LIMIT
        return OrderType.MARKET if self.order_type == "MARKET" else OrderType.LIMIT


def placement(variety: str, form: Form, contracts: Contracts) -> Asked:
    """Read the form of an order.

    Raises:
        Denied: a field is missing or cannot be, or it is of a kind that the twin does not know.
    """
    if variety not in VARIETIES:
        raise wrong("Invalid `variety`.")
    if variety not in _TAKEN:
        raise wrong(f"Orders of the variety `{variety}` are not enabled for this account.")
    listing = listed(form, contracts)
    order_type = one_of(form, "order_type", _ORDER_TYPES)
    validity = one_of(form, "validity", _VALIDITIES, "DAY")
    tag = form.get("tag", "")
    if len(tag) > _TAG_LENGTH:
        raise wrong(f"Invalid `tag`. It can have up to {_TAG_LENGTH} characters.")
    if listing.is_index:
        raise wrong(f"{listing.name} is an index and cannot be traded.")
    return Asked(
        listing=listing,
        side=side_of(form),
        quantity=count(form, "quantity", at_least=1),
        variety=variety,
        product=one_of(form, "product", PRODUCTS),
        order_type=order_type,
        price_e4=amount(form, "price", at_least=1) if order_type in ("LIMIT", "SL") else 0,
        trigger_e4=amount(form, "trigger_price", at_least=1) if order_type in STOPS else 0,
        validity=validity,
        minutes=count(form, "validity_ttl", at_least=1) if validity == "TTL" else 0,
        disclosed_quantity=count(form, "disclosed_quantity"),
        protection=protection_of(form, order_type),
        tag=tag,
    )


def listed(form: Mapping[str, object], contracts: Contracts) -> Listing:
    """Return the contract that a form names.

    Raises:
        Denied: there is none.
    """
    found = contracts.of_key.get(f"{form.get('exchange')}:{form.get('tradingsymbol')}")
    if found is None:
        raise wrong("The instrument you are placing an order for has expired or does not exist.")
    return found


def side_of(form: Form) -> Side:
    """Return which way an order of a form goes.

    Raises:
        Denied: it does not say.
    """
    return Side.BUY if one_of(form, "transaction_type", ("BUY", "SELL")) == "BUY" else Side.SELL


def protection_of(form: Form, order_type: str) -> int:
    """Return the protection of an order at the market; 0 of one that needs none.

    Raises:
        Denied: it has none, or one that is none.
    """
    if order_type not in AT_MARKET:
        return 0
    found = amount(form, "market_protection")
    if found == -E4 or 0 < found <= _MOST_PERCENT * E4:
        return found
    raise wrong(_UNPROTECTED)


def limit_of(asked: Asked, quote: Quote | None) -> int:
    """Return at what limit the exchange gets an order, in `_e4`; 0: it protects it by itself.

    Raises:
        Denied: nothing is known to reckon a protection from.
    """
    if asked.order_type not in AT_MARKET:
        return asked.price_e4
    own = asked.protection < 0
    if asked.order_type == "MARKET":
        if own:
            return 0
        touch_e4 = 0
        if quote is not None:
            touch_e4 = quote.ask_e4 if asked.side is Side.BUY else quote.bid_e4
            touch_e4 = touch_e4 or quote.ltp_e4
        if not touch_e4:
            raise wrong("There is no price to protect the order with.")
        return _beyond(touch_e4, asked, asked.protection)
    return _beyond(asked.trigger_e4, asked, _OWN_PERCENT_E4 if own else asked.protection)


_OWN_PERCENT_E4 = 3 * E4
"""How far a stop at the market goes beyond its trigger where the client leaves it to the broker."""


def _beyond(start_e4: int, asked: Asked, percent_e4: int) -> int:
    away_e4, tick_e4 = percent_of(start_e4, percent_e4), asked.listing.contract.tick_e4
    if asked.side is Side.BUY:
        return ceil_to(start_e4 + away_e4, tick_e4)
    return max(floor_to(start_e4 - away_e4, tick_e4), tick_e4)


def amount(form: Form, name: str, at_least: int = -E4) -> int:
    """Return an amount of a form in `_e4`; 0 where it is not there and need not be.

    Raises:
        Denied: it is none, or too small.
    """
    text = form.get(name) or "0"
    if _AMOUNT.fullmatch(text) is None or e4(Decimal(text)) < at_least:
        raise wrong(f"Invalid `{name}`.")
    return e4(Decimal(text))


def count(form: Form, name: str, at_least: int = 0) -> int:
    """Return a whole number of a form; 0 where it is not there and need not be.

    Raises:
        Denied: it is none, or too small.
    """
    text = form.get(name) or "0"
    if not (text.isascii() and text.isdecimal()) or len(text) > 9 or int(text) < at_least:  # noqa: PLR2004
        raise wrong(f"Invalid `{name}`.")
    return int(text)


def one_of(form: Form, name: str, known: tuple[str, ...], default: str = "") -> str:
    """Return a word of a form.

    Raises:
        Denied: it is none of those that are known.
    """
    found = form.get(name) or default
    if found not in known:
        raise wrong(f"Invalid `{name}`.")
    return found
