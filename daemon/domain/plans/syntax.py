"""What TOML makes of a strategy file; where it cannot, every line that is at fault, with its key.

TOML's reader stops at the first line that it cannot read. A line that sets a key can be left out
and the rest read, so that a file is mended once; what was meant there is then not judged further.
"""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal, InvalidOperation
from typing import Any

from msgspec import Struct

from daemon.errors import StrategyError

LINE_MOST = 1_000
FAULTS_MOST = 20
_BACK_MOST = 20
"""How many lines before an unreadable one are looked at for a list that was not closed."""
_CHARACTERS_MOST = 131_072
"""So much is read in all: what is far larger than a strategy is not read again for each fault."""
_AT_LINE = re.compile(r" ?\(at line (\d+), column \d+\)\Z")
_AT_END = re.compile(r" ?\(at end of document\)\Z")
_KEY = re.compile(r"\s*([A-Za-z0-9_-]{1,64}(?:\.[A-Za-z0-9_-]{1,64}){0,4})\s*=")
_HEADER = re.compile(r"\s*\[(\[)?\s*([A-Za-z0-9_.-]{1,200})\s*\]")
_MEND = "write texts in quotes, lists in [ ], tables in { }, and each key once"


class Written(Struct, frozen=True):
    """What a file says.

    Attributes:
        raw: its tables and keys; None where too little of them can be read.
        faults: the lines that cannot be read, each with its key where it sets one.
        places: the keys that those lines set, such as `legs[0].lots`.
    """

    raw: dict[str, Any] | None
    faults: tuple[StrategyError, ...] = ()
    places: tuple[str, ...] = ()


def loads(text: str) -> Written:
    """Return what a file says, and all that cannot be read of it.

    Raises:
        StrategyError: a line is too long, or the whole is nested too deeply.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    for number, line in enumerate(lines, start=1):
        # Within a long line, thousands of dotted keys would cost minutes.
        if len(line) > LINE_MOST:
            raise StrategyError(f"line {number}", f"is longer than {LINE_MOST} characters")
    faults: list[StrategyError] = []
    places: list[str] = []
    reader = _Reader()
    while len(faults) < FAULTS_MOST and reader.left > 0:
        told = reader.read(lines)
        if isinstance(told, dict):
            return Written(told, tuple(faults), tuple(places))
        number, reason = told
        begin = reader.begin(lines, number)
        key = _KEY.match(lines[begin - 1])
        faults.append(_fault(begin, key and key[1], reason if begin == number else "is not closed"))
        if key is None or begin != number:
            break  # what follows it cannot be told apart from it
        places.append(_place(lines[:number], key[1]))
        lines[number - 1] = ""
    return Written(None, tuple(faults), tuple(places))


class _Reader:
    """Reads a file several times, without its unreadable lines, as long as that costs little.

    Attributes:
        left: how many more characters may be read.
    """

    def __init__(self) -> None:
        self.left = _CHARACTERS_MOST

    def read(self, lines: list[str]) -> dict[str, Any] | tuple[int, str]:
        """Return what lines say, or which of them cannot be read and why.

        Raises:
            StrategyError: they are nested too deeply.
        """
        text = "\n".join(lines)
        self.left -= len(text)
        try:
            return tomllib.loads(text, parse_float=exact)
        except RecursionError as error:
            raise StrategyError("file", "its lists or tables are nested too deeply") from error
        except tomllib.TOMLDecodeError as error:
            where = _AT_LINE.search(str(error))
            number = int(where[1]) if where else len(lines)
            return number, _AT_END.sub("", _AT_LINE.sub("", str(error)))

    def begin(self, lines: list[str], number: int) -> int:
        """Return the line on which the statement begins that cannot be read on at a line."""
        for before in range(number - 1, max(-1, number - 1 - _BACK_MOST), -1):
            if self.left <= 0:
                break
            if isinstance(self.read(lines[:before]), dict):
                return before + 1
        return number


def exact(digits: str) -> Decimal:
    """Return a number as it was written."""
    try:
        return Decimal(digits)
    except InvalidOperation:
        # An exponent beyond all bounds: refused later, where its key is known.
        return Decimal("NaN")


def _fault(number: int, key: str | None, reason: str) -> StrategyError:
    told = f"`{key}` cannot be read" if key else "cannot be read"
    return StrategyError(f"line {number}", f"{told}: {reason}; {_MEND}")


def _place(lines: list[str], key: str) -> str:
    """Return the place of a key that stands on the last of these lines."""
    section, counts = "", dict[str, int]()
    for header in filter(None, map(_HEADER.match, lines)):
        first, dot, rest = header[2].partition(".")
        if header[1]:
            counts[first] = counts.get(first, 0) + 1
        at = f"[{counts[first] - 1}]" if first in counts else ""
        section = f"{first}{at}{dot}{rest}."
    return section + key
