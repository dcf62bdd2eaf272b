"""A line of what was recorded: its kind, its text, and what it is about."""

from __future__ import annotations

from typing import Any

from daemon.domain.money import units

Item = dict[str, Any]
Told = tuple[str, str, Item]
"""The kind of a line, its text, and what it is about."""


def rupees(amount_e4: int) -> str:
    """Return a price or an amount on two decimals: levels are finer than prices."""
    return f"{units(amount_e4):.2f}"
