"""What the watchdog keeps under watch, as a fold of facts: the same live and after a restart.

An entry is watched from the moment that it is opened, so that its stops live from the first fill,
until it is over and nothing of it is held. One that is over is kept aside until its strategy's
next entry is over too, for a fill that was in doubt may still come: it finds its rules again.
"""

from __future__ import annotations

from datetime import date

from daemon.actors.order_router.known.loose import is_loose
from daemon.actors.risk_watchdog.loose_legs import LooseLegs
from daemon.actors.risk_watchdog.watch import Watch
from daemon.domain.market.frames import Quote
from daemon.domain.risk.hours import brought_forward
from daemon.domain.risk.moves import NEVER, LevelMoved
from daemon.domain.risk.pnl import PnlTrack
from daemon.domain.risk.words import ExitReason
from daemon.messages import (
    BasketEnded,
    BasketOpened,
    DayMarked,
    ExitDecided,
    ExitFinished,
    ExitLegs,
    ExitOwed,
    LegExpired,
    PositionChanged,
)


class Watches:
    """Every entry of an account that is watched.

    Attributes:
        active: those to be judged: under way, or with something held.
        next_exit_ns: when the first of them is to be left.
        unheard: exits that were decided and are not yet heard to be owed, those that hold a short
            first: the sale of a hedge, told before them, would not wait for them.
        left: why what strategies hold is left today, whatever still fills; None: it is not.
        loose: what is held without an entry.
    """

    def __init__(self) -> None:
        self.active: tuple[Watch, ...] = ()
        self.next_exit_ns = NEVER
        self.unheard: tuple[ExitLegs, ...] = ()
        self._watches: dict[str, Watch] = {}
        self.left: ExitReason | None = None
        self.loose = LooseLegs(self._watches)
        self._aside: dict[str, Watch] = {}
        self._owing: set[tuple[str, str]] = set()
        self._parts: set[str] = set()
        self._day: date | None = None
        self._close_ns = 0
        self._trades = False
        self._recalls = True

    def all(self) -> tuple[Watch, ...]:
        """Return every entry that is not set aside, the oldest first."""
        return tuple(self._watches.values())

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
                watch = self._watches.setdefault(fact.basket.basket_id, Watch(fact))
                self._leave_in_time(watch)
            case PositionChanged():
                self.fill(fact)
            case LegExpired(strategy_id, leg_id):
                self.loose.expire(fact)
                for watch in self.of(strategy_id):
                    if watch.holds(leg_id):
                        watch.expire(fact)
                        self._set_aside(watch)
            case BasketEnded(basket_id, waits=True):
                self._watches.pop(basket_id, None)  # nothing of it has left, and it is decided anew
            case BasketEnded(basket_id) if basket_id in self._watches:
                self._watches[basket_id].end_entry()
            case ExitDecided(strategy_id, leg_ids, reason):
                self._leave(strategy_id, leg_ids, reason)
                self.unheard = (*self.unheard, ExitLegs(strategy_id, leg_ids, reason))
            case ExitOwed(exit_id, keep=keep) if keep:
                self._parts.add(exit_id)  # what stays is guarded, and so is what is being left
            case ExitFinished(exit_id) if exit_id in self._parts:
                self._parts.discard(exit_id)
            case ExitOwed(_, strategy_id, leg_ids, reason):
                self._owing.update((strategy_id, leg_id) for leg_id in leg_ids)
                self._leave(strategy_id, leg_ids, reason)
            case ExitFinished(_, strategy_id, leg_ids):
                self._owing.difference_update((strategy_id, leg_id) for leg_id in leg_ids)
                for watch in self.of(strategy_id):
                    watch.risk.withdraw(leg_ids)
            case _:
                return
        self.plan()

    def _leave_in_time(self, watch: Watch) -> None:
        """Have an entry left before the close of the present day, if its time is of that day."""
        watch.exit_ns = brought_forward(watch.opened.exit_ns, self._close_ns)

    def _leave(self, strategy_id: str, leg_ids: tuple[str, ...], reason: ExitReason) -> None:
        for watch in self.of(strategy_id):
            watch.leave(leg_ids, reason)

    def fill(self, changed: PositionChanged) -> tuple[Watch | None, tuple[LevelMoved, ...]]:
        """Take a fill; return whose it is and what it armed."""
        watch = self._holder(changed.strategy_id, changed.leg_id)
        if is_loose(changed.strategy_id):
            watch = self.loose.take(changed, watch)
            self.plan()
        if watch is None:
            return None, ()
        if not is_loose(changed.strategy_id):
            watch.leaving = watch.leaving or self.left
        moves = watch.fill(changed, recalled=self._recalls)
        if watch.is_open:
            self._watches.setdefault(watch.opened.basket.basket_id, watch)
        elif is_loose(changed.strategy_id):
            self.loose.let_go(watch)
        self.plan()
        return watch, moves

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

    def begin_day(self, day: date, close_ns: int) -> None:
        """Another day: what is over is set aside, and yesterday's prices are no prices.

        Of the same day, told again, the close alone is news.

        Args:
            day: which.
            close_ns: when its market closes; 0: it has no session.
        """
        self._close_ns = close_ns
        for watch in self.all():
            self._leave_in_time(watch)
        if day != self._day:
            self._begin_another(day, trades=close_ns > 0)
        self.plan()

    def _begin_another(self, day: date, *, trades: bool) -> None:
        ended = self._day if self._trades else None
        self.left, self._day, self._trades = None, day, trades
        for watch in self.all():
            watch.carried.begin_day(ended if watch.is_open else None, watch.legs)
            self._set_aside(watch)
            watch.risk.lose_marks()
            watch.risk.pnl = PnlTrack()

    def close_day(self, watch: Watch, marked: DayMarked) -> None:
        """End the day of an entry at what it was marked at; a mark of an earlier day came late."""
        if self._day is not None and marked.day < self._day:
            watch.carried.begin_late(marked, watch.legs)
        else:
            exposed = self._trades and watch.is_open
            watch.carried.close_day(marked, watch.legs, is_exposed=exposed)
        if self._recalls:
            watch.risk.lose_marks(dict(marked.marks))
        self._set_aside(watch)

    def recall(self, moved: LevelMoved) -> None:
        """Put a level where it is recorded that it was moved to."""
        taken = self.loose.take_up(moved.strategy_id, moved.leg_id)
        if taken is not None:
            self.fill(taken.of)
        watch = self._mover(moved)
        if watch is not None:
            watch.risk.restore((moved,), ends=False)

    def armed(self, *, ends: bool) -> tuple[LevelMoved, ...]:
        """Arm what recorded fills are to arm and the record lacks; return that.

        Args:
            ends: the record does: what is heard from now on is new.
        """
        self._recalls = not ends
        watches = (*self._watches.values(), *self._aside.values())
        return tuple(watch.named(moved) for watch in watches for moved in watch.risk.restore())

    def plan(self) -> None:
        """Keep at hand who is judged, when the next exit time comes, and what is unheard."""
        self.active = tuple(
            watch for watch in self._watches.values() if watch.entering or watch.is_open
        )
        self.next_exit_ns = min(
            (watch.exit_ns if watch.leaving is None else 0 for watch in self.active),
            default=NEVER,
        )
        if self.unheard:
            left = ((each, self._still_unheard(each)) for each in self.unheard)
            kept = (ExitLegs(each.strategy_id, ids, each.reason) for each, ids in left if ids)
            self.unheard = tuple(sorted(kept, key=self._spares_shorts))

    def _set_aside(self, watch: Watch) -> None:
        """Put an entry away that is over and of which nothing is held."""
        if not watch.entering and not watch.is_open:
            self._watches.pop(watch.opened.basket.basket_id, None)
            if not is_loose(watch.risk.strategy_id):
                self._aside[watch.risk.strategy_id] = watch

    def _still_unheard(self, wanted: ExitLegs) -> tuple[str, ...]:
        strategy_id = wanted.strategy_id
        return tuple(
            leg_id
            for leg_id in wanted.leg_ids
            if (strategy_id, leg_id) not in self._owing
            and any(watch.holds(leg_id) for watch in self.of(strategy_id))
        )

    def _spares_shorts(self, wanted: ExitLegs) -> bool:
        """Say whether no leg of an exit is short."""
        nets = (
            held.net_quantity
            for watch in self.of(wanted.strategy_id)
            for leg_id in wanted.leg_ids
            if (held := watch.legs.get(leg_id)) is not None
        )
        return all(net >= 0 for net in nets)

    def _mover(self, moved: LevelMoved) -> Watch | None:
        """Return the entry that a recorded move is of; None: it is over, and kept no longer."""
        if not moved.basket_id:
            return self._holder(moved.strategy_id, moved.leg_id)
        known = (*self._watches.values(), *self._aside.values())
        of_it = (each for each in known if each.opened.basket.basket_id == moved.basket_id)
        return next(of_it, None)

    def _holder(self, strategy_id: str, leg_id: str) -> Watch | None:
        """Return the entry that a leg belongs to: that which holds it, else the newest with it.

        Without a leg, as records of before entries were told apart have it: the oldest in which
        something is held.
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
