"""The history of prices: candles of a minute and, where they are wanted, every quote.

Prices do not stand in the records, which hold a digest of them alone. So history is folded from
the frames themselves as they come, and what is lost with a process is not made good: at most the
frames of the last batch. The instant that it reached moves in one transaction with its rows, and a
candle is written as it stands with each batch, so one that a crash cut is gone on with.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Final

from daemon.domain.instants import SECOND_NS, day_of, start_of
from daemon.domain.market.candles import Candle, Candles, fold
from daemon.domain.market.frames import Frame, Quote
from daemon.errors import StoreError
from daemon.storage.backup import oldest_kept
from daemon.storage.store import Store
from daemon.storage.tables.keeping import Group, Tables
from daemon.storage.tables.words import Changes, Kind, Table

SPAN_NS: Final = 60 * SECOND_NS
CANDLES: Final = Table(
    "candles",
    {"symbol": Kind.TEXT} | dict.fromkeys(Candle.__struct_fields__, Kind.WHOLE),
    ("symbol", "open_ns"),
    (("open_ns",),),
    by_day="open_ns",
)
TICKS: Final = Table(
    "ticks",
    {"symbol": Kind.TEXT}
    | dict.fromkeys(("at_ns", "exchange_ns", *Quote.__struct_fields__), Kind.WHOLE),
    ("symbol", "at_ns"),
    (("at_ns",),),
    by_day="at_ns",
)
HISTORY: Final = Group("history", (CANDLES, TICKS), lasting=True)
_OPEN = (
    f"SELECT symbol, {', '.join(Candle.__struct_fields__)} FROM candles"  # noqa: S608  our own
    " WHERE owner_id = ? AND open_ns > ?"
)


class History:
    """The history of the prices that one owner's daemon has seen.

    Args:
        store: of the records, beside which it is kept.
        owner_id: whose.
        keep_days: so many days stay, that of the newest price included.
        ticks: every quote is kept, not candles alone.
        breathe: is called after each frame, by whoever must not take the machine for himself.

    Raises:
        StoreError: it cannot be kept.
    """

    def __init__(
        self,
        store: Store,
        owner_id: str,
        keep_days: int,
        breathe: Callable[[], object] = lambda: None,
        *,
        ticks: bool = False,
    ) -> None:
        self._keep_days = keep_days
        self._breathe = breathe
        self._ticks = ticks
        self._day = date.min
        db = store.tables(HISTORY.name)
        try:
            self.tables = Tables(db, HISTORY, owner_id)
            self._reached = self.tables.place().number
            self._candles = {
                symbol: Candles(SPAN_NS, open=Candle(*cells))
                for symbol, *cells in self.tables.select(_OPEN, (owner_id, self._reached - SPAN_NS))
            }
        except StoreError:
            db.close()
            raise

    def write(self, frames: Sequence[Frame]) -> None:
        """Write what frames bring; those of before what is written are not taken again.

        Raises:
            StoreError: it is not known to be written; this history is of no use any more.
        """
        changes, reached = Changes(), self._reached
        for frame in frames:
            if frame.at_ns > reached:
                self._take(frame, changes)
                reached = frame.at_ns
            self._breathe()
        if reached == self._reached:
            return
        if not self.tables.write(changes, self._reached, reached):
            raise StoreError(
                f"another program writes to the history in {self.tables.name}; let one run alone",
                "projections_unusable",
            )
        self._reached = reached
        self._forget(day_of(reached))

    def close(self) -> None:
        """Let go of where it is kept."""
        self.tables.close()

    def _take(self, frame: Frame, changes: Changes) -> None:
        for symbol, quote in frame.quotes.items():
            if self._ticks:
                cells = {"symbol": symbol, "at_ns": frame.at_ns, "exchange_ns": frame.exchange_ns}
                cells |= {name: getattr(quote, name) for name in Quote.__struct_fields__}
                changes.put(TICKS, cells)
            if quote.ltp_e4 > 0:
                self._grow(symbol, quote, frame.at_ns, changes)

    def _grow(self, symbol: str, quote: Quote, at_ns: int, changes: Changes) -> None:
        before = self._candles.get(symbol) or Candles(SPAN_NS)
        after = fold(before, at_ns, quote.ltp_e4, quote.low_e4, quote.high_e4).candles
        self._candles[symbol] = after
        if after.open is not None:
            cells = {name: getattr(after.open, name) for name in Candle.__struct_fields__}
            changes.put(CANDLES, {"symbol": symbol, **cells})

    def _forget(self, day: date) -> None:
        """Once a day, let go of what is older than is kept, and of candles of earlier days."""
        if day != self._day:
            self._day, since_ns = day, start_of(day)
            self._candles = {
                symbol: each
                for symbol, each in self._candles.items()
                if each.open is not None and each.open.open_ns >= since_ns
            }
            self.tables.forget(start_of(oldest_kept(day, self._keep_days)))
