"""A strategy as text or as a mapping becomes a plan, or is refused with its place.

Nothing else leaves here: whatever the text, the answer is a plan or a `StrategyError`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from daemon.domain.plans.reading import read
from daemon.domain.plans.schema import Plan
from daemon.domain.plans.validation import faults
from daemon.errors import StrategyError

TEXT_MOST = 65_536
LINE_MOST = 1_000
NOTES_MOST = 20
_LINE = re.compile(r" ?\(at line (\d+), column \d+\)\Z")
_END = re.compile(r" ?\(at end of document\)\Z")
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def parse(text: str | bytes) -> Plan:
    """Return the plan that a strategy file holds.

    Args:
        text: TOML, 64 KiB at most, no line over 1,000 characters.

    Raises:
        StrategyError: the file is refused. The error names the first fault and its place; up to
            20 further faults are its notes, as `place: reason`.
    """
    return from_mapping(_loads(_text(text)))


def from_mapping(raw: Mapping[str, Any]) -> Plan:
    """Return the plan that a mapping holds: the same structure as TOML, or as JSON.

    Raises:
        StrategyError: as for `parse`.
    """
    found: list[StrategyError] = []
    plan = read(Plan, raw, "", found)
    if plan is not None:
        plan = _named(plan)
        found.extend(faults(plan))
    if plan is None or found:
        raise _all(found)
    return plan


def encode(plan: Plan) -> bytes:
    """Return a plan as JSON that `from_mapping` reads back; what has its default is left out."""
    return _ENCODER.encode(plan)


def _text(text: str | bytes) -> str:
    if len(text) > TEXT_MOST:
        raise StrategyError("file", f"is longer than {TEXT_MOST} characters")
    if isinstance(text, str):
        return text.removeprefix("\ufeff")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise StrategyError(f"line {line}", "is not UTF-8") from error


def _loads(text: str) -> dict[str, Any]:
    # Within a long line, thousands of dotted keys would cost minutes.
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) > LINE_MOST:
            raise StrategyError(f"line {number}", f"is longer than {LINE_MOST} characters")
    try:
        return tomllib.loads(text, parse_float=_decimal)
    except RecursionError as error:
        raise StrategyError("file", "its lists or tables are nested too deeply") from error
    except tomllib.TOMLDecodeError as error:
        raise _syntax(str(error), text) from error


def _decimal(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation:
        # An exponent beyond all bounds: refused later, where its key is known.
        return Decimal("NaN")


def _syntax(message: str, text: str) -> StrategyError:
    where = _LINE.search(message)
    line = where[1] if where else text.count("\n") + 1
    reason = _END.sub("", _LINE.sub("", message))
    return StrategyError(f"line {line}", reason)


def _named(plan: Plan) -> Plan:
    """Give each leg without an id one by its place: `leg1`, `leg2`."""
    legs = tuple(
        leg if leg.id else msgspec.structs.replace(leg, id=f"leg{at}")
        for at, leg in enumerate(plan.legs, start=1)
    )
    return msgspec.structs.replace(plan, legs=legs)


def _all(found: list[StrategyError]) -> StrategyError:
    first, *others = found
    for other in others[:NOTES_MOST]:
        first.add_note(str(other))
    return first
