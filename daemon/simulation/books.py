"""What the broker's account shows: its book of now, or of a while ago, with positions behind it.

Or without some of its orders, for a broker may answer with the first page of them, or with none.
"""

from __future__ import annotations

from collections import deque

from msgspec.structs import replace

from daemon.domain.orders.shown import AccountRead

_KEPT = 128
"""More than change within the longest lag: an older one would show fewer seconds of it."""


class Books:
    """The books of an account, each as it stood from its change on."""

    def __init__(self) -> None:
        self._kept: deque[AccountRead] = deque(maxlen=_KEPT)
        self._behind_ns = self._until_ns = 0

    def keep(self, book: AccountRead) -> None:
        """Take the book as it stands now."""
        self._kept.append(book)

    def fall_behind(self, by_ns: int, until_ns: int) -> None:
        """Let the positions, and nothing else, be of a while ago in what is shown until then.

        Args:
            by_ns: how long ago.
            until_ns: an instant.
        """
        self._behind_ns, self._until_ns = by_ns, until_ns

    def shown(self, now_ns: int, lag_ns: int) -> AccountRead:
        """Return what is shown now.

        Args:
            now_ns: the present instant.
            lag_ns: how old the whole of it is; positions that are behind are no older for that.
        """
        book = self._as_of(now_ns - lag_ns)
        behind_ns = self._behind_ns if now_ns < self._until_ns else 0
        held = self._as_of(now_ns - max(lag_ns, behind_ns)).positions
        return replace(book, positions=held, at_ns=now_ns)

    def _as_of(self, at_ns: int) -> AccountRead:
        return next((b for b in reversed(self._kept) if b.at_ns <= at_ns), self._kept[0])


def cut_short(book: AccountRead, cut: int) -> AccountRead:
    """Return a book without its newest orders or its oldest ones; all else of it is whole.

    Args:
        book: with orders.
        cut: which are left: below their count so many of the first ones, above that the others.
    """
    more = cut - len(book.orders)
    left = book.orders[:cut] if more < 0 else book.orders[more + 1 :]
    return replace(book, orders=left)
