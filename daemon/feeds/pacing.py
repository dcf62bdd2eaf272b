"""Pacing: what other files recorded between two snapshots of a chain is told with the second.

A chain shows its contracts at its own pace. Told by themselves, the ticks of an index would keep a
chain alive that has fallen silent, and let a decision of this second meet a quote of minutes ago.
So where a day has both, only a snapshot is a frame, and what the others traded in between is in it.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from daemon.domain.market.frames import Frame, Quote
from daemon.feeds.formats.words import RecordedFrame


def paced(
    snapshots: Iterator[RecordedFrame], others: Iterator[RecordedFrame]
) -> Iterator[RecordedFrame]:
    """Yield the snapshots of a day, each with the newest quotes that other files had by then.

    What both quote is as the snapshot says. A copy of an earlier snapshot stays one, whatever moved
    beside it.

    Args:
        snapshots: of chains, in order of time.
        others: what else was recorded of that day, in order of time.
    """
    newest: dict[str, Quote] = {}
    other = next(others, None)
    for snapshot in snapshots:
        frame, moved = snapshot.frame, set[str]()
        while other is not None and other.frame.at_ns <= frame.at_ns:
            for symbol, quote in other.frame.quotes.items():
                newest[symbol] = _after(newest[symbol], quote) if symbol in moved else quote
                moved.add(symbol)
            other = next(others, None)
        quotes = newest | frame.quotes
        yield RecordedFrame(Frame(frame.at_ns, quotes, frame.exchange_ns), snapshot.fingerprint)
        for symbol in moved:
            newest[symbol] = replace(newest[symbol], low_e4=0, high_e4=0)


def _after(before: Quote, quote: Quote) -> Quote:
    """Return a quote with the range of what was traded since the last snapshot."""
    prices = [price for each in (before, quote) for price in (each.ltp_e4, each.low_e4) if price]
    highs = [price for each in (before, quote) for price in (each.ltp_e4, each.high_e4) if price]
    return replace(quote, low_e4=min(prices, default=0), high_e4=max(highs, default=0))
