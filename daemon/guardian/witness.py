"""What the broker's book tells of one account, taken into ours: the half of closing that reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from daemon.domain.instants import SECOND_NS, day_of
from daemon.domain.market.frames import Quote
from daemon.domain.orders import reconcile
from daemon.domain.orders.changed import as_news, lowered_by, sentence
from daemon.domain.orders.doubt import DOUBTFUL, Counted, Doubt, given_up, is_old
from daemon.domain.orders.heard import Order
from daemon.domain.orders.ids import IntentIds
from daemon.domain.orders.ladder import Ladder
from daemon.domain.orders.lag import may_lag
from daemon.domain.orders.late import handed_on as handed_on_late
from daemon.domain.orders.limits import Limits
from daemon.domain.orders.outside import closed_by, handed_on, his_own
from daemon.domain.orders.shares import Booking, Kept, booked, by_order, by_reading, told_apart
from daemon.domain.orders.shown import AccountRead, BrokerOrder
from daemon.domain.orders.states import is_open
from daemon.domain.orders.words import (
    ConfirmationWanted,
    OrderNews,
    OrderParked,
    OrderUpdated,
    OutcomeUnknown,
    Pocket,
    Purpose,
    Side,
    State,
)
from daemon.guardian.books import Books, Leg
from daemon.guardian.lag import Lag
from daemon.messages import Cancel, ExitReplaced, Fact, Place
from daemon.runtime.budget import Window

VERIFY_NS = 2 * SECOND_NS
"""How far two readings lie apart, longer than a request may usually be late."""
LOOKUP_NS = 15 * SECOND_NS
"""An order that no reading shows within this is parked."""
_REFUSED = (State.REFUSED, State.REJECTED)


class Terms(Struct, frozen=True):
    """What an account is closed under.

    Attributes:
        account: its id.
        mark: of its facts; empty at home.
        limits: the owner's.
        ladder: how exits are priced.
        windows: of its message budget.
    """

    account: str
    mark: str
    limits: Limits
    ladder: Ladder
    windows: tuple[Window, ...]


class Round(Struct):
    """What is done now.

    Attributes:
        facts: to be recorded first.
        asked: of the broker, in this order, once they are durable.
        told: to a person.
        left: what is open or may still fill, a sentence each.
        beyond: what is held and can never be closed from here, or is carried by our book and shown
            nowhere, a sentence each.
        flat: the broker's book has shown all flat twice.
    """

    facts: list[Fact] = field(default_factory=list)
    asked: list[Place | Cancel] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    beyond: list[str] = field(default_factory=list)
    flat: bool = False


class Witness:
    """Holds the broker's book against ours.

    Args:
        terms: what the account is closed under.
        ids: of the orders of this run of the guardian.
        facts: all that was recorded of the account, oldest first.

    Attributes:
        books: ours.
    """

    def __init__(self, terms: Terms, ids: IntentIds, facts: Sequence[object]) -> None:
        self.books = Books(terms.mark, facts)
        self._terms = terms
        self._ids = ids
        self._owned: dict[Pocket, int] = {}
        self._since_ns: dict[object, tuple[object, int]] = {}
        self._counted = Counted()
        self._odd = ""
        self._lag = Lag(self.books)

    def _learn(self, done: Round, read: AccountRead, now_ns: int) -> None:
        """Take in what the broker knows better, and the orders that are not of our making."""
        book = self.books.book
        self._owned, _ = told_apart(book, read)
        for update in reconcile.news(book, read):
            self._hear(done, update, now_ns)
        for shown in reconcile.strangers(book, read):
            if shown.state is State.WORKING or shown.filled_quantity:
                intent_id = reconcile.external_id(book, shown.broker_order_id, read.at_ns)
                self._enter(done, intent_id, shown, now_ns)
        for leg, pocket in tuple(self.books.pockets.items()):
            if self.books.net(leg):
                kept = Kept(self._owned.get(pocket))
                traded = self.books.traded(leg)
                self._book(
                    done, by_reading(book, (leg, pocket), kept, traded, day_of(now_ns)), now_ns
                )

    def _adopt(
        self, done: Round, read: AccountRead, quotes: Mapping[str, Quote], now_ns: int
    ) -> None:
        """Count what the broker shows beyond our book as external, once it has for a while.

        Positions that may lag behind a fill still show what it has closed.
        """
        for each in reconcile.compare(self.books.book, read).differing:
            more = each.theirs - each.ours
            lasted_ns = self._lasted_ns(("gap", each.pocket), more, read.at_ns)
            lags = may_lag(self.books.book, each.pocket, read.at_ns)
            if each.theirs * more > 0 and lasted_ns >= VERIFY_NS and not lags:
                price_e4 = quotes.get(each.symbol, Quote(0)).ltp_e4
                shown = reconcile.unexplained(each, price_e4)
                self._enter(done, self._ids.next(), shown, now_ns)

    def _enter(self, done: Round, intent_id: str, shown: BrokerOrder, now_ns: int) -> None:
        recorded, update = reconcile.external(intent_id, self._terms.account, shown, now_ns)
        self._take(done, recorded)
        self._hear(done, update, now_ns)
        done.told.append(f"not of our making: {shown.side} {shown.quantity} {shown.symbol}")

    def _hand_on(self, done: Round, order: Order, before: Order, now_ns: int) -> None:
        """Count as closed what a stranger's fill has closed of legs of ours."""
        books = self.books
        pocket = order.intent.pocket
        held = books.held_against(pocket)[order.intent.side]
        own = his_own(books.book, pocket, self._owned.get(pocket, 0))
        for share in closed_by(own, order, before, held):
            ids = (self._ids.next(), self._ids.next())
            for fact in handed_on(order, share, ids, now_ns):
                self._take(done, fact)
            ended = books.book.order(ids[0])
            assert ended is not None, "it was recorded"
            done.facts.append(books.position_changed(ended, now_ns))
            done.told.append(f"{share.quantity} of {' '.join(share.leg)} are closed by that")

    def _book(self, done: Round, booking: Booking | None, now_ns: int) -> None:
        """Let units of a leg leave for the owner's own shares, or come from there."""
        if booking is None:
            return
        recorded, update = booked(booking, self._terms.account, self._ids.next(), now_ns)
        for fact in (recorded, update):
            self._take(done, fact)
        pocket, units = booking.pocket, booking.side.sign * booking.quantity
        if pocket in self._owned:
            self._owned[pocket] = max(self._owned[pocket] - units, 0)
        ended = self.books.book.order(recorded.intent.intent_id)
        assert ended is not None, "it was recorded"
        done.facts.append(self.books.position_changed(ended, now_ns))
        done.told.append(f"{booking.quantity} {pocket}, {booking.text}")

    def _moved(self, done: Round, order: Order, before: Order, now_ns: int) -> None:
        """Tell what a fill made of its leg, and book what it moved of the owner's own shares."""
        done.facts.append(self.books.position_changed(order, now_ns))
        more = order.filled_quantity - before.filled_quantity
        own = self._owned.get(order.intent.pocket, 0)
        traded = self.books.traded(leg_of(order))
        self._book(done, by_order(self.books.book, order, more, own, traded), now_ns)

    def _hand_on_late(self, done: Round, order: Order, before: Order, now_ns: int) -> bool:
        """Hand a fill on in a contract that its leg trades no longer; say whether it was."""
        if self.books.pockets[leg_of(order)] == order.intent.pocket:
            return False
        ids = (self._ids.next(), self._ids.next())
        for fact in handed_on_late(order, before, ids, now_ns):
            self._take(done, fact)
        held = self.books.book.order(ids[0])
        assert held is not None, "it was recorded"
        done.facts.append(self.books.position_changed(held, now_ns))
        done.told.append(f"{order.intent.intent_id} filled late; that is closed by itself")
        return True

    def _doubt(self, done: Round, order: Order, now_ns: int) -> None:
        """Say of an order that nobody answered what is so."""
        intent, intent_id = order.intent, order.intent.intent_id
        if order.state is State.INTENDED:
            because = "the run that meant it is over; nobody knows whether it left"
            self._take(done, OutcomeUnknown(intent_id, because, now_ns))
            return
        since_ns = self._counted.since_ns(intent_id, order.recorded_ns, now_ns)
        if order.state is State.UNKNOWN and now_ns - since_ns >= LOOKUP_NS:
            self._take(done, OrderParked(intent_id, now_ns))
            done.told.append(f"{intent_id} is parked: {intent.side} {intent.symbol} may still fill")

    def _replace(self, done: Round, read: AccountRead, now_ns: int) -> None:
        """Count on purchases in doubt no longer where that is bounded: others leave."""
        ways = [order for order in self._todays(now_ns) if _buys_back(order)]
        for leg in dict.fromkeys(leg_of(order) for order in ways):
            doubts = {
                order.intent.intent_id: self._around(order, read, now_ns)
                for order in ways
                if leg_of(order) == leg
            }
            short = -self.books.net(leg)
            most = max(short, self.books.short_then.get(leg, 0))
            for intent_id in given_up(doubts, short, most, VERIFY_NS):
                self._take(done, ExitReplaced(intent_id, now_ns))
                done.told.append(f"another order leaves in place of {intent_id}; both may fill")

    def _count_no_longer(self, done: Round, order: Order, because: str, now_ns: int) -> None:
        """Count on an exit no longer, so that another may leave; tell a person why."""
        intent_id = order.intent.intent_id
        self._take(done, ExitReplaced(intent_id, now_ns))
        done.told.append(f"{intent_id}, {because}; another order leaves, and both may fill")

    def _is_replaced(self, order: Order) -> bool:
        return order.intent.intent_id in self.books.replaced

    def _around(self, order: Order, read: AccountRead, now_ns: int) -> Doubt:
        intent, symbol = order.intent, order.intent.symbol
        since_ns = self.books.replaced.get(intent.intent_id)
        if since_ns is not None:
            since_ns = self._counted.since_ns(intent.intent_id, since_ns, now_ns)
        recorded_ns = self._counted.since_ns(intent.intent_id, order.recorded_ns, now_ns)
        old = is_old(recorded_ns, read.at_ns)
        held = reconcile.positions(read).get(intent.pocket, 0)
        there = tuple(
            (each.broker_order_id, each.state, each.filled_quantity)
            for each in read.orders
            if each.symbol == symbol
        )
        in_doubt = order.state in DOUBTFUL and (old, held, there, self._odd)
        return Doubt(
            side=intent.side,
            owed=intent.purpose is Purpose.EXIT,
            state=order.state,
            quantity=order.remaining_quantity,
            old=old,
            shown=bool(self._odd)  # it may be this one, and have lost its id
            or any(
                reconcile.id_in(self.books.book, each, read.at_ns) == intent.intent_id
                for each in read.orders
            ),
            agreed=held == self.books.book.within(intent.pocket).net,
            equal_ns=self._lasted_ns(intent.intent_id, in_doubt, read.at_ns),
            replaced_ago_ns=None if since_ns is None else read.at_ns - since_ns,
        )

    def _lasted_ns(self, of: object, seen: object, at_ns: int) -> int:
        """Return for how long readings have shown the same."""
        known, since_ns = self._since_ns.get(of, (None, at_ns))
        if known != seen:
            since_ns = at_ns
        self._since_ns[of] = (seen, since_ns)
        return at_ns - since_ns

    def _hear(self, done: Round, fact: OrderNews, now_ns: int) -> None:
        """Take news of one order in; record it, and the leg that a fill moved."""
        before = self.books.book.order(fact.intent_id)
        if before is None:
            return  # a stranger's: the next reading tells of it under the id that it has here
        if isinstance(fact, OrderUpdated):
            fact = as_news(before, fact, ours=not reconcile.is_strangers(before.intent))
        self._take(done, fact)
        if isinstance(fact, ConfirmationWanted):
            done.told.append(f"{fact.intent_id}: {fact.said}")
        order = self.books.book.order(fact.intent_id)
        assert order is not None, "it was known before"
        if order.filled_quantity != before.filled_quantity:
            self._hand_on(done, order, before, now_ns)
            if not self._hand_on_late(done, order, before, now_ns):
                self._moved(done, order, before, now_ns)
        if order.state in _REFUSED and before.state not in _REFUSED:
            self._refused(done, order, now_ns)
        if order.state is State.CANCELLED and is_open(before.state):
            self._cancelled(done, order, now_ns)
        if order.terms != before.terms and not reconcile.is_strangers(order.intent):
            done.told.append(sentence(order, before, alone=False))
            if lowered_by(order, before):
                self._changed(done, order, before, now_ns)

    def _refused(self, done: Round, order: Order, now_ns: int) -> None:
        """Answer a no of the broker's to an order."""

    def _cancelled(self, done: Round, order: Order, now_ns: int) -> None:
        """Take in that an order is in the broker's book no longer, whoever asked for that."""

    def _changed(self, done: Round, order: Order, before: Order, now_ns: int) -> None:
        """Answer that somebody made an order of ours larger or smaller at the broker."""

    def _take(self, done: Round, fact: Any) -> None:
        self.books.apply(fact)
        done.facts.append(fact)

    def _todays(self, now_ns: int) -> Iterator[Order]:
        """Yield the orders that may still fill; those of earlier days are over with their day."""
        return (each for each in self.books.book.open_orders() if is_todays(each, now_ns))


def is_todays(order: Order, now_ns: int) -> bool:
    """Say whether an order is of this day; those before are over with theirs."""
    return day_of(order.intent.decided_ns) == day_of(now_ns)


def leg_of(order: Order) -> Leg:
    """Return the leg that an order is of."""
    return order.intent.strategy_id, order.intent.leg_id


def _buys_back(order: Order) -> bool:
    return order.intent.purpose is not Purpose.ENTRY and order.intent.side is Side.BUY
