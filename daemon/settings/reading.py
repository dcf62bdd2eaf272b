"""From sections and keys to the structs of the schema, gathering every fault with its place.

msgspec's own conversion stops at the first fault, says `Object contains unknown field` without a
line, and knows neither money nor what comes later; so the walk over the sections is ours, and the
structs only say what there is.
"""

from __future__ import annotations

import difflib
import inspect
import re
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Struct

from daemon.settings.document import Document, Key
from daemon.settings.environment import Override, override_in
from daemon.settings.faults import Fault, Wrong, listed, shown
from daemon.settings.kinds import Kind
from daemon.settings.tables import Listed, Named, Rule, Table

T = TypeVar("T", bound=Table)
_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,64}")
_FAULTY = object()


class Field(Struct, frozen=True):
    """One key of a section: what may stand there.

    Attributes:
        name: of the struct's field.
        key: as it is written.
        required: there is no preset.
        shape: the kind of a value; how sections are listed or named; None for one section.
        table: the struct of the section or sections.
    """

    name: str
    key: str
    required: bool
    default: Any
    shape: Kind | Listed | Named | None
    table: type[Table] | None


class Reader:
    """Reads one document, keeping every fault.

    Attributes:
        faults: what was found so far.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self.faults: list[Fault] = []

    def table(self, table: type[T], raw: object, key: Key = ()) -> T | None:
        """Return a section, or None where anything in it is at fault."""
        if not isinstance(raw, dict):
            first = fields_of(table)[0].key
            self._fault(key, raw, Wrong(_is(raw), f"write a section, with keys such as {first}"))
            return None
        before = len(self.faults)
        self._unknown(table, raw, key)
        values: dict[str, Any] = {}
        for field in fields_of(table):
            value = self._field(field, raw, key)
            if value is not _FAULTY:
                values[field.key] = value
        for rule in table.rules:
            self._rule(rule, values, raw, key)
        if len(self.faults) > before:
            return None
        return table(**{field.name: values[field.key] for field in fields_of(table)})

    def sound_parts(self, table: type[T], raw: dict[str, Any]) -> T:
        """Return the whole, with the presets of every section in which anything is at fault."""
        values: dict[str, Any] = {}
        for field in fields_of(table):
            value = self._field(field, raw, ())
            values[field.name] = field.default if value is _FAULTY else value
        return table(**values)

    def bound(self, kind: Kind, section: str, key: str) -> None:
        """Hold a key of a section that was read to a kind that is known only since then."""
        written = self._document.raw.get(section, {})
        if key in written:
            self._leaf(kind, written[key], (section, key))

    def _field(self, field: Field, raw: dict[str, Any], key: Key) -> object:
        """Return the value of a key, its preset where it was not written, or `_FAULTY`."""
        inside = (*key, field.key)
        if field.key not in raw:
            if field.required:
                mend = f"write {field.key} = " + _expected(field)
                self._fault(inside, raw, Wrong("is missing", mend))
                return _FAULTY
            return field.default
        before = len(self.faults)
        value = self._value(field, raw[field.key], inside)
        return value if len(self.faults) == before else _FAULTY

    def _value(self, field: Field, raw: object, key: Key) -> object:
        if field.table is None:
            assert isinstance(field.shape, Kind), f"{field.key} has no kind"
            return self._leaf(field.shape, raw, key)
        if isinstance(field.shape, Listed):
            return self._listed(field.table, field.shape, raw, key)
        if isinstance(field.shape, Named):
            return self._named(field, field.shape, raw, key)
        return self.table(field.table, raw, key)

    def _leaf(self, kind: Kind, raw: object, key: Key) -> object:
        try:
            return kind.read(kind.typed(raw.text) if isinstance(raw, Override) else raw)
        except Wrong as wrong:
            self._fault(key, raw, wrong)
            return _FAULTY

    def _listed(self, table: type[Table], shape: Listed, raw: object, key: Key) -> object:
        """Return sections that stand several times, each with its own name."""
        if not isinstance(raw, list) or not 1 <= len(raw) <= shape.most:
            wrong = Wrong(_is(raw), f"write 1 to {shape.most} sections [[{key[-1]}]]")
            self._fault(key, raw, wrong)
            return _FAULTY
        seen: list[object] = []
        read: list[Table | None] = []
        for at, one in enumerate(raw):
            read.append(self.table(table, one, (*key, at)))
            name = one.get(shape.key) if isinstance(one, dict) else None
            if isinstance(name, str) and name in seen:
                wrong = Wrong(f"is {shown(name)} once more", f"give each its own {shape.key}")
                self._fault((*key, at, shape.key), one, wrong)
            seen.append(name)
        return tuple(read)

    def _named(self, field: Field, shape: Named, raw: object, key: Key) -> object:
        """Return sections by their canonical names; what was not written has its presets."""
        assert field.table is not None, "what has a name is a section"
        named: dict[str, object] = dict(field.default)
        if not isinstance(raw, dict):
            mend = f"write a section [{field.key}.{next(iter(named))}]"
            self._fault(key, raw, Wrong(_is(raw), mend))
            return _FAULTY
        written: set[str] = set()
        for name, one in raw.items():
            inside = (*key, name)
            try:
                known = shape.canonical(name)
            except Wrong as wrong:
                self._fault(inside, one, wrong)
                continue
            if known in written:
                self._fault(inside, one, Wrong(f"is {known} once more", "write one section"))
            written.add(known)
            named[known] = self.table(field.table, one, inside)
        return MappingProxyType(named)

    def _unknown(self, table: type[Table], raw: dict[str, Any], key: Key) -> None:
        """Refuse keys that other versions have, and those that nobody knows."""
        known = [field.key for field in fields_of(table)]
        for name, value in raw.items():
            if name in table.later:
                wrong = Wrong("is unknown here, or of another version", "take it out")
                self._fault((*key, name), value, wrong)
            elif name not in known:
                close = difflib.get_close_matches(name[:64].lower(), known, n=1, cutoff=0.55)
                mend = f"did you mean {close[0]}?" if close else f"known here: {listed(known)}"
                self._fault((*key, name), value, Wrong("is unknown", mend))

    def _rule(self, rule: Rule, values: dict[str, Any], raw: dict[str, Any], key: Key) -> None:
        if not all(name in values for name in rule.keys):
            return  # that one is at fault by itself
        if not rule.holds(*(values[name] for name in rule.keys)):
            blamed = next((name for name in rule.keys if name in raw), rule.keys[0])
            self._fault((*key, blamed), raw.get(blamed), Wrong(rule.what, rule.mend))

    def _fault(self, key: Key, raw: object, wrong: Wrong) -> None:
        """Keep a fault; a variable is named where it was the one that said so."""
        override = raw if isinstance(raw, Override) else None
        where = override.where if override else self._document.where(key)
        if override is None and where == self._document.name:
            held = override_in(raw)
            where = held.where if held else where
        name = _shown_key(key) + wrong.inside
        self.faults.append(Fault(where, name, wrong.what, wrong.mend))


@cache
def fields_of(table: type[Table]) -> tuple[Field, ...]:
    """Return what may stand in a section, in the order of the schema."""
    return tuple(_field(info) for info in msgspec.structs.fields(table))


def _field(info: msgspec.structs.FieldInfo) -> Field:
    part = next(one for one in _alternatives(info.type) if one is not NoneType)
    plain, *marks = get_args(part) if get_origin(part) is Annotated else (part,)
    inner = [one for one in (plain, *get_args(plain)) if inspect.isclass(one)]
    made = info.default_factory() if info.default_factory is not NODEFAULT else info.default
    return Field(
        name=info.name,
        key=info.encode_name,
        required=info.required,
        default=made,
        shape=next((mark for mark in marks if isinstance(mark, Kind | Listed | Named)), None),
        table=next((one for one in inner if issubclass(one, Table)), None),
    )


def _alternatives(kind: object) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)


def _expected(field: Field) -> str:
    return field.shape.expected if isinstance(field.shape, Kind) else "a section"


def _is(raw: object) -> str:
    return f"is {shown(raw.text if isinstance(raw, Override) else raw)}"


def _shown_key(key: Key) -> str:
    """Return a key as `[web]` or `accounts[0].cash`; what is no plain word stands in quotes."""
    shown_so_far = ""
    for part in key:
        if isinstance(part, int):
            shown_so_far += f"[{part}]"
            continue
        word = part if _PLAIN.fullmatch(part) else repr(part[:64])
        shown_so_far += f".{word}" if shown_so_far else word
    return f"[{shown_so_far}]" if len(key) == 1 else shown_so_far
