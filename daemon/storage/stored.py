"""What a ledger's file holds, read beside whoever writes to it.

Each reading opens the file anew, to read alone, and takes no lock that a writer holds; so it goes
on while a write hangs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from daemon.domain.chain import GENESIS, Head
from daemon.storage.codec import Row, TicksTaken
from daemon.storage.schema import open_to_read, refusing

_HAS = "SELECT 1 FROM records WHERE number = ? AND link = ?"
_ROWS = f"""
    SELECT number, owner_id, at_ns, kind, actor, message, cause, body, link FROM records
    WHERE number > ? AND number <= ? AND owner_id = ? AND kind <> '{TicksTaken.__name__}'
    ORDER BY number
"""  # noqa: S608  our own
_TICKED = f"""
    SELECT at_ns FROM records WHERE kind = '{TicksTaken.__name__}' ORDER BY number DESC LIMIT 1
"""  # noqa: S608  our own
_ALL = 2**63 - 1


def newest_tick_ns(path: Path) -> int:
    """Return the instant of the newest tick that a ledger has stored; 0: it has none.

    Raises:
        StoreError: the file cannot be read.
    """
    with closing(open_to_read(path)) as db, refusing(path, "cannot be read"):
        found = db.execute(_TICKED).fetchone()
    return int(found[0]) if found else 0


class Stored:
    """The rows of one owner's facts.

    Args:
        path: the ledger's file.
        owner_id: whose facts.
    """

    def __init__(self, path: Path, owner_id: str) -> None:
        self._path = path
        self._owner_id = owner_id

    def has(self, head: Head) -> bool:
        """Say whether the chain has, or once had, this head.

        Raises:
            StoreError: the file cannot be read.
        """
        if head == GENESIS:
            return True
        with closing(open_to_read(self._path)) as db, refusing(self._path, "cannot be read"):
            return db.execute(_HAS, (head.count, head.digest)).fetchone() is not None

    def rows(self, after: int = 0, until: int = _ALL) -> Iterator[Row]:
        """Yield the rows of facts behind one number, up to and including another, in order.

        Raises:
            StoreError: the file cannot be read.
        """
        with closing(open_to_read(self._path)) as db, refusing(self._path, "cannot be read"):
            for row in db.execute(_ROWS, (after, until, self._owner_id)):
                yield Row(*row)
