"""From nested mappings to the structs of the schema, gathering every fault with its place.

msgspec converts each single value; the walk over the tables is ours, because msgspec stops at the
first fault, knows no "exactly one of" and cannot tell a key that comes later from an unknown one.
"""

from __future__ import annotations

import difflib
import functools
import inspect
import re
from collections.abc import Sequence
from datetime import date, time
from decimal import Decimal
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import Meta, Struct

from daemon.domain.plans.schema import LEGS_MOST, Table
from daemon.domain.plans.words import Span
from daemon.errors import StrategyError

_SHOWN_MOST = 40
_DECIMALS = 4
_HINTS_MOST = 32  # each costs, and nobody is shown so many
_COUNTED_MOST = 10**18
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_INSIDE = re.compile(r" - at `\$\[(\d+)\]`\Z")

T = TypeVar("T", bound=Table)
Found = list[StrategyError]


class _Field(Struct, frozen=True):
    """One key of a table: what may stand there.

    Attributes:
        default: what stands where nothing was written; None where it is required.
        table: the struct of an inline table or of each element of a list of tables.
        many: it is a list of tables.
        leaf: the type of a plain value.
        expected: how a plain value looks, in words.
        span: the bounds of a `Decimal`.
    """

    name: str
    required: bool
    default: Any
    table: type[Table] | None
    many: bool
    leaf: Any
    expected: str
    span: Span | None


def read(table: type[T], raw: object, place: str, found: Found) -> T | None:
    """Return a table made from a mapping, or None where anything in it is at fault.

    Args:
        table: the struct to make.
        raw: what was written there.
        place: the key that it was written under; "" for all of it.
        found: faults are added here, each with its place.
    """
    before = len(found)
    values = sound(table, raw, place, found)
    return table(**values) if len(found) == before else None


def sound(table: type[Table], raw: object, place: str, found: Found) -> dict[str, Any]:
    """Return the values of all keys of a table that are without fault, defaults included.

    Args:
        table: the struct that says what may stand there.
        raw: what was written there.
        place: the key that it was written under; "" for all of it.
        found: faults are added here, each with its place.
    """
    if not isinstance(raw, dict):
        _refuse(found, place or "body", f"expected a table such as {table.example}", raw)
        return {}
    postponed = _unwelcome(table, raw, place, found)
    values: dict[str, Any] = {}
    for field in _fields(table):
        if field.name not in raw:
            if not field.required:
                values[field.name] = field.default
        elif field.name not in postponed:
            before = len(found)
            value = _value(field, raw[field.name], _join(place, field.name), found)
            if len(found) == before:
                values[field.name] = value
    if not postponed:
        _absent(table, raw, place, found)
    return values


def _unwelcome(table: type[Table], raw: dict[Any, Any], place: str, found: Found) -> set[object]:
    """Refuse unknown keys and those that come later; return the latter."""
    postponed: set[object] = set()
    known = [field.name for field in _fields(table)]
    for key, value in raw.items():
        pair = f"{key}={value}" if isinstance(value, str) else ""
        if key in table.later or pair in table.later:
            written = key if key in table.later else f'{key} = "{value}"'
            letter = table.later[key if key in table.later else pair]
            version = f"a later version ({letter})" if letter else "a later version"
            reason = f"`{written}` comes in {version}; take it out"
            found.append(StrategyError(_join(place, key), reason))
            postponed.add(key)
        elif key not in known:
            hints = known if len(found) < _HINTS_MOST else ()
            found.append(StrategyError(_join(place, key), _unknown(str(key), hints)))
    return postponed


def _unknown(key: str, known: Sequence[str]) -> str:
    if not known:
        return "unknown key"
    close = difflib.get_close_matches(key[:64], known, n=1)
    hint = f"did you mean `{close[0]}`?" if close else f"known here: {', '.join(known)}"
    return f"unknown key; {hint}"


def _absent(table: type[Table], raw: dict[Any, Any], place: str, found: Found) -> None:
    """Refuse what is missing, and what excludes each other."""
    found.extend(
        StrategyError(_join(place, field.name), f"is required; write {_example(field)}")
        for field in _fields(table)
        if field.required and field.name not in raw
    )
    given = [key for key in table.one_of if key in raw]
    if table.one_of and len(given) != 1:
        has = " and ".join(given) or "none"
        choice = ", ".join(table.one_of)
        found.append(StrategyError(place, f"needs exactly one of {choice}; it has {has}"))


