"""Lag: a broker's positions may show what has filled some seconds after its word on the order.

Until they do, nothing that they leave out is known to be closed.
"""

from __future__ import annotations

from collections.abc import Mapping

from daemon.domain.orders.hedges import underlying
from daemon.domain.orders.lag import may_lag
from daemon.domain.orders.words import Pocket
from daemon.guardian.books import Books


class Lag:
    """What has just filled, held against what a reading shows.

    Args:
        books: ours.
    """

    def __init__(self, books: Books) -> None:
        self._books = books
        self._missing: dict[Pocket, int] = {}

    def look(self, shown: Mapping[Pocket, int], at_ns: int) -> None:
        """Hold a reading against what has filled.

        Args:
            shown: the units that it shows held, below zero short; what is flat may be left out.
            at_ns: when it was made.
        """
        self._missing, book = {}, self._books.book
        for pocket in book.filled_ns:
            ours = book.within(pocket).net
            missing = ours - shown.get(pocket, 0)
            if missing * ours > 0 and may_lag(book, pocket, at_ns):
                self._missing[pocket] = missing

    def hides_short(self, strategy_id: str, beside: str) -> bool:
        """Say whether a leg of a strategy is short in what the reading does not show yet.

        Args:
            strategy_id: whose.
            beside: the symbol of what would guard it: no short of another underlying counts.
        """
        return any(
            leg[0] == strategy_id
            and pocket in self._missing
            and self._books.net(leg) < 0
            and underlying(pocket.symbol) == underlying(beside)
            for leg, pocket in self._books.pockets.items()
        )

    def sentences(self) -> list[str]:
        """Return what the reading does not show yet, a sentence each."""
        return [
            f"{units:+d} {pocket} has just filled, and the broker does not show it yet"
            for pocket, units in self._missing.items()
        ]
