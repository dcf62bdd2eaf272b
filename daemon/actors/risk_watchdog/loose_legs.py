"""Legs that are held without an entry, and what watches them once a stop was given to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from daemon.actors.order_router.known.loose import is_loose
from daemon.actors.risk_watchdog.watch import Watch
from daemon.domain.orders.basket import Basket, BasketLeg, OnFail
from daemon.domain.risk.moves import NEVER
from daemon.domain.risk.words import StrategyRules
from daemon.messages import BasketOpened, LegExpired, PositionChanged


class TakenUp(Struct, frozen=True):
    """What is held without an entry, and watched from now on.

    Attributes:
        watch: of it; no rule holds it yet.
        of: what is held, to be filled in once its newest price is known.
    """

    watch: Watch
    of: PositionChanged


class LooseLegs:
    """What is held without an entry: by hand, or by no order of ours.

    It is watched from the moment that a person gives a stop to it, and no longer than it is held.
    An earlier record may have entries of a strategy of such a name, with several legs each.

    Args:
        watches: of the account, by basket.
    """

    def __init__(self, watches: dict[str, Watch]) -> None:
        self._watches = watches
        self._held: dict[tuple[str, str], PositionChanged] = {}

    def take(self, changed: PositionChanged, watch: Watch | None) -> Watch | None:
        """Take a fill; return who watches it. A position through flat is another, without a stop.

        Args:
            changed: what is held now.
            watch: who watched it until now.
        """
        key = (changed.strategy_id, changed.leg_id)
        if changed.net_quantity:
            self._held[key] = changed
        else:
            self._held.pop(key, None)
        if watch is not None and _turned(watch, changed):
            self.let_go(watch)
            return None
        return watch

    def expire(self, expired: LegExpired) -> None:
        """Take that a contract is over."""
        self._held.pop((expired.strategy_id, expired.leg_id), None)

    def take_up(self, strategy_id: str, leg_id: str) -> TakenUp | None:
        """Begin to watch something; None: nothing is held there, or it is watched already."""
        changed = self._held.get((strategy_id, leg_id))
        if changed is None:
            return None
        mine = (each for each in self._watches.values() if each.risk.strategy_id == strategy_id)
        if any(each.holds(leg_id) for each in mine):
            return None
        opened = _entered_by_nobody(changed)
        watch = self._watches[opened.basket.basket_id] = Watch(opened)
        watch.end_entry()
        return TakenUp(watch, changed)

    def let_go(self, watch: Watch) -> None:
        """Watch no longer what was taken up."""
        self._watches.pop(watch.opened.basket.basket_id, None)


def entered(watches: Iterable[Watch]) -> Iterator[Watch]:
    """Yield those that a strategy entered."""
    return (watch for watch in watches if not is_loose(watch.risk.strategy_id))


def enters_anew(held: int, changed: PositionChanged) -> bool:
    """Say whether a fill begins another round trip of a leg of no basket, its sums from nothing.

    Those that were recorded before fills named their order went on from one to the next.

    Args:
        held: units before the fill.
        changed: the leg after it.
    """
    return is_loose(changed.strategy_id) and not held and changed.intent_id != ""


def turns(held: int, changed: PositionChanged) -> bool:
    """Say whether a fill takes a leg of no basket through flat, from long to short or back.

    Args:
        held: units before the fill.
        changed: the leg after it.
    """
    return is_loose(changed.strategy_id) and held * changed.net_quantity < 0


def _turned(watch: Watch, changed: PositionChanged) -> bool:
    """Say whether a leg is held the other way round than it was entered."""
    legs = watch.opened.basket.legs
    return any(leg.leg_id == changed.leg_id and leg.side is not changed.side for leg in legs)


def _entered_by_nobody(changed: PositionChanged) -> BasketOpened:
    """Return what is held without an entry as one that is over: no rule holds it, and no hour."""
    symbol, strategy_id = changed.symbol, changed.strategy_id
    units = abs(changed.net_quantity)
    basket = Basket(
        basket_id=f"{strategy_id}:{changed.leg_id}",
        strategy_id=strategy_id,
        legs=(
            BasketLeg(changed.leg_id, symbol, changed.side, units, 1, units, 1, changed.product),
        ),
        decided_ns=changed.at_ns,
        deadline_ns=changed.at_ns,
        on_fail=OnFail.KEEP,
        buffer_percent_e4=0,
        reprice_ns=0,
    )
    return BasketOpened(basket, {}, StrategyRules(), NEVER, NEVER, changed.at_ns)
