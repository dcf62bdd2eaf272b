"""The ledger's file: how it is opened, brought to this version's schema, and refused.

Migrations are numbered SQL files that only go forward. The digest of each is kept in the file, so
a file made by other statements than those shipped is refused, as is one of a newer version or of
another program. Every refusal says what, which file, and what to do.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from msgspec import Struct

from daemon.domain.chain import DIGEST_BYTES, Head
from daemon.errors import StoreError

_BUSY_S = 0.25
_ADVICE = {
    sqlite3.SQLITE_BUSY: "another program is writing to it; stop that one",
    sqlite3.SQLITE_FULL: "make room on its disk",
    sqlite3.SQLITE_NOTADB: "it is no ledger; move it away, or restore a copy",
    sqlite3.SQLITE_CORRUPT: "it is damaged; keep it aside and restore a copy",
    sqlite3.SQLITE_CANTOPEN: "its folder must exist and be writable, and it must be a file",
    sqlite3.SQLITE_READONLY: "let this user write to the file and to its folder",
    sqlite3.SQLITE_PERM: "let this user read and write the file and its folder",
    sqlite3.SQLITE_IOERR: "its disk fails; look at the system's log",
}
"""Primary result code -> what to do."""
_CODES = {
    sqlite3.SQLITE_BUSY: "two_writers",
    sqlite3.SQLITE_NOTADB: "ledger_foreign",
    sqlite3.SQLITE_CORRUPT: "ledger_altered",
}


class Migration(Struct, frozen=True):
    """One step of the schema, as shipped."""

    number: int
    name: str
    script: str

    @property
    def sha256(self) -> str:
        """The digest that is kept beside its number."""
        return sha256(self.script.encode()).hexdigest()


def open_to_write(path: Path) -> sqlite3.Connection:
    """Open a ledger's file, made or brought up to date where needed; any thread may use it.

    Raises:
        StoreError: it cannot be used.
    """
    with refusing(path, "cannot be opened"):
        db = sqlite3.connect(path, _BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        with refusing(path, "cannot be opened"):
            _migrate(db, path)
            _set_up(db, path)
    except StoreError:
        db.close()
        raise
    return db


def open_to_read(path: Path) -> sqlite3.Connection:
    """Open a ledger's file as it is; text that is no UTF-8 is read with its bytes escaped.

    Raises:
        StoreError: it cannot be read, or is not of this version's schema.
    """
    with refusing(path, "cannot be read"):
        db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", _BUSY_S, uri=True)
    try:
        db.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        db.isolation_level = None
        with refusing(path, "cannot be read"):
            _require_schema(db, path)
    except StoreError:
        db.close()
        raise
    return db


def head_of(db: sqlite3.Connection, path: Path) -> Head:
    """Return the head that is kept beside the records.

    Raises:
        StoreError: there is none that could be one.
    """
    heads = db.execute("SELECT count, digest FROM head").fetchall()
    match heads:
        case [(int(count), bytes(digest))] if count >= 0 and len(digest) == DIGEST_BYTES:
            return Head(count, digest)
    text = f"the head of the ledger {path} was altered; restore a copy of the file"
    raise StoreError(text, "ledger_altered")


def checked_head(db: sqlite3.Connection, path: Path) -> Head:
    """Return the head, if the records end as it says; the audit looks at all that is before.

    Raises:
        StoreError: they do not.
    """
    head = head_of(db, path)
    (count,) = db.execute("SELECT count(*) FROM records").fetchone()
    last = db.execute("SELECT link FROM records ORDER BY number DESC LIMIT 1").fetchone()
    if count != head.count or (count and last != (head.digest,)):
        raise StoreError(
            f"the ledger {path} was altered: it has {count} records and its head counts"
            f" {head.count}, or they end in another link; run `ordo audit verify`",
            "ledger_altered",
        )
    return head


@contextmanager
def refusing(path: Path, what: str) -> Iterator[None]:
    """Turn every error of SQLite's into a sentence.

    Raises:
        StoreError: what could not be done to which file, why, and what to do.
    """
    try:
        yield
    # A damaged schema names its columns, and SQLite its errors, in bytes that are no text.
    except (sqlite3.Error, UnicodeDecodeError) as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
        advice = _ADVICE.get(code, "look at the file and its disk")
        sentence = f"the ledger {path} {what}: {error}; {advice}"
        raise StoreError(sentence, _CODES.get(code, "ledger_unusable")) from error


def shipped() -> tuple[Migration, ...]:
    """Return the migrations of this version, in order."""
    folder = files("daemon.storage") / "migrations"
    scripts = sorted((entry.name, entry.read_text("utf-8")) for entry in folder.iterdir())
    return tuple(
        Migration(int(name.partition("_")[0]), name, script)
        for name, script in scripts
        if name.endswith(".sql")
    )


def _set_up(db: sqlite3.Connection, path: Path) -> None:
    (mode,) = db.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise StoreError(f"the ledger {path} must lie on a disk that allows SQLite's WAL mode")
    db.execute("PRAGMA synchronous = FULL")


def _require_schema(db: sqlite3.Connection, path: Path) -> None:
    if _missing(db, path):
        text = f"{path} is not a ledger of this version; `ordo run` makes it one"
        raise StoreError(text, "ledger_foreign")


def _migrate(db: sqlite3.Connection, path: Path) -> None:
    for step in _missing(db, path):
        values = f"{step.number}, '{step.name}', '{step.sha256}'"
        entry = f"INSERT INTO migrations VALUES ({values});"  # noqa: S608  all three are shipped
        db.executescript(f"BEGIN IMMEDIATE;\n{step.script}\n{entry}\nCOMMIT;")


def _missing(db: sqlite3.Connection, path: Path) -> list[Migration]:
    """Return the migrations that a file has yet to take."""
    tables = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    if tables and "migrations" not in tables:
        text = f"{path} belongs to another program; name another file for the ledger"
        raise StoreError(text, "ledger_foreign")
    query = "SELECT number, name, sha256 FROM migrations ORDER BY number"
    taken = db.execute(query).fetchall() if tables else []
    steps = shipped()
    if len(taken) > len(steps):
        text = f"the ledger {path} was written by a newer version; run that one"
        raise StoreError(text, "ledger_newer")
    for row, step in zip(taken, steps, strict=False):
        if row != (step.number, step.name, step.sha256):
            raise StoreError(
                f"the ledger {path} was not made by {step.name} as shipped; restore a copy of it",
                "ledger_altered",
            )
    return list(steps[len(taken) :])
