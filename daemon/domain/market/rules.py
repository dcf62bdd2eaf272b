"""The dated tables of market rules: the only reader of `rules/*.toml`.

Every row says from which day it holds, where it is known from and how far it can be trusted. What
no row covers is unknown and is refused by a sentence; it is never guessed. A table that is not
there or not as it was shipped is refused before anything is traded by it.
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

from daemon.errors import RulesDamaged, RuleUnknown

TABLES = ("bands", "calendar", "charges", "expiries", "instruments", "margin")


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


class _Carried(Struct):
    """What every row carries, beside what is its own."""

    effective_from: date
    source: str
    confidence: Confidence
    effective_to: date | None = None


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
    return _value(table, name)


def latest(found: Iterable[R], day: date) -> R | None:
    """Return the row in force on a day; of several the one that came last."""
    return max((row for row in found if row.holds_on(day)), key=_since, default=None)


def nearest(found: Iterable[R], day: date) -> R | None:
    """Return the row whose span is nearest to a day, for the replay of days no row covers."""
    return min(found, key=lambda row: _days_off(row, day), default=None)


def require_tables() -> None:
    """Read every table, so that none is found damaged in the middle of a day.

    Raises:
        RulesDamaged: with the table, and what is wrong with it.
    """
    for table in TABLES:
        for name, value in _document(table).items():
            if isinstance(value, list) and all(isinstance(each, dict) for each in value):
                _converted(table, name, list[_Carried])


def unknown(table: str, day: date, what: str, mend: str) -> RuleUnknown:
    """Return the refusal that names the table, the day and what to do."""
    return RuleUnknown(f"rules/{table}.toml does not know {what} on {day}: {mend}")


@cache
def _rows(table: str, section: str, shape: type[Row]) -> tuple[Row, ...]:
    return tuple(sorted(_converted(table, section, list[shape]), key=_since))  # type: ignore[valid-type]


@cache
def _document(table: str) -> dict[str, Any]:
    file = files(__package__).joinpath("rules", f"{table}.toml")
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise _damaged(table, f"cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _damaged(table, f"is no TOML: {error}") from error


def _converted(table: str, section: str, shape: Any) -> Any:
    try:
        return msgspec.convert(_value(table, section), shape)
    except msgspec.ValidationError as error:
        raise _damaged(table, f"has a wrong row in {section}: {error}") from error


def _value(table: str, name: str) -> Any:
    document = _document(table)
    if name not in document:
        raise _damaged(table, f"lacks {name}")
    return document[name]


def _damaged(table: str, what: str) -> RulesDamaged:
    file = files(__package__).joinpath("rules", f"{table}.toml")
    return RulesDamaged(f"{file} {what}; put it back as it was shipped, or install Ordo anew")


def _since(row: Row) -> date:
    return row.effective_from


def _days_off(row: Row, day: date) -> int:
    if row.effective_from > day:
        return (row.effective_from - day).days
    if row.effective_to is not None and day > row.effective_to:
        return (day - row.effective_to).days
    return 0
