"""What a chain's file must not hold: cells that say nothing sensible, rows that contradict others.

A cell that is empty, `-` or 0 says that there is no price. Anything else that is no price, no
quantity, no strike or no day is refused with its file, column and value: a recording is never
mended in silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from daemon.domain.instants import iso
from daemon.domain.money import units
from daemon.errors import DataError
from daemon.feeds.formats.table import Table, on_day

_HIGHEST = 1_000_000_000
_DAYS = "DATE '1990-01-01' AND DATE '2199-12-31'"


def refuse_cells(table: Table, expiry: str, strike: str, numbers: Sequence[str]) -> None:
    """Refuse a file for its first cell that cannot be what its column says.

    Args:
        table: the file.
        expiry: the column of expiries; empty: it has none.
        strike: the column of strikes.
        numbers: the columns of prices and quantities.

    Raises:
        DataError: names the file, the column and the value.
    """
    price = table.number(strike)
    in_order = f"isfinite({price}) AND {price} BETWEEN 0.0001 AND {_HIGHEST}"
    checks = [(strike, f"NOT coalesce({in_order}, false)", "strike")]
    if expiry:
        is_day = f"day_of({table.column(expiry)}) BETWEEN {_DAYS}"
        checks.append((expiry, f"NOT coalesce({is_day}, false)", "expiry"))
    for name in numbers:
        number = table.number(name)
        bad = f"NOT (isfinite({number}) AND {number} BETWEEN 0 AND {_HIGHEST})"
        checks.append((name, bad, "quantity" if name.endswith("qty") else "price"))
    cases = " ".join(
        f"WHEN {bad} THEN '{at}:' || coalesce(CAST({table.column(name)} AS VARCHAR), '')"
        for at, (name, bad, _) in enumerate(checks)
    )
    (first,) = table.distinct(f"CASE {cases} END")[0]
    if first is not None:
        which, _, value = str(first).partition(":")
        name, _, noun = checks[int(which)]
        raise DataError(f"{table.path}: column {name} holds {value!r}, which is no {noun}")


def refuse_conflicts(table: Table, staged: str, day: date, content: Sequence[str]) -> None:
    """Refuse a day on which two rows of one contract and instant say different things.

    Equal rows are one row that was written twice.

    Args:
        table: the file.
        staged: where it is staged.
        day: which of its days.
        content: the staged columns in which such rows must agree.

    Raises:
        DataError: names the file, the instant, the expiry and the strike.
    """
    said = f"hash({', '.join(content)})"
    found = table.query(
        "SELECT at_ns, underlying, strike, DATE '1970-01-01' + expiry::INTEGER, expiry = 0"  # noqa: S608
        f" FROM {staged} WHERE {on_day(day)} GROUP BY at_ns, underlying, expiry, strike"
        f" HAVING min({said}) <> max({said}) ORDER BY ALL LIMIT 1"
    ).fetchone()
    if found is not None:
        at_ns, underlying, strike_e4, expiry, is_undated = found
        expiring = "" if is_undated else f" of {expiry}"
        raise DataError(
            f"{table.path}: two rows of {underlying} {units(strike_e4)}{expiring} at {iso(at_ns)}"
            " say different things"
        )
