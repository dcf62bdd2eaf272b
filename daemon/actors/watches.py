"""What the watchdog keeps under watch, as a fold of facts: the same live and after a restart.

An entry is watched from the moment that it is opened, so that its stops live from the first fill,
until it is over and nothing of it is held. One that is over is kept aside until its strategy's
next entry is over too, for a fill that was in doubt may still come: it finds its rules again.
"""

from __future__ import annotations

from daemon.actors.order_router.loose import is_loose
from daemon.domain.market.frames import Quote
from daemon.domain.orders.basket import Basket, BasketLeg, OnFail
from daemon.domain.risk.moves import NEVER, LevelMoved
from daemon.domain.risk.pnl import LegPosition, PnlTrack
from daemon.domain.risk.strategy import StrategyRisk
from daemon.domain.risk.words import ExitReason, StrategyRules
from daemon.messages import (
    BasketEnded,
    BasketOpened,
    ExitDecided,
    ExitFinished,
    ExitLegs,
    ExitOwed,
    LegExpired,
    PositionChanged,
)


class Watch:
    """One entry under watch.

    Attributes:
        opened: what was entered, and what it is held to.
        risk: its levels and its profit.
        legs: what was traded, by leg id.
        entering: the entry is under way; more fills are wanted.
        leaving: why all of it is being left, whatever of it may still fill; None: it is not.
        carried_e4: its profit at the end of the day before; that was never today's.
        moves: recorded moves of its levels that a restart has yet to put back.
    """

    __slots__ = ("carried_e4", "entering", "leaving", "legs", "moves", "opened", "risk")

    def __init__(self, opened: BasketOpened) -> None:
        basket = opened.basket
        self.opened = opened
        self.risk = StrategyRisk(basket.strategy_id, opened.rules, opened.leg_rules)
        self.legs: dict[str, LegPosition] = {}
        self.entering = True
        self.leaving: ExitReason | None = None
        self.carried_e4 = 0
        self.moves: list[LevelMoved] = []
        for leg in basket.legs:
            self.risk.watch(leg.leg_id, leg.symbol, leg.side, leg.quantity)

    @property
    def is_open(self) -> bool:
        """Whether anything is held."""
        return any(held.net_quantity for held in self.legs.values())

    def holds(self, leg_id: str) -> bool:
        """Say whether something is held in a leg."""
        held = self.legs.get(leg_id)
        return held is not None and held.net_quantity != 0

    def wants(self, leg_id: str) -> bool:
        """Say whether a leg belongs to the entry."""
        return any(leg.leg_id == leg_id for leg in self.opened.basket.legs)

    def free_legs(self) -> tuple[str, ...]:
        """Return the legs in which something is held that owes no exit yet."""
        return tuple(leg.leg_id for leg in self.risk.legs() if leg.net_quantity and not leg.owed)

    def due(self, now_ns: int) -> ExitReason | None:
        """Return why all of it is to be left by now."""
        if self.leaving is None and now_ns >= self.opened.exit_ns:
            return ExitReason.TIME
        return self.leaving

    def fill(self, changed: PositionChanged) -> tuple[LevelMoved, ...]:
        """Take a leg's position after a fill, and return what that armed."""
        position = LegPosition(
            changed.leg_id,
            changed.symbol,
            changed.side,
            changed.bought_quantity,
            changed.bought_value_e4,
            changed.sold_quantity,
            changed.sold_value_e4,
        )
        self.legs[changed.leg_id] = position
        return self.risk.fill(position, changed.at_ns)

    def expire(self, expired: LegExpired) -> None:
        """Drop a leg that ended at a price nobody knows: it has no profit and no loss."""
        held = self.legs.pop(expired.leg_id)
        nothing = LegPosition(held.leg_id, held.symbol, held.side)
        self.risk.fill(nothing, expired.at_ns)
        self.risk.watch(held.leg_id, held.symbol, held.side, 0)
        self.risk.withdraw((held.leg_id,))

    def end_entry(self) -> None:
        """The entry is over: what was not filled is not waited for."""
        self.entering = False
        for leg in self.opened.basket.legs:
            held = self.legs.get(leg.leg_id)
            entered = held.entry_quantity if held else 0
            self.risk.watch(leg.leg_id, leg.symbol, leg.side, entered)


