"""Two books held against each other: ours, and what the broker's account shows at one instant.

Nothing is mended here. What the broker knows better of an order of ours becomes evidence; an order
that was never ours is named; a position that differs is named, unless orders on their way can
explain it, or units moved while the reading was under way. Then it is too early to say. What is
held of one contract in two products is two positions: neither explains or closes the other.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable

from msgspec import Struct
from msgspec.structs import replace

from daemon.domain.instants import day_of, start_of
from daemon.domain.market.calendar import days_since_trading
from daemon.domain.orders import changed
from daemon.domain.orders.book import Book
from daemon.domain.orders.heard import Order
from daemon.domain.orders.lag import may_lag
from daemon.domain.orders.shown import AccountRead, BrokerOrder, BrokerPosition
from daemon.domain.orders.states import BOOK_WORDS, after, is_final
from daemon.domain.orders.words import (
    UNTOLD,
    Intent,
    IntentRecorded,
    OrderType,
    OrderUpdated,
    Pocket,
    Product,
    Purpose,
    Side,
    State,
    Terms,
)

EXTERNAL = "external"
"""The strategy that orders and positions count for which are not of our making."""
MANUAL = "manual"
"""The strategy that orders by hand count for; the leg is the symbol, and the product if carried."""
LOOSE = (MANUAL, EXTERNAL)
"""What is no strategy of anybody's: no runner trades it, and no rule of a plan guards its legs."""


class Difference(Struct, frozen=True):
    """The broker shows another position than our book; units, below zero short."""

    symbol: str
    ours: int
    theirs: int
    product: Product = Product.INTRADAY

    @property
    def pocket(self) -> Pocket:
        """Where it is."""
        return Pocket(self.symbol, self.product)


class Compared(Struct, frozen=True):
    """How the positions stand to each other.

    Attributes:
        differing: those that nothing explains.
        undecided: those of which it is too early to say anything.
        agreeing: all others that either book knows.
        behind: symbols in which the reading is older than what we have heard: it shows fewer
            fills of an order. What it shows held there proves nothing.
        lagging: those that differ and may do so because the positions do not show a fill yet.
    """

    differing: tuple[Difference, ...]
    undecided: tuple[Pocket, ...]
    agreeing: tuple[Pocket, ...]
    behind: frozenset[str] = frozenset()
    lagging: frozenset[Pocket] = frozenset()


def external_id(book: Book, broker_order_id: str, at_ns: int) -> str:
    """Return the id under which a stranger stands in our book; brokers' numbers are of their day.

    Args:
        book: ours; two accounts may know strangers by the same number.
        broker_order_id: the broker's number.
        at_ns: an instant of the day in which it was seen.
    """
    whose = f"@{book.mark}" if book.mark else ""
    return f"EX:{day_of(at_ns)}:{broker_order_id}{whose}"


def id_in(book: Book, order: BrokerOrder, at_ns: int) -> str:
    """Return under which id our book knows an order of the broker's; empty: it does not."""
    if book.order(order.client_id) is not None:
        return order.client_id
    return numbered_in(book, order.broker_order_id, at_ns)


def numbered_in(book: Book, broker_order_id: str, at_ns: int) -> str:
    """Return under which id our book knows an order by its number; empty: it does not.

    A stranger's is never known otherwise, and one of ours may be shown without its id. Until the
    next session begins a broker may still show the orders of the last one, through nights,
    weekends and holidays; a stranger may have been seen first on any day since.
    """
    days = days_since_trading(at_ns)
    ids = (external_id(book, broker_order_id, start_of(day)) for day in days)
    stranger = next((each for each in ids if book.order(each) is not None), "")
    if stranger:
        return stranger
    found = (book.order(intent_id) for intent_id in book.numbers.of(broker_order_id))
    ours = (each.intent for each in found if each is not None and not is_strangers(each.intent))
    todays = (each.intent_id for each in ours if day_of(each.decided_ns) in days)
    return max(todays, default="")


