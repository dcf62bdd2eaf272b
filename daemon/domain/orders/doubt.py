"""An exit in doubt: when another order may be sent in its place.

Nothing is ever sent again under the same intent. A new intent beside one that may still fill can
trade more than is open. For the sale of a long that opens a short without bound, so it is never
done. Buying a short back twice ends in a long that can lose what was paid, no more, and a short
that nobody closes can lose without end: there the second order is the lesser evil, once.
"""

from __future__ import annotations

from msgspec import Struct

from daemon.domain.orders.words import Side, State

_DOUBTFUL = (State.UNKNOWN, State.PARKED)


class Doubt(Struct, frozen=True):
    """An exit of which nobody knows what became, and what is read around it.

    Attributes:
        side: which way it trades.
        state: where it stands in our book.
        shown: the broker's book shows it.
        agreed: the broker's position in its symbol is that of our book.
        equal_ns: how far the readings lie apart that all showed the same.
        leg_net: units of its leg that are held; below zero short.
        doubtful_quantity: units of the leg's exits in doubt, replaced ones included.
        others_quantity: units of its other exits on their way.
    """

    side: Side
    state: State
    shown: bool
    agreed: bool
    equal_ns: int
    leg_net: int
    doubtful_quantity: int
    others_quantity: int


def may_replace(doubt: Doubt, apart_ns: int) -> bool:
    """Say whether an exit in doubt is no longer counted on, so that a new one leaves for its units.

    Only to buy a short back, only after two equal readings of positions and book in which neither
    the order nor its fill is seen, and only while all that is on its way, in doubt or not, buys no
    more than is short: what is sent in its place is then never replaced itself.

    Args:
        doubt: the order, and what is read around it.
        apart_ns: how far the readings must lie apart.
    """
    if doubt.side is not Side.BUY or doubt.state not in _DOUBTFUL or doubt.leg_net >= 0:
        return False
    if doubt.shown or not doubt.agreed or doubt.equal_ns < apart_ns:
        return False
    return doubt.doubtful_quantity + doubt.others_quantity <= -doubt.leg_net
