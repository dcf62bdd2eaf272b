from __future__ import annotations

import inspect

import msgspec
import pytest

from daemon.domain.plans import schema
from daemon.domain.plans.schema import Plan, Table

TABLES = [
    kind
    for _, kind in inspect.getmembers(schema, inspect.isclass)
    if issubclass(kind, Table) and kind is not Table
]


@pytest.mark.parametrize("table", TABLES)
def test_a_key_is_either_obeyed_or_comes_later(table: type[Table]) -> None:
    """No key stands in both lists, or it would be taken and refused."""
    fields = {field.name for field in msgspec.structs.fields(table)}

    assert fields.isdisjoint(table.later)


@pytest.mark.parametrize("table", TABLES)
def test_keys_that_exclude_each_other_may_all_be_absent(table: type[Table]) -> None:
    """Each key of a choice is optional by itself."""
    optional = {field.name for field in msgspec.structs.fields(table) if not field.required}

    assert set(table.one_of) <= optional


@pytest.mark.parametrize("table", TABLES)
def test_unknown_keys_are_refused_by_the_structs_too(table: type[Table]) -> None:
    """Whoever converts without our walk still ignores no key."""
    assert table.__struct_config__.forbid_unknown_fields


def test_the_schema_can_be_published() -> None:
    """An editor can be told what a strategy looks like."""
    assert "Plan" in msgspec.json.schema(Plan)["$defs"]
