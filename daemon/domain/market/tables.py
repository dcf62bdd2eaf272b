"""All tables of market rules, read whole before anything is traded by one of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from daemon.domain.market import bands, calendar, charges, expiries, instruments, margin
from daemon.domain.market.rules import Shapes, damaged, rows

SHAPES: Final[Mapping[str, Shapes]] = {
    "bands": bands.SHAPES,
    "calendar": calendar.SHAPES,
    "charges": charges.SHAPES,
    "expiries": expiries.SHAPES,
    "instruments": instruments.SHAPES,
    "margin": margin.SHAPES,
}
"""What the rows of each section of each table look like."""


def require_tables() -> None:
    """Read every row, so that none is found damaged in the middle of a day.

    Raises:
        RulesDamaged: with the table, and what is wrong with it.
    """
    for table, shapes in SHAPES.items():
        for section, shape in shapes.items():
            for row in rows(table, section, shape):
                if row.effective_to is not None and row.effective_to < row.effective_from:
                    what = f"has a row in {section} that ends before it begins"
                    raise damaged(table, f"{what}, on {row.effective_from}")
    calendar.require_whole()
