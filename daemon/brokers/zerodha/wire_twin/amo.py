"""After-market orders (AMO): taken while the market is closed, and sent to it when it opens.

Nothing is asked of one before it is sent but that its fields can be read. It goes with the first
frame of the session, once that has been booked, so that one at the market has a price to be
protected from; what is refused then is rejected. From there on it is an order like any other.

Source: Kite Connect 3, orders; the broker's help on when it takes such orders and sends them.
"""

from __future__ import annotations

from msgspec.structs import replace

from daemon.brokers.paper_exchange import segment_of
from daemon.brokers.zerodha.wire_twin import records, unsent
from daemon.brokers.zerodha.wire_twin.asked import Asked
from daemon.brokers.zerodha.wire_twin.desk import MODIFICATIONS, Desk
from daemon.brokers.zerodha.wire_twin.words import wrong
from daemon.domain.instants import SECOND_NS, day_of
from daemon.domain.market.calendar import Segment, next_session, sessions
from daemon.domain.market.frames import Frame
from daemon.twin.words import Status

VARIETY = "amo"
_RECEIVED = ("AMO REQ RECEIVED",)
_MINUTE_NS = 60 * SECOND_NS
_SHUT = {
    Segment.DERIVATIVES: (5 * _MINUTE_NS, 15 * _MINUTE_NS),
    Segment.CASH: (17 * _MINUTE_NS, 30 * _MINUTE_NS),
}
"""So long before a session and after it none is taken: from 09:10 to 15:45, from 08:58 to 16:00."""


class AfterMarket:
    """The after-market orders that wait to be sent.

    Args:
        desk: keeps them in its books, and takes them to the exchange.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._opens_ns: dict[str, int] = {}

    def waits(self, order_id: str) -> bool:
        """Return whether an order has not been sent yet."""
        return order_id in self._opens_ns

    def place(self, asked: Asked) -> str:
        """Take an order for the next session, and return its number.

        Raises:
            Denied: none is taken now.
        """
        opens_ns = self._next_open_ns(asked)
        kept = unsent.taken(self._desk, asked, _RECEIVED)
        self._opens_ns[kept.order_id] = opens_ns
        return kept.order_id

    def modify(self, order_id: str, asked: Asked) -> str:
        """Change an order that waits to what is now asked, and return its number.

        Raises:
            Denied: none can be changed now, or it was changed too often.
        """
        self._next_open_ns(asked)
        kept = self._desk.books.order(order_id, VARIETY)
        if kept.changes >= MODIFICATIONS:
            raise wrong("Maximum allowed order modifications exceeded.")
        kept.changes += 1
        kept.asked, kept.report = asked, unsent.reported(self._desk, asked)
        records.passed(kept, _RECEIVED)
        return order_id

    def cancel(self, order_id: str, variety: str) -> str:
        """Take away an order that waits, and return its number.

        Raises:
            Denied: none can be cancelled now, or it is asked for as one of another variety.
        """
        kept = self._desk.books.order(order_id, variety)
        self._next_open_ns(kept.asked)
        del self._opens_ns[order_id]
        ended = replace(kept.report, at_ns=self._desk.now_ns, status=Status.CANCELLED)
        self._desk.books.tell(kept, ended)
        return order_id

    def see(self, frame: Frame) -> None:
        """Send the orders whose session has begun with a frame."""
        due = [number for number, opens_ns in self._opens_ns.items() if opens_ns <= frame.at_ns]
        for number in due:
            del self._opens_ns[number]
            unsent.arrive(self._desk, self._desk.books.order(number))

    def _next_open_ns(self, asked: Asked) -> int:
        """Return when the session begins for which an order is taken now.

        Raises:
            Denied: none is taken.
        """
        now_ns, segment = self._desk.now_ns, segment_of(asked.listing.contract)
        before_ns, after_ns = _SHUT[segment]
        hours = sessions(day_of(now_ns), segment)
        if not hours or now_ns >= hours[-1].close_ns + after_ns:
            hours = sessions(next_session(day_of(now_ns), segment), segment)
        elif now_ns >= hours[0].open_ns - before_ns:
            raise wrong("After market orders cannot be placed, modified or cancelled now.")
        return hours[0].open_ns
