"""A settings file: its text, what TOML makes of it, and the line that each key stands on.

TOML's reader tells no lines. But a statement of TOML can be read by itself, and is complete with
exactly the line on which that succeeds; so the file is read once more, statement by statement,
when a line is asked for.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from daemon.settings.faults import Fault, SettingsRefused

Key = tuple[str | int, ...]
"""The way to a value: names of sections and keys, and places in lists from 0 on."""

BYTES_MOST: Final = 65_536
LINES_MOST: Final = 1_500
LINE_MOST: Final = 1_000
_DEEPEST: Final = 6
_STATEMENT_MOST: Final = 200
"""Lines of one statement; what stands after a longer one is told without its line."""
_AT_LINE = re.compile(r" ?\(at line (\d+), column \d+\)\Z")
_AT_END = re.compile(r" ?\(at end of document\)\Z")
_CLOSING: Final = ("]", "}", '"""', "'''")
"""One of these stands on the last line of a statement of several lines."""
_SYNTAX: Final = "mend that line: texts stand in quotes, lists in brackets, each key once"


class Document:
    """A settings file that TOML could read; its overridden values are changed in `raw`.

    Attributes:
        name: how it is called in a fault.
        text: what it holds.
        raw: the sections and keys.
    """

    def __init__(self, name: str, text: str = "") -> None:
        self.name = name
        self.text = text.removeprefix("\ufeff").replace("\r\n", "\n")
        self.raw = _loads(name, self.text)

    def where(self, key: Key) -> str:
        """Return the place of a key: its own line, else that of the section around it."""
        for length in range(len(key), 0, -1):
            line = self._lines.get(key[:length])
            if line is not None:
                return f"{self.name}, line {line}"
        return self.name

    @cached_property
    def _lines(self) -> dict[Key, int]:
        lines: dict[Key, int] = {}
        section: Key = ()
        for line, text, statement in _statements(self.text):
            if text.lstrip().startswith("["):
                section = _header(statement, lines)
                for length in range(1, len(section) + 1):
                    lines.setdefault(section[:length], line)
            else:
                for key in _keys(statement):
                    lines.setdefault(section + key, line)
        return lines


def read_document(path: Path) -> Document:
    """Return the document that a file holds.

    Raises:
        SettingsRefused: it cannot be read, is too large, or is not TOML.
    """
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        mend = "write the path of a TOML file that the daemon may read"
        raise _refused(str(path), f"cannot be read: {reason}", mend) from error
    if len(data) > BYTES_MOST:
        raise _refused(str(path), f"is longer than {BYTES_MOST:,} bytes", "shorten it")
    try:
        return Document(str(path), data.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _refused(f"{path}, line {line}", "is not UTF-8", "save it as UTF-8") from error


def _refused(where: str, what: str, mend: str) -> SettingsRefused:
    return SettingsRefused([Fault(where, "", what, mend)])


def _loads(name: str, text: str) -> dict[str, Any]:
    lines = text.split("\n")
    if len(lines) > LINES_MOST:
        raise _refused(name, f"has more than {LINES_MOST:,} lines", "shorten it")
    for number, line in enumerate(lines, start=1):
        # Thousands of dotted keys within one long line would cost minutes.
        if len(line) > LINE_MOST:
            what = f"is longer than {LINE_MOST:,} characters"
            raise _refused(f"{name}, line {number}", what, "break the line")
    try:
        return _toml(text)
    except RecursionError as error:
        raise _refused(name, "is nested too deeply", "write plain sections and keys") from error
    except ValueError as error:
        found = _AT_LINE.search(str(error))
        line_number = found[1] if found else len(lines)
        reason = _AT_END.sub("", _AT_LINE.sub("", str(error)))
        where = f"{name}, line {line_number}"
        raise _refused(where, f"is not TOML: {reason}", _SYNTAX) from error


def _toml(text: str) -> dict[str, Any]:
    return tomllib.loads(text, parse_float=_decimal)


def _decimal(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation:
        # An exponent beyond all bounds: refused later, where its key is known.
        return Decimal("NaN")


def _statements(text: str) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Yield each statement: the line it begins on, its text, and what it says by itself."""
    begins, held = 0, ""
    for number, line in enumerate(text.split("\n"), start=1):
        if not held and line.lstrip(" \t")[:1] in {"", "#"}:
            continue
        begins = begins if held else number
        held += f"{line}\n"
        if number - begins >= _STATEMENT_MOST:
            return
        if begins != number and not any(mark in line for mark in _CLOSING):
            continue
        try:
            statement = _toml(held)
        except (ValueError, RecursionError):
            continue
        yield begins, held, statement
        held = ""


def _header(statement: dict[str, Any], lines: dict[Key, int]) -> Key:
    """Return which section a header opens, its place in a list included."""
    key: Key = ()
    inside: Any = statement
    while isinstance(inside, dict) and inside and len(key) < _DEEPEST:
        name, inside = next(iter(inside.items()))
        key = (*key, name)
        opens = isinstance(inside, list)
        count = _elements(key, lines)
        if opens or count:
            key = (*key, count if opens else count - 1)
            inside = inside[0] if opens else inside
    return key


def _elements(key: Key, lines: dict[Key, int]) -> int:
    """Return how many elements of a list of sections began so far."""
    count = 0
    while (*key, count) in lines:
        count += 1
    return count


def _keys(statement: dict[str, Any]) -> Iterator[Key]:
    """Yield every key that a statement sets, and the sections and lists on the way."""
    waiting: list[tuple[Key, object]] = [((), statement)]
    while waiting:
        key, value = waiting.pop()
        if key:
            yield key
        if len(key) >= _DEEPEST:
            continue
        if isinstance(value, dict):
            waiting.extend(((*key, name), inner) for name, inner in value.items())
        elif isinstance(value, list):
            waiting.extend(((*key, at), inner) for at, inner in enumerate(value))
