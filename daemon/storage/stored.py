"""What a store holds, read beside whoever writes to it.

Each reading opens the store anew, to read alone, and takes no lock that a writer holds; so it goes
on while a write hangs.
"""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.chain import GENESIS, Head
from daemon.storage.codec import Row, TicksTaken
from daemon.storage.reader import ALL, Wanted
from daemon.storage.store import Store


def newest_tick_ns(store: Store) -> int:
    """Return the instant of the newest tick that a ledger has stored; 0: it has none.

    Raises:
        StoreError: it cannot be read.
    """
    with store.reading() as reader:
        return reader.ticked_ns()


class Stored:
    """The rows of one owner's facts.

    Args:
        store: the ledger's.
        owner_id: whose facts.
    """

    def __init__(self, store: Store, owner_id: str) -> None:
        self._store = store
        self._owner_id = owner_id

    def has(self, head: Head) -> bool:
        """Say whether the chain has, or once had, this head.

        Raises:
            StoreError: it cannot be read.
        """
        if head == GENESIS:
            return True
        with self._store.reading() as reader:
            return reader.has(head)

    def reached_ns(self) -> int:
        """Return the newest instant of market time that is stored, ticks included; 0: none.

        Raises:
            StoreError: it cannot be read.
        """
        with self._store.reading() as reader:
            return reader.reached_ns(self._owner_id)

    def rows(self, after: int = 0, until: int = ALL) -> Iterator[Row]:
        """Yield the rows of facts behind one number, up to and including another, in order.

        Raises:
            StoreError: it cannot be read.
        """
        with self._store.reading() as reader:
            yield from reader.find(self._facts(after, until))

    def bodies(self, until: int = ALL) -> Iterator[bytes]:
        """Yield the bodies of facts up to and including one number, in order.

        Raises:
            StoreError: it cannot be read.
        """
        with self._store.reading() as reader:
            yield from reader.bodies(self._facts(0, until))

    def _facts(self, after: int, until: int) -> Wanted:
        return Wanted(without=(TicksTaken,), first=after + 1, last=until, owner_id=self._owner_id)
