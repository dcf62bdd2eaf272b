"""The error catalogue: what every code means, how grave it is, and what to do about it.

The sentence that comes with an error says what happened this once; the entry says what holds each
time. A code is one word for programs and never changes its meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from daemon.errors.access import ACCESS
from daemon.errors.answers import ANSWERS
from daemon.errors.entry import CATEGORIES, SEVERITIES, Entry
from daemon.errors.house import HOUSE
from daemon.errors.trading import TRADING

__all__ = ["CATALOGUE", "CATEGORIES", "REFUSED", "SEVERITIES", "Entry", "entry_of"]

CATALOGUE: Final[Mapping[str, Entry]] = {**ACCESS, **ANSWERS, **TRADING, **HOUSE}
"""Code -> what it means."""
REFUSED: Final = TRADING["refused"]
"""What a code means that nobody has entered."""


def entry_of(code: str) -> Entry:
    """Return what a code means; one that is not in the catalogue is a plain refusal."""
    return CATALOGUE.get(code, REFUSED)