class Watches:
    """Every entry of an account that is watched.

    Attributes:
        active: those to be judged: under way, or with something held.
        next_exit_ns: when the first of them is to be left.
        unheard: exits that were decided and are not yet heard to be owed.
    """

    def __init__(self) -> None:
        self.active: tuple[Watch, ...] = ()
        self.next_exit_ns = NEVER
        self.unheard: tuple[ExitLegs, ...] = ()
        self._watches: dict[str, Watch] = {}
        self._aside: dict[str, Watch] = {}
        self._loose: dict[tuple[str, str], PositionChanged] = {}
        self._owing: set[tuple[str, str]] = set()
        self._parts: set[str] = set()

    def all(self) -> tuple[Watch, ...]:
        """Return every entry that is not set aside, the oldest first."""
        return tuple(self._watches.values())

    def entered(self) -> tuple[Watch, ...]:
        """Return those of them that a strategy entered."""
        return tuple(w for w in self._watches.values() if not is_loose(w.risk.strategy_id))

    def of(self, strategy_id: str) -> tuple[Watch, ...]:
        """Return the entries of one strategy, the oldest first."""
        return tuple(
            watch for watch in self._watches.values() if watch.risk.strategy_id == strategy_id
        )

    def apply(self, fact: object) -> None:
        """Take one recorded fact in; those that concern no watch are passed over."""
        match fact:
            case BasketOpened():
                # Those of its strategy that are still held stay watched beside it.
                self._watches.setdefault(fact.basket.basket_id, Watch(fact))
            case PositionChanged():
                self.fill(fact)
            case LegExpired(strategy_id, leg_id):
                self._loose.pop((strategy_id, leg_id), None)
                for watch in self.of(strategy_id):
                    if watch.holds(leg_id):
                        watch.expire(fact)
                        self.set_aside(watch)
            case BasketEnded(basket_id) if basket_id in self._watches:
                self._watches[basket_id].end_entry()
            case ExitDecided(strategy_id, leg_ids, reason):
                self._owe(strategy_id, leg_ids)
                self.unheard = (*self.unheard, ExitLegs(strategy_id, leg_ids, reason))
            case ExitOwed(exit_id, keep=keep) if keep:
                self._parts.add(exit_id)  # what stays is guarded, and so is what is being left
            case ExitFinished(exit_id) if exit_id in self._parts:
                self._parts.discard(exit_id)
            case ExitOwed(_, strategy_id, leg_ids):
                self._owing.update((strategy_id, leg_id) for leg_id in leg_ids)
                self._owe(strategy_id, leg_ids)
            case ExitFinished(_, strategy_id, leg_ids):
                self._owing.difference_update((strategy_id, leg_id) for leg_id in leg_ids)
                for watch in self.of(strategy_id):
                    watch.risk.withdraw(leg_ids)
            case _:
                return
        self.plan()

    def _owe(self, strategy_id: str, leg_ids: tuple[str, ...]) -> None:
        for watch in self.of(strategy_id):
            watch.risk.owe(leg_ids)

    def fill(self, changed: PositionChanged) -> tuple[Watch | None, tuple[LevelMoved, ...]]:
        """Take a fill; return whose it is and what it armed."""
        watch = self._holder(changed.strategy_id, changed.leg_id)
        if is_loose(changed.strategy_id):
            watch = self._fill_loose(changed, watch)
        if watch is None:
            return None, ()
        moves = watch.fill(changed)
        if watch.is_open:
            self._watches.setdefault(watch.opened.basket.basket_id, watch)
        elif is_loose(changed.strategy_id):
            self.let_go(watch.opened.basket.basket_id)
        self.plan()
        return watch, moves

    def _fill_loose(self, changed: PositionChanged, watch: Watch | None) -> Watch | None:
        """Keep what is held without an entry; a stop that was given to it ends with it."""
        key = (changed.strategy_id, changed.leg_id)
        if changed.net_quantity:
            self._loose[key] = changed
        else:
            self._loose.pop(key, None)
        if watch is not None and changed.side is not watch.opened.basket.legs[0].side:
            self.let_go(
                watch.opened.basket.basket_id
            )  # it went through flat: another position, without a stop
            return None
        return watch

    def take_up(self, strategy_id: str, leg_id: str) -> BasketOpened | None:
        """Begin to watch what is held without an entry, so that a stop can be given to it.

        Returns:
            What it is held to, nothing yet; None: nothing is held there, or it is watched already.
        """
        changed = self._loose.get((strategy_id, leg_id))
        if changed is None or self._holder(strategy_id, leg_id) is not None:
            return None
        opened = entered_by_nobody(changed)
        watch = self._watches[opened.basket.basket_id] = Watch(opened)
        watch.end_entry()
        return opened

    def hold(self, opened: BasketOpened) -> None:
        """Hold what was taken up to its levels, once its newest price is known."""
        leg = opened.basket.legs[0]
        self.fill(self._loose[opened.basket.strategy_id, leg.leg_id])

    def let_go(self, basket_id: str) -> None:
        """Watch no longer what was taken up."""
        self._watches.pop(basket_id, None)
        self.plan()

    def know(self, basket_id: str, symbol: str, quote: Quote, came_ns: int) -> None:
        """Mark the legs of an entry that was just opened at a price from before it.

        Nothing of it is filled yet, so the lows and highs of that price can trip no level.

        Args:
            basket_id: of the entry.
            symbol: what was quoted.
            quote: its newest prices.
            came_ns: when they came.
        """
        watch = self._watches.get(basket_id)
        if watch is not None and not watch.legs:
            watch.risk.see({symbol: quote}, came_ns)

    def begin_day(self) -> None:
        """Another day: what is over is set aside, and yesterday's prices are no prices."""
        for watch in self.all():
            self.set_aside(watch)
            watch.risk.lose_marks()
            watch.risk.pnl = PnlTrack()

    def set_aside(self, watch: Watch) -> None:
        """Put an entry away that is over and of which nothing is held."""
        if not watch.entering and not watch.is_open:
            self._watches.pop(watch.opened.basket.basket_id, None)
            if not is_loose(watch.risk.strategy_id):
                self._aside[watch.risk.strategy_id] = watch

    def note_move(self, moved: LevelMoved) -> None:
        """Keep a recorded move until everything is restored."""
        opened = self.take_up(moved.strategy_id, moved.leg_id)
        if opened is not None:
            self.hold(opened)
        watch = self._holder(moved.strategy_id, moved.leg_id)
        if watch is not None:
            watch.moves.append(moved)

    def restored(self) -> None:
        """Put the levels where the record says they stood."""
        for watch in (*self._watches.values(), *self._aside.values()):
            watch.risk.restore(watch.moves)
            watch.moves.clear()

    def plan(self) -> None:
        """Keep at hand who is judged, when the next exit time comes, and what is unheard."""
        self.active = tuple(
            watch for watch in self._watches.values() if watch.entering or watch.is_open
        )
        self.next_exit_ns = min(
            (watch.opened.exit_ns if watch.leaving is None else 0 for watch in self.active),
            default=NEVER,
        )
        if self.unheard:
            left = ((each, self._still_unheard(each)) for each in self.unheard)
            self.unheard = tuple(
                ExitLegs(each.strategy_id, leg_ids, each.reason)
                for each, leg_ids in left
                if leg_ids
            )

    def _still_unheard(self, wanted: ExitLegs) -> tuple[str, ...]:
        strategy_id = wanted.strategy_id
        return tuple(
            leg_id
            for leg_id in wanted.leg_ids
            if (strategy_id, leg_id) not in self._owing
            and any(watch.holds(leg_id) for watch in self.of(strategy_id))
        )

    def _holder(self, strategy_id: str, leg_id: str) -> Watch | None:
        """Return the entry that a leg belongs to: that which holds it, else the newest with it.

        Without a leg: the one whose levels may move, for it holds something.
        """
        mine = self.of(strategy_id)
        for watch in mine:
            if watch.holds(leg_id) or (not leg_id and watch.is_open):
                return watch
        for watch in reversed(mine):
            if watch.wants(leg_id):
                return watch
        aside = self._aside.get(strategy_id)
        return aside if aside is not None and aside.wants(leg_id) else None


def entered_by_nobody(changed: PositionChanged) -> BasketOpened:
    """Return what is held without an entry as one that is over: no rule holds it, and no hour."""
    symbol, strategy_id = changed.symbol, changed.strategy_id
    units = abs(changed.net_quantity)
    basket = Basket(
        basket_id=f"{strategy_id}:{changed.leg_id}",
        strategy_id=strategy_id,
        legs=(BasketLeg(changed.leg_id, symbol, changed.side, units, 1, units, 1),),
        decided_ns=changed.at_ns,
        deadline_ns=changed.at_ns,
        on_fail=OnFail.KEEP,
        buffer_percent_e4=0,
        reprice_ns=0,
    )
    return BasketOpened(basket, {}, StrategyRules(), NEVER, NEVER, changed.at_ns)
