"""What today's orders came to cost, gathered from the fills that moved the legs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from daemon.actors.risk_watchdog.loose_legs import enters_anew, turns
from daemon.domain.instants import day_of
from daemon.domain.market.charges import Unknown
from daemon.domain.market.costs import Executed, cost_e4, delivery_e4
from daemon.domain.orders.reconcile import EXTERNAL
from daemon.domain.orders.words import Product, Side
from daemon.messages import BasketOpened, LegExpired, PositionChanged

Owner = tuple[str, str]
"""Whose orders: strategy and basket; no basket for what was not entered by one."""


class _Trip(Struct):
    """A leg from its entry, or from flat where no basket entered it, until it is flat.

    Attributes:
        newest: the leg as it stands.
        brought: units that were held when the day began; below zero short.
        owned: what it sold was the owner's own, of earlier days.
    """

    newest: PositionChanged
    brought: int = 0
    owned: bool = False

    def keeps(self, side: str) -> bool:
        """Say whether what an order on a side traded is held beyond a day; no entry held it."""
        carried = self.newest.product is Product.CARRY and self.newest.net_quantity != 0
        return carried or self.brought != 0 or (self.owned and side == Side.SELL)


class _Filled(Struct, frozen=True):
    trip: _Trip
    day: date
    executed: Executed


class DayCosts:
    """The orders of a day, each as the sum of its fills."""

    def __init__(self) -> None:
        self._trips: dict[tuple[str, str], _Trip] = {}
        self._orders: defaultdict[Owner, dict[tuple[str, Side], _Filled]] = defaultdict(dict)
        self._delivered: defaultdict[Owner, dict[str, date]] = defaultdict(dict)

    def begin_day(self) -> None:
        """Forget yesterday's orders; what the legs hold goes on."""
        self._orders.clear()
        self._delivered.clear()
        for trip in self._trips.values():
            trip.brought = trip.newest.net_quantity

    def open(self, opened: BasketOpened) -> None:
        """An entry begins: the sums of its legs begin at nothing."""
        for leg in opened.basket.legs:
            self._trips.pop((opened.basket.strategy_id, leg.leg_id), None)

    def expire(self, expired: LegExpired) -> None:
        """Take what a leg held for closed, at a price that nobody knows and without an order."""
        trip = self._trips.get((expired.strategy_id, expired.leg_id))
        if trip is not None:
            trip.newest = _flat(trip.newest)

    def take(self, owner: Owner, changed: PositionChanged) -> None:
        """Take a fill, or a better price for one: what the sums of its leg have grown by."""
        key = (changed.strategy_id, changed.leg_id)
        trip = self._trips.get(key)
        if trip is None or enters_anew(trip.newest.net_quantity, changed):
            before, trip = None, _Trip(changed)
            self._trips[key] = trip
        else:
            before, trip.newest = trip.newest, changed
        bought = (changed.bought_quantity, changed.bought_value_e4)
        sold = (changed.sold_quantity, changed.sold_value_e4)
        if before is not None:
            bought = (bought[0] - before.bought_quantity, bought[1] - before.bought_value_e4)
            sold = (sold[0] - before.sold_quantity, sold[1] - before.sold_value_e4)
        name = changed.part_of or changed.intent_id or str(len(self._orders[owner]))
        brought = trip.brought
        if before is not None and turns(before.net_quantity, changed):
            trip = self._turn(owner, trip, changed)
        for side, (quantity, value_e4) in ((Side.BUY, bought), (Side.SELL, sold)):
            if quantity > 0 or (quantity == 0 and value_e4):
                executed = Executed(changed.symbol, side, quantity, value_e4, changed.settled)
                self._add(owner, name, trip, executed)
        lent = changed.settled and bought[0] > 0 and not owner[1]
        trip.owned = trip.owned or lent
        sells = sold[0] > max(bought[0], 0)  # what a stranger hands on grows both
        if lent or (sells and brought > 0 and not changed.settled):
            self._delivered[owner][changed.symbol] = day_of(changed.at_ns)

    def _turn(self, owner: Owner, ended: _Trip, changed: PositionChanged) -> _Trip:
        """Begin another trip of a leg that went through flat; return that which its order is of.

        As in the report it is the new one, unless what ended came over the night; and a part of a
        stranger's order stays with its others.
        """
        ended.newest = _flat(changed)
        begun = self._trips[changed.strategy_id, changed.leg_id] = _Trip(changed)
        if ended.brought or changed.part_of or not changed.intent_id:
            return ended
        orders = self._orders[owner]
        for key in ((changed.intent_id, Side.BUY), (changed.intent_id, Side.SELL)):
            if key in orders:
                orders[key] = replace(orders[key], trip=begun)
        return begun

    def total_e4(self, owner: Owner, kept: Container[str] = ()) -> int | None:
        """Return what the orders of today have cost, deliveries included; None: no table knows.

        Args:
            owner: whose.
            kept: legs of an entry that are held, or are to be held, beyond a day. What no entry
                holds is so by itself.
        """
        total_e4 = 0
        for charged in self._charged(owner, kept):
            if isinstance(charged, Unknown):
                return None
            total_e4 += charged
        return total_e4

    def _charged(self, owner: Owner, kept: Container[str]) -> Iterator[int | Unknown]:
        orders = self._orders.get(owner, {})
        for (name, side), filled in orders.items():
            trip, executed = filled.trip, filled.executed
            stays = trip.newest.leg_id in kept or (not owner[1] and trip.keeps(side))
            given = orders.get((name, side.opposite)) if owner[0] == EXTERNAL else None
            if given is None:
                yield cost_e4(executed, filled.day, kept=stays)
            elif given.executed.quantity < executed.quantity:
                yield from _beyond(executed, given.executed, filled.day, kept=stays)
        for symbol, day in self._delivered.get(owner, {}).items():
            yield delivery_e4(symbol, day)

    def _add(self, owner: Owner, name: str, trip: _Trip, executed: Executed) -> None:
        """Add a fill to its order; one whose order nobody knows is an order of its own.

        Of a better price for what was filled before there are no units: one of an earlier day, or
        of nobody, is passed over.
        """
        orders, key = self._orders[owner], (name, Side(executed.side))
        day = day_of(trip.newest.at_ns)
        known = orders.get(key)
        if known is None and not executed.quantity:
            return
        if known is not None:
            executed = Executed(
                executed.symbol,
                executed.side,
                executed.quantity + known.executed.quantity,
                executed.value_e4 + known.executed.value_e4,
                executed.settled,
            )
            trip = known.trip  # as in the report, where its first fill says in which trade it is
        orders[key] = _Filled(trip, day, executed)


