"""What a store holds, read beside whoever writes to it.

Each reading opens the store anew, to read alone, and takes no lock that a writer holds; so it goes
on while a write hangs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from daemon.domain.chain import GENESIS, Head
from daemon.messages import Fact
from daemon.runtime.telling import telling
from daemon.storage.codec import Row, TicksTaken, decode_fact
from daemon.storage.reader import ALL, Wanted
from daemon.storage.store import Store


def newest_tick_ns(store: Store) -> int:
    """Return the instant of the newest tick that a ledger has stored; 0: it has none.

    Raises:
        StoreError: it cannot be read.
    """
    with store.reading() as reader:
        return reader.ticked_ns()


class _Kept:
    """Facts that were read, and how far that was.

    Args:
        goes_on: is told while facts are read, and while somebody goes through them.
    """

    def __init__(self, goes_on: Callable[[], object]) -> None:
        self.facts: list[Fact] = []
        self.until = 0
        self.goes_on = goes_on

    def add(self, bodies: Iterator[bytes], until: int) -> None:
        """Read what was stored since."""
        self.facts += list(telling(map(decode_fact, bodies), self.goes_on))
        self.until = until

    def __iter__(self) -> Iterator[Fact]:
        """Return what was read so far; later ones do not join."""
        return telling(islice(self.facts, len(self.facts)), self.goes_on)


class Stored:
    """The rows of one owner's facts.

    Args:
        store: the ledger's.
        owner_id: whose facts.
    """

    _kept: _Kept | None = None

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

    def bodies(self, after: int = 0, until: int = ALL) -> Iterator[bytes]:
        """Yield the bodies of facts behind one number, up to and including another, in order.

        Raises:
            StoreError: it cannot be read.
        """
        with self._store.reading() as reader:
            yield from reader.bodies(self._facts(after, until))

    def facts(self, until: int) -> Iterator[Fact]:
        """Return the facts up to and including one number, in order.

        Raises:
            StoreError: they cannot be read, or are none that this version knows.
        """
        kept = self._kept
        if kept is None or until < kept.until:
            return map(decode_fact, self.bodies(until=until))
        if until > kept.until:
            kept.add(self.bodies(kept.until, until), until)
        return iter(kept)

    def keep(self, goes_on: Callable[[], object]) -> None:
        """Keep facts once they are read, for a start, which goes through all of them many times.

        To read one from the disk takes longer than most of what is done with it then.

        Args:
            goes_on: is told while they are read, and while somebody goes through them.
        """
        self._kept = _Kept(goes_on)

    def forget(self) -> None:
        """Keep them no longer: a run would hold them in memory for a restart that is rare."""
        self._kept = None

    def _facts(self, after: int, until: int) -> Wanted:
        return Wanted(without=(TicksTaken,), first=after + 1, last=until, owner_id=self._owner_id)
