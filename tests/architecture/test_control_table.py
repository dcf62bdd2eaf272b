"""The table of controls: none is missing, and all that it names is there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.kit.mutate import mutated
from tests.kit.mutations import MUTATIONS, Mutation

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/controls.md").read_text()
IDS = [*(f"P{n}" for n in range(1, 15)), *(f"D{n}" for n in range(1, 12)), "T2", "T3", "T5"]
ROWS = {
    cells[0]: cells
    for line in PAGE.splitlines()
    if re.match(r"\| [PDT]\d+ \|", line) and len(cells := line.strip("| ").split(" | ")) == 4
}
NAMED = [(row, name) for row, cells in ROWS.items() for name in re.findall("`([^`]+)`", cells[2])]
TESTS = [(row, name) for row, cells in ROWS.items() for name in re.findall("`([^`]+)`", cells[3])]


@cache
def names_in(path: Path) -> frozenset[str]:
    """Every function and class of a file; a method by its class."""
    found: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        match node:
            case ast.ClassDef(name, body=body):
                found |= {name, *(f"{name}.{each}" for each in _functions(body))}
        found |= _functions([node])
    return frozenset(found)


def _functions(nodes: list[ast.stmt]) -> set[str]:
    return {each.name for each in nodes if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}


def stands(dotted: str) -> bool:
    """Say whether a module holds such a function, class or method."""
    parts = dotted.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        path = ROOT.joinpath(*parts[:cut]).with_suffix(".py")
        if path.is_file():
            return ".".join(parts[cut:]) in names_in(path)
    return False


def test_every_control_has_its_row():
    assert list(ROWS) == IDS


def test_each_row_names_where_it_stands_and_what_tests_it():
    bare = {row for row in IDS if not dict(NAMED).get(row) or not dict(TESTS).get(row)}

    assert not bare


@pytest.mark.parametrize(("row", "name"), NAMED)
def test_what_a_row_names_is_there(row, name):
    assert stands(name), f"{row} names {name}, which is not there"


@pytest.mark.parametrize(("row", "name"), TESTS)
def test_each_test_that_a_row_names_is_there(row, name):
    path, _, test = name.partition("::")

    assert test.startswith("test_")
    assert (ROOT / path).is_file(), f"{row} names {path}, which is not there"
    assert test in names_in(ROOT / path), f"{row} names {name}, which is not there"


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: f"{each.control}-{each.what}")
def test_each_mutation_finds_its_check_once_and_names_a_test(mutation: Mutation):
    changed = mutated((ROOT / mutation.path).read_text(), mutation)
    path, _, test = mutation.test.partition("::")

    ast.parse(changed)
    assert mutation.control in ROWS
    assert test in names_in(ROOT / path)


def test_a_check_that_moved_is_not_passed_over():
    moved = Mutation("P1", "nothing", "x.py", "gone", "", "")

    with pytest.raises(ValueError, match=r"x\.py holds 0 times, not once: 'gone'"):
        mutated("something else", moved)


def test_the_page_lists_every_mutation():
    listed = "\n".join(f"| {m.control} | {m.what} | `{m.test}` |" for m in MUTATIONS)

    assert PAGE.endswith(f"| id | taken out | found by |\n|---|---|---|\n{listed}\n")
    assert len(MUTATIONS) >= 20
