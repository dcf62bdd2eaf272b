"""An exit in doubt: when another order may be sent in its place.

Nothing is ever sent again under the same intent. A new intent beside one that may still fill can
trade more than is open. For the sale of a long that opens a short without bound, so it is never
done. Buying a short back twice ends in a long that can lose what was paid, no more, and a short
that nobody closes can lose without end: there the second order is the lesser evil.

How much too many that may be is bounded. What may still arrive buys twice what is short at most, so
if all of it fills, no more is held than was short, and that is sold at once. Who asked long ago and
was never seen is not waited for any more (`OLD_NS`): otherwise two that never left would hold up
the third for ever. If against all knowledge such orders come nevertheless, it is once what was
short for each of these spans that has passed, and once for the first.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from daemon.domain.instants import SECOND_NS
from daemon.domain.orders.words import Side, State

OLD_NS = 120 * SECOND_NS
"""From here on an order that was never seen is no longer expected, and the next may leave.

A request is on its way for a minute at most; as long again is for what may hold it up on our side,
between its record and its leaving."""
DOUBTFUL = (State.UNKNOWN, State.PARKED)
"""Of an order in these nobody knows what became."""


class Doubt(Struct, frozen=True):
    """An exit that may still fill, and what readings show of it.

    Attributes:
        side: which way it trades.
        state: where it stands in our book.
        quantity: units that it may still trade.
        old: it was old (`is_old`) in all of the equal readings.
        shown: the broker's book shows it.
        agreed: the broker's position in its symbol is that of our book.
        equal_ns: how far the readings lie apart that all showed the same.
        replaced_ago_ns: for how long it has been replaced; None: it was not.
    """

    side: Side
    state: State
    quantity: int
    old: bool
    shown: bool
    agreed: bool
    equal_ns: int
    replaced_ago_ns: int | None = None


def is_old(recorded_ns: int, at_ns: int) -> bool:
    """Say whether an order would have been seen by now, had its request left.

    Args:
        recorded_ns: when its intent was recorded.
        at_ns: of the reading that does not show it.
    """
    return at_ns - recorded_ns > OLD_NS


def may_replace(doubt: Doubt, leg_net: int, beside: Iterable[Doubt], apart_ns: int) -> bool:
    """Say whether an exit in doubt is no longer counted on, so that a new one leaves for its units.

    Only to buy a short back, only after two equal readings of positions and book in which neither
    the order nor its fill is seen, only while all that may still arrive or rests buys no more than
    is short, and only once what was replaced before and is still in doubt was so for `OLD_NS`.

    Args:
        doubt: the order.
        leg_net: units of its leg that are held; below zero short.
        beside: its leg's other exits on the same side that may still fill, replaced ones included.
        apart_ns: how far the readings must lie apart.
    """
    if doubt.side is not Side.BUY or leg_net >= 0 or not _is_unseen(doubt, apart_ns):
        return False
    others = 0
    for each in beside:
        ago_ns = each.replaced_ago_ns
        if each.state in DOUBTFUL and ago_ns is not None and ago_ns < OLD_NS:
            return False
        if not (each.old and _is_unseen(each, apart_ns)):
            others += each.quantity
    return others < -leg_net if doubt.old else others + doubt.quantity <= -leg_net


def _is_unseen(doubt: Doubt, apart_ns: int) -> bool:
    """Say whether two equal readings show nothing of an order of which nobody knows."""
    is_read = doubt.agreed and doubt.equal_ns >= apart_ns
    return doubt.state in DOUBTFUL and is_read and not doubt.shown
