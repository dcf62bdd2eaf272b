"""Cursors: how far each reader of the records has come, kept in the same store.

A cursor moves in one transaction with whatever follows from the records that it passes. It only
ever follows records that are stored, so a crash sets it back at most: its reader meets some of them
once more, and misses none.
"""

from __future__ import annotations

from daemon.messages.outbox import Cursor
from daemon.storage.store import Aside, Change

_FIND = "SELECT name, number, failed_because, failed_ns FROM cursors WHERE name = ?"
_ALL = "SELECT name, number, failed_because, failed_ns FROM cursors ORDER BY name"
_BEGIN = "INSERT INTO cursors (name, number) VALUES (?, ?) ON CONFLICT (name) DO NOTHING"
_MOVE = """
    UPDATE cursors SET number = ?, failed_because = ?, failed_ns = ? WHERE name = ? AND number = ?
"""


def cursor(aside: Aside, name: str) -> Cursor | None:
    """Return the cursor of a reader; None: it has none yet.

    Raises:
        StoreError: it cannot be read.
    """
    return next((Cursor(*row) for row in aside.rows(_FIND, (name,))), None)


def cursors(aside: Aside) -> tuple[Cursor, ...]:
    """Return every cursor.

    Raises:
        StoreError: they cannot be read.
    """
    return tuple(Cursor(*row) for row in aside.rows(_ALL))


def begun(aside: Aside, name: str, number: int) -> Cursor:
    """Return the cursor of a reader; one that has none begins behind that number.

    Raises:
        StoreError: it cannot be read or made.
    """
    aside.change([(_BEGIN, (name, number))])
    found = cursor(aside, name)
    assert found is not None, "it was made, or is there"
    return found


def moved(before: Cursor, after: Cursor) -> Change:
    """Return the change that moves a cursor, if it still stands where its reader left it.

    It goes first among the changes that are made with it.
    """
    values = (after.number, after.failed_because, after.failed_ns, before.name, before.number)
    return _MOVE, values
