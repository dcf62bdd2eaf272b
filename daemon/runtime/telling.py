"""Progress that is told while it is made, so that who waits for long work sees it go on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
EVERY = 1_000


def silent() -> None:
    """Nobody waits for it."""


def telling(items: Iterable[T], goes_on: Callable[[], object]) -> Iterator[T]:
    """Yield items, and tell with each thousand of them, and at their end, that it goes on.

    Args:
        items: whatever is gone through; up to a thousand of them are fetched ahead.
        goes_on: is told; it decides how seldom that is passed on.
    """
    left = iter(items)
    while part := tuple(islice(left, EVERY)):
        yield from part
        goes_on()
