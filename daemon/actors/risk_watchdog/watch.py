"""One entry under watch: what is held of it, and what it is held to."""

from __future__ import annotations

from msgspec.structs import replace

from daemon.actors.risk_watchdog.carried import Carried
from daemon.domain.risk.moves import LevelMoved
from daemon.domain.risk.pnl import NO_MARK, LegPosition, total_e4
from daemon.domain.risk.strategy import StrategyRisk
from daemon.domain.risk.words import ExitReason
from daemon.messages import BasketOpened, LegExpired, PositionChanged


class Watch:
    """One entry under watch.

    Attributes:
        opened: what was entered, and what it is held to.
        exit_ns: when it is left at the latest, by the hours that are known by now.
        risk: its levels and its profit.
        legs: what was traded, by leg id.
        entering: the entry is under way; more fills are wanted.
        leaving: why all of it is being left, whatever of it may still fill; None: it is not.
        carried: its profit at the ends of its days.
    """

    __slots__ = ("carried", "entering", "exit_ns", "leaving", "legs", "opened", "risk")

    def __init__(self, opened: BasketOpened) -> None:
        basket = opened.basket
        self.opened = opened
        self.exit_ns = opened.exit_ns
        self.risk = StrategyRisk(basket.strategy_id, opened.rules, opened.leg_rules)
        self.legs: dict[str, LegPosition] = {}
        self.entering = True
        self.leaving: ExitReason | None = None
        self.carried = Carried()
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

    def leave(self, leg_ids: tuple[str, ...], reason: ExitReason) -> None:
        """Take that legs are being left; by a rule of the whole that is all of the entry."""
        self.risk.owe(leg_ids)
        is_left = (self.entering or self.is_open) and any(map(self.wants, leg_ids))
        if is_left and self.leaving is None and self.opened.rules.leave_all(reason):
            self.leaving = reason

    def due(self, now_ns: int) -> ExitReason | None:
        """Return why all of it is to be left by now."""
        if self.leaving is None and now_ns >= self.exit_ns:
            return ExitReason.TIME
        return self.leaving

    def fill(self, changed: PositionChanged, *, recalled: bool) -> tuple[LevelMoved, ...]:
        """Take a leg's position after a fill, and return what that armed, unless it is recalled."""
        position = position_of(changed)
        self.legs[changed.leg_id] = position
        armed = self.risk.fill(position, changed.at_ns, recalled=recalled)
        return tuple(map(self.named, armed))

    def named(self, moved: LevelMoved) -> LevelMoved:
        """Return a move of one of its levels as it is recorded.

        By its strategy alone it could be another entry's.
        """
        return replace(moved, basket_id=self.opened.basket.basket_id)

    def expire(self, expired: LegExpired) -> None:
        """Drop a leg that ended at a price nobody knows: it has no profit and no loss.

        What it had gained or lost by the end of the day before goes with it, and is none of today.
        """
        held = self.legs.pop(expired.leg_id)
        self.carried.expire(expired.leg_id)
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
            self.risk.watch(leg.leg_id, leg.symbol, leg.side, min(entered, leg.quantity))


def worth_e4(watch: Watch) -> int:
    """Return the profit of an entry by now, what is open at its last mark, else as it entered."""
    marks = {leg.leg_id: leg.mark_e4 for leg in watch.risk.legs() if leg.mark_e4 != NO_MARK}
    held = watch.legs.values()
    return sum(total_e4(each, marks.get(each.leg_id, each.entry_e4)) for each in held)


def position_of(changed: PositionChanged) -> LegPosition:
    """Return a leg as a fill left it."""
    return LegPosition(
        changed.leg_id,
        changed.symbol,
        changed.side,
        changed.bought_quantity,
        changed.bought_value_e4,
        changed.sold_quantity,
        changed.sold_value_e4,
        changed.added_quantity,
    )
