"""Market rules that are laid over those shipped, for the length of a test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from daemon.domain.market import (
    bands,
    calendar,
    charges,
    closed_days,
    expiries,
    instruments,
    margin,
    rules,
)

_MODULES = (bands, calendar, charges, closed_days, expiries, instruments, margin, rules)


@contextmanager
def unread_tables() -> Iterator[None]:
    """Begin as a program does, with no rule read; and leave none behind that was laid over."""
    _forget()
    try:
        yield
    finally:
        rules._OWN.clear()
        _forget()


def _forget() -> None:
    for module in _MODULES:
        for each in vars(module).values():
            if callable(clear := getattr(each, "cache_clear", None)):
                clear()
