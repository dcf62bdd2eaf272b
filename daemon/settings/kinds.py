"""The kinds of values that a key may take: each with its bounds, and the words that name them.

A kind reads what TOML gave and turns it into what the daemon counts in: amounts and percentages
become integers in `_e4`, folders become paths. A text from the environment is first made what TOML
would have given. Nothing is coerced: a number in quotes is refused, and so is `true` for 1.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from pathlib import Path

from msgspec import Struct

from daemon.domain.money import e4
from daemon.settings.faults import Wrong, listed, shown

_DIGITS = r"[+-]?(?=[0-9_]{1,40}(\.|\Z))[0-9]+(_[0-9]+)*"
"""As many as no key needs: Python reads thousands slowly, and at some number not at all."""
_WHOLE = re.compile(_DIGITS)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER = re.compile(_DIGITS + r"(\.[0-9]{1,39})?")
_LEAST_STEP = Decimal("0.0001")
_TEXT_MOST = 500


class Kind(Struct, frozen=True):
    """What a key takes."""

    @property
    @abstractmethod
    def expected(self) -> str:
        """What to write, in words."""
        ...

    @abstractmethod
    def read(self, raw: object) -> object:
        """Return the value that the daemon works with.

        Raises:
            Wrong: it is not what the key takes.
        """
        ...

    def typed(self, text: str) -> object:
        """Return what TOML would have given for a text from the environment."""
        return text

    def wrong(self, raw: object) -> Wrong:
        """Return the refusal of a value."""
        return Wrong(f"is {shown(raw)}", f"write {self.expected}")


class Whole(Kind, frozen=True):
    """A whole number, bounds included; `unit` follows it in words."""

    low: int
    high: int
    unit: str = ""

    @property
    def expected(self) -> str:
        """What to write, in words."""
        of = f" of {self.unit}" if self.unit else ""
        return f"a whole number{of} from {self.low:,} to {self.high:,}"

    def read(self, raw: object) -> int:
        """Return the number."""
        if isinstance(raw, bool) or not isinstance(raw, int) or not self.low <= raw <= self.high:
            raise self.wrong(raw)
        return raw

    def typed(self, text: str) -> object:
        """Return a whole number where the text is one."""
        return int(text) if _WHOLE.fullmatch(text.strip()) else text


class Switch(Kind, frozen=True):
    """On or off."""

    @property
    def expected(self) -> str:
        """What to write, in words."""
        return "true or false"

    def read(self, raw: object) -> bool:
        """Return whether it is on."""
        if not isinstance(raw, bool):
            raise self.wrong(raw)
        return raw

    def typed(self, text: str) -> object:
        """Return what the text says where it says either."""
        return {"true": True, "false": False}.get(text.strip().lower(), text)


class Amount(Kind, frozen=True):
    """A number with at most four decimals, in `_e4` once it is read; bounds included."""

    low: Decimal
    high: Decimal
    unit: str

    @property
    def expected(self) -> str:
        """What to write, in words."""
        return f"{self.unit} from {self.low:,f} to {self.high:,f}, with at most 4 decimals"

    def read(self, raw: object) -> int:
        """Return the amount in `_e4`."""
        if isinstance(raw, bool) or not isinstance(raw, int | Decimal):
            raise self.wrong(raw)
        value = Decimal(raw)
        if not value.is_finite() or not self.low <= value <= self.high:
            raise self.wrong(raw)
        if value != value.quantize(_LEAST_STEP):
            raise self.wrong(raw)
        return e4(value.quantize(_LEAST_STEP))

    def typed(self, text: str) -> object:
        """Return a number where the text is one."""
        return Decimal(text.strip()) if _NUMBER.fullmatch(text.strip()) else text


def rupees(low: str, high: str) -> Amount:
    """Return the kind of an amount of money."""
    return Amount(Decimal(low), Decimal(high), "rupees")


def percent(low: str, high: str) -> Amount:
    """Return the kind of a percentage."""
    return Amount(Decimal(low), Decimal(high), "a percentage")


class Day(Kind, frozen=True):
    """A day, bounds included; without them any."""

    first: date = date.min
    last: date = date.max

    @property
    def expected(self) -> str:
        """What to write, in words."""
        is_any = (self.first, self.last) == (date.min, date.max)
        which = "such as 2026-03-09" if is_any else f"from {self.first} to {self.last}"
        return f"a day {which}, without quotes"

    def read(self, raw: object) -> date:
        """Return the day."""
        if not isinstance(raw, date) or isinstance(raw, datetime):
            raise self.wrong(raw)
        if not self.first <= raw <= self.last:
            raise self.wrong(raw)
        return raw

    def typed(self, text: str) -> object:
        """Return a day where the text is one."""
        if not _DAY.fullmatch(text.strip()):
            return text
        try:
            return date.fromisoformat(text.strip())
        except ValueError:  # a day that does not exist is no day
            return text


class Speed(Kind, frozen=True):
    """How much faster than the wall clock market time runs, in `_e4`; 0 stands for "max"."""

    factor: Amount

    @property
    def expected(self) -> str:
        """What to write, in words."""
        return f'{self.factor.expected}, or "max"'

    def read(self, raw: object) -> int:
        """Return the factor in `_e4`, 0 for as fast as it goes."""
        if raw == "max":
            return 0
        try:
            return self.factor.read(raw)
        except Wrong:
            raise self.wrong(raw) from None

    def typed(self, text: str) -> object:
        """Return a number where the text is one."""
        return self.factor.typed(text)


class OneOf(Kind, frozen=True):
    """One word out of few; `later` are those that are known and not built yet."""

    words: type[StrEnum]
    later: tuple[str, ...] = ()

    @property
    def expected(self) -> str:
        """What to write, in words."""
        return " or ".join(f'"{word}"' for word in self.words)

    def read(self, raw: object) -> StrEnum:
        """Return the word."""
        if isinstance(raw, str) and raw in self.later:
            raise Wrong(
                f'is "{raw}", which comes with a later version', f"until then write {self.expected}"
            )
        if isinstance(raw, str) and raw in set(self.words):
            return self.words(raw)
        raise self.wrong(raw)


class Text(Kind, frozen=True):
    """A text of a certain form."""

    form: str
    described: str

    @property
    def expected(self) -> str:
        """What to write, in words."""
        return self.described

    def read(self, raw: object) -> str:
        """Return the text."""
        if not isinstance(raw, str) or not re.fullmatch(self.form, raw):
            raise self.wrong(raw)
        return raw


class Location(Kind, frozen=True):
    """A file or a folder, seen from the working folder where it is not absolute."""

    @property
    def expected(self) -> str:
        """What to write, in words."""
        return 'a path in quotes, such as "state" or "/var/lib/ordo" (no ~)'

    def read(self, raw: object) -> Path:
        """Return the path as it was written."""
        if not isinstance(raw, str) or not is_path(raw):
            raise self.wrong(raw)
        return Path(raw)


class Translated(Kind, frozen=True):
    """A text that a function turns into another, or refuses with `Wrong`."""

    described: str
    translate: Callable[[str], str]

    @property
    def expected(self) -> str:
        """What to write, in words."""
        return self.described

    def read(self, raw: object) -> str:
        """Return what the text stands for."""
        if not isinstance(raw, str):
            raise self.wrong(raw)
        return self.translate(raw)


class Many(Kind, frozen=True):
    """A list of one kind; in the environment its elements are parted by commas.

    Attributes:
        rising: no element is below the one before it; else no element stands twice.
    """

    each: Kind
    least: int
    most: int
    rising: bool = False

    @property
    def expected(self) -> str:
        """What to write, in words."""
        size = f"a list of {self.least} to {self.most}"
        return f"{size} (in brackets; in a variable parted by commas), each {self.each.expected}"

    def read(self, raw: object) -> tuple[object, ...]:
        """Return the elements in the order in which they were written."""
        if not isinstance(raw, list) or not self.least <= len(raw) <= self.most:
            raise self.wrong(raw)
        values = tuple(self._element(at, one) for at, one in enumerate(raw))
        if self.rising:
            _never_falls(values)
        else:
            _never_twice(values)
        return values

    def typed(self, text: str) -> object:
        """Return the elements, each of its own kind; an empty text is an empty list."""
        return [self.each.typed(one.strip()) for one in text.split(",")] if text.strip() else []

    def _element(self, at: int, raw: object) -> object:
        try:
            return self.each.read(raw)
        except Wrong as wrong:
            raise Wrong(wrong.what, wrong.mend, f"[{at}]{wrong.inside}") from None


def is_path(text: str) -> bool:
    """Return whether a text may name a file or a folder."""
    return bool(text.strip()) and text.isprintable() and len(text) <= _TEXT_MOST and text[0] != "~"


def _never_falls(values: tuple[object, ...]) -> None:
    numbers = [value for value in values if isinstance(value, int)]
    for at, (early, late) in enumerate(pairwise(numbers), start=1):
        if late < early:
            raise Wrong("is below the one before it", "let the list rise or stay level", f"[{at}]")


def _never_twice(values: tuple[object, ...]) -> None:
    twice = [str(value) for at, value in enumerate(values) if value in values[:at]]
    if twice:
        raise Wrong(f"names {listed(twice)} more than once", "name each once")
