"""One leg as its strategy's watch sees it: the position, its mark, its levels, the exit it owes.

The strategy's watch reads and writes these attributes directly: this is the path of every frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from daemon.domain.market.instruments import parts_of
from daemon.domain.orders.words import Side
from daemon.domain.risk.guard import Unpriced
from daemon.domain.risk.legs import (
    Levels,
    arm,
    judge_leg,
    rearm,
    replay_hand,
    reset,
    retrace,
)
from daemon.domain.risk.moves import NEVER, LevelMoved, Move
from daemon.domain.risk.pnl import NO_MARK, LegPosition
from daemon.domain.risk.premium import Base, base_of
from daemon.domain.risk.words import ExitReason, LegRules

PATIENCE_NS = 5 * 10**9
"""How long a leg may wait for its first quote: a feed may bring its instruments one by one."""


class WatchedLeg:
    """One leg under watch.

    Attributes:
        planned_quantity: units that the entry wants; None: any fill completes it.
        wanted_quantity: the most that it ever wanted; None: nobody said, all that is filled.
        is_gone: it was taken out of the entry, at a price that nobody knows.
        position: what was traded so far.
        entry_quantity: of the position, kept at hand.
        net_quantity: of the position, kept at hand.
        levels: None before the first fill.
        is_option: its price is a premium.
        is_short: which side of the book closes it.
        mark_e4: what it is valued at; `NO_MARK`: nothing prices it now.
        last_mark_e4: the mark before it was lost; `NO_MARK`: never any.
        seen_ns: when its prices were last heard of.
        low_trip_e4: at or below this price the levels must be judged.
        high_trip_e4: at or above this price the levels must be judged.
        spike_low_e4: the lowest price that crossed a trip since it was last judged, or `NO_MARK`.
        spike_high_e4: the highest price that crossed a trip since it was last judged, or `NO_MARK`.
        blind_ns: the first frame on which units were held without a mark; 0: none yet.
        told: that nothing prices it was told; not again before it has had a mark.
        owed: an exit is on its way; nothing is judged until it is flat or that is withdrawn.
        left_e4: stops that were loosened, by hand or by another average, as the record tells.
        unarmed: average entry prices that no levels count from yet, each with its fill's instant.
    """

    __slots__ = (
        "blind_ns",
        "entry_quantity",
        "high_trip_e4",
        "is_gone",
        "is_option",
        "is_short",
        "last_mark_e4",
        "left_e4",
        "leg_id",
        "levels",
        "low_trip_e4",
        "mark_e4",
        "net_quantity",
        "owed",
        "planned_quantity",
        "position",
        "rules",
        "seen_ns",
        "spike_high_e4",
        "spike_low_e4",
        "symbol",
        "told",
        "unarmed",
        "wanted_quantity",
    )

    def __init__(
        self, position: LegPosition, rules: LegRules, planned_quantity: int | None
    ) -> None:
        self.leg_id, self.symbol = position.leg_id, position.symbol
        self.rules = rules
        self.planned_quantity = self.wanted_quantity = planned_quantity
        self.position, self.net_quantity = position, 0
        self.entry_quantity = position.entry_quantity
        self.levels: Levels | None = None
        parts = parts_of(position.symbol)
        self.is_option = parts is not None and parts.kind.is_option
        self.is_short = position.side is Side.SELL
        self.mark_e4 = self.last_mark_e4 = self.spike_low_e4 = self.spike_high_e4 = NO_MARK
        self.seen_ns = self.blind_ns = 0
        self.owed = self.told = self.is_gone = False
        self.left_e4: set[int] = set()
        self.unarmed: list[tuple[int, int]] = []
        self.low_trip_e4, self.high_trip_e4 = -1, NEVER

    @property
    def is_open(self) -> bool:
        """Whether units are held."""
        return self.net_quantity != 0

    @property
    def is_entered(self) -> bool:
        """Whether units were ever held."""
        return self.entry_quantity > 0

    @property
    def is_closed(self) -> bool:
        """Whether all that was entered is gone again."""
        return self.is_entered and not self.is_open

    @property
    def is_complete(self) -> bool:
        """Whether the entry has the quantity that was planned."""
        if self.planned_quantity is None:
            return self.is_entered
        return self.entry_quantity >= self.planned_quantity

    @property
    def is_free(self) -> bool:
        """Whether it is open and owes no exit."""
        return self.is_open and not self.owed

    def take(self, position: LegPosition, at_ns: int, *, at_touch: bool) -> None:
        """Take the position after a fill; an exit that is done is owed no more.

        Args:
            position: cumulative, the newest.
            at_ns: the market instant of the fill; where its average is new it is to be armed.
            at_touch: marks are of one side of the book, so a flip of the position loses its own.
        """
        self.is_gone = (self.is_gone or self.is_entered) and not position.entry_quantity
        self.position, self.net_quantity = position, position.net_quantity
        self.entry_quantity = position.entry_quantity
        known_e4 = self.levels.entry_e4 if self.levels else 0
        if position.entry_e4 not in (0, self.unarmed[-1][0] if self.unarmed else known_e4):
            self.unarmed.append((position.entry_e4, at_ns))
        if self.is_closed:
            self.owed = False
            self.lose_mark()
        elif self.is_open and self.is_short != (self.net_quantity < 0):
            self.is_short = self.net_quantity < 0
            if at_touch:
                self.lose_mark()
        self.set_trips()

    def lose_mark(self) -> None:
        """Forget the mark: it is of a dead link, or nobody quotes it."""
        if self.mark_e4 != NO_MARK:
            self.last_mark_e4 = self.mark_e4
        self.mark_e4 = self.spike_low_e4 = self.spike_high_e4 = NO_MARK
        self.blind_ns = 0

    def cross(self, low_e4: int, high_e4: int) -> None:
        """Note prices that crossed a trip; they are judged with the frame."""
        if self.spike_low_e4 == NO_MARK or low_e4 < self.spike_low_e4:
            self.spike_low_e4 = low_e4
        self.spike_high_e4 = max(high_e4, self.spike_high_e4)

    def judge(self) -> tuple[bool, ExitReason | None]:
        """Judge the levels; return whether the stop moved, and why the leg is to be left."""
        low_e4, high_e4 = self.spike_low_e4, self.spike_high_e4
        if low_e4 == NO_MARK:
            low_e4 = high_e4 = self.mark_e4
        self.spike_low_e4 = self.spike_high_e4 = NO_MARK
        levels = self._judged_levels()
        if levels is None or self.mark_e4 == NO_MARK:
            return False, None
        verdict = judge_leg(levels, low_e4, high_e4, self.mark_e4)
        self.set_trips()
        return verdict

    def _judged_levels(self) -> Levels | None:
        """Return the levels where they are to be judged: open the way it was entered, not owed."""
        levels = self.levels
        if levels is None or self.owed or self.net_quantity * levels.sign <= 0:
            return None
        return levels

    def set_trips(self) -> None:
        """Keep at hand between which prices nothing happens."""
        levels = self._judged_levels()
        if levels is None:
            self.low_trip_e4, self.high_trip_e4 = -1, NEVER
        else:
            self.low_trip_e4, self.high_trip_e4 = levels.low_trip_e4, levels.high_trip_e4


def plan(leg: WatchedLeg, quantity: int | None) -> None:
    """Take what the entry of a leg wants by now; what it wanted before may still fill."""
    leg.planned_quantity = quantity
    leg.wanted_quantity = max(leg.wanted_quantity or 0, quantity or 0) or None


def entry_of(leg: WatchedLeg) -> LegPosition:
    """Return what a leg was entered with, and no more of it than was wanted."""
    if leg.wanted_quantity is None:
        return leg.position
    return leg.position.entry_within(leg.wanted_quantity)


def base_under_watch(legs: Sequence[WatchedLeg]) -> Base:
    """Return the entry premium; none yet while of what sells only the hedges are there.

    An entry that ended with less than was planned is no more complete than one under way: what it
    sold would be weighed against hedges for more.
    """
    options = [leg for leg in legs if leg.is_option]
    entered = [entry_of(leg) for leg in options if leg.is_entered]
    complete = all(leg.is_complete for leg in options)
    sells = any(leg.position.side is Side.SELL for leg in options)
    if not complete and sells and all(each.side is Side.BUY for each in entered):
        return Base()
    return base_of(entered, complete=complete and not any(map(_lacks, options)))


def _lacks(leg: WatchedLeg) -> bool:
    """Say whether a leg never had all that its entry wanted, be that over or not."""
    return leg.entry_quantity < (leg.wanted_quantity or 0) and not leg.is_gone


def worth_of(leg: WatchedLeg) -> int:
    """Return what a unit counts for in the profit: its mark, the last it had, else its entry."""
    if leg.mark_e4 != NO_MARK:
        return leg.mark_e4
    return leg.position.entry_e4 if leg.last_mark_e4 == NO_MARK else leg.last_mark_e4


def profit_of(legs: Iterable[WatchedLeg]) -> int:
    """Return the profit of these legs, what is open of them at what it counts for."""
    return sum(leg.position.cash_e4 + leg.net_quantity * worth_of(leg) for leg in legs)


def remark(leg: WatchedLeg, mark_e4: int) -> int:
    """Take a mark where there was none, or none where there was one; return the profit gained."""
    before_e4 = worth_of(leg)
    leg.lose_mark()
    leg.mark_e4 = mark_e4
    leg.told = leg.told and mark_e4 == NO_MARK
    return leg.net_quantity * (worth_of(leg) - before_e4)


def unpriced(strategy_id: str, unmarked: Sequence[WatchedLeg], now_ns: int) -> tuple[Unpriced, ...]:
    """Return those to be told of the open legs without a mark, each once until it has one.

    At once where this frame quotes it so; where no quote came yet, after a while.
    """
    return tuple(
        Unpriced(strategy_id, leg.leg_id, leg.symbol, now_ns)
        for leg in unmarked
        if _is_to_be_told(leg, now_ns)
    )


def _is_to_be_told(leg: WatchedLeg, now_ns: int) -> bool:
    leg.blind_ns = leg.blind_ns or now_ns
    waits = leg.seen_ns != now_ns and now_ns - leg.blind_ns < PATIENCE_NS
    if leg.told or waits:
        return False
    leg.told = True
    return True


def moved_of(strategy_id: str, leg: WatchedLeg, move: Move, from_e4: int, at_ns: int) -> LevelMoved:
    """Return the record of a leg's stop that stands elsewhere now."""
    levels = leg.levels
    assert levels is not None, "only a leg that was entered has levels"
    return LevelMoved(strategy_id, leg.leg_id, move, from_e4, levels.stop_e4, at_ns, levels.best_e4)


