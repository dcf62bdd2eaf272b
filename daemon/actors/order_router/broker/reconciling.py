"""Readings of the broker's whole book: when they are asked for, and what is made of them.

The book is read at the start, after a dead link, where the broker hints at news, while anything is
on its way or the last reading failed and, at a slower pace, while anything is held, and for the
rest of a day on which anything was sent. At a broker that trades with money it is read once more
after the close, for the fills of the last seconds, and a few times again while an order is not
known to be over. Entries wait for the first reading and while one is overdue, and stay out of any
symbol in which the books differ. Nothing is invented to make them agree: an order that is not ours
is taken in as external, for it is the broker's own evidence; a position that no order explains is
told.
"""

from __future__ import annotations

from msgspec.structs import replace

from daemon.actors.order_router.broker import counted, link, outlived, outside, overdue, shares
from daemon.actors.order_router.broker.hours import next_opening_ns
from daemon.actors.order_router.broker.open_orders import open_orders
from daemon.actors.order_router.known.alarms import ReadDue
from daemon.actors.order_router.known.desk import Desk
from daemon.actors.order_router.known.readings import lasting
from daemon.actors.turn import Turn
from daemon.domain.instants import SECOND_NS
from daemon.domain.market.notes import NoteKind
from daemon.domain.orders.doubt import DOUBTFUL
from daemon.domain.orders.heard import Order
from daemon.domain.orders.lapsed import lapsed as what_lapsed
from daemon.domain.orders.reconcile import (
    EXTERNAL,
    Compared,
    Difference,
    compare,
    external,
    external_id,
    numbered_in,
    strangers,
    unexplained,
)
from daemon.domain.orders.shown import AccountRead, BrokerOrder
from daemon.domain.orders.words import (
    Intent,
    OrderAnswer,
    OrderUpdated,
    Pocket,
    Purpose,
    Side,
    State,
)
from daemon.messages import AccountUnread, BooksAgree, BooksDiffer, Noted, ReadAccount
from daemon.messages.control import BookRead
from daemon.runtime.words import Call

Heard = OrderAnswer | OrderUpdated
"""What a broker says of one order."""
_ACCOUNT = "account"
_AFTER_CLOSE_NS = (20 * SECOND_NS, 300 * SECOND_NS, 1_800 * SECOND_NS)
"""So long after the close, and after one another, the last readings of a day are made."""


def begin(desk: Desk, turn: Turn, now_ns: int) -> None:
    """Read the book before entries are taken, and after news may have been missed."""
    if desk.terms.reconcile_ns:
        ask(desk, turn, now_ns)
        desk.wakes.wake(turn, ReadDue(_ACCOUNT, now_ns + desk.terms.reconcile_ns))


def ask(desk: Desk, turn: Turn, now_ns: int) -> None:
    """Ask for the broker's book, unless it was asked for and may still be answered."""
    reads = desk.reads
    if reads.asked_ns is not None and now_ns - reads.asked_ns < desk.terms.answer_ns:
        return
    reads.asked_ns = reads.read_ns = now_ns
    if reads.owed_ns is None:
        reads.owed_ns = now_ns
    reads.hinted = False
    turn.do(Call(desk.terms.broker, ReadAccount()))
    link.leaves(desk, turn, _ACCOUNT, now_ns)


def hinted(desk: Desk, turn: Turn, now_ns: int) -> None:
    """Read the book now: news may have been missed, or is hinted at; a hint is no evidence.

    A reading that is on its way may have been made before that, so another one follows it.
    """
    desk.reads.hinted = True
    begin(desk, turn, now_ns)


def soon(desk: Desk, turn: Turn, now_ns: int) -> None:
    """Have the book read without delay: an order is in doubt."""
    if desk.terms.reconcile_ns:
        desk.wakes.wake(turn, ReadDue(_ACCOUNT, now_ns + desk.terms.lookup_ns))


