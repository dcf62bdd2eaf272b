"""The dated tables of market rules: the only reader of `rules/*.toml`.

Every row says from which day it holds, where it is known from and how far it can be trusted. What
no row covers is unknown and is refused by a sentence; it is never guessed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar, cast

import msgspec
from msgspec import Struct

from daemon.errors import RuleUnknown


class Confidence(StrEnum):
    """How far a row can be trusted, from best to worst; `OWN` is our choice, not a rule."""

    HIGH = "HIGH"
    MED = "MED"
    LOW = "LOW"
    MEM = "MEM"
    OWN = "OWN"


class Row(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every row carries.

    Attributes:
        effective_from: the first trading day on which the row holds.
        effective_to: the last one; none while nothing has replaced it.
        source: the circular, or how else it is known.
        confidence: how far to trust it.
    """

    effective_from: date
    effective_to: date | None = None
    source: str
    confidence: Confidence

    def holds_on(self, day: date) -> bool:
        """Return whether the row is in force on that day."""
        return self.effective_from <= day and (
            self.effective_to is None or day <= self.effective_to
        )


R = TypeVar("R", bound=Row)


def rows(table: str, section: str, shape: type[R]) -> tuple[R, ...]:
    """Return the rows of one section, the oldest first.

    Args:
        table: the file's name without `.toml`.
        section: the name of an array of tables in it.
        shape: what a row looks like.
    """
    return cast("tuple[R, ...]", _rows(table, section, shape))


def fact(table: str, name: str) -> Any:
    """Return a single value from the head of a table."""
    return _document(table)[name]


def latest(found: Iterable[R], day: date) -> R | None:
    """Return the row in force on a day; of several the one that came last."""
    return max((row for row in found if row.holds_on(day)), key=_since, default=None)


def nearest(found: Iterable[R], day: date) -> R | None:
    """Return the row whose span is nearest to a day, for the replay of days no row covers."""
    return min(found, key=lambda row: _days_off(row, day), default=None)


def unknown(table: str, day: date, what: str, mend: str) -> RuleUnknown:
    """Return the refusal that names the table, the day and what to do."""
    return RuleUnknown(f"rules/{table}.toml does not know {what} on {day}: {mend}")


@cache
def _rows(table: str, section: str, shape: type[Row]) -> tuple[Row, ...]:
    read = (msgspec.convert(entry, shape) for entry in _document(table)[section])
    return tuple(sorted(read, key=_since))


@cache
def _document(table: str) -> dict[str, Any]:
    text = files(__package__).joinpath("rules", f"{table}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _since(row: Row) -> date:
    return row.effective_from


def _days_off(row: Row, day: date) -> int:
    if row.effective_from > day:
        return (row.effective_from - day).days
    if row.effective_to is not None and day > row.effective_to:
        return (day - row.effective_to).days
    return 0
