"""Tables for people: aligned columns of plain text, a dash for what is absent.

A terminal sees the head in bold; a pipe sees no escape at all, and neither sees one that came in
from elsewhere: what a broker or a caller wrote is shown with its unprintable characters replaced.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import click

ABSENT = "-"
MODE = "mode"
"""The column that says PAPER or LIVE."""
_GAP = "  "
_RIGHT = ">"
_SECOND_MS = 1_000
_MINUTE_MS = 60_000


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a head and rows as aligned lines.

    Args:
        head: the name of each column; one that begins with `>` is set to the right.
        rows: their cells; an empty one is absent. The column `mode` is left out where no row fills
            it: what is told is of no account.
    """
    rows = list(rows)
    if MODE in head and not any(row[head.index(MODE)] for row in rows):
        at = head.index(MODE)
        head = [*head[:at], *head[at + 1 :]]
        rows = [[*row[:at], *row[at + 1 :]] for row in rows]
    shown = [[clean(cell) or ABSENT for cell in row] for row in rows]
    names = [name.removeprefix(_RIGHT) for name in head]
    widths = [max(map(len, column)) for column in zip(names, *shown, strict=True)]
    return [
        _GAP.join(
            cell.rjust(width) if name.startswith(_RIGHT) else cell.ljust(width)
            for cell, width, name in zip(row, widths, head, strict=True)
        ).rstrip()
        for row in (names, *shown)
    ]


def say(lines: Iterable[str]) -> None:
    """Write lines for people to stdout, without escapes where that is no terminal."""
    for line in lines:
        click.echo(line, color=_colour())


def say_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table to stdout, its head in bold on a terminal."""
    first, *rest = table(head, rows)
    say([click.style(first, bold=True), *rest])


def say_document(content: bytes) -> None:
    """Write a document to stdout as the daemon wrote it."""
    click.echo(content.rstrip(b"\n"))


def clean(text: str) -> str:
    """Return a text with each character that a terminal would act on replaced."""
    return "".join(each if each.isprintable() else "?" for each in text)


def word(value: Any) -> str:
    """Return a value of a document as a cell."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def amount(value: Decimal | float | None) -> str:
    """Return rupees of a document on two decimals, half to even as they were written."""
    # As a binary number 167.635 lies a little below itself, and would not read as in the log.
    return "" if value is None else f"{Decimal(str(value)):,.2f}"


def number(value: int | None) -> str:
    """Return a whole number of a document, its thousands apart."""
    return "" if value is None else f"{value:,}"


def age(value_ms: int | None) -> str:
    """Return how old something is, in the unit that a person would say; below zero: unknown."""
    if value_ms is None or value_ms < 0:
        return ""
    if value_ms < _SECOND_MS:
        return f"{value_ms} ms"
    if value_ms < _MINUTE_MS:
        return f"{value_ms / _SECOND_MS:.1f} s"
    return f"{value_ms // _MINUTE_MS} min"


def clock(instant: str | None) -> str:
    """Return the time of day of an ISO 8601 instant; anything else as it is."""
    try:
        return datetime.fromisoformat(instant or "").time().isoformat("seconds")
    except ValueError:
        return instant or ""


def _colour() -> bool | None:
    """Return False where a person wants none; None leaves it to what stdout is."""
    return False if os.environ.get("NO_COLOR") else None