def _flat(leg: PositionChanged) -> PositionChanged:
    """Return a leg with nothing held of it."""
    units = max(leg.bought_quantity, leg.sold_quantity)
    return replace(leg, bought_quantity=units, sold_quantity=units)


def _beyond(whole: Executed, given: Executed, day: date, *, kept: bool) -> Iterator[int | Unknown]:
    """Yield what a stranger's order cost beyond what it would have cost for what it handed on.

    What is handed on grows both sides of his leg at once, and costs the leg that it closes.

    Args:
        whole: his order.
        given: what of it was handed on, on the other side.
        day: of the order.
        kept: he holds beyond a day what it opened or closed.
    """
    lifted_e4 = cost_e4(replace(given, side=whole.side), day, kept=kept)
    yield cost_e4(whole, day, kept=kept)
    yield lifted_e4 if isinstance(lifted_e4, Unknown) else -lifted_e4


def kept_beyond(opened: BasketOpened, day: date, held: Iterable[tuple[str, int]]) -> frozenset[str]:
    """Return the legs of an entry that are held over a night: stock is charged as delivery then.

    Args:
        opened: the entry.
        day: of the costs.
        held: its legs, each with the units that are held.
    """
    stays, lasts = day_of(opened.at_ns) < day, day_of(opened.exit_ns) > day
    return frozenset(leg_id for leg_id, units in held if stays or (lasts and units))