def armed(strategy_id: str, legs: Iterable[WatchedLeg]) -> tuple[LevelMoved, ...]:
    """Arm what is unarmed; return the stops that this set (0: the leg has none), oldest first."""
    moves: list[LevelMoved] = []
    for leg in legs:
        while leg.unarmed:
            from_e4, at_ns = leg.levels.stop_e4 if leg.levels else 0, leg.unarmed[0][1]
            _arm_next(leg)
            moves.append(moved_of(strategy_id, leg, Move.ARMED, from_e4, at_ns))
    return tuple(sorted(moves, key=lambda moved: moved.at_ns))


def _arm_next(leg: WatchedLeg) -> None:
    """Set the levels by the oldest average entry price that none count from yet."""
    entry_e4, _ = leg.unarmed.pop(0)
    if leg.levels is None:
        leg.levels = arm(leg.rules, leg.position.side, entry_e4)
    else:
        leg.levels = rearm(leg.levels, leg.rules, entry_e4)
    leg.set_trips()


def restore_leg(leg: WatchedLeg | None, fact: LevelMoved) -> None:
    """Take a recorded move of a leg's levels back, where there is one that was entered."""
    if leg is None:
        return
    _arm_by(leg, fact)
    if leg.levels is None:
        return
    if fact.from_e4 and leg.levels.sign * (fact.to_e4 - fact.from_e4) < 0:
        leg.left_e4.add(fact.from_e4)
    match fact.move:
        case Move.ARMED:
            reset(leg.levels, fact.best_e4)
        case Move.ADJUSTED:
            replay_hand(leg.levels, fact.to_e4, fact.best_e4)
        case _:
            retrace(leg.levels, fact.to_e4, fact.best_e4)


def _arm_by(leg: WatchedLeg, fact: LevelMoved) -> None:
    """Arm a leg as far as a record says, or as it was before the first record of it."""
    instants = [at_ns for _, at_ns in leg.unarmed]
    if fact.move is not Move.ARMED:
        count = 0 if leg.levels else len(instants)
    else:
        count = instants.index(fact.at_ns) + 1 if fact.at_ns in instants else 0
    for _ in range(count):
        _arm_next(leg)
