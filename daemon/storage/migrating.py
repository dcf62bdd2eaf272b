"""Migrations: numbered SQL files for each dialect, which only go forward.

The digest of each is kept in the store, so one that was made by other statements than those shipped
is refused, as is one of a newer version.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from importlib.resources import files

from msgspec import Struct

from daemon.errors import StoreError

SQLITE, POSTGRES = "sqlite", "postgres"
"""The dialects: each has a folder of migrations."""
RECORDS = 1
"""The number of the migration that makes the records; later ones add what is kept beside them."""
TAKEN = "SELECT number, name, sha256 FROM migrations ORDER BY number"
"""The query for what `missing` is told of a store."""


class Migration(Struct, frozen=True):
    """One step of the schema, as shipped."""

    number: int
    name: str
    script: str

    @property
    def sha256(self) -> str:
        """The digest that is kept beside its number."""
        return sha256(self.script.encode()).hexdigest()

    @property
    def statements(self) -> str:
        """Its script, and the entry that it was taken."""
        values = f"{self.number}, '{self.name}', '{self.sha256}'"
        return f"{self.script}\nINSERT INTO migrations VALUES ({values});"


def shipped(dialect: str) -> tuple[Migration, ...]:
    """Return the migrations of this version, in order."""
    folder = files("daemon.storage") / "migrations" / dialect
    scripts = sorted((entry.name, entry.read_text("utf-8")) for entry in folder.iterdir())
    return tuple(
        Migration(int(name.partition("_")[0]), name, script)
        for name, script in scripts
        if name.endswith(".sql")
    )


def missing(
    taken: Sequence[tuple[int, str, str]], steps: Sequence[Migration], name: str
) -> list[Migration]:
    """Return the migrations that a store has yet to take.

    Args:
        taken: number, name and digest of those that it took.
        steps: those of this version.
        name: of the store, for people.

    Raises:
        StoreError: it took others than these.
    """
    if len(taken) > len(steps):
        text = f"the ledger {name} was written by a newer version; run that one"
        raise StoreError(text, "ledger_newer")
    for row, step in zip(taken, steps, strict=False):
        if row != (step.number, step.name, step.sha256):
            raise StoreError(
                f"the ledger {name} was not made by {step.name} as shipped; restore a copy of it",
                "ledger_altered",
            )
    return list(steps[len(taken) :])


def require(lacking: Sequence[Migration], name: str, number: int) -> None:
    """Let nothing be read that is not there yet.

    Args:
        lacking: the migrations that a store has yet to take.
        name: of the store, for people.
        number: of the last migration that is needed.

    Raises:
        StoreError: one of those that are needed is yet to be taken.
    """
    if any(step.number <= number for step in lacking):
        text = f"{name} is not a ledger of this version; `ordo run` makes it one"
        raise StoreError(text, "ledger_foreign")
