"""The form of a plan as JSON takes it, for the description of all that is served."""

from __future__ import annotations

from typing import Any

import msgspec

from daemon.domain.plans.schema import Plan

Schema = dict[str, Any]
_NULL = {"type": "null"}
_AMOUNT = {"type": "string", "format": "decimal"}


def plan_components(ref_template: str) -> dict[str, Schema]:
    """Return the schemas of a plan and its tables, by name.

    Amounts are JSON numbers, exact; what is not given is left out and never null; and a pattern
    ends as those of JSON schemas do.
    """
    _, components = msgspec.json.schema_components([Plan], ref_template=ref_template)
    return {name: _as_taken(schema) for name, schema in components.items()}


def _as_taken(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_as_taken(each) for each in schema if each != _NULL]
    if not isinstance(schema, dict):
        return schema
    taken = {key: _as_taken(each) for key, each in schema.items() if each is not None}
    if _AMOUNT.items() <= taken.items():
        del taken["format"]
        taken["type"] = "number"
    if isinstance(taken.get("pattern"), str):
        taken["pattern"] = taken["pattern"].replace(r"\Z", "$")
    return taken
