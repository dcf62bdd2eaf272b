"""The book of orders: what became of every intent, and the positions that follow from it.

A book is the fold of the order facts of one account. It takes them in any order and any number:
two books that heard the same set of facts are equal. Only fills that the broker reported move a
position. Quantities are cumulative and the largest stands; where two values are told for one
quantity the larger stands. A broker that made two orders of one intent is believed: both count.
Every sum is kept as facts arrive, so no question walks over the closed orders.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import assert_never

from msgspec import Struct, field
from msgspec.structs import astuple, replace

from daemon.domain.orders.states import BOOK_WORDS, Evidence, after, is_open
from daemon.domain.orders.words import (
    Intent,
    IntentRecorded,
    OrderAccepted,
    OrderFact,
    OrderParked,
    OrderRefused,
    OrderUpdated,
    OutcomeUnknown,
    Refusal,
    Side,
    State,
)

_BUY = Side.BUY  # looked up once: every sum asks
_ENDED_SHORT = frozenset({State.REFUSED, State.REJECTED, State.CANCELLED})


class Order(Struct, frozen=True):
    """What is known of one intent.

    Attributes:
        intent: what we want.
        state: where it stands.
        broker_order_id: the broker's number, empty while unknown; of several, one that is open.
        filled_quantity: units filled so far; above the intent's where the broker over-filled.
        filled_value_e4: the sum of price x units over those fills.
        remaining_quantity: units that may still be filled, as far as we know. It is not zero for
            an order that was told FILLED with too few units: the rest is unexplained.
        refusal: the newest reason for a no.
        text: the broker's newest words, or why the outcome is unknown.
        at_ns: the newest fact.
        broker_order_ids: every number that the broker gave it; more than one is a duplicate.
    """

    intent: Intent
    state: State
    broker_order_id: str
    filled_quantity: int
    filled_value_e4: int
    remaining_quantity: int
    refusal: Refusal | None
    text: str
    at_ns: int
    broker_order_ids: tuple[str, ...] = ()


class Position(Struct, frozen=True):
    """What one leg has bought and sold; quantities in units, values the sum of price x units."""

    bought_quantity: int = 0
    bought_value_e4: int = 0
    sold_quantity: int = 0
    sold_value_e4: int = 0

    @property
    def net_quantity(self) -> int:
        """Units held: above zero long, below zero short."""
        return self.bought_quantity - self.sold_quantity


class _Part(Struct):
    """One order in the broker's book."""

    state: State = State.INTENDED
    filled: tuple[int, int] = (0, 0)


class _File(Struct):
    """All that was heard of one intent; each field only ever grows."""

    intent: Intent | None = None
    recorded: tuple[object, ...] = ()
    state: State = State.INTENDED
    parts: dict[str, _Part] = field(default_factory=dict)
    refusal: tuple[int, str] = (0, "")
    text: tuple[int, str] = (0, "")
    at_ns: int = 0


class _Tally(Struct):
    """Units in one symbol: held, and still to be bought or sold."""

    net: int = 0
    buying: int = 0
    selling: int = 0


_NOTHING = _Tally()
_FLAT = Position()


