"""Resident stops: where the wide stop of a short rests at the broker, and of how many units.

It is there for the time in which nobody looks: our own stop lies nearer and is judged on every
frame. So it lies beyond that one, as far as the plan says and the exchange's band allows; where the
band leaves no room beyond, none rests for now. A leg that only a stop of the whole guards has none:
no price of one leg is sure to lie beyond that stop.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from daemon.domain.money import PERCENT_E4, ceil_to, floor_to, percent_of
from daemon.domain.orders.heard import Order
from daemon.domain.orders.ladder import Prospect

_NEAR = 4
"""A stop that the band cuts to less than this part of its distance hardly lies beyond our own."""
BUFFER_PERCENT_E4 = 5 * PERCENT_E4 // 100
"""How far the limit lies beyond the trigger; a market that gaps further leaves it unfilled."""


class Level(Struct, frozen=True):
    """Where a purchase rests.

    Attributes:
        trigger_e4: what wakes it.
        limit_e4: the most that it pays then.
        is_near: the band leaves it less than a quarter of the distance that is wanted.
    """

    trigger_e4: int
    limit_e4: int
    is_near: bool = False


def level(own_e4: int, beyond_percent_e4: int, prospect: Prospect) -> Level | str:
    """Return where the stop of a short is to rest now.

    Args:
        own_e4: our own stop.
        beyond_percent_e4: how far beyond that it lies.
        prospect: of a purchase; without a last price nothing says on which side the market is.

    Returns:
        Both prices on the tick and inside the band; or why none can rest.
    """
    tick_e4, high_e4 = prospect.tick_e4, prospect.high_e4
    wanted_e4 = trigger_e4 = ceil_to(own_e4 + percent_of(own_e4, beyond_percent_e4), tick_e4)
    if high_e4:
        room_e4 = high_e4 * PERCENT_E4 // (PERCENT_E4 + BUFFER_PERCENT_E4)
        trigger_e4 = min(trigger_e4, floor_to(room_e4, tick_e4))
    if not prospect.ltp_e4:
        return "its last price is not known"
    if trigger_e4 <= own_e4:
        return "the band of the exchange ends before there is room beyond our own stop"
    if trigger_e4 <= prospect.ltp_e4:
        return "the market stands where it would be triggered"
    limit_e4 = ceil_to(trigger_e4 + percent_of(trigger_e4, BUFFER_PERCENT_E4), tick_e4)
    is_near = (trigger_e4 - own_e4) * _NEAR < wanted_e4 - own_e4
    return Level(trigger_e4, min(limit_e4, high_e4) if high_e4 else limit_e4, is_near)


def surplus(resting: Sequence[Order], wanted: int) -> tuple[Order, ...]:
    """Return the stops that rest for more units than are wanted, the newest of them.

    Args:
        resting: what may still fill, the oldest first.
        wanted: units that may be bought back by stops.
    """
    beyond: list[Order] = []
    for order in resting:
        if order.remaining_quantity <= wanted:
            wanted -= order.remaining_quantity
        else:
            beyond.append(order)
    return tuple(beyond)