def due(desk: Desk, turn: Turn, now_ns: int) -> None:
    """Read the book again where it is time, and look again in a while where there is reason to."""
    if desk.reads.reconciled and not desk.session_open(now_ns):
        opens_ns = next_opening_ns(desk, now_ns)
        if opens_ns:
            desk.wakes.wake(turn, ReadDue(_ACCOUNT, opens_ns))
        else:
            _after_close(desk, turn, now_ns)
        return
    desk.reads.after_close = 0
    pace_ns = _pace_ns(desk)
    is_ripe = desk.reads.read_ns < desk.reads.ripens_ns(desk.terms.verify_ns) <= now_ns
    if pace_ns and (is_ripe or now_ns - desk.reads.read_ns >= pace_ns):
        ask(desk, turn, now_ns)
    _again(desk, turn, now_ns)


def take_in(desk: Desk, turn: Turn, read: AccountRead, now_ns: int) -> tuple[Intent, ...]:
    """Take the orders in that are not ours; return by which intents they closed legs of ours."""
    closed: list[Intent] = []
    for order in strangers(desk.book, read):
        if order.state is State.WORKING or order.filled_quantity:
            closed += _take_in(desk, turn, order, read.at_ns, now_ns)
    shares.look(desk, turn, now_ns)
    return tuple(closed)


def lapsed(
    desk: Desk, turn: Turn, read: AccountRead, moved: frozenset[str], now_ns: int
) -> tuple[OrderUpdated, ...]:
    """Return the ends of orders of earlier days; tell, once a day, of those that may have filled.

    A person was told of each that was parked, so he is told of its end as well.
    """
    found = what_lapsed(desk.book, read, moved)
    desk.reads.note_over(found)
    for end in found.ends:
        order = desk.book.order(end.intent_id)
        assert order is not None, "what lapsed was open in our book"
        if order.state is State.PARKED:
            text = f"{end.intent_id}, which was parked, is over: {end.text}"
            turn.announce(Noted(NoteKind.REFUSED, text, now_ns, order.intent.strategy_id))
    for order in found.unproven:
        intent = order.intent
        what = f"{intent.intent_id}, {intent.side} {order.remaining_quantity} {intent.symbol}"
        text = f"{what}, is over with its day and may have filled; look it up at the broker"
        if text not in desk.told:
            desk.told.add(text)
            turn.announce(Noted(NoteKind.REFUSED, text, now_ns, intent.strategy_id))
    return found.ends


def read(desk: Desk, turn: Turn, read: AccountRead, moved: frozenset[str], now_ns: int) -> None:
    """Hold a reading against our book, once all that it tells of orders was heard.

    Args:
        desk: of the account.
        turn: what is done.
        read: the reading.
        moved: symbols in which units moved while it was under way.
        now_ns: the present instant.
    """
    compared = compare(desk.book, read, moved)
    desk.reads.newest = read
    overdue.came(desk, turn, now_ns)
    desk.reads.note_gaps(compared, read.at_ns)
    desk.reads.unread = ""
    link.heard(desk, turn, _ACCOUNT, now_ns, alive=True)
    desk.reads.reconciled = True
    _tell(desk, turn, compared, now_ns)
    outlived.free(desk, turn, now_ns)
    counted.free(desk, turn, now_ns)
    _tell_unpriced(desk, turn, read, now_ns)
    if outside.knows_more(desk, read.at_ns):
        long = sorted(lasting(desk.reads, desk.terms.verify_ns).items())
        beside = tuple((*pocket, units) for pocket, units in long)
        known = BookRead(desk.terms.account, read.at_ns, beside)
        desk.reads.apply(known)
        turn.record(known)
    if desk.reads.hinted:
        ask(desk, turn, now_ns)
    _again(desk, turn, now_ns)


