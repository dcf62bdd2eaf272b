"""An exit in doubt: when another order may be sent in its place.

Nothing is ever sent again under the same intent. A new intent beside one that may still fill can
trade more than is open. For the sale of a long that opens a short without bound, so it is never
done. Buying a short back twice ends in a long that can lose what was paid, no more, and a short
that nobody closes can lose without end: there the second order is the lesser evil.

How much too many that may be is bounded, in units: within `OLD_NS` no more of a leg are given up
than were short when its exit began. So if all that may still arrive fills, no more is held than was
short then, and that is sold at once. Slices are given up at different moments, and one that is all
of its leg once. Who asked long ago and was never seen is not waited for any more: otherwise two
that never left would hold up the third for ever. If against all knowledge such orders come
nevertheless, it is once what was short for each of these spans that has passed, and once for the
first.
"""

from __future__ import annotations

from collections.abc import Mapping

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
    """An order that closes a leg and may still fill, and what readings show of it.

    Attributes:
        side: which way it trades.
        owed: an exit sent it, be it one in whose place all is left; stops that rest at the broker
            are sent by none.
        state: where it stands in our book.
        quantity: units that it may still trade.
        old: it was old (`is_old`) in all of the equal readings.
        shown: the broker's book shows it.
        agreed: the broker's position in its symbol is that of our book.
        equal_ns: how far the readings lie apart that all showed the same.
        replaced_ago_ns: for how long it has been replaced; None: it was not.
    """

    side: Side
    owed: bool
    state: State
    quantity: int
    old: bool
    shown: bool
    agreed: bool
    equal_ns: int
    replaced_ago_ns: int | None = None


class Counted:
    """Recorded instants as they count: one that is yet to come, as when it was first looked at.

    It was recorded by a run whose clock stood ahead. What it is of may have left a moment before
    this run, so it is not old at once, and nothing waits until that instant is here.
    """

    def __init__(self) -> None:
        self._met_ns: dict[tuple[str, int], int] = {}

    def since_ns(self, intent_id: str, recorded_ns: int, now_ns: int) -> int:
        """Return since when something counts, in ns.

        Args:
            intent_id: of what order.
            recorded_ns: since when it is so by the record.
            now_ns: the present instant.
        """
        known = (intent_id, recorded_ns)
        if recorded_ns > now_ns:
            self._met_ns.setdefault(known, now_ns)
        return self._met_ns.get(known, recorded_ns)


def is_old(recorded_ns: int, at_ns: int) -> bool:
    """Say whether an order would have been seen by now, had its request left.

    Args:
        recorded_ns: when its intent was recorded, as that counts.
        at_ns: of the reading that does not show it.
    """
    return at_ns - recorded_ns > OLD_NS


def given_up(doubts: Mapping[str, Doubt], short: int, most: int, apart_ns: int) -> tuple[str, ...]:
    """Return the exits in doubt that are counted on no longer, so that new ones leave for them.

    Only to buy a short back, only after two equal readings of positions and book in which neither
    the order nor its fill is seen, only while what rests, leaves or may yet be seen buys less than
    is short, and only as far as no more units are given up than `most`, those counted that were
    before and may still fill. For `OLD_NS` they may; later, unless two readings made after it show
    nothing of them. Who is old itself leaves in any case once nobody else is counted.

    Args:
        doubts: the leg's orders that buy and may still fill, those given up included, by intent id.
        short: units of the leg that are short; 0 or below: none.
        most: units that were short when its exit began, or are.
        apart_ns: how far the readings must lie apart.
    """
    if sum(each.quantity for each in doubts.values() if _is_counted_on(each, apart_ns)) >= short:
        return ()
    beyond = sum(each.quantity for each in doubts.values() if _may_come_yet(each, apart_ns))
    found: list[str] = []
    for intent_id, each in doubts.items():
        replaceable = each.owed and each.side is Side.BUY and each.replaced_ago_ns is None
        if not replaceable or not _is_unseen(each, apart_ns):
            continue
        if beyond + each.quantity <= most or (each.old and not beyond):
            beyond += each.quantity
            found.append(intent_id)
    return tuple(found)


def _is_counted_on(doubt: Doubt, apart_ns: int) -> bool:
    """Say whether an order rests, leaves or may yet be seen, and nothing has left in its place."""
    if doubt.state in DOUBTFUL:
        return doubt.replaced_ago_ns is None and not _is_unseen(doubt, apart_ns)
    return True


def _may_come_yet(doubt: Doubt, apart_ns: int) -> bool:
    """Say whether an order in whose place another has left may still fill, as far as is known."""
    ago_ns = doubt.replaced_ago_ns
    if ago_ns is None:
        return False
    return ago_ns < OLD_NS or not (doubt.old and _is_unseen(doubt, apart_ns))


def _is_unseen(doubt: Doubt, apart_ns: int) -> bool:
    """Say whether two equal readings show nothing of an order of which nobody knows."""
    is_read = doubt.agreed and doubt.equal_ns >= apart_ns
    return doubt.state in DOUBTFUL and is_read and not doubt.shown
