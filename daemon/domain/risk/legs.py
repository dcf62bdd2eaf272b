"""The levels of one leg: stop, target and trail, as prices.

Levels are made from the average entry price and judged on prices alone. No sequence of prices
loosens a stop: only a better entry price to count from, or a person who says so, does.
"""

from __future__ import annotations

from daemon.domain.money import percent_of
from daemon.domain.orders.words import Side
from daemon.domain.risk.moves import NEVER
from daemon.domain.risk.words import Distance, ExitReason, LegRules


class Levels:
    """Where one leg is left; owned and moved by the functions of this module.

    Attributes:
        sign: +1 for a leg that was bought, -1 for one that was sold.
        entry_e4: the average entry price that distances count from.
        stop_e4: 0 where there is none.
        target_e4: 0 where there is none.
        every_e4: the step of the trail; 0 without one.
        by_e4: how far the stop follows per step.
        best_e4: the most favourable price since the entry, as far as the trail has followed it.
        base_e4: the stop that the trail counts from; perhaps out of reach, below zero.
        base_steps: the steps that were done when that stop was set.
        trailed: the stop stands where the trail has put it.
        by_hand: the stop that the trail counts from was set by a person.
        low_trip_e4: at or below this price something happens.
        high_trip_e4: at or above this price something happens.
    """

    __slots__ = (
        "base_e4",
        "base_steps",
        "best_e4",
        "by_e4",
        "by_hand",
        "entry_e4",
        "every_e4",
        "high_trip_e4",
        "low_trip_e4",
        "sign",
        "stop_e4",
        "target_e4",
        "trailed",
    )

    def __init__(self, sign: int, entry_e4: int) -> None:
        self.sign = sign
        self.entry_e4 = self.best_e4 = entry_e4
        self.stop_e4 = self.target_e4 = self.base_e4 = 0
        self.every_e4 = self.by_e4 = self.base_steps = 0
        self.trailed = self.by_hand = False
        self.low_trip_e4, self.high_trip_e4 = -1, NEVER


def arm(rules: LegRules, side: Side, entry_e4: int) -> Levels:
    """Return the levels of a leg that was entered at that average price.

    A level that falls at or below zero can never be reached and is none.

    Args:
        rules: what the leg is held to; a trail moves a stop, so without one it does nothing.
        side: which way the leg was entered.
        entry_e4: the average entry price, above zero.
    """
    levels = Levels(side.sign, entry_e4)
    if rules.stop is not None:
        levels.base_e4 = entry_e4 - levels.sign * _distance_e4(rules.stop, entry_e4)
        levels.stop_e4 = max(0, levels.base_e4)
    if rules.target is not None:
        levels.target_e4 = max(0, entry_e4 + levels.sign * _distance_e4(rules.target, entry_e4))
    if rules.trail is not None and rules.stop is not None:
        levels.every_e4 = max(1, _distance_e4(rules.trail.every, entry_e4))
        levels.by_e4 = _distance_e4(rules.trail.by, entry_e4)
    _set_trips(levels)
    return levels


def resident_base_e4(rules: LegRules | None, entry_e4: int) -> int:
    """Return what the resident stop of a short lies beyond: its own stop; 0: it has none.

    A stop of the whole is no price of one leg: as long as others gain, it lets that leg run.

    Args:
        rules: what the leg was entered with; None: nothing of its own.
        entry_e4: the average entry price, above zero.
    """
    return arm(rules or LegRules(), Side.SELL, entry_e4).stop_e4


def rearm(levels: Levels, rules: LegRules, entry_e4: int) -> Levels:
    """Return the levels after the average entry price has moved: another fill came.

    A stop that a person has set stays where it is. What the trail has followed stays followed:
    the price up to which it went, and no fewer steps than it took. What was seen beyond its last
    whole step is in no record, so it counts for nothing: a restart would not know it.
    """
    side = Side.BUY if levels.sign > 0 else Side.SELL
    fresh = arm(rules, side, entry_e4)
    fresh.best_e4 = _better(fresh, followed_e4(levels))
    stepped_e4 = entry_e4 + fresh.sign * _steps(levels) * fresh.every_e4
    fresh.best_e4 = _better(fresh, max(1, stepped_e4))
    if levels.by_hand:
        _set_base(fresh, levels.stop_e4)
        fresh.trailed, fresh.by_hand = levels.trailed, True
    else:
        _follow(fresh)
    _set_trips(fresh)
    return fresh


def judge_leg(
    levels: Levels, low_e4: int, high_e4: int, last_e4: int
) -> tuple[bool, ExitReason | None]:
    """Judge one frame; the worst first: the stop before the target, both before the trail.

    A spike since the last frame counts. Whether it came before or after the price that moves
    the trail is not known, so a stop that has just moved is weighed against the last price only.

    Args:
        levels: moved in place where the trail follows.
        low_e4: the lowest price since the last frame.
        high_e4: the highest price since the last frame.
        last_e4: the price now.

    Returns:
        Whether the stop has moved, and why the leg is to be left, if it is.
    """
    worst_e4, best_e4 = (low_e4, high_e4) if levels.sign > 0 else (high_e4, low_e4)
    if _stopped(levels, worst_e4):
        return False, ExitReason.TRAIL if levels.trailed else ExitReason.STOP
    if levels.target_e4 and levels.sign * (best_e4 - levels.target_e4) >= 0:
        return False, ExitReason.TARGET
    levels.best_e4 = _better(levels, best_e4)
    moved = _follow(levels)
    _set_trips(levels)
    if moved and _stopped(levels, last_e4):
        return True, ExitReason.TRAIL
    return moved, None


