"""The watch over one strategy: its legs' levels, its combined premium, its stop, target and lock.

A frame is seen, then judged once and whole. Profit is kept as an exact running sum, and every
rule is kept as the price or profit at which it fires, so a frame in which nothing happens costs
two looks per leg and two for the strategy. Nothing of the whole is judged while an open leg has
no mark, and that is told; a leg that owes an exit is not judged again until it is flat or the
exit is withdrawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from daemon.domain.market.frames import Quote
from daemon.domain.orders.words import Side
from daemon.domain.risk.guard import Unpriced
from daemon.domain.risk.leg_views import LegView, view_of
from daemon.domain.risk.legs import tighten
from daemon.domain.risk.lock_and_trail import Lock, LockStatus, advance, broken, merge
from daemon.domain.risk.moves import NEVER, Exit, LevelMoved, Move, Verdict
from daemon.domain.risk.pnl import NO_MARK, LegPosition, PnlTrack, mark_of
from daemon.domain.risk.thresholds import Thresholds, crossed, thresholds_of, trips_of
from daemon.domain.risk.watched import (
    WatchedLeg,
    armed,
    base_under_watch,
    moved_of,
    plan,
    profit_of,
    remark,
    restore_leg,
    unpriced,
)
from daemon.domain.risk.words import ExitReason, LegRules, Mark, StrategyRules

_NO_RULES = LegRules()
_NONE: Mapping[str, int] = {}


class StrategyRisk:
    """One strategy under watch; owned by one actor.

    Attributes:
        strategy_id: whose.
        pnl: lowest, highest and newest profit before charges, over the frames since the entry.
        lock: the floor under profit.
        thresholds: the profits at which its rules fire, as of the last frame or look at its legs.
    """

    __slots__ = (
        "_beside",
        "_by_hand_e4",
        "_high_trip_e4",
        "_legs",
        "_low_trip_e4",
        "_pnl_e4",
        "_rules",
        "_rules_by_leg",
        "_sighted",
        "_stirred",
        "_touch",
        "_unmarked",
        "_watching",
        "_weighed",
        "lock",
        "pnl",
        "strategy_id",
        "thresholds",
    )

    def __init__(
        self, strategy_id: str, rules: StrategyRules, legs: Mapping[str, LegRules]
    ) -> None:
        assert all(leg.underlying_stop is None for leg in legs.values()), (
            "stops on the underlying are not judged here"
        )
        self.strategy_id = strategy_id
        self.pnl = PnlTrack()
        self.lock = Lock()
        self._rules, self._rules_by_leg = rules, legs
        self._touch = rules.mark is Mark.TOUCH
        self._legs: dict[str, WatchedLeg] = {}
        none: tuple[WatchedLeg, ...] = ()
        self._watching = self._beside = self._unmarked = none
        self._pnl_e4 = 0
        self._sighted = self._stirred = False
        self._by_hand_e4: int | None = None
        self.thresholds = Thresholds()
        self._low_trip_e4, self._high_trip_e4 = -NEVER, NEVER
        self._weighed = True

    def watch(self, leg_id: str, symbol: str, side: Side, quantity: int | None = None) -> None:
        """Keep the marks of a leg that is about to be entered.

        Args:
            leg_id: the leg of the strategy.
            symbol: of what.
            side: which way it is entered.
            quantity: units that the entry wants; None: any fill completes it. Said again once
                it is settled with less, or with nothing (0).
        """
        leg = self._legs.get(leg_id)
        if leg is None or not (leg.is_entered or leg.symbol == symbol):
            rules = self._rules_by_leg.get(leg_id, _NO_RULES)
            self._legs[leg_id] = WatchedLeg(LegPosition(leg_id, symbol, side), rules, quantity)
        else:
            plan(leg, quantity)
        self._weighed = False

    def fill(
        self, position: LegPosition, at_ns: int, *, recalled: bool = False
    ) -> tuple[LevelMoved, ...]:
        """Take a leg's position after a fill; its levels live from the first one.

        Args:
            position: cumulative, the newest of its leg.
            at_ns: the market instant of the fill.
            recalled: from the record; `restore` puts back what it armed.

        Returns:
            The stop that this armed (0: the leg has none), where the average entry price is new.
        """
        if position.leg_id not in self._legs:
            self.watch(position.leg_id, position.symbol, position.side)
        leg = self._legs[position.leg_id]
        leg.take(position, at_ns, at_touch=self._touch)
        self._weighed = False
        if not any(each.is_open for each in self._legs.values()) and leg.is_entered:
            self._weigh()
            self.pnl.note(self._pnl_e4, at_ns)
            self._weighed = False
        return () if recalled else armed(self.strategy_id, (leg,))

    def see(self, quotes: Mapping[str, Quote], at_ns: int) -> None:
        """Take the marks of one frame: absent is unchanged, present without a mark is none."""
        if not self._weighed:
            self._weigh()
        touch = self._touch
        for leg in self._watching:
            if (quote := quotes.get(leg.symbol)) is None:
                continue
            leg.seen_ns = at_ns
            if touch:
                mark_e4 = low_e4 = high_e4 = quote.ask_e4 if leg.is_short else quote.bid_e4
                if not mark_e4 or quote.is_crossed:
                    mark_e4 = low_e4 = high_e4 = self._value(leg, quote)
            else:
                mark_e4 = low_e4 = high_e4 = quote.ltp_e4 or self._value(leg, quote)
                if quote.low_e4 and quote.low_e4 < low_e4:
                    low_e4 = quote.low_e4
                if quote.high_e4 > high_e4:
                    high_e4 = quote.high_e4
            if mark_e4 != leg.mark_e4:
                if mark_e4 >= 0 and leg.mark_e4 >= 0:
                    self._pnl_e4 += leg.net_quantity * (mark_e4 - leg.mark_e4)
                    leg.mark_e4 = mark_e4
                else:
                    self._pnl_e4 += remark(leg, mark_e4)
                    self._look()
            if low_e4 <= leg.low_trip_e4 or high_e4 >= leg.high_trip_e4:
                leg.cross(low_e4, high_e4)
                self._stirred = True

    def judge(self, now_ns: int) -> tuple[Verdict | Unpriced, ...]:
        """Judge what was seen; call once per frame.

        Returns:
            Levels that moved and legs to leave. The order where several rules hold at once: the
            legs' own stops, targets and trails; then, for all the rest together, combined
            premium, strategy stop, target, lock. Where the rest cannot be judged: the open legs
            without a price, each once until it has one again.
        """
        if not self._weighed:
            self._weigh()
        pnl_e4 = self._pnl_e4
        if self._sighted:
            self.pnl.note(pnl_e4, now_ns)
            if self._stirred or pnl_e4 <= self._low_trip_e4 or pnl_e4 >= self._high_trip_e4:
                return (*self._judge_legs(now_ns), *self._judge_whole(now_ns))
            return ()
        legs = self._judge_legs(now_ns) if self._stirred else ()
        if not self._unmarked:
            return legs
        self.pnl.estimate(pnl_e4, now_ns)
        return (*legs, *unpriced(self.strategy_id, self._unmarked, now_ns))

    def lose_marks(self, last_e4: Mapping[str, int] = _NONE) -> None:
        """Forget every mark: their link is dead. The next prices bring them back.

        Until then those last ones count that the record tells, by leg id.
        """
        for leg in self._legs.values():
            leg.lose_mark()
            leg.last_mark_e4 = last_e4.get(leg.leg_id, leg.last_mark_e4)
        self._weighed = False

    def owe(self, leg_ids: Iterable[str], *, owed: bool = True) -> None:
        """Take that exits of these legs are on their way, or not, whoever decided them."""
        for leg_id in leg_ids:
            if (leg := self._legs.get(leg_id)) is not None:
                leg.owed = owed and leg.is_open
        self._weighed = False

    def withdraw(self, leg_ids: Iterable[str]) -> None:
        """Take that exits of these legs will not come: they are judged again."""
        self.owe(leg_ids, owed=False)

    def adjust(
        self, leg_id: str, stop_e4: int, at_ns: int, *, loosen: bool = False
    ) -> LevelMoved | None:
        """Move a stop by hand.

        Args:
            leg_id: whose stop; empty for the strategy's, which is a profit (below zero: a loss).
            stop_e4: where to.
            at_ns: the market instant of the command.
            loosen: whether it may move away from the price.

        Returns:
            The move; None where it would loosen without leave, or the leg was not entered.
        """
        if not leg_id:
            return self._adjust_whole(stop_e4, at_ns, loosen=loosen)
        leg = self._legs.get(leg_id)
        if leg is None or leg.levels is None:
            return None
        before_e4 = leg.levels.stop_e4
        if not tighten(leg.levels, stop_e4, loosen=loosen):
            return None
        self._weighed = False
        return moved_of(self.strategy_id, leg, Move.ADJUSTED, before_e4, at_ns)

    def restore(
        self, facts: Iterable[LevelMoved] = (), *, ends: bool = True
    ) -> tuple[LevelMoved, ...]:
        """Put the levels where the record says they stood; return what fills armed and it lacks.

        Facts come in the order of the record, among the fills, until it `ends`. Their instants
        tell no order: a late fill arms as of then, whatever the trail has done since.
        """
        for fact in facts:
            if fact.leg_id:
                restore_leg(self._legs.get(fact.leg_id), fact)
            elif fact.move is Move.ADJUSTED:
                self._by_hand_e4 = fact.to_e4
            else:
                self.lock = merge(self.lock, Lock(LockStatus.LOCKED, fact.to_e4, fact.best_e4))
        self._weighed = False
        return armed(self.strategy_id, self._legs.values()) if ends else ()

    def legs(self) -> tuple[LegView, ...]:
        """Return what others may see of every leg, in the order in which they were watched."""
        self._weigh()
        hold, judged = self.thresholds.hold, not self._unmarked
        return tuple(
            view_of(leg, ruled_by_whole=hold(option=leg.is_option), whole_judged=judged)
            for leg in self._legs.values()
        )

    def _value(self, leg: WatchedLeg, quote: Quote) -> int:
        return mark_of(quote, self._rules.mark, short=leg.is_short, option=leg.is_option)

    def _look(self) -> None:
        """Keep at hand whether something was entered and every open leg has a mark."""
        legs = self._legs.values()
        self._unmarked = tuple(leg for leg in legs if leg.is_open and leg.mark_e4 == NO_MARK)
        self._sighted = not self._unmarked and any(leg.is_entered for leg in legs)

    def _judge_legs(self, now_ns: int) -> tuple[Verdict, ...]:
        self._stirred = False
        moves: list[Verdict] = []
        left: list[tuple[WatchedLeg, ExitReason]] = []
        for leg in self._watching:
            before_e4 = leg.levels.stop_e4 if leg.levels else 0
            moved, reason = leg.judge()
            if moved:
                moves.append(moved_of(self.strategy_id, leg, Move.TRAILED, before_e4, now_ns))
            if reason is not None:
                left.append((leg, reason))
        stopped = next((reason for _, reason in left if self._rules.leave_all(reason)), None)
        if stopped is not None:
            return (*moves, self._leave(self._free(), stopped, now_ns))
        return (*moves, *(self._leave((leg,), reason, now_ns) for leg, reason in left))

    def _judge_whole(self, now_ns: int) -> tuple[Verdict, ...]:
        free = self._free()
        if not free:
            return ()
        reason = crossed(self.thresholds, self._pnl_e4, self._pnl_e4 - profit_of(self._beside))
        moves = self._advance_lock(now_ns) if reason is None else ()
        if reason is None and self._rules.lock is not None and broken(self.lock, self._pnl_e4):
            reason = ExitReason.LOCK
        return moves if reason is None else (*moves, self._leave(free, reason, now_ns))

    def _advance_lock(self, now_ns: int) -> tuple[LevelMoved, ...]:
        if self._rules.lock is None:
            return ()
        before, self.lock = self.lock, advance(self._rules.lock, self.lock, self._pnl_e4)
        if self.lock is before:
            return ()
        self._set_trips()
        move = Move.LOCKED if before.status is LockStatus.NONE else Move.FLOOR_RAISED
        floor_e4, best_e4 = self.lock.floor_e4, self.lock.best_e4
        return (LevelMoved(self.strategy_id, "", move, before.floor_e4, floor_e4, now_ns, best_e4),)

    def _free(self) -> tuple[WatchedLeg, ...]:
        return tuple(leg for leg in self._watching if leg.is_free)

    def _leave(self, legs: Sequence[WatchedLeg], reason: ExitReason, now_ns: int) -> Exit:
        for leg in legs:
            leg.owed = True
        return Exit(self.strategy_id, tuple(leg.leg_id for leg in legs), reason, now_ns)

    def _adjust_whole(self, stop_e4: int, at_ns: int, *, loosen: bool) -> LevelMoved | None:
        self._weigh()
        before_e4 = self.thresholds.stop_e4
        if stop_e4 <= before_e4 and not loosen:
            return None
        self._by_hand_e4 = stop_e4
        self._weighed = False
        from_e4 = before_e4 if before_e4 > -NEVER else 0
        return LevelMoved(self.strategy_id, "", Move.ADJUSTED, from_e4, stop_e4, at_ns)

    def _weigh(self) -> None:
        """Work everything out anew that a frame relies on; done once after any amount of news."""
        if self._weighed:
            return
        self._weighed = True
        legs = tuple(self._legs.values())
        self._watching = tuple(leg for leg in legs if not leg.is_closed)
        self._beside = tuple(leg for leg in legs if not leg.is_option)
        self._pnl_e4 = profit_of(legs)
        self._look()
        self._stirred = True
        for leg in legs:
            leg.set_trips()
        self.thresholds = thresholds_of(
            self._rules, base_under_watch(legs), self._by_hand_e4, beside=bool(self._beside)
        )
        self._set_trips()

    def _set_trips(self) -> None:
        """Keep at hand between which profits nothing happens to the whole."""
        low_e4, high_e4 = -NEVER, NEVER
        if self._free():
            low_e4, high_e4 = trips_of(self.thresholds, self._rules.lock, self.lock)
        self._low_trip_e4, self._high_trip_e4 = low_e4, high_e4