def _example(field: _Field) -> str:
    if field.table is None:
        return field.expected
    return f"a table such as {field.table.example}"


def _value(field: _Field, raw: object, place: str, found: Found) -> object:
    if field.many and field.table is not None:
        return _tables(field.table, raw, place, found)
    if field.table is not None and (field.leaf is None or isinstance(raw, dict)):
        return read(field.table, raw, place, found)
    return _leaf(field, raw, place, found)


def _tables(table: type[Table], raw: object, place: str, found: Found) -> tuple[Table | None, ...]:
    if not isinstance(raw, list) or not 1 <= len(raw) <= LEGS_MOST:
        _refuse(found, place, f"expected 1 to {LEGS_MOST} tables {table.example}", raw)
        return ()
    return tuple(read(table, one, f"{place}[{at}]", found) for at, one in enumerate(raw))


def _leaf(field: _Field, raw: object, place: str, found: Found) -> object:
    try:
        value = msgspec.convert(raw, field.leaf)
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        inside = _INSIDE.search(str(error))
        if inside is not None and isinstance(raw, list):
            told = f"expected {field.expected}; this one is {_shown(raw[int(inside[1])])}"
            found.append(StrategyError(f"{place}[{inside[1]}]", told))
        else:
            _refuse(found, place, f"expected {field.expected}", raw)
        return None
    if field.span is not None:
        reason = _number_fault(raw, value, field.span)
        if reason is not None:
            _refuse(found, place, f"expected {field.expected}{reason}", raw)
    return value


def _number_fault(raw: object, value: Decimal, span: Span) -> str | None:
    """Return what is wrong with a number ("" where its kind tells enough), or None."""
    if isinstance(raw, str) or not value.is_finite():
        return ""
    if value < span.low or (value == span.low and not span.closed):
        return ""
    if value > span.high:
        return f", at most {span.high}"
    return ", with at most 4 decimals" if _too_fine(value) else None


def _too_fine(value: Decimal) -> bool:
    """Say whether a finite number has digits below 1/10,000, exactly and at no cost."""
    _, digits, exponent = value.as_tuple()
    below = -_DECIMALS - int(exponent)
    return below > 0 and any(digits[-below:])


def _refuse(found: Found, place: str, expected: str, raw: object) -> None:
    found.append(StrategyError(place, f"{expected}; it is {_shown(raw)}"))


def _shown(raw: object) -> str:
    """Return a value in few words, whatever it is."""
    match raw:
        case None:
            return "null"
        case bool():
            return "true" if raw else "false"
        case int() if abs(raw) > _COUNTED_MOST:
            return "a number out of all bounds"
        case dict():
            return "a table"
        case list() | tuple():
            return f"a list of {len(raw)}"
        case str():
            return repr(raw if len(raw) <= _SHOWN_MOST else raw[:_SHOWN_MOST] + "...")
        case int() | Decimal() | date() | time():
            return str(raw)[:_SHOWN_MOST]
        case _:
            return repr(raw)[:_SHOWN_MOST]


def _join(place: str, key: object) -> str:
    """Return the place of a key; one that is no plain word stands in quotes."""
    text = str(key)
    word = text if _PLAIN_KEY.match(text) else repr(text[:64])
    return f"{place}.{word}" if place else word


@functools.cache
def _fields(table: type[Table]) -> tuple[_Field, ...]:
    return tuple(_field(info) for info in msgspec.structs.fields(table))


def _field(info: msgspec.structs.FieldInfo) -> _Field:
    parts = [part for part in _alternatives(info.type) if part is not NoneType]
    table, many, leaf = None, False, None
    for part in parts:
        inner = get_args(part)[0] if get_origin(part) is tuple else part
        if inspect.isclass(inner) and issubclass(inner, Table):
            table, many = inner, inner is not part
        else:
            leaf = part
    marks = get_args(leaf)[1:] if get_origin(leaf) is Annotated else ()
    meta = next((mark for mark in marks if isinstance(mark, Meta)), None)
    return _Field(
        name=info.name,
        required=info.required,
        default=None if info.required else info.default,
        table=table,
        many=many,
        leaf=leaf,
        expected=(meta.description or "") if meta else "",
        span=next((mark for mark in marks if isinstance(mark, Span)), None),
    )


def _alternatives(kind: object) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
