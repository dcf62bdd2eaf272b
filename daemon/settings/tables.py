"""What a section of the settings is: its keys, those that come later, how keys are tied."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from msgspec import Struct


class Rule(Struct, frozen=True):
    """What several keys of a section owe to each other.

    Attributes:
        keys: the keys, as written; the first one that was written is blamed.
        holds: takes their values in that order.
        what: what is wrong where it does not hold.
        mend: what to do about it.
    """

    keys: tuple[str, ...]
    holds: Callable[..., bool]
    what: str
    mend: str


class Listed(Struct, frozen=True):
    """Sections that may stand several times, as `[[...]]`, told apart by one of their keys."""

    key: str
    most: int


class Named(Struct, frozen=True):
    """Sections under names that a function makes canonical, or refuses."""

    canonical: Callable[[str], str]


class Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A section: its `later` keys are of other versions, its `rules` tie keys together."""

    later: ClassVar[tuple[str, ...]] = ()
    rules: ClassVar[tuple[Rule, ...]] = ()