def unread(desk: Desk, turn: Turn, told: AccountUnread, now_ns: int) -> None:
    """Tell once that the book cannot be read, and ask again soon."""
    desk.reads.asked_ns = None
    if told.partly is not None and desk.reads.reconciled:  # no first reading is made by a part
        overdue.came(desk, turn, now_ns)
    if told.sessionless:
        link.untold(desk, _ACCOUNT)
    else:
        link.heard(desk, turn, _ACCOUNT, now_ns, alive=told.answered)
    if desk.reads.unread != told.because:
        desk.reads.unread = told.because
        text = f"the book of {desk.terms.broker} cannot be read: {told.because}"
        turn.announce(Noted(NoteKind.REFUSED, text, now_ns))
    if desk.terms.reconcile_ns:
        desk.wakes.wake(turn, ReadDue(_ACCOUNT, now_ns + desk.terms.lookup_ns))


def answered(desk: Desk, read: AccountRead) -> frozenset[str]:
    """Take that a reading has come; return the symbols in which units moved meanwhile."""
    reads = desk.reads
    since_ns = read.at_ns if reads.asked_ns is None else min(reads.asked_ns, read.at_ns)
    reads.asked_ns = None
    moved = frozenset(symbol for symbol, at_ns in reads.moved_ns.items() if at_ns >= since_ns)
    shares.know(desk, read, moved)
    return moved


def known_as(desk: Desk, fact: Heard, now_ns: int) -> Heard:
    """Return news under the id that our book has for it, where it bears none that we know."""
    if isinstance(fact, OrderUpdated) and desk.book.order(fact.intent_id) is None:
        intent_id = numbered_in(desk.book, fact.broker_order_id, now_ns)
        if intent_id:
            return replace(fact, intent_id=intent_id)
    return fact


def objection(desk: Desk, *pockets: Pocket) -> str:
    """Return why the books keep entries in these pockets out; empty where they do not."""
    if desk.terms.reconcile_ns and not desk.reads.reconciled:
        return "the broker's book was not read since the start; entries wait for it"
    for pocket in pockets:
        known = desk.reads.differing.get(pocket)
        if known is not None:
            shown = f"the broker shows {known.theirs:+d} {pocket} and our book {known.ours:+d}"
            return f"{shown}; no entry in it until they agree"
    return ""


def objection_to_entry(desk: Desk, now_ns: int, *pockets: Pocket) -> str:
    """Return the same; nor is anything entered while a reading is overdue or lacks shares."""
    books = objection(desk, *pockets) or overdue.objection(desk, now_ns)
    return books or shares.objection(desk, *pockets)


def adopt(desk: Desk, turn: Turn, difference: Difference, now_ns: int) -> None:
    """Count units that the broker shows beyond our book as external, so that they can be closed.

    No order explains them; their price is not known, and the newest one stands for it.
    """
    price_e4 = desk.prices.last(difference.symbol).ltp_e4
    shown = unexplained(difference, price_e4)
    _enter(desk, turn, desk.ids.next(), shown, now_ns)


def _after_close(desk: Desk, turn: Turn, now_ns: int) -> None:
    """Read the book after the last close of a day, as often as there is reason to."""
    reads, made = desk.reads, desk.reads.after_close
    if not desk.terms.live or made >= len(_AFTER_CLOSE_NS):
        return
    concerns = desk.todays or desk.holders() if not made else reads.unread
    if not concerns and not open_orders(desk):
        return
    closed_ns = max((closes_ns for _, closes_ns in desk.sessions), default=0)
    at_ns = max(reads.read_ns, closed_ns) + _AFTER_CLOSE_NS[made]
    if at_ns > now_ns:
        desk.wakes.wake(turn, ReadDue(_ACCOUNT, at_ns))
        return
    reads.after_close += 1
    ask(desk, turn, now_ns)
    _after_close(desk, turn, now_ns)


