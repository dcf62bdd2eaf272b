"""What is taken: the forms of every body and of what stands behind a question mark."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from msgspec import Meta, Struct

from daemon.domain.money import e4
from daemon.domain.orders.arming import Mode
from daemon.domain.orders.words import OrderType, Product, Side
from daemon.messages import Scope
from daemon.web.problems import Problem

_RUPEES_MOST = 100_000_000
Rupees = Annotated[
    float, Meta(gt=0, le=_RUPEES_MOST, description="rupees, with at most four decimals")
]
Name = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
Meant = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=129,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*(@[A-Za-z0-9][A-Za-z0-9_.-]*)?$",
        description="an account, a strategy, or STRATEGY@ACCOUNT: a strategy in one account alone",
    ),
]
Symbol = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Z0-9][A-Z0-9&_-]*$")]
LegName = Annotated[
    str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.&-]*$")
]
Words = Annotated[str, Meta(max_length=200)]


class Taken(Struct, frozen=True, forbid_unknown_fields=True):
    """Whatever is sent to us: what is not known here is refused."""


class OrderBody(Taken, frozen=True):
    """An order by hand; where no account is named the first of the settings is meant.

    Without a product it has that of what it closes of the orders by hand, else it is intraday.
    """

    symbol: Symbol
    side: Side
    quantity: Annotated[int, Meta(ge=1, le=10_000_000)]
    order_type: OrderType
    price: Rupees | None = None
    trigger_price: Rupees | None = None
    product: Product | None = None
    accounts: Annotated[tuple[Name, ...], Meta(min_length=1, max_length=20)] | None = None
    tag: Annotated[str, Meta(max_length=64)] = ""
    dry_run: bool = False


class ScopeBody(Taken, frozen=True):
    """How far a brake reaches; `id` names the account or the strategy."""

    scope: Scope
    reason: Words
    id: Meant | None = None


class CancelBody(Taken, frozen=True):
    """How far a cancellation reaches."""

    scope: Scope
    id: Meant | None = None
    reason: Words = ""


class ReasonBody(Taken, frozen=True):
    """Why."""

    reason: Words = ""


class NoBody(Taken, frozen=True):
    """Nothing needs to be said."""


class RearmBody(Taken, frozen=True):
    """Which latch is released, of a kill or of a pause; what a kill answered may be sent back."""

    kill_id: Annotated[str, Meta(min_length=1, max_length=100)]
    mode: Mode | None = None


class ExitBody(Taken, frozen=True):
    """Which part of a position is closed; without a leg all of it, without lots the whole leg."""

    leg_id: LegName | None = None
    lots: Annotated[int, Meta(ge=1, le=100_000)] | None = None
    reason: Words = ""


class AdjustBody(Taken, frozen=True):
    """Where a stop shall stand: a leg's price, or without a leg the loss of the whole strategy."""

    stop: Rupees
    leg_id: LegName | None = None
    loosen: bool = False


class PriceQuery(Taken, frozen=True):
    """Whose price."""

    symbol: Symbol


class OrdersQuery(Taken, frozen=True):
    """Which orders; without anything all of them."""

    account: Name | None = None
    strategy_id: Name | None = None


def amount_e4(value: float | None, name: str) -> int:
    """Return an amount in `_e4`, exactly as it was written; 0: none was.

    Raises:
        Problem: it is finer than 1/10,000.
    """
    if value is None:
        return 0
    try:
        return e4(Decimal(repr(value)))
    except ValueError as error:
        sentence = f"{value!r} is no amount of at most four decimals - at `$.{name}`"
        raise Problem("invalid", sentence) from error
