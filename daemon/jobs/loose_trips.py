"""The round trips of legs of no basket: what a leg has traded in the one that it is in.

One order may go through flat, from long to short or the other way. What closes the leg is of the
round trip that it ends, and the rest begins another, at the same price.
"""

from __future__ import annotations

from msgspec.structs import replace

from daemon.actors.risk_watchdog.loose_legs import turns
from daemon.domain.money import divide_half_even
from daemon.messages import PositionChanged


class LooseTrips:
    """Tells the positions of legs of no basket by their round trips."""

    def __init__(self) -> None:
        self._flat: dict[str, PositionChanged] = {}
        self._newest: dict[str, PositionChanged] = {}
        self._turned: dict[str, PositionChanged] = {}

    def told(self, changed: PositionChanged) -> tuple[PositionChanged, ...]:
        """Return a leg with what it has traded in its round trip; two where that went through flat.

        Args:
            changed: as it was recorded after a fill.
        """
        leg_id, changed = changed.leg_id, self._since_flat(changed)
        before = self._newest.get(leg_id)
        self._newest[leg_id] = changed
        if before is None or not before.net_quantity:
            if changed.net_quantity:
                self._turned.pop(leg_id, None)
            return (self._since_turn(changed),)
        ended = _ended(before, changed)
        if ended is None:
            return (self._since_turn(changed),)
        last, self._turned[leg_id] = self._since_turn(ended), ended
        return last, self._since_turn(changed)

    def forget(self, leg_id: str) -> None:
        """Take that a leg is over without a fill: the next of it begins a round trip."""
        self._newest.pop(leg_id, None)
        self._turned.pop(leg_id, None)

    def _since_flat(self, changed: PositionChanged) -> PositionChanged:
        """Return what a leg has traded since it was flat, be it recorded of its whole life.

        So it was before fills named their order.
        """
        flat = self._flat.get(changed.leg_id)
        if not changed.net_quantity:
            self._flat[changed.leg_id] = changed
        return changed if flat is None or changed.intent_id else _less(changed, flat)

    def _since_turn(self, changed: PositionChanged) -> PositionChanged:
        """Return what a leg has traded since it went through flat, if it has."""
        turned = self._turned.get(changed.leg_id)
        return changed if turned is None else _less(changed, turned)


def _ended(before: PositionChanged, changed: PositionChanged) -> PositionChanged | None:
    """Return a leg as it was when it went through flat between two fills; None: it did not.

    What closed it has the average price of all that was traded in between.
    """
    held = before.net_quantity
    if not turns(held, changed):
        return None
    flat = replace(before, at_ns=changed.at_ns, intent_id=changed.intent_id)
    if held > 0:
        sold = changed.sold_quantity - before.sold_quantity
        got_e4 = divide_half_even((changed.sold_value_e4 - before.sold_value_e4) * held, sold)
        return replace(
            flat,
            sold_quantity=before.sold_quantity + held,
            sold_value_e4=before.sold_value_e4 + got_e4,
        )
    bought = changed.bought_quantity - before.bought_quantity
    paid_e4 = divide_half_even((changed.bought_value_e4 - before.bought_value_e4) * -held, bought)
    return replace(
        flat,
        bought_quantity=before.bought_quantity - held,
        bought_value_e4=before.bought_value_e4 + paid_e4,
    )


def _less(changed: PositionChanged, earlier: PositionChanged) -> PositionChanged:
    """Return a leg without what it had traded by an earlier fill."""
    return replace(
        changed,
        bought_quantity=changed.bought_quantity - earlier.bought_quantity,
        bought_value_e4=changed.bought_value_e4 - earlier.bought_value_e4,
        sold_quantity=changed.sold_quantity - earlier.sold_quantity,
        sold_value_e4=changed.sold_value_e4 - earlier.sold_value_e4,
    )
