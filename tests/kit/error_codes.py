"""Which codes the daemon gives to its errors, read from the syntax trees of its modules."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache

from msgspec import Struct

from tests.kit.tidy import Source, read_source, repository_files

CODE_PLACES = {
    "Declined": 0,
    "Refusal": 0,
    "Problem": 0,
    "_no": 0,
    "self._refuse": 1,
    "_document": 0,
}
"""What is called with a code, and at which place; its sentence stands behind it."""
PASSED_ON = {
    "refused.control.value": "a control's name, and all of them are in the catalogue",
    "Control.MARGIN.value": "the same",
    "refusal.code": "of what an actor declined",
    "answer.code": "the same",
    "rows[0].code": "the same",
    "outcomes[0].code": "the same",
    "NOTHING_HELD": "the text that stands beside the questions; texts are looked for as well",
    "BOOK_UNREAD": "the same",
    "UNKNOWN_LEG": "the same",
    "LOOSENS": "the same",
    "error.code": "of an error that was raised",
    "EPOCH_OVER": "the text that stands beside the ledger",
    "code": "what the function was given",
    "str(code or '')": "what the daemon has answered",
    "_CODES.get(code, 'ledger_unusable')": "by SQLite's result; its texts are looked for as well",
}
"""A code that is no text at its place: where it comes from."""
_SHARED = {"Refused", "OutcomeUnknown"}
"""Errors that share their name with a fact, which is made with other things."""


class Given(Struct, frozen=True):
    """A code that is given to an error.

    Attributes:
        code: the text; empty where it is none at its place.
        written: the expression.
        where: the file and its line.
    """

    code: str
    written: str
    where: str


@cache
def sources() -> tuple[Source, ...]:
    """Return every module of the daemon."""
    found = (read_source(path) for path in repository_files() if path.startswith("daemon/"))
    return tuple(source for source in found if source is not None and source.path.endswith(".py"))


@cache
def given() -> tuple[Given, ...]:
    """Return each code that is given to an error, a text or not."""
    return tuple(
        Given(code, ast.unparse(part), f"{source.path}:{part.lineno}")
        for source in sources()
        for node in source.nodes
        for part in _codes_of(node)
        for code in _texts(part, _constants(source))
    )


def texts() -> frozenset[str]:
    """Return every text of the daemon outside the catalogue's own tables."""
    return frozenset(
        node.value
        for source in sources()
        if not source.path.startswith("daemon/errors/") or source.path.endswith("__init__.py")
        for node in source.nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


@cache
def _errors() -> frozenset[str]:
    """Return the name of each class in the tree of errors."""
    parents = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for source in sources()
        for node in source.nodes
        if isinstance(node, ast.ClassDef)
    }
    known = {"OrdoError"}
    while more := {name for name, bases in parents.items() if bases & known} - known:
        known |= more
    return frozenset(known)


def _codes_of(node: ast.AST) -> Iterator[ast.expr]:
    """Yield where a code stands: in a call that makes an error, or in the body of its class."""
    if isinstance(node, ast.Call):
        called = ast.unparse(node.func)
        name = called if called in CODE_PLACES else called.rpartition(".")[2]
        if name in CODE_PLACES and len(node.args) > CODE_PLACES[name] + 1:
            yield node.args[CODE_PLACES[name]]
        elif name in _errors() - _SHARED - {"StrategyError"} and name not in CODE_PLACES:
            yield from node.args[1:2]
    elif isinstance(node, ast.ClassDef) and node.name in _errors():
        for line in node.body:
            if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "code":
                yield line.value


def _texts(part: ast.expr, named: dict[str, str]) -> Iterator[str]:
    if isinstance(part, ast.IfExp):
        yield from _texts(part.body, named)
        yield from _texts(part.orelse, named)
    elif isinstance(part, ast.Constant) and isinstance(part.value, str):
        yield part.value
    elif isinstance(part, ast.Name):
        yield named.get(part.id, "")
    else:
        yield ""


def _constants(source: Source) -> dict[str, str]:
    """Return the texts that a module gives a name."""
    return {
        node.targets[0].id: node.value.value
        for node in source.tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    }
