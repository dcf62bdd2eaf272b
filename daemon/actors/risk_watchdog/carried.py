"""What an entry carries from day to day: the profit of earlier days is none of today's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from daemon.domain.risk.pnl import LegPosition, total_e4
from daemon.messages import DayMarked


class Carried:
    """The profit of one entry at the ends of its days.

    Attributes:
        profit_e4: at the end of the day before; that was never today's.
        unseen: the day at whose end nobody saw what it was worth, so that `profit_e4` is not known
            until it is next valued as a whole; None: it is known.
        before_e4: what of its profit is of the days before this one; None: it is not known. It
            stays for the evening, when `profit_e4` is of the day that has ended.
    """

    __slots__ = ("_began_e4", "_marked", "_shares_e4", "before_e4", "profit_e4", "unseen")

    def __init__(self) -> None:
        self.profit_e4 = 0
        self.unseen: date | None = None
        self.before_e4: int | None = 0
        self._marked: date | None = None
        self._shares_e4: dict[str, int] = {}
        self._began_e4: dict[str, int] = {}

    def begin_day(self, ended: date | None, legs: Mapping[str, LegPosition]) -> None:
        """Count the profit of another day from what the one before ended at.

        A day lasts until the next one begins: a leg that was left after its end counts as it left.

        Args:
            ended: the day before, if something was held over a session of it: a crash may have kept
                its mark out of the record.
            legs: what was traded.
        """
        if ended is not None and self._marked != ended:
            self.unseen = ended
        for leg_id, held in legs.items():
            if not held.net_quantity:
                self.profit_e4 += held.cash_e4 - self._shares_e4.get(leg_id, 0)
                self._shares_e4[leg_id] = held.cash_e4
        self._count_from_here()

    def begin_late(self, marked: DayMarked, legs: Mapping[str, LegPosition]) -> None:
        """Count the profit of the present day from here: nobody saw the one before end."""
        self.close_day(marked, legs, is_exposed=False)
        self._count_from_here()

    def close_day(
        self, marked: DayMarked, legs: Mapping[str, LegPosition], *, is_exposed: bool
    ) -> None:
        """Keep the profit that a day ended at, and each leg's share of it.

        Args:
            marked: how the day went.
            legs: what was traded.
            is_exposed: something is held, and the day had a session, so that it may be worth
                something else by now.
        """
        self._marked = marked.day
        if marked.last is None:
            self.unseen = marked.day if is_exposed else self.unseen
            return
        self.unseen = None
        self.profit_e4, marks = marked.last[1], dict(marked.marks)
        self._shares_e4 = {
            leg_id: total_e4(held, marks.get(leg_id, held.entry_e4))
            for leg_id, held in legs.items()
        }

    def expire(self, leg_id: str) -> None:
        """Let go of what a leg had gained or lost that ended at a price nobody knows."""
        self.profit_e4 -= self._shares_e4.pop(leg_id, 0)
        began_e4 = self._began_e4.pop(leg_id, 0)
        if self.before_e4 is not None:
            self.before_e4 -= began_e4

    def _count_from_here(self) -> None:
        self.before_e4 = self.profit_e4 if self.unseen is None else None
        self._began_e4 = dict(self._shares_e4)
