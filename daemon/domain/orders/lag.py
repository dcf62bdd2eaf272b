"""Lag: a broker's positions may show what has filled some seconds after its word on the order.

For so long a difference from our book is no evidence: what was just closed may still be shown as
held, and what was just opened may not be shown yet.
"""

from __future__ import annotations

from daemon.domain.instants import SECOND_NS
from daemon.domain.orders.book import Book
from daemon.domain.orders.words import Pocket

LAG_NS = 15 * SECOND_NS
"""How long after a fill was heard the positions may not show it yet."""


def may_lag(book: Book, pocket: Pocket, at_ns: int) -> bool:
    """Say whether positions that were read at an instant may lack a fill of this pocket.

    One that was heard at an instant which is yet to come was heard while they were read, or in a
    run whose clock stood ahead; nothing waits until that instant is here.

    Args:
        book: ours.
        pocket: which.
        at_ns: when they were read.
    """
    filled_ns = book.filled_ns.get(pocket)
    return filled_ns is not None and abs(at_ns - filled_ns) < LAG_NS
