"""A strategy as text or as a mapping becomes a plan, or is refused with its place.

Nothing else leaves here: whatever the text, the answer is a plan or a `StrategyError`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

import msgspec

from daemon.domain.plans import json_syntax
from daemon.domain.plans.new_faults import faults_of_new
from daemon.domain.plans.reading import read, sound
from daemon.domain.plans.schema import LEGS_MOST, Leg, Plan
from daemon.domain.plans.syntax import loads
from daemon.domain.plans.validation import faults, faults_of_leg
from daemon.errors import StrategyError

TEXT_MOST = 65_536
NOTES_MOST = 20
_TOP = re.compile(r"[.[]")
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def parse(text: str | bytes) -> Plan:
    """Return the plan that a strategy file holds.

    Args:
        text: TOML, 64 KiB at most, no line over 1,000 characters.

    Raises:
        StrategyError: the file is refused. The error names the first fault and its place; up to
            20 further ones are its `others`.
    """
    written = loads(_text(text))
    found = list(written.faults)
    if written.raw is None:
        raise _all(found)
    return _plan(written.raw, found, written.places)


def from_json(text: str | bytes) -> Plan:
    """Return the plan that was recorded as JSON: the same structure as a strategy file.

    What is refused in new ones alone is taken, for it was traded with before it was refused.

    Raises:
        StrategyError: as for `parse`.
    """
    return _plan(json_of(text), [], (), is_new=False)


def json_of(text: str | bytes) -> Any:
    """Return what a JSON document holds, its numbers exact; whether it is a plan is not judged.

    Args:
        text: 64 KiB at most.

    Raises:
        StrategyError: it is no JSON, or names a key twice.
    """
    return json_syntax.loads(_text(text))


def from_mapping(raw: Mapping[str, Any]) -> Plan:
    """Return the plan that a mapping holds: the same structure as TOML, or as JSON.

    Raises:
        StrategyError: as for `parse`.
    """
    return _plan(raw, [], ())


def _plan(
    raw: Mapping[str, Any],
    found: list[StrategyError],
    unread: tuple[str, ...],
    *,
    is_new: bool = True,
) -> Plan:
    """Return a plan, unless it has faults.

    Args:
        raw: what was written.
        found: the faults that are known already.
        unread: the keys that those are about; nothing more is said of them.
        is_new: it was not recorded before.
    """
    judged: list[StrategyError] = []
    parts = sound(Plan, raw, "", judged)
    for place in unread:
        parts.pop(_TOP.split(place)[0], None)
    if "legs" in parts:
        parts["legs"] = _named(parts["legs"])
    elif isinstance(raw, dict) and isinstance(raw.get("legs"), list):
        judged.extend(_of_sound_legs(raw["legs"][:LEGS_MOST], unread))
    judged.extend(faults(parts))
    if is_new:
        judged.extend(faults_of_new(parts))
    found.extend(one for one in judged if not _is_about(one.place, unread))
    if found:
        raise _all(found)
    return Plan(**parts)


def encode(plan: Plan) -> bytes:
    """Return a plan as JSON that `from_mapping` reads back; what has its default is left out."""
    return _ENCODER.encode(plan)


def version_of(plan: Plan) -> str:
    """Return what tells a plan from every other: the SHA-256 of it as JSON, in hexadecimal."""
    return sha256(encode(plan)).hexdigest()


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


def _of_sound_legs(legs: list[object], unread: tuple[str, ...]) -> Iterator[StrategyError]:
    """Yield what contradicts itself in legs that have no other fault, beside one that has."""
    for at, raw in enumerate(legs):
        place = f"legs[{at}]"
        leg = read(Leg, raw, place, [])
        if leg is not None and not any(key.startswith(f"{place}.") for key in unread):
            yield from faults_of_leg(leg, place)


def _is_about(place: str, unread: tuple[str, ...]) -> bool:
    """Say whether a place is one of those keys, stands within one, or holds one."""
    ends = (".", "[")
    return any(
        key == place
        or place.startswith(tuple(key + end for end in ends))
        or key.startswith(tuple(place + end for end in ends))
        for key in unread
    )


def _named(legs: tuple[Leg, ...]) -> tuple[Leg, ...]:
    """Give each leg without an id one by its place: `leg1`, `leg2`."""
    return tuple(
        leg if leg.id else msgspec.structs.replace(leg, id=f"leg{at}")
        for at, leg in enumerate(legs, start=1)
    )


def _all(found: list[StrategyError]) -> StrategyError:
    first, *others = found
    return StrategyError(first.place, first.reason, tuple(others[:NOTES_MOST]))
