"""One leg as its strategy's watch sees it: the position, its mark, its levels, the exit it owes.

The strategy's watch reads and writes these attributes directly: this is the path of every frame.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from daemon.domain.orders.words import Side
from daemon.domain.risk.legs import Levels, arm, judge_leg, rearm
from daemon.domain.risk.moves import NEVER
from daemon.domain.risk.pnl import LegPosition, realised_e4, unrealised_e4
from daemon.domain.risk.premium import Base, base_of
from daemon.domain.risk.words import ExitReason, LegRules


class LegView(Struct, frozen=True):
    """One leg for those who show it or ask whether it is guarded; prices and amounts in `_e4`.

    Attributes:
        leg_id: the leg of its strategy.
        symbol: of what.
        side: which way it was entered.
        net_quantity: units held, below zero for a short.
        entry_e4: the average entry price; 0 before the first fill.
        mark_e4: what it is valued at; the last known where it has none now; 0: never any.
        fresh: whether the mark counts now.
        seen_ns: when its prices were last heard of; 0: never.
        realised_e4: profit of what is closed.
        unrealised_e4: profit of what is open, at the mark.
        stop_e4: 0 where there is none.
        target_e4: 0 where there is none.
        ruled: a stop of its own or of the whole strategy holds it.
        owed: an exit is on its way.
    """

    leg_id: str
    symbol: str
    side: Side
    net_quantity: int
    entry_e4: int
    mark_e4: int
    fresh: bool
    seen_ns: int
    realised_e4: int
    unrealised_e4: int
    stop_e4: int
    target_e4: int
    ruled: bool
    owed: bool


class WatchedLeg:
    """One leg under watch.

    Attributes:
        planned_quantity: units that the entry wants; None: any fill completes it.
        position: what was traded so far.
        net_quantity: of the position, kept at hand.
        levels: None before the first fill.
        is_short: which side of the book closes it.
        mark_e4: what it is valued at; 0: no mark now.
        last_mark_e4: the mark before it was lost.
        seen_ns: when its prices were last heard of.
        low_trip_e4: at or below this price the levels must be judged.
        high_trip_e4: at or above this price the levels must be judged.
        spike_low_e4: the lowest price that crossed a trip since it was last judged; 0: none.
        spike_high_e4: the highest price that crossed a trip since it was last judged; 0: none.
        owed: an exit is on its way; nothing is judged until it is flat or that is withdrawn.
    """

    __slots__ = (
        "high_trip_e4",
        "is_short",
        "last_mark_e4",
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
    )

    def __init__(
        self, position: LegPosition, rules: LegRules, planned_quantity: int | None
    ) -> None:
        self.leg_id, self.symbol = position.leg_id, position.symbol
        self.rules, self.planned_quantity = rules, planned_quantity
        self.position, self.net_quantity = position, 0
        self.levels: Levels | None = None
        self.is_short = position.side is Side.SELL
        self.mark_e4 = self.last_mark_e4 = self.seen_ns = 0
        self.spike_low_e4 = self.spike_high_e4 = 0
        self.owed = False
        self.low_trip_e4, self.high_trip_e4 = -1, NEVER

    @property
    def is_open(self) -> bool:
        """Whether units are held."""
        return self.net_quantity != 0

    @property
    def is_entered(self) -> bool:
        """Whether units were ever held."""
        return self.position.entry_quantity > 0

    @property
    def is_closed(self) -> bool:
        """Whether all that was entered is gone again."""
        return self.is_entered and not self.is_open

    @property
    def is_complete(self) -> bool:
        """Whether the entry has the quantity that was planned."""
        if self.planned_quantity is None:
            return self.is_entered
        return self.position.entry_quantity >= self.planned_quantity

    @property
    def is_free(self) -> bool:
        """Whether it is open and owes no exit."""
        return self.is_open and not self.owed

    def take(self, position: LegPosition, *, at_touch: bool) -> None:
        """Take the position after a fill: new levels, and an exit that is done is owed no more.

        Args:
            position: cumulative, the newest.
            at_touch: marks are of one side of the book, so a flip of the position loses its own.
        """
        self.position, self.net_quantity = position, position.net_quantity
        if position.entry_e4:
            if self.levels is None:
                self.levels = arm(self.rules, position.side, position.entry_e4)
            elif self.levels.entry_e4 != position.entry_e4:
                self.levels = rearm(self.levels, self.rules, position.entry_e4)
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
        self.last_mark_e4 = self.mark_e4 or self.last_mark_e4
        self.mark_e4 = self.spike_low_e4 = self.spike_high_e4 = 0

    def cross(self, low_e4: int, high_e4: int) -> None:
        """Note prices that crossed a trip; they are judged with the frame."""
        self.spike_low_e4 = min(low_e4, self.spike_low_e4 or low_e4)
        self.spike_high_e4 = max(high_e4, self.spike_high_e4)

    def judge(self) -> tuple[bool, ExitReason | None]:
        """Judge the levels; return whether the stop moved, and why the leg is to be left."""
        low_e4, high_e4 = self.spike_low_e4 or self.mark_e4, self.spike_high_e4 or self.mark_e4
        self.spike_low_e4 = self.spike_high_e4 = 0
        levels = self._judged_levels()
        if levels is None or not self.mark_e4:
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


def base_under_watch(legs: Sequence[WatchedLeg]) -> Base:
    """Return the entry premium; none yet while of what sells only the hedges are there."""
    entered = [leg.position for leg in legs if leg.is_entered]
    complete = all(leg.is_complete for leg in legs)
    sells = any(leg.position.side is Side.SELL for leg in legs)
    if not complete and sells and all(each.side is Side.BUY for each in entered):
        return Base()
    return base_of(entered, complete=complete)


def view_of(leg: WatchedLeg, *, ruled_by_whole: bool) -> LegView:
    """Return what others may see of a leg; `ruled_by_whole`: a stop of its strategy holds it."""
    position, levels = leg.position, leg.levels
    stop_e4 = levels.stop_e4 if levels else 0
    mark_e4 = leg.mark_e4 or leg.last_mark_e4
    return LegView(
        leg_id=leg.leg_id,
        symbol=leg.symbol,
        side=position.side,
        net_quantity=leg.net_quantity,
        entry_e4=position.entry_e4,
        mark_e4=mark_e4,
        fresh=leg.mark_e4 > 0,
        seen_ns=leg.seen_ns,
        realised_e4=realised_e4(position),
        unrealised_e4=unrealised_e4(position, mark_e4) if mark_e4 else 0,
        stop_e4=stop_e4,
        target_e4=levels.target_e4 if levels else 0,
        ruled=ruled_by_whole or stop_e4 > 0,
        owed=leg.owed,
    )
