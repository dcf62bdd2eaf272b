"""The write-ahead log beside a ledger's file: whether it is the log of that file.

SQLite lays a log over whatever file bears its name, and removes one beside an empty file. Where a
ledger was moved away without its log, that would spoil a copy that takes its place, and a new
ledger would cost the old one its newest facts. By what SQLite leaves behind, whenever it is killed:

    no log, or an empty one          -> there is nothing to spoil anything with
    no file                          -> the ledger was moved away: SQLite makes the file before it
    an empty file                    -> it was moved away too, unless the log has every page of it:
                                        SQLite writes to a file before there is anything in its log
    a file that says it has a log    -> it has this one
    a file with a journal            -> SQLite first undoes a change of the file that was cut short
    a file that says it has none, as
      every copy of ours does        -> it was put here, unless it is whole with this log: SQLite
                                        says so with a checkpoint, and may have made none yet
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from struct import Struct as Layout
from typing import BinaryIO, Final

from daemon.errors import StoreError
from daemon.storage.audit import verify
from daemon.storage.store import Store

_FORM: Final = b"SQLite format 3\0"
_HAS_LOG: Final = b"\2\2"
_AT: Final = slice(18, 20)
"""Where a file says whether it has a log. Source: SQLite, file format, 1.3.3."""
_HEAD, _FRAME = Layout(">8xI4x8s8x"), Layout(">II8s8x")
"""Of a log: the bytes of a page, and its salt; then a page's number, how many pages the file has
where this one ends a commit, and the salt. Source: SQLite, file format, 4.1."""


def is_orphaned(path: Path) -> bool:
    """Say whether a log lies there whose file was moved away; the file itself is not opened.

    Args:
        path: of the file.
    """
    log = _log_of(path)
    if not _size(log) or _size(path):
        return False
    return not path.exists() or _lacks_pages(log)


def refuse_orphaned(path: Path) -> None:
    """Let no log be removed whose file was moved away.

    Args:
        path: of the file.

    Raises:
        StoreError: one lies there; with what to do.
    """
    if is_orphaned(path):
        raise _refused(path)


def require_own_log(path: Path, store: Store) -> None:
    """Let no log be laid over a file that it does not belong to.

    This process has the file not open by then: whoever closes one lets go of what SQLite has locked
    of it, wherever in the process.

    Args:
        path: of the file.
        store: the ledger in it, which is read where that alone can tell.

    Raises:
        StoreError: such a log lies there; with what to do.
    """
    refuse_orphaned(path)
    if not _size(_log_of(path)) or _size(path.with_name(f"{path.name}-journal")):
        return
    if _says_it_has_none(path) and not _is_whole(store):
        raise _refused(path)


def _says_it_has_none(path: Path) -> bool:
    with suppress(OSError), path.open("rb") as file:  # whoever opens it tells why that cannot be
        said = file.read(_AT.stop)
        return said.startswith(_FORM) and said[_AT] != _HAS_LOG
    return False


def _is_whole(store: Store) -> bool:
    try:
        return verify(store).broken is None
    except StoreError as error:
        if error.code == "two_writers":
            raise
        return False


def _lacks_pages(log: Path) -> bool:
    """Say whether a log has commits, and not all that its file is made of."""
    with log.open("rb") as file:
        head = file.read(_HEAD.size)
        return len(head) == _HEAD.size and _lacks(file, *_HEAD.unpack(head))


def _lacks(file: BinaryIO, page_bytes: int, salt: bytes) -> bool:
    lacks, known = False, set[int]()
    while len(frame := file.read(_FRAME.size)) == _FRAME.size:
        number, pages, salted = _FRAME.unpack(frame)
        if salted != salt:  # of an earlier round of the log
            break
        known.add(number)
        file.seek(page_bytes, 1)
        if pages:
            lacks = len(known) < pages
    return lacks


def _log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _size(path: Path) -> int:
    with suppress(OSError):  # whoever opens it tells
        return path.stat().st_size
    return 0


def _refused(path: Path) -> StoreError:
    return StoreError(
        f"{_log_of(path)} belongs to the ledger that was moved away: move it there too, and "
        f"{path.name}-shm where there is one; it would spoil a copy in the ledger's place, and what"
        " it holds is in no other file",
        "ledger_log_strange",
    )
