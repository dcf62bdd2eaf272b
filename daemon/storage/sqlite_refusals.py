"""What SQLite refuses, in sentences: what could not be done, which file, why, and what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from daemon.errors import StoreError

# A damaged schema names its columns, and SQLite its errors, in bytes that are no text.
FAILURES = (sqlite3.Error, UnicodeDecodeError)
"""Whatever SQLite and its client say no with."""
ASIDE = (
    "keep it aside and restore a copy out of backups/; -wal and -shm, where they lie beside it, go "
    "with it"
)
"""What to do about a file that is damaged; a log that stays behind would spoil the copy."""
_ADVICE = {
    sqlite3.SQLITE_BUSY: "another program is writing to it; stop that one",
    sqlite3.SQLITE_FULL: "make room on its disk",
    sqlite3.SQLITE_NOTADB: "it is no ledger; move it away, or restore a copy",
    sqlite3.SQLITE_CORRUPT: f"it is damaged; {ASIDE}",
    sqlite3.SQLITE_CANTOPEN: "its folder must exist and be writable, and it must be a file",
    sqlite3.SQLITE_READONLY: "let this user write to the file and to its folder",
    sqlite3.SQLITE_PERM: "let this user read and write the file and its folder",
    # Also what is said where a reader finds no room for the memory that it shares with the writer.
    sqlite3.SQLITE_IOERR: "make room on its disk; if it has some, see the system's log",
}
"""Primary result code -> what to do."""
_CODES = {
    sqlite3.SQLITE_BUSY: "two_writers",
    sqlite3.SQLITE_NOTADB: "ledger_foreign",
    sqlite3.SQLITE_CORRUPT: "ledger_altered",
}


@contextmanager
def refusing(path: Path, what: str) -> Iterator[None]:
    """Turn every error of SQLite's into a sentence.

    Raises:
        StoreError: what could not be done to which file, why, and what to do.
    """
    try:
        yield
    except FAILURES as error:
        raise refused(error, path, what) from error


def refused(error: Exception, path: Path, what: str) -> StoreError:
    """Return the sentence of one of `FAILURES`.

    For the path of every commit: a context of its own would cost it as much as encoding its fact.
    """
    # Without a code it is bytes that are no text, or the client's own no to a call that was wrong.
    damaged = 0 if isinstance(error, sqlite3.ProgrammingError) else sqlite3.SQLITE_CORRUPT
    code = getattr(error, "sqlite_errorcode", damaged) & 0xFF
    advice = _ADVICE.get(code, "look at the file and its disk")
    sentence = f"the ledger {path} {what}: {error}; {advice}"
    return StoreError(sentence, _CODES.get(code, "ledger_unusable"))