class Book:
    """The orders and positions of one account.

    Args:
        mark: what tells its strangers' orders from those of other accounts; empty: nothing does.
    """

    def __init__(self, mark: str = "") -> None:
        self.mark = mark
        self._files: dict[str, _File] = {}
        self._orders: dict[str, Order] = {}
        self._open: dict[str, Order] = {}
        self._overfilled: dict[str, Order] = {}
        self._children: defaultdict[str, set[str]] = defaultdict(set)
        self._positions: dict[tuple[str, str], Position] = {}
        self._tallies: dict[str, _Tally] = {}
        self._shares: defaultdict[str, dict[str, _Tally]] = defaultdict(dict)

    __hash__ = None  # type: ignore[assignment]  # a book changes

    def __eq__(self, other: object) -> bool:
        """Two books are equal when they heard the same; their sums follow from that."""
        return isinstance(other, Book) and self._files == other._files

    def apply(self, fact: OrderFact) -> Order | None:
        """Take one fact in.

        Returns:
            The order as it stands now; None while its intent was not recorded.
        """
        intent_id = fact.intent.intent_id if isinstance(fact, IntentRecorded) else fact.intent_id
        file = self._files.get(intent_id)
        if file is None:
            file = self._files[intent_id] = _File()
        _hear(file, fact)
        if file.intent is None:
            return None
        known = self._orders.get(intent_id)
        order = _order(file, file.intent)
        if order != known:
            if known is not None:
                self._count(known, -1)
            self._count(order, 1)
            self._list(order)
        return order

    def order(self, intent_id: str) -> Order | None:
        """Return what is known of an intent."""
        return self._orders.get(intent_id)

    def __iter__(self) -> Iterator[Order]:
        """Yield every order, in the order in which their intents were recorded."""
        return iter(self._orders.values())

    def open_orders(self) -> tuple[Order, ...]:
        """Return the orders that may still add fills, by intent id."""
        return _sorted(self._open)

    def overfilled(self) -> tuple[Order, ...]:
        """Return the orders that filled, or may yet fill, more than their intent asked for."""
        return _sorted(self._overfilled)

    def children(self, parent: str) -> tuple[Order, ...]:
        """Return all orders of a basket or an obligation, by intent id."""
        ids = self._children.get(parent, ())
        return tuple(self._orders[intent_id] for intent_id in sorted(ids))

    def strangers(self) -> tuple[str, ...]:
        """Return the ids that facts were heard of but whose intent was never recorded."""
        return tuple(sorted(self._files.keys() - self._orders.keys()))

    def position(self, strategy_id: str, leg_id: str) -> Position:
        """Return what a leg has bought and sold."""
        return self._positions.get((strategy_id, leg_id), _FLAT)

    def net(self, symbol: str, strategy_id: str | None = None) -> int:
        """Return the units held in a symbol, by the account or by one strategy."""
        return self._tally(symbol, strategy_id).net

    def possible_exposure(self, symbol: str, strategy_id: str | None = None) -> tuple[int, int]:
        """Return the lowest and the highest net quantity that may come about, in units.

        Counts what every order may still fill: intended, unknown, parked and working ones.
        """
        tally = self._tally(symbol, strategy_id)
        return tally.net - tally.selling, tally.net + tally.buying

    def symbols(self, strategy_id: str | None = None) -> tuple[str, ...]:
        """Return the symbols in which anything is held or may come to be."""
        tallies = self._tallies if strategy_id is None else self._shares.get(strategy_id, {})
        return tuple(sorted(tallies))

    def _tally(self, symbol: str, strategy_id: str | None) -> _Tally:
        tallies = self._tallies if strategy_id is None else self._shares.get(strategy_id, {})
        return tallies.get(symbol, _NOTHING)

    def _list(self, order: Order) -> None:
        intent_id = order.intent.intent_id
        self._orders[intent_id] = order
        self._children[order.intent.parent].add(intent_id)
        _keep(self._open, order, wanted=is_open(order.state))
        possible = order.filled_quantity + order.remaining_quantity
        _keep(self._overfilled, order, wanted=possible > order.intent.quantity)

    def _count(self, order: Order, sign: int) -> None:
        """Add an order to every sum, or with -1 take it out of every sum."""
        intent = order.intent
        if sign < 0:
            self._children[intent.parent].discard(intent.intent_id)
        if order.filled_quantity or order.filled_value_e4:
            leg = (intent.strategy_id, intent.leg_id)
            self._positions[leg] = _moved(self.position(*leg), order, sign)
        net = sign * intent.side.sign * order.filled_quantity
        waiting = sign * order.remaining_quantity
        for tallies in (self._tallies, self._shares[intent.strategy_id]):
            tally = tallies.get(intent.symbol)
            if tally is None:
                tally = tallies[intent.symbol] = _Tally()
            tally.net += net
            if intent.side is _BUY:
                tally.buying += waiting
            else:
                tally.selling += waiting
            if not (tally.net or tally.buying or tally.selling):
                del tallies[intent.symbol]  # what is over is walked over no more


def _sorted(orders: dict[str, Order]) -> tuple[Order, ...]:
    return tuple(orders[intent_id] for intent_id in sorted(orders))


def _keep(orders: dict[str, Order], order: Order, *, wanted: bool) -> None:
    if wanted:
        orders[order.intent.intent_id] = order
    else:
        orders.pop(order.intent.intent_id, None)