def tighten(levels: Levels, stop_e4: int, *, loosen: bool = False) -> bool:
    """Set the stop by hand; the trail goes on from there.

    Args:
        levels: moved in place.
        stop_e4: the price, above zero.
        loosen: whether the stop may move away from the price.

    Returns:
        Whether it was done; a stop is not loosened without leave.
    """
    if not loosen and not _tighter(levels, stop_e4):
        return False
    _set_base(levels, stop_e4)
    levels.trailed, levels.by_hand = False, True
    _set_trips(levels)
    return True


def reset(levels: Levels, best_e4: int) -> None:
    """Take a recorded arming: what was trailed before it counted from another entry price.

    Args:
        levels: made from the newest entry price; moved in place.
        best_e4: the most favourable price that was followed when it was armed.
    """
    levels.best_e4 = levels.entry_e4
    levels.best_e4 = _better(levels, best_e4)
    if levels.by_hand:
        _set_base(levels, levels.stop_e4)
    else:
        levels.stop_e4, levels.trailed = max(0, levels.base_e4), False
        _follow(levels)
    _set_trips(levels)


def retrace(levels: Levels, stop_e4: int, best_e4: int) -> None:
    """Take a recorded move of the trail: the tighter of the two stops stands.

    Args:
        levels: moved in place.
        stop_e4: where the stop stood after the move.
        best_e4: the most favourable price that was followed then.
    """
    levels.best_e4 = _better(levels, best_e4)
    if _tighter(levels, stop_e4):
        levels.stop_e4, levels.trailed = stop_e4, True
    _set_trips(levels)


def followed_e4(levels: Levels) -> int:
    """Return the price up to which the stop has followed: whole steps of its trail."""
    return levels.entry_e4 + levels.sign * _steps(levels) * levels.every_e4


def catch_up(levels: Levels, best_e4: int) -> int:
    """Let the trail follow to a price that was seen elsewhere; return the stop then.

    Args:
        levels: moved in place.
        best_e4: the most favourable price.
    """
    levels.best_e4 = _better(levels, best_e4)
    _follow(levels)
    _set_trips(levels)
    return levels.stop_e4


def replay_hand(levels: Levels, stop_e4: int, best_e4: int) -> None:
    """Take a recorded move by a person: it stands, whichever way it went.

    Args:
        levels: moved in place.
        stop_e4: where the stop stood after the move.
        best_e4: the most favourable price that was followed then.
    """
    levels.best_e4 = _better(levels, best_e4)
    tighten(levels, stop_e4, loosen=True)


def _distance_e4(distance: Distance, entry_e4: int) -> int:
    if distance.percent_e4:
        return percent_of(entry_e4, distance.percent_e4)
    return distance.points_e4


def _better(levels: Levels, price_e4: int) -> int:
    return price_e4 if levels.sign * (price_e4 - levels.best_e4) > 0 else levels.best_e4


def _tighter(levels: Levels, stop_e4: int) -> bool:
    return not levels.stop_e4 or levels.sign * (stop_e4 - levels.stop_e4) > 0


def _stopped(levels: Levels, price_e4: int) -> bool:
    return levels.stop_e4 > 0 and levels.sign * (price_e4 - levels.stop_e4) <= 0


def _steps(levels: Levels) -> int:
    if not levels.every_e4:
        return 0
    return max(0, levels.sign * (levels.best_e4 - levels.entry_e4)) // levels.every_e4


def _set_base(levels: Levels, stop_e4: int) -> None:
    levels.stop_e4 = levels.base_e4 = stop_e4
    levels.base_steps = _steps(levels)


def _follow(levels: Levels) -> bool:
    """Move the stop by every whole step since its base; return whether it moved.

    A short's stop that would follow past zero stays at the lowest price there is: it fires.
    """
    steps = _steps(levels) - levels.base_steps
    stop_e4 = levels.base_e4 + levels.sign * steps * levels.by_e4
    if levels.sign < 0:
        stop_e4 = max(1, stop_e4)
    if steps <= 0 or stop_e4 <= 0 or not _tighter(levels, stop_e4):
        return False
    levels.stop_e4, levels.trailed = stop_e4, True
    return True


def _set_trips(levels: Levels) -> None:
    """Note the prices between which nothing happens, so that a frame is judged by two looks."""
    step_e4 = levels.entry_e4 + levels.sign * levels.every_e4 * (_steps(levels) + 1)
    gains = [price for price in (levels.target_e4, step_e4 if levels.every_e4 else 0) if price > 0]
    if levels.sign > 0:
        levels.low_trip_e4 = levels.stop_e4 or -1
        levels.high_trip_e4 = min(gains, default=NEVER)
    else:
        levels.low_trip_e4 = max(gains, default=-1)
        levels.high_trip_e4 = levels.stop_e4 or NEVER
