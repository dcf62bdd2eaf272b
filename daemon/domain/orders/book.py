"""The book of orders: what became of every intent, and the positions that follow from it.

A book is the fold of the order facts of one account. It takes them in any order and any number:
two books that heard the same set of facts are equal. Only fills that the broker reported move a
position. Quantities are cumulative and the largest stands; where two values are told for one
quantity the larger stands. A broker that made two orders of one intent is believed: both count.
Every sum is kept as facts arrive, so no question walks over the closed orders. What ended on an
earlier day can be put away: it takes a tenth of the room, and is known as before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TypeVar

from msgspec import Struct, msgpack
from msgspec.structs import replace

from daemon.domain.orders.heard import Heard, Order, hear, order_of
from daemon.domain.orders.numbers import Numbers
from daemon.domain.orders.states import is_open
from daemon.domain.orders.words import Intent, IntentRecorded, OrderFact, Pocket, Side

Of = TypeVar("Of", str, Pocket)
_BUY = Side.BUY  # looked up once: every sum asks
_small, _whole = msgpack.Encoder().encode, msgpack.Decoder(Heard).decode


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


class Tally(Struct):
    """Units in one symbol, or one pocket of it: held, and still to be bought or sold."""

    net: int = 0
    buying: int = 0
    selling: int = 0

    @property
    def possible(self) -> tuple[int, int]:
        """The lowest and the highest net quantity that may come about."""
        return self.net - self.selling, self.net + self.buying


_NOTHING = Tally()
_FLAT = Position()


class Book:
    """The orders and positions of one account.

    Args:
        mark: what tells its strangers' orders from those of other accounts; empty: nothing does.

    Attributes:
        pockets: what is held and may come about, by contract and product; others hold nothing.
        numbers: the broker's, of all orders that were ever in the book.
        filled_ns: when a fill was last heard of this day, by pocket; of orders at the broker alone,
            for what was booked without one is in no position that could lag.
    """

    def __init__(self, mark: str = "") -> None:
        self.mark = mark
        self._heard: dict[str, Heard] = {}
        self._away: dict[str, bytes] = {}
        self._orders: dict[str, Order] = {}
        self._open: dict[str, Order] = {}
        self._children: defaultdict[str, set[str]] = defaultdict(set)
        self.numbers = Numbers()
        self._positions: dict[tuple[str, str], Position] = {}
        self.pockets: dict[Pocket, Tally] = {}
        self.filled_ns: dict[Pocket, int] = {}
        self._tallies: dict[str, Tally] = {}
        self._shares: defaultdict[str, dict[str, Tally]] = defaultdict(dict)

    __hash__ = None  # type: ignore[assignment]  # a book changes

    def __eq__(self, other: object) -> bool:
        """Two books are equal when they heard the same; their sums follow from that."""
        return isinstance(other, Book) and self._all() == other._all()

    def apply(self, fact: OrderFact) -> Order | None:
        """Take one fact in.

        Returns:
            The order as it stands now; None while its intent was not recorded.
        """
        intent_id = fact.intent.intent_id if isinstance(fact, IntentRecorded) else fact.intent_id
        self._take_out(intent_id)
        heard = self._heard.get(intent_id)
        if heard is None:
            heard = self._heard[intent_id] = Heard()
        hear(heard, fact)
        if heard.intent is None:
            return None
        known = self._orders.get(intent_id)
        order = order_of(heard, heard.intent)
        if order != known:
            if known is not None:
                self._count(known, -1)
            self._count(order, 1)
            self._list(order)
            before = known.filled_quantity if known is not None else 0
            if order.filled_quantity != before and order.broker_order_ids:
                self.filled_ns[order.intent.pocket] = fact.at_ns
        return order

    def put_away(self) -> None:
        """Keep small what has ended; a new day has begun.

        Nothing is forgotten: a late word brings an order back, and whoever names one is answered.
        Only who asks for all of them is no longer told of it.
        """
        self.filled_ns.clear()
        for intent_id in [each for each in self._orders if each not in self._open]:
            del self._orders[intent_id]
            self._away[intent_id] = _small(self._heard.pop(intent_id))

    def order(self, intent_id: str) -> Order | None:
        """Return what is known of an intent."""
        away = self._away.get(intent_id)
        return self._orders.get(intent_id) if away is None else _order(_whole(away))

    def __iter__(self) -> Iterator[Order]:
        """Yield every order but those put away, as their intents were recorded."""
        return iter(self._orders.values())

    def open_orders(self) -> tuple[Order, ...]:
        """Return the orders that may still add fills, by intent id."""
        return tuple(map(self._open.__getitem__, sorted(self._open))) if self._open else ()

    def children(self, parent: str) -> tuple[Order, ...]:
        """Return all orders of a basket or an obligation, by intent id."""
        ids = self._children.get(parent, ())
        found = (self.order(intent_id) for intent_id in sorted(ids))
        return tuple(order for order in found if order is not None)

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
        return self._tally(symbol, strategy_id).possible

    def within(self, pocket: Pocket) -> Tally:
        """Return what the account holds, and may come to hold, of a contract in one product."""
        return self.pockets.get(pocket, _NOTHING)

    def symbols(self, strategy_id: str | None = None) -> tuple[str, ...]:
        """Return the symbols in which anything is held or may come to be."""
        tallies = self._tallies if strategy_id is None else self._shares.get(strategy_id, {})
        return tuple(sorted(tallies))

    def _all(self) -> dict[str, Heard]:
        return self._heard | {intent_id: _whole(away) for intent_id, away in self._away.items()}

    def _take_out(self, intent_id: str) -> None:
        """Have an order at hand again that was put away; it is in every sum."""
        away = self._away.pop(intent_id, None)
        if away is not None:
            heard = self._heard[intent_id] = _whole(away)
            self._orders[intent_id] = _order(heard)

    def _tally(self, symbol: str, strategy_id: str | None) -> Tally:
        tallies = self._tallies if strategy_id is None else self._shares.get(strategy_id, {})
        return tallies.get(symbol, _NOTHING)

    def _list(self, order: Order) -> None:
        intent_id = order.intent.intent_id
        self._orders[intent_id] = order
        self._children[order.intent.parent].add(intent_id)
        self.numbers.note(order)
        if is_open(order.state):
            self._open[intent_id] = order
        else:
            self._open.pop(intent_id, None)

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
            _add(tallies, intent.symbol, intent.side, net, waiting)
        _add(self.pockets, intent.pocket, intent.side, net, waiting)


def entered(net_quantity: int, intent: Intent) -> Side:
    """Return which way a leg of no basket was entered: by what it holds, or has held until now.

    Args:
        net_quantity: units held after its newest fill.
        intent: the order of that fill.
    """
    if net_quantity:
        return Side.BUY if net_quantity > 0 else Side.SELL
    return intent.side.opposite


def _add(tallies: dict[Of, Tally], of: Of, side: Side, net: int, waiting: int) -> None:
    tally = tallies.get(of)
    if tally is None:
        tally = tallies[of] = Tally()
    tally.net += net
    if side is _BUY:
        tally.buying += waiting
    else:
        tally.selling += waiting
    if not (tally.net or tally.buying or tally.selling):
        del tallies[of]  # what is over is walked over no more


def _order(heard: Heard) -> Order:
    assert heard.intent is not None, "only what was recorded is put away"
    return order_of(heard, heard.intent)


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