def _moved(position: Position, order: Order, sign: int) -> Position:
    quantity, value_e4 = sign * order.filled_quantity, sign * order.filled_value_e4
    if order.intent.side is _BUY:
        return replace(
            position,
            bought_quantity=position.bought_quantity + quantity,
            bought_value_e4=position.bought_value_e4 + value_e4,
        )
    return replace(
        position,
        sold_quantity=position.sold_quantity + quantity,
        sold_value_e4=position.sold_value_e4 + value_e4,
    )


def _hear(file: _File, fact: OrderFact) -> None:
    """Join one fact into what was heard of its intent."""
    file.at_ns = max(file.at_ns, fact.at_ns)
    match fact:
        case IntentRecorded():
            _record(file, fact)
        case OrderAccepted():
            _hear_of_part(file, fact.broker_order_id, Evidence.ACCEPTED)
        case OrderRefused():
            file.state = after(file.state, Evidence.REFUSED)
            _say(file, fact.at_ns, fact.kind, fact.text)
        case OutcomeUnknown():
            file.state = after(file.state, Evidence.UNKNOWN)
            _say(file, fact.at_ns, None, fact.because)
        case OrderParked():
            file.state = after(file.state, Evidence.PARKED)
        case OrderUpdated():
            part = _hear_of_part(file, fact.broker_order_id, BOOK_WORDS[fact.state])
            part.filled = max(part.filled, (fact.filled_quantity, fact.filled_value_e4))
            _say(file, fact.at_ns, fact.kind, fact.text)
        case _:
            assert_never(fact)


def _record(file: _File, fact: IntentRecorded) -> None:
    # One id for two intents is a defect of ours; the earlier one stands, whichever came first.
    recorded = (fact.at_ns, *astuple(fact.intent))
    if file.intent is None or recorded < file.recorded:
        file.intent, file.recorded = fact.intent, recorded


def _hear_of_part(file: _File, broker_order_id: str, evidence: Evidence) -> _Part:
    file.state = after(file.state, evidence)
    part = file.parts.setdefault(broker_order_id, _Part())
    part.state = after(part.state, evidence)
    return part


def _say(file: _File, at_ns: int, kind: Refusal | None, text: str) -> None:
    """Keep the newest reason and the newest words; of one instant the greatest."""
    if kind is not None:
        file.refusal = max(file.refusal, (at_ns, kind.value))
    if text:
        file.text = max(file.text, (at_ns, text))


def _order(file: _File, intent: Intent) -> Order:
    ids = tuple(sorted(name for name in file.parts if name))
    quantity, value_e4 = _filled(file.parts, ids)
    state = after(file.state, Evidence.FILLED) if quantity >= intent.quantity else file.state
    remaining = 0 if state in _ENDED_SHORT else max(0, intent.quantity - quantity)
    live = ids
    if len(ids) > 1:
        rests = {name: _rest(file.parts[name], intent.quantity) for name in ids}
        live = tuple(name for name in ids if rests[name]) or ids
        remaining = sum(rests.values())
        state = State.WORKING if remaining else state
    return Order(
        intent=intent,
        state=state,
        broker_order_id=live[0] if live else "",
        filled_quantity=quantity,
        filled_value_e4=value_e4,
        remaining_quantity=remaining,
        refusal=Refusal(file.refusal[1]) if file.refusal[1] else None,
        text=file.text[1],
        at_ns=file.at_ns,
        broker_order_ids=ids,
    )


def _rest(part: _Part, quantity: int) -> int:
    """Return what one of several orders of an intent may still fill, in units."""
    return 0 if part.state in _ENDED_SHORT else max(0, quantity - part.filled[0])


def _filled(parts: dict[str, _Part], ids: tuple[str, ...]) -> tuple[int, int]:
    """Return quantity and value over all of the broker's orders.

    Words that name no number may speak of any of them, hence are not added to the named ones.
    """
    if len(ids) == len(parts) == 1:
        return parts[ids[0]].filled
    named = [parts[name].filled for name in ids]
    total = (sum(quantity for quantity, _ in named), sum(value_e4 for _, value_e4 in named))
    return max(total, parts[""].filled) if "" in parts else total
