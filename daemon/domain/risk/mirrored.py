"""What a mirror of the levels says after a restart, held against what the record says.

A mirror lies outside: it may be old, emptied, or written to by somebody else. It may raise a floor
and tighten a trailed stop, never the reverse, and only to where the rules of that very entry put
them, on a profit or a price that could have been.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from types import MappingProxyType
from typing import Annotated

from msgspec import Meta, Struct

from daemon.domain.market.instruments import parse_symbol
from daemon.domain.orders.words import Side
from daemon.domain.risk.leg_views import LegView
from daemon.domain.risk.legs import arm, catch_up, replay_hand
from daemon.domain.risk.lock_and_trail import Lock, LockStatus, advance
from daemon.domain.risk.moves import LevelMoved, Move
from daemon.domain.risk.pnl import LegPosition
from daemon.domain.risk.words import LegRules, LockRule

MOST_E4 = 10**15
"""No amount that is mirrored is larger: a hundred thousand million rupees."""
Name = Annotated[str, Meta(max_length=200)]
Amount = Annotated[int, Meta(ge=-MOST_E4, le=MOST_E4)]
Price = Annotated[int, Meta(ge=0, le=MOST_E4)]
_NO_RULES = LegRules()


class MirroredLeg(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a leg's stop stood, 0: there was none; and up to where it had followed the price."""

    leg_id: Name
    stop_e4: Price
    followed_e4: Price


class MirroredLevels(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the levels of one entry stood: its floor, if it was locked, and its legs' stops."""

    basket_id: Name
    lock: LockStatus
    floor_e4: Amount
    best_e4: Amount
    legs: Annotated[tuple[MirroredLeg, ...], Meta(max_length=100)]


class MirroredDay(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the floor under an account's day stood."""

    day: date
    floor_e4: Amount
    best_e4: Amount


class Mirrored(Struct, frozen=True):
    """All that a mirror says of an account: its entries, and its day; None: nothing of the day."""

    entries: tuple[MirroredLevels, ...] = ()
    day: MirroredDay | None = None


class Known(Struct, frozen=True):
    """What the record says of one entry.

    Attributes:
        strategy_id: whose.
        rule: of its lock; None: it has none.
        lock: as the record left it.
        most_e4: no profit of it was ever higher.
        leg_rules: by leg id.
        legs: as the record left them.
    """

    strategy_id: str
    rule: LockRule | None
    lock: Lock
    most_e4: int
    leg_rules: Mapping[str, LegRules] = MappingProxyType({})
    legs: tuple[LegView, ...] = ()


class Unsound(Struct, frozen=True):
    """A level is tighter than the record's and cannot be right: it is not taken."""

    strategy_id: str
    because: str


def held_against(told: MirroredLevels, known: Known, at_ns: int) -> Iterator[LevelMoved | Unsound]:
    """Yield what a mirror knows to be tighter than the record, and what of it cannot be.

    Args:
        told: what it says of the entry.
        known: what the record says of it.
        at_ns: the market instant of the start.
    """
    lock = Lock(told.lock, told.floor_e4, told.best_e4)
    raised = lock_raised(lock, known, at_ns)
    if raised is not None:
        yield raised
    legs = {leg.leg_id: leg for leg in told.legs}
    for view in known.legs:
        leg = legs.get(view.leg_id)
        if leg is not None and leg.stop_e4 and view.net_quantity:
            yield from _tightened(leg, view, known, at_ns)


def lock_raised(told: Lock, known: Known, at_ns: int) -> LevelMoved | Unsound | None:
    """Return the move to the higher floor of a mirror; None: the record's is as high.

    Args:
        told: what it says; of the whole of `known`, be that an entry or an account's day.
        known: what the record says.
        at_ns: the market instant of the start.
    """
    kept, who = known.lock, known.strategy_id
    is_locked = kept.status is LockStatus.LOCKED
    if told.status is LockStatus.NONE or (is_locked and told.floor_e4 <= kept.floor_e4):
        return None
    if known.rule is None:
        return Unsound(who, "a floor is told where no rule makes one")
    if told.best_e4 > known.most_e4:
        return Unsound(who, "a floor is told on a profit that these positions cannot have had")
    if advance(known.rule, Lock(), told.best_e4) != told:
        return Unsound(who, "a floor is told that its rule does not put there")
    move = Move.FLOOR_RAISED if is_locked else Move.LOCKED
    return LevelMoved(who, "", move, kept.floor_e4, told.floor_e4, at_ns, told.best_e4)


def most_e4(positions: Iterable[LegPosition]) -> int:
    """Return a profit that legs can never have exceeded, whatever was closed of them.

    What was sold was worth nothing at best, and what was bought its highest conceivable price.
    """
    return sum(
        leg.sold_value_e4
        if leg.side is Side.SELL
        else leg.bought_quantity * _highest_e4(leg.symbol, leg.entry_e4) - leg.bought_value_e4
        for leg in positions
    )


def _tightened(
    told: MirroredLeg, view: LegView, known: Known, at_ns: int
) -> Iterator[LevelMoved | Unsound]:
    who = known.strategy_id
    levels = arm(known.leg_rules.get(view.leg_id, _NO_RULES), view.side, view.entry_e4)
    if view.stop_e4:
        replay_hand(levels, view.stop_e4, view.followed_e4)
    kept_e4 = levels.stop_e4
    if kept_e4 and levels.sign * (told.stop_e4 - kept_e4) <= 0:
        return
    if not 0 < told.followed_e4 <= _highest_e4(view.symbol, view.entry_e4):
        yield Unsound(who, f"{view.leg_id} has followed a price, it is told, that cannot have been")
    elif catch_up(levels, told.followed_e4) != told.stop_e4:
        if told.stop_e4 not in view.left_e4:  # else it is of before it was loosened
            yield Unsound(who, f"a stop of {view.leg_id} is told that its trail does not put there")
    else:
        move = Move.TRAILED
        yield LevelMoved(who, view.leg_id, move, kept_e4, told.stop_e4, at_ns, told.followed_e4)


def _highest_e4(symbol: str, entry_e4: int) -> int:
    """Return the highest price of a contract that was ever to be thought of: twice its entry.

    An option may become worth its strike: a put at the most, a call where its underlying doubles.
    """
    return max(parse_symbol(symbol).strike_e4, 2 * entry_e4)