def news(book: Book, read: AccountRead) -> tuple[OrderUpdated, ...]:
    """Return what the broker knows better of the orders in our book, as its evidence."""
    told: defaultdict[str, list[BrokerOrder]] = defaultdict(list)
    for order in read.orders:
        told[id_in(book, order, read.at_ns)].append(order)
    return tuple(
        updated(intent_id, each, read.at_ns, _told(known, each))
        for intent_id, seen in told.items()
        if (known := book.order(intent_id)) is not None and _knows_better(known, seen)
        for each in seen
    )


def strangers(book: Book, read: AccountRead) -> tuple[BrokerOrder, ...]:
    """Return the broker's orders that our book knows under no id."""
    return tuple(order for order in read.orders if not id_in(book, order, read.at_ns))


def updated(intent_id: str, order: BrokerOrder, at_ns: int, news: Terms = UNTOLD) -> OrderUpdated:
    """Return an order of the broker's book as evidence of one in ours, with what it asks if new."""
    return OrderUpdated(
        intent_id=intent_id,
        broker_order_id=order.broker_order_id,
        state=order.state,
        filled_quantity=order.filled_quantity,
        filled_value_e4=order.filled_value_e4,
        at_ns=at_ns,
        kind=order.kind,
        text=order.text,
        **news._asdict(),
    )


def external(
    intent_id: str, account: str, shown: BrokerOrder, now_ns: int
) -> tuple[IntentRecorded, OrderUpdated]:
    """Return the facts by which an order that is not of our making stands in our book.

    Args:
        intent_id: under which it stands there.
        account: whose book.
        shown: the order.
        now_ns: the present instant.
    """
    order_type, price_e4, trigger_e4 = _asked(shown)
    intent = Intent(
        intent_id=intent_id,
        account=account,
        strategy_id=EXTERNAL,
        leg_id=Pocket(shown.symbol, shown.product).leg_id,
        symbol=shown.symbol,
        side=shown.side,
        quantity=shown.quantity,
        order_type=order_type,
        price_e4=price_e4,
        purpose=Purpose.ENTRY,
        parent=f"{EXTERNAL}:{intent_id}",
        decided_ns=now_ns,
        deadline_ns=now_ns,
        trigger_e4=trigger_e4,
        product=shown.product,
    )
    return IntentRecorded(intent, now_ns), updated(intent_id, shown, now_ns)


def _asked(shown: BrokerOrder) -> tuple[OrderType, int, int]:
    """Return how a stranger's order is priced, its limit and its trigger, both in `_e4`.

    One that rests without a limit that is shown counts as one at the market, and has none. One that
    is over asks nothing any more, so the price of its fills stands for its limit.
    """
    if shown.state is not State.WORKING:
        filled = shown.filled_quantity
        return OrderType.LIMIT, shown.filled_value_e4 // filled if filled else 0, 0
    if not shown.price_e4:
        return OrderType.MARKET, 0, shown.trigger_e4
    order_type = OrderType.STOP_LIMIT if shown.trigger_e4 else OrderType.LIMIT
    return order_type, shown.price_e4, shown.trigger_e4


def is_strangers(intent: Intent) -> bool:
    """Say whether an order is not of our making; an exit of what it left behind is."""
    return intent.strategy_id == EXTERNAL and intent.purpose is Purpose.ENTRY


def unexplained(difference: Difference, price_e4: int) -> BrokerOrder:
    """Return the order that units stand for which a broker shows, and no order explains.

    Their price is not known, and the newest one stands for it.
    """
    units = difference.theirs - difference.ours
    return BrokerOrder(
        client_id="",
        broker_order_id="",
        symbol=difference.symbol,
        side=Side.BUY if units > 0 else Side.SELL,
        quantity=abs(units),
        state=State.FILLED,
        filled_quantity=abs(units),
        filled_value_e4=abs(units) * price_e4,
        text="held by the broker's book, by no order that is known",
        product=difference.product,
    )


