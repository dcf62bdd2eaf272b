"""Chance that anyone can ask for at any place: every draw is a pure function of what it is for.

Nothing is drawn in sequence across days or frames, so a market can be entered at any instant and
is the same as if it had been watched from its first day.
"""

from __future__ import annotations

from hashlib import blake2b
from math import sqrt
from random import Random

_FLAT = sqrt(3.0)


def number(seed: int, *words: object) -> int:
    """Return 64 bits drawn for these words."""
    text = ":".join(map(str, (seed, *words)))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def key(seed: int, *words: object) -> bytes:
    """Return what `noise` is drawn by."""
    return number(seed, *words).to_bytes(8, "big")


def noise(key: bytes, place: int) -> bytes:
    """Return 64 bytes drawn for a place of that key, such as an instant."""
    return blake2b(place.to_bytes(12, "big"), digest_size=64, key=key).digest()


def stream(seed: int, *words: object) -> Random:
    """Return a stream of draws for these words; only its `random` is asked."""
    return Random(number(seed, *words))  # noqa: S311  a market, no secret


def bell(draws: Random) -> float:
    """Return a draw near the normal distribution: mean 0, deviation 1, never beyond 3.5.

    A sum of four even draws: additions alone, so it is the same on every machine.
    """
    return bells(draws, 1)[0]


def bells(draws: Random, count: int) -> list[float]:
    """Return so many draws of `bell`, one after another."""
    flat = draws.random
    return [(flat() + flat() + flat() + flat() - 2.0) * _FLAT for _ in range(count)]