def _again(desk: Desk, turn: Turn, now_ns: int) -> None:
    """See again in a while, where there is reason to, whether the book is to be read."""
    pace_ns = _pace_ns(desk)
    if pace_ns:
        next_ns = max(desk.reads.read_ns + pace_ns, now_ns + desk.terms.lookup_ns)
        ripe_ns = desk.reads.ripens_ns(desk.terms.verify_ns)
        if ripe_ns > now_ns:  # no doubt waits for the next reading by the pace, a moment too late
            next_ns = min(next_ns, ripe_ns)
        desk.wakes.wake(turn, ReadDue(_ACCOUNT, next_ns))


def _pace_ns(desk: Desk) -> int:
    """Return how often the book is to be read now; 0: never."""
    terms, reads = desk.terms, desk.reads
    if not terms.reconcile_ns:
        return 0
    orders = open_orders(desk)
    if not reads.reconciled or any(is_doubted(order) for order in orders):
        return terms.lookup_ns
    if orders or reads.differing or reads.unread or reads.sharesless:
        return terms.reconcile_ns
    # What is told to be cancelled or refused has been seen to fill, and the news of it to be lost;
    # and somebody may trade in the account before anything of ours does.
    return terms.seldom_ns


def is_doubted(order: Order) -> bool:
    """Say whether an order buys a short back, and nobody knows what became of it."""
    intent = order.intent
    return order.state in DOUBTFUL and intent.purpose is Purpose.EXIT and intent.side is Side.BUY


def _tell(desk: Desk, turn: Turn, compared: Compared, now_ns: int) -> None:
    """Announce what differs and what agrees again, each when it changes."""
    account, reads = desk.terms.account, desk.reads
    for each in compared.differing:
        known = reads.differing.get(each.pocket)
        if known is not None and (known.ours, known.theirs) == (each.ours, each.theirs):
            continue
        differ = BooksDiffer(account, each.symbol, each.ours, each.theirs, now_ns, each.product)
        reads.apply(differ)
        turn.announce(differ)
        if known is None:
            shown = f"the broker shows {each.theirs:+d} {each.pocket} and our book {each.ours:+d}"
            turn.announce(Noted(NoteKind.REFUSED, f"{shown}; entries in it are stopped", now_ns))
    still = {each.pocket for each in compared.differing}.union(compared.undecided)
    for symbol, product in sorted(reads.differing.keys() - still):
        agree = BooksAgree(account, symbol, now_ns, product)
        reads.apply(agree)
        turn.announce(agree)


def _tell_unpriced(desk: Desk, turn: Turn, read: AccountRead, now_ns: int) -> None:
    """Tell, once a day, of each fill that cannot be counted for want of its price."""
    for number in read.unpriced:
        text = f"order {number} has filled, and {desk.terms.broker} does not tell at which price"
        text = f"{text}: until it does that fill counts for nothing, and has no stop"
        if text not in desk.told:
            desk.told.add(text)
            turn.announce(Noted(NoteKind.REFUSED, text, now_ns))


def _take_in(
    desk: Desk, turn: Turn, order: BrokerOrder, at_ns: int, now_ns: int
) -> tuple[Intent, ...]:
    """Take an order in that is not ours: it is shown and counted, and left alone."""
    intent_id = external_id(desk.book, order.broker_order_id, at_ns)
    closed = _enter(desk, turn, intent_id, order, now_ns)
    what = f"{order.side} {order.quantity} {order.symbol}"
    text = f"the broker has an order that is not ours, {order.broker_order_id}: {what}"
    turn.announce(Noted(NoteKind.OUTSIDE, text, now_ns, EXTERNAL))
    return closed


def _enter(
    desk: Desk, turn: Turn, intent_id: str, shown: BrokerOrder, now_ns: int
) -> tuple[Intent, ...]:
    for fact in external(intent_id, desk.terms.account, shown, now_ns):
        desk.apply(fact)
        turn.record(fact)
    order = desk.book.order(intent_id)
    assert order is not None, "it was recorded before it was told"
    closed = outside.hand_on(desk, turn, order, None, now_ns)
    if shown.filled_quantity:
        turn.announce(desk.position_changed(order, now_ns))
        shares.filled(desk, turn, order, None, now_ns)
    return closed