def compare(book: Book, read: AccountRead, moved: Collection[str] = ()) -> Compared:
    """Hold the positions of both books against each other, once the orders' news is heard.

    An order that is over with its day is on its way no longer, so it explains no difference.

    Args:
        book: ours.
        read: the broker's.
        moved: symbols in which units moved since the reading was asked for.
    """
    theirs, gone = positions(read), gone_of(book, read)
    differing: list[Difference] = []
    undecided: list[Pocket] = []
    agreeing: list[Pocket] = []
    for pocket in sorted({*theirs, *book.pockets}):
        ours, shown = book.within(pocket), theirs.get(pocket, 0)
        low, high = ours.possible
        for order in gone:
            if order.intent.pocket == pocket and order.intent.side is Side.BUY:
                high -= order.remaining_quantity
            elif order.intent.pocket == pocket:
                low += order.remaining_quantity
        if ours.net == shown:
            agreeing.append(pocket)
        elif pocket.symbol in moved or low <= shown <= high:
            undecided.append(pocket)
        else:
            differing.append(Difference(pocket.symbol, ours.net, shown, pocket.product))
    late = (each.pocket for each in differing if may_lag(book, each.pocket, read.at_ns))
    return Compared(
        tuple(differing), tuple(undecided), tuple(agreeing), behind(book, read), frozenset(late)
    )


def with_ours(book: Book, read: AccountRead) -> AccountRead:
    """Return a reading in which shares of earlier days count as held as far as they are ours.

    What a broker carries over a night it may move to where its owner keeps his own. As many as our
    book has, and the positions lack, are ours; the rest is his, differs from nothing, and is never
    closed.
    """
    held, ours = positions(read), []
    for pocket, units in positions(replace(read, positions=read.owned)).items():
        lacking = book.within(pocket).net - held.get(pocket, 0)
        ours.append(BrokerPosition(pocket.symbol, min(max(lacking, 0), units), pocket.product))
    return replace(read, positions=(*read.positions, *ours), owned=())


def positions(read: AccountRead) -> dict[Pocket, int]:
    """Return the units that the broker shows held, each product of a contract by itself.

    What is flat is left out.
    """
    held: defaultdict[Pocket, int] = defaultdict(int)
    for position in read.positions:
        held[Pocket(position.symbol, position.product)] += position.net_quantity
    return {pocket: net for pocket, net in held.items() if net}


def gone_of(book: Book, read: AccountRead) -> tuple[Order, ...]:
    """Return our open orders of earlier days than the reading's that it does not show.

    Absence within its day proves nothing.
    """
    shown = {id_in(book, order, read.at_ns) for order in read.orders}
    return tuple(
        order
        for order in book.open_orders()
        if day_of(order.intent.decided_ns) < day_of(read.at_ns)
        and order.intent.intent_id not in shown
    )


def behind(book: Book, read: AccountRead) -> frozenset[str]:
    """Return the symbols in which a reading shows fewer fills of its day than we have heard."""
    shown: Counter[str] = Counter()
    for order in read.orders:
        shown[order.broker_order_id] += order.filled_quantity
    day = day_of(read.at_ns)
    return frozenset(
        order.intent.symbol
        for order in book
        if any(order.broker_order_ids)  # what was adopted has none, and is shown nowhere
        and order.filled_quantity > sum(shown[each] for each in order.broker_order_ids)
        and day_of(order.intent.decided_ns) == day
    )


def _knows_better(known: Order, seen: list[BrokerOrder]) -> bool:
    """Say whether the broker shows more of an intent than we heard: a number, fills, an end."""
    if any(each.broker_order_id not in known.broker_order_ids for each in seen):
        return True
    filled = _sum((each.filled_quantity, each.filled_value_e4) for each in seen)
    if filled > (known.filled_quantity, known.filled_value_e4):
        return True
    if len(known.broker_order_ids) == 1:
        is_changed = any(_told(known, seen[0]))
        return is_changed or after(known.state, BOOK_WORDS[seen[0].state]) is not known.state
    rests = (0 if is_final(each.state) else each.quantity - each.filled_quantity for each in seen)
    return len(seen) == len(known.broker_order_ids) and sum(rests) < known.remaining_quantity


def _told(known: Order, shown: BrokerOrder) -> Terms:
    """Return what the broker shows anew of what an order asks."""
    ours = not is_strangers(known.intent)
    terms = shown.terms if ours else changed.in_whole(shown.terms)
    return changed.told(known, shown.state, terms, ours=ours)


def _sum(pairs: Iterable[tuple[int, int]]) -> tuple[int, int]:
    quantity = value_e4 = 0
    for more, more_e4 in pairs:
        quantity, value_e4 = quantity + more, value_e4 + more_e4
    return quantity, value_e4
