"""A trigger that rests at the broker (GTT): what it waits for, and its life as a table.

It waits for a last price, and has a limit order placed then. Whatever becomes of that order, it has
done its work: one that is refused is not placed again, and shows why.

Source: Kite Connect 3, GTT; its staff on what the last price decides; the broker's help on expiry.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from daemon.brokers.zerodha.gtt import Status
from daemon.brokers.zerodha.wire_twin.asked import Asked
from daemon.brokers.zerodha.wire_twin.contracts import Listing
from daemon.brokers.zerodha.wire_twin.records import SIDES
from daemon.brokers.zerodha.wire_twin.session import APP_ID, USER
from daemon.brokers.zerodha.wire_twin.words import Data, rupees, stamp, text_of
from daemon.domain.instants import instant, moment_of, start_of
from daemon.domain.market.frames import Quote
from daemon.twin.words import Side

LEGS = {"single": 1, "two-leg": 2}
"""How many prices a trigger of each type waits for."""


class Happening(StrEnum):
    """What happens to a trigger."""

    CHANGED = "changed"
    REACHED = "reached"  # a price that it waits for
    EXPIRED = "expired"
    DELETED = "deleted"


TABLE: dict[Status, dict[Happening, Status]] = {
    **{status: {} for status in Status},
    Status.ACTIVE: {
        Happening.CHANGED: Status.ACTIVE,
        Happening.REACHED: Status.TRIGGERED,
        Happening.EXPIRED: Status.EXPIRED,
        Happening.DELETED: Status.DELETED,
    },
}
"""From where a trigger stands and what happens to where it stands then.

Disabled, cancelled and rejected are those that the broker takes away itself, for what becomes of a
company or its shares; nothing of that happens here.
"""


class Leg(Struct, frozen=True):
    """A price to wait for, and the limit order that is placed at it.

    Attributes:
        trigger_e4: the price.
        side: which way.
        quantity: units.
        price_e4: the limit.
        product: `CNC`, `NRML` or `MTF`.
    """

    trigger_e4: int
    side: Side
    quantity: int
    price_e4: int
    product: str


class Wanted(Struct, frozen=True):
    """What a client asks for.

    Attributes:
        listing: the contract.
        last_e4: its last price, as the client has it: a trigger below is reached from above.
        legs: one; or two, the lower first.
    """

    listing: Listing
    last_e4: int
    legs: tuple[Leg, ...]

    @property
    def kind(self) -> str:
        """The broker's word for so many legs."""
        return next(kind for kind, count in LEGS.items() if count == len(self.legs))

    def reached(self, quote: Quote) -> int | None:
        """Return which leg's price a quote reaches; the first, should it reach both."""
        if not quote.ltp_e4:
            return None
        low_e4 = min(quote.ltp_e4, quote.low_e4 or quote.ltp_e4)
        high_e4 = max(quote.ltp_e4, quote.high_e4)
        for number, leg in enumerate(self.legs):
            falls = leg.trigger_e4 < self.last_e4
            if low_e4 <= leg.trigger_e4 if falls else high_e4 >= leg.trigger_e4:
                return number
        return None


class Trigger(Struct, frozen=True):
    """A trigger as the broker keeps it.

    Attributes:
        number: its own.
        wanted: what it was asked for last.
        created_ns: when it was placed.
        updated_ns: when something happened to it last.
        expires_ns: when it does.
        status: where it stands.
        results: leg -> what became of its order.
    """

    number: int
    wanted: Wanted
    created_ns: int
    updated_ns: int
    expires_ns: int
    status: Status = Status.ACTIVE
    results: dict[int, Data] = {}


def placed(number: int, wanted: Wanted, now_ns: int) -> Trigger:
    """Return a new trigger."""
    return Trigger(number, wanted, now_ns, now_ns, expiry_ns(wanted.listing, now_ns))


def after(trigger: Trigger, happening: Happening, now_ns: int) -> Trigger | None:
    """Return a trigger to which something has happened; None: it cannot happen to it any more."""
    status = TABLE[trigger.status].get(happening)
    return None if status is None else replace(trigger, status=status, updated_ns=now_ns)


def expiry_ns(listing: Listing, now_ns: int) -> int:
    """Return when a trigger expires that is placed now: with its contract, or after a year."""
    expiry = listing.contract.expiry
    if expiry is not None:
        return start_of(expiry + timedelta(days=1))
    moment = moment_of(now_ns)
    is_leap_day = (moment.month, moment.day) == (2, 29)
    return instant(moment.replace(year=moment.year + 1, day=28 if is_leap_day else moment.day))


def order_of(wanted: Wanted, number: int) -> Asked:
    """Return the order that a leg has placed."""
    leg = wanted.legs[number]
    return Asked(
        listing=wanted.listing,
        side=leg.side,
        quantity=leg.quantity,
        variety="regular",
        product=leg.product,
        order_type="LIMIT",
        price_e4=leg.price_e4,
    )


def told(trigger: Trigger, number: int, order_id: str, refusal: str) -> Trigger:
    """Return a trigger that has had the order of a leg placed, with what became of it.

    Args:
        trigger: it.
        number: of the leg.
        order_id: of the order; empty where there is none.
        refusal: why there is none.
    """
    order = _order(trigger.wanted, trigger.wanted.legs[number])
    result = order | {
        "account_id": USER,
        "validity": "DAY",
        "meta": text_of({"app_id": APP_ID, "gtt": trigger.number}),
        "timestamp": stamp(trigger.updated_ns),
        "triggered_at": rupees(trigger.wanted.legs[number].trigger_e4),
        "order_result": {
            "status": "failed" if refusal else "success",
            "order_id": order_id,
            "rejection_reason": refusal,
        },
    }
    return replace(trigger, results=trigger.results | {number: result})


def record(trigger: Trigger) -> Data:
    """Return a trigger as the broker shows it."""
    wanted = trigger.wanted
    return {
        "id": trigger.number,
        "user_id": USER,
        "parent_trigger": None,
        "type": wanted.kind,
        "created_at": stamp(trigger.created_ns),
        "updated_at": stamp(trigger.updated_ns),
        "expires_at": stamp(trigger.expires_ns),
        "status": trigger.status,
        "condition": {
            "exchange": wanted.listing.exchange,
            "last_price": rupees(wanted.last_e4),
            "tradingsymbol": wanted.listing.name,
            "trigger_values": [rupees(leg.trigger_e4) for leg in wanted.legs],
            "instrument_token": wanted.listing.token,
        },
        "orders": [
            _order(wanted, leg) | {"result": trigger.results.get(number)}
            for number, leg in enumerate(wanted.legs)
        ],
        "meta": {},
    }


def _order(wanted: Wanted, leg: Leg) -> Data:
    return {
        "exchange": wanted.listing.exchange,
        "tradingsymbol": wanted.listing.name,
        "product": leg.product,
        "order_type": "LIMIT",
        "transaction_type": SIDES[leg.side],
        "quantity": leg.quantity,
        "price": rupees(leg.price_e4),
    }
