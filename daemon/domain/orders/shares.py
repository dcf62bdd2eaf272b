"""The owner's own shares, which a broker keeps beside the positions of the day.

What he sells of them opens nothing, though the broker shows a short until the next morning. What
was bought outside to be kept is a position on its day, and lies among his own from the next. So
both are booked: an intent, filled at once at the price that the leg was entered at, for which no
request left. Neither is then held by any leg, and nothing closes it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from daemon.domain.instants import day_of
from daemon.domain.market.instruments import Exchange, Kind, parts_of
from daemon.domain.orders.book import Book, Position
from daemon.domain.orders.heard import Order
from daemon.domain.orders.outside import Leg, is_outside
from daemon.domain.orders.parents import HOLDINGS
from daemon.domain.orders.reconcile import EXTERNAL, MANUAL, id_in, positions
from daemon.domain.orders.shown import AccountRead
from daemon.domain.orders.unsent import filled_unsent
from daemon.domain.orders.words import (
    Intent,
    IntentRecorded,
    OrderType,
    OrderUpdated,
    Pocket,
    Product,
    Purpose,
    Side,
)

SOLD = "sold out of the owner's own shares"
BACK = "bought back, and among the owner's own shares again"
MOVED = "of an earlier day, and among the owner's own shares now"


class Kept(Struct, frozen=True):
    """What a reading shows of shares of earlier days in one pocket.

    Attributes:
        own: those of them that no leg of ours has; None: there are none at all.
        gap: units by which the broker shows more than our book, and has for a while.
    """

    own: int | None
    gap: int = 0


class Booking(Struct, frozen=True):
    """Units that leave a leg for the owner's own shares, or come from there.

    Attributes:
        leg: which.
        pocket: what it trades.
        side: the way that closes the leg.
        quantity: units.
        value_e4: the sum of price x units, at what the leg was entered at.
        text: what became of them.
    """

    leg: Leg
    pocket: Pocket
    side: Side
    quantity: int
    value_e4: int
    text: str


def beside(read: AccountRead) -> dict[Pocket, int]:
    """Return the shares of earlier days that the broker does not count among its positions."""
    return positions(replace(read, positions=read.owned))


def beyond(book: Book, read: AccountRead) -> Counter[Pocket]:
    """Return the units that a reading shows, shares of earlier days included, beyond our book.

    What it tells of orders, and our book has not yet heard, counts as heard.
    """
    seen: Counter[tuple[str, Pocket, Side]] = Counter()
    for order in read.orders:
        pocket = Pocket(order.symbol, order.product)
        seen[id_in(book, order, read.at_ns), pocket, order.side] += order.filled_quantity
    more: Counter[Pocket] = Counter()
    for shown in (positions(read), beside(read)):
        more.update(shown)
    for pocket, tally in book.pockets.items():
        more[pocket] -= tally.net
    for (intent_id, pocket, side), filled in seen.items():
        known = book.order(intent_id)
        more[pocket] -= side.sign * max(filled - (known.filled_quantity if known else 0), 0)
    return more


def told_apart(book: Book, read: AccountRead) -> tuple[dict[Pocket, int], dict[Pocket, int]]:
    """Return the owner's own shares of earlier days, and what else is shown beyond our book.

    Of the former what our book has is taken off.
    """
    more = beyond(book, read)
    owned = {pocket: min(max(more[pocket], 0), units) for pocket, units in beside(read).items()}
    return owned, {pocket: units - owned.get(pocket, 0) for pocket, units in more.items()}


def is_shareless(book: Book, read: AccountRead) -> bool:
    """Say whether shares of earlier days, whichever there are, change nothing about a reading.

    They do not where neither book has to do with any share: then they explain nothing that is
    shown, none can have been ours, and nothing sells any.

    Args:
        book: ours.
        read: the broker's, in which they are missing.
    """
    symbols = [pocket.symbol for pocket, tally in book.pockets.items() if any(tally.possible)]
    symbols += [each.symbol for each in read.positions]
    symbols += [each.symbol for each in read.orders]
    # Bonds and the like lie beside shares, under the broker's own words for them.
    return not any(is_share(each) or each.startswith(f"{Exchange.NSE}:") for each in symbols)


def by_order(book: Book, order: Order, more: int, own: int, traded: Position) -> Booking | None:
    """Return what a fill has sold of the owner's own shares, or bought back of them.

    Only he sells them, by hand or in an order that is not of our making. An exit that goes beyond
    flat sells what nobody wanted sold.

    Args:
        book: ours, which has the fill.
        order: as it stands.
        more: units of the newest fill.
        own: shares of earlier days that are his own.
        traded: what the leg has traded since it was entered.
    """
    intent = order.intent
    leg = (intent.strategy_id, intent.leg_id)
    if intent.purpose is not Purpose.ENTRY or leg[0] not in (EXTERNAL, MANUAL):
        return None
    sells = intent.side is Side.SELL
    most = own if sells else _lent(book, leg, day_of(intent.decided_ns))
    units = min(book.position(*leg).net_quantity * intent.side.sign, more, most)
    if units <= 0:
        return None
    return _booking(leg, intent.pocket, -units if sells else units, traded, SOLD if sells else BACK)


def by_reading(
    book: Book, leg: tuple[Leg, Pocket], kept: Kept, traded: Position, day: date
) -> Booking | None:
    """Return what of a leg of no basket is none, as a reading shows it.

    Shares bought outside lie among the owner's own from the next day. A short of them does not
    outlive its day, and is none as far as he has as many: what was sold was not known to be his.

    Args:
        book: ours.
        leg: which, and what it trades.
        kept: what the reading shows there.
        traded: what the leg has traded since it was entered.
        day: the present one.
    """
    key, pocket = leg
    net = book.position(*key).net_quantity
    if key[0] not in (EXTERNAL, MANUAL) or pocket.product is not Product.CARRY:
        return None
    if any(_exits(order.intent) for order in _of_day(book, key, day)):
        return None  # an exit is at it, or was: what it sold is not his sale
    old = _old(book, key, day)
    own = kept.own or 0
    if net < 0 and own:
        units = -min(-old or -net, own)
        return _booking(key, pocket, units, traded, MOVED if old else SOLD)
    if net > 0 and key[0] == MANUAL:
        return None
    if kept.own is None or net < 0:  # the broker shows it nowhere
        lacks = max(-kept.gap, 0) if net > 0 else min(-kept.gap, 0)
        old = min(old, lacks, key=abs) if is_share(pocket.symbol) else 0
    return _booking(key, pocket, old, traded, MOVED) if old else None


def booked(
    booking: Booking, account: str, intent_id: str, now_ns: int
) -> tuple[IntentRecorded, OrderUpdated]:
    """Return the facts by which units leave a leg for the owner's own shares, or come from there.

    Args:
        booking: what.
        account: whose.
        intent_id: of the intent.
        now_ns: the present instant.
    """
    strategy_id, leg_id = booking.leg
    intent = Intent(
        intent_id=intent_id,
        account=account,
        strategy_id=strategy_id,
        leg_id=leg_id,
        symbol=booking.pocket.symbol,
        side=booking.side,
        quantity=booking.quantity,
        order_type=OrderType.LIMIT,
        price_e4=booking.value_e4 // booking.quantity,
        purpose=Purpose.EXIT,
        parent=f"{HOLDINGS}{booking.pocket.symbol}",
        decided_ns=now_ns,
        deadline_ns=now_ns,
        product=booking.pocket.product,
    )
    return filled_unsent(intent, booking.value_e4, booking.text)


def _booking(leg: Leg, pocket: Pocket, units: int, traded: Position, text: str) -> Booking:
    """Return the booking of so many units of a leg; below zero they are short."""
    value_e4, of = traded.bought_value_e4, traded.bought_quantity
    if units < 0:
        value_e4, of = traded.sold_value_e4, traded.sold_quantity
    side = Side.BUY if units < 0 else Side.SELL
    return Booking(leg, pocket, side, abs(units), value_e4 * abs(units) // max(of, 1), text)


def _lent(book: Book, leg: Leg, day: date) -> int:
    """Return the units of his own that he sold on a day, and has not back.

    He may sell at the broker and buy back by hand, or the other way round: both legs are of one
    name.
    """
    return sum(
        order.intent.side.sign * order.filled_quantity
        for loose in (EXTERNAL, MANUAL)
        for order in _of_day(book, (loose, leg[1]), day)
        if order.text in (SOLD, BACK)
    )


def _old(book: Book, leg: Leg, day: date) -> int:
    """Return the units that a leg holds since before a day; below zero short."""
    net = book.position(*leg).net_quantity
    before = net - sum(
        order.intent.side.sign * order.filled_quantity
        for order in _of_day(book, leg, day)
        if order.text != MOVED
    )
    return min(net, before, key=abs) if net * before > 0 else 0


def _of_day(book: Book, leg: Leg, day: date) -> Iterator[Order]:
    return (
        order
        for order in book
        if (order.intent.strategy_id, order.intent.leg_id) == leg
        and day_of(order.intent.decided_ns) == day
    )


def is_share(symbol: str) -> bool:
    """Say whether it is a share; one bought at BSE lies by its name at NSE from the next day."""
    parts = parts_of(symbol)
    if parts is None:
        return symbol.startswith(f"{Exchange.BSE}:")
    return parts.kind is Kind.EQUITY


def _exits(intent: Intent) -> bool:
    return intent.purpose is not Purpose.ENTRY and not is_outside(intent)
