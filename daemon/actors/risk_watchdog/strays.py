"""Strays: what no entry holds, placed by hand or found at the broker; nothing of it is judged.

Their marks at a day's end are recorded, so that the next day's profit is counted from there, and
so that a start without prices has something to value them at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from daemon.actors.risk_watchdog.loose_legs import enters_anew
from daemon.actors.risk_watchdog.views import Traded
from daemon.actors.risk_watchdog.watch import position_of
from daemon.domain.money import sum_known
from daemon.domain.risk.leg_views import LegView
from daemon.domain.risk.lock_and_trail import LockStatus
from daemon.domain.risk.pnl import NO_MARK, LegPosition, known_unrealised_e4, realised_e4, total_e4
from daemon.messages import DayEnded, DayMarked, PositionChanged

MARKED = "strays"
"""What stands for the basket in their mark of a day."""

Key = tuple[str, str]
"""Whose, and which leg."""


class Strays:
    """What is held of each account without an entry, and what it has made today."""

    def __init__(self) -> None:
        self._held: dict[Key, LegPosition] = {}
        self._earned_e4: dict[Key, int] = {}
        self._before_e4: dict[Key, int | None] = {}
        self._ended_e4: dict[Key, int] = {}
        self._marks_e4: dict[Key, int] = {}

    def begin_day(self) -> None:
        """Another day: what is flat is over, and the rest is counted from the last day's end."""
        self._held = {key: held for key, held in self._held.items() if held.net_quantity}
        self._before_e4 = {key: self._ended_e4.get(key) for key in self._held}
        self._ended_e4.clear()
        self._earned_e4.clear()

    def fill(self, changed: PositionChanged) -> None:
        """Take a fill; after flat it begins another round trip."""
        key = (changed.strategy_id, changed.leg_id)
        before = self._held.get(key)
        if before is not None and enters_anew(before.net_quantity, changed):
            self._earned_e4[key] = self._earned_e4.get(key, 0) + before.cash_e4
        self._held[key] = position_of(changed)

    def expire(self, key: Key) -> None:
        """Drop what ended at a price that nobody knows."""
        for kept in (self._held, self._before_e4, self._earned_e4, self._marks_e4):
            kept.pop(key, None)

    def owners(self) -> tuple[str, ...]:
        """Return whose they are."""
        return tuple(dict.fromkeys(strategy_id for strategy_id, _ in self._held))

    def symbols(self) -> Iterator[str]:
        """Yield what is held, a symbol for each leg."""
        return (held.symbol for held in self._held.values())

    def of(self, strategy_id: str) -> tuple[tuple[Key, str], ...]:
        """Return the legs of an owner, each with its symbol."""
        held = self._held.items()
        return tuple((key, each.symbol) for key, each in held if key[0] == strategy_id)

    def seen(
        self, key: Key, traded: Traded | None, guarded: LegView | None = None
    ) -> tuple[LegView, int | None]:
        """Return a leg with what its earlier round trips of today made, and what it made today.

        Args:
            key: which.
            traded: its newest last price, if it has one.
            guarded: it, as whoever guards it values it; None: by its last price, else by its mark
                of the last day.

        Returns:
            The leg; and None for today where it is unpriced, or nobody saw the last day end.
        """
        view = guarded or self._view(key, traded)
        view = replace(view, realised_e4=view.realised_e4 + self._earned_e4.get(key, 0))
        before_e4 = self._before_e4.get(key, 0)
        if before_e4 is None or view.pnl_e4 is None:
            return view, None
        return view, view.pnl_e4 - before_e4

    def _view(self, key: Key, traded: Traded | None) -> LegView:
        held, ltp_e4 = self._held[key], traded.ltp_e4 if traded is not None else 0
        mark_e4 = ltp_e4 or self._marks_e4.get(key, NO_MARK)
        return LegView(
            leg_id=held.leg_id,
            symbol=held.symbol,
            side=held.side,
            net_quantity=held.net_quantity,
            entry_e4=held.entry_e4,
            mark_e4=mark_e4,
            fresh=ltp_e4 != 0,
            seen_ns=traded.at_ns if traded is not None else 0,
            realised_e4=realised_e4(held),
            unrealised_e4=known_unrealised_e4(held, mark_e4),
            stop_e4=0,
            target_e4=0,
            ruled=False,
            owed=False,
        )

    def marked(
        self, ended: DayEnded, traded: Mapping[str, Traded], *, closed: bool
    ) -> Iterator[DayMarked]:
        """Yield how a day ended for each owner of whose legs any is held at a known price.

        Args:
            ended: which day.
            traded: the newest last price of each symbol.
            closed: the day had no market, so that what was unseen before it still is.
        """
        for strategy_id in self.owners():
            legs = [(key, traded.get(symbol)) for key, symbol in self.of(strategy_id)]
            unseen = {key for key, _ in legs if closed and self._before_e4.get(key, 0) is None}
            views = [(key, self.seen(key, last)[0]) for key, last in legs]
            held = [view for key, view in views if view.net_quantity and key not in unseen]
            marks = [(view.leg_id, view.mark_e4) for view in held if view.mark_e4 != NO_MARK]
            if not marks:
                continue
            pnl_e4 = None if unseen else sum_known(view.pnl_e4 for _, view in views)
            yield DayMarked(
                strategy_id=strategy_id,
                day=ended.day,
                low=None,
                high=None,
                last=None if pnl_e4 is None else (ended.at_ns, pnl_e4),
                status=LockStatus.NONE,
                floor_e4=0,
                marks=tuple(marks),
                at_ns=ended.at_ns,
                basket_id=MARKED,
            )

    def close_day(self, marked: DayMarked) -> None:
        """Keep what each leg was worth when a day ended."""
        for leg_id, mark_e4 in marked.marks:
            key = (marked.strategy_id, leg_id)
            if key in self._held:
                self._marks_e4[key] = mark_e4
                self._ended_e4[key] = total_e4(self._held[key], mark_e4)
