"""What JSON makes of a strategy: numbers are exact, and nothing that is no JSON is let through."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from daemon.domain.plans.syntax import exact
from daemon.errors import StrategyError

_DIGITS_MOST = 40


def loads(text: str) -> Any:
    """Return what a JSON document holds.

    Raises:
        StrategyError: it is no JSON, or names a key twice.
    """
    try:
        return json.loads(
            text,
            parse_float=exact,
            parse_int=_integer,
            parse_constant=_refuse_constant,
            object_pairs_hook=_table,
        )
    except RecursionError as error:
        raise StrategyError("body", "its lists or tables are nested too deeply") from error
    except json.JSONDecodeError as error:
        raise StrategyError(f"line {error.lineno}", error.msg) from error


def _integer(digits: str) -> int | Decimal:
    """Return a whole number; one that is longer than any that is taken stays cheap."""
    return int(digits) if len(digits) <= _DIGITS_MOST else exact(digits)


def _refuse_constant(name: str) -> Any:
    raise StrategyError("body", f"{name} is no number of JSON")


def _table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for key, value in pairs:
        if key in table:
            raise StrategyError("body", f"the key {key[:64]!r} stands twice in one table")
        table[key] = value
    return table
