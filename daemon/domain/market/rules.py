"""The dated tables of market rules: the only reader of `rules/*.toml`.

Every row says from which day it holds, where it is known from and how far it can be trusted. What
no row covers is unknown and is refused by a sentence; it is never guessed. A table that is not
there or not as it was shipped is refused before anything is traded by it.

An exchange announces faster than versions come out: an operator may lay rows of his own over the
tables. Of two rows for one day his counts.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, TypeVar, cast

import msgspec
from msgspec import Meta, Struct

from daemon.errors import RulesDamaged, RuleUnknown

TABLES = ("bands", "calendar", "charges", "expiries", "instruments", "margin")
_REACHES = ("calendar", "last_day")
_OWN: dict[str, Own] = {}


Amount = Annotated[str, Meta(pattern=r"^\d{1,12}(\.\d{1,4})?$")]
"""A number of at most four decimals, in quotes."""
Tick = Annotated[str, Meta(pattern=r"^(?!0+(\.0+)?$)\d{1,12}(\.\d{1,4})?$")]
"""Such a number above zero: what prices are multiples of."""
Count = Annotated[int, Meta(ge=1)]


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


Shapes = Mapping[str, type[Row]]
"""What a row of each section looks like, by its name."""


class Own(Struct, frozen=True):
    """What an operator lays over one table.

    Attributes:
        place: where it stands, for people.
        document: sections of rows, and `last_day` of a calendar that reaches further.
    """

    place: str
    document: Mapping[str, Any]


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
    """Return the row in force on a day; of several the one that came last, an own one before."""
    holding = sorted((row for row in found if row.holds_on(day)), key=_since)
    return holding[-1] if holding else None


def nearest(found: Iterable[R], day: date) -> R | None:
    """Return the row whose span is nearest to a day, for the replay of days no row covers."""
    return min(found, key=lambda row: _days_off(row, day), default=None)


def lay_over(own: Mapping[str, Own]) -> None:
    """Lay an operator's rows over the tables; before any row is read, and once for all.

    Args:
        own: them, by the name of the table.

    Raises:
        RulesDamaged: a section or a value is none that its table has.
    """
    if own == _OWN:
        return
    assert not _rows.cache_info().currsize, "rows were read before one's own were laid over them"
    _document.cache_clear()
    _OWN.clear()
    _OWN.update(own)
    for table in own:
        _document(table)


def laid_over() -> Mapping[str, Own]:
    """Return what the operator laid over the tables, by their names."""
    return _OWN


def unknown(table: str, day: date, what: str, mend: str) -> RuleUnknown:
    """Return the refusal that names the table, the day and what to do."""
    return RuleUnknown(f"rules/{table}.toml does not know {what} on {day}: {mend}")


def damaged(table: str, what: str) -> RulesDamaged:
    """Return the refusal of a table that cannot be gone by."""
    if table in _OWN:
        return RulesDamaged(f"{_OWN[table].place} {what}; docs/rules.md says what it may hold")
    file = files(__package__).joinpath("rules", f"{table}.toml")
    return RulesDamaged(f"{file} {what}; put it back as it was shipped, or install Ordo anew")


@cache
def _rows(table: str, section: str, shape: type[Row]) -> tuple[Row, ...]:
    return tuple(sorted(_converted(table, section, list[shape]), key=_since))  # type: ignore[valid-type]


@cache
def _document(table: str) -> dict[str, Any]:
    """Return a table, with what the operator laid over it."""
    whole = _shipped(table)
    for name, value in _OWN[table].document.items() if table in _OWN else ():
        there = whole.get(name)
        if (table, name) == _REACHES and type(value) is date:
            whole[name] = max(whole[name], value)
        elif _is_section(there) and _is_section(value):
            whole[name] = whole[name] + value  # they come last, and of equals the last counts
        else:
            raise damaged(table, f"has {name}, which is no section of rows of this table")
    return whole


def _is_section(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


def _shipped(table: str) -> dict[str, Any]:
    file = files(__package__).joinpath("rules", f"{table}.toml")
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise damaged(table, f"cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise damaged(table, f"is no TOML: {error}") from error


def _converted(table: str, section: str, shape: Any) -> Any:
    try:
        return msgspec.convert(_value(table, section), shape)
    except msgspec.ValidationError as error:
        raise damaged(table, f"has a wrong row in {section}: {error}") from error


def _value(table: str, name: str) -> Any:
    document = _document(table)
    if name not in document:
        raise damaged(table, f"lacks {name}")
    return document[name]


def _since(row: Row) -> date:
    return row.effective_from


def _days_off(row: Row, day: date) -> int:
    if row.effective_from > day:
        return (row.effective_from - day).days
    if row.effective_to is not None and day > row.effective_to:
        return (day - row.effective_to).days
    return 0
