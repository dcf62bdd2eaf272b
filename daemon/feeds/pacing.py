"""Pacing: what other files recorded between two snapshots of a chain is told with the second.

A chain shows its contracts at its own pace. Told by themselves, the ticks of an index would keep a
chain alive that has fallen silent, and let a decision of this second meet a quote of minutes ago.
So where a day has both, only a snapshot is a frame, and what the others traded in between is in it.
A file that has ended tells nothing more: a price of hours ago is none of the close.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from daemon.domain.market.frames import Frame, Quote
from daemon.feeds.formats.words import RecordedFrame


def paced(
    snapshots: Iterator[RecordedFrame], others: Iterator[RecordedFrame], memory: int
) -> Iterator[RecordedFrame]:
    """Yield the snapshots of a day, each with what other files quoted since the one before.

    What they have not quoted since is absent, and so unchanged. What both quote is as the snapshot
    says. A copy of an earlier snapshot stays one, whatever moved beside it; nobody takes a copy,
    so the next that is none tells that as well.

    Args:
        snapshots: of chains, in order of time.
        others: what else was recorded of that day, in order of time.
        memory: by how many contents the feed knows a copy.
    """
    moved: dict[str, Quote] = {}
    seen: list[int] = []
    other = next(others, None)
    for snapshot in snapshots:
        frame, print_of_it = snapshot.frame, snapshot.fingerprint
        while other is not None and other.frame.at_ns <= frame.at_ns:
            for symbol, quote in other.frame.quotes.items():
                moved[symbol] = _after(moved[symbol], quote) if symbol in moved else quote
            other = next(others, None)
        quotes = moved | frame.quotes
        yield RecordedFrame(Frame(frame.at_ns, quotes, frame.exchange_ns), print_of_it)
        if print_of_it in seen:
            seen.remove(print_of_it)
        else:
            moved.clear()
        seen = [*seen, print_of_it][-memory:]


def _after(before: Quote, quote: Quote) -> Quote:
    """Return a quote with the range of what was traded since the last snapshot."""
    prices = [price for each in (before, quote) for price in (each.ltp_e4, each.low_e4) if price]
    highs = [price for each in (before, quote) for price in (each.ltp_e4, each.high_e4) if price]
    return replace(quote, low_e4=min(prices, default=0), high_e4=max(highs, default=0))
