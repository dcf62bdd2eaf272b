"""The tidy rules' words, and the rules of size and shape.

A rule takes one parsed file and yields findings; a finding says what stands where, and what to
write instead. The tree of the repository is read here too.
"""

from __future__ import annotations

import ast
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

FUNCTION_LINES = 50
MODULE_LINES = 350
PUBLIC_METHODS = 10
PARAMETERS = 5
BROAD_EXCEPT_IN = frozenset(
    {"daemon/cli/__init__.py", "daemon/runtime/pump.py", "daemon/runtime/supervisor.py"}
)
"""Where every kind of error may be caught: at most three files, each for a reason of its own.

The supervisor: whatever fells an actor becomes a dead letter and a restart. The pump: the same,
beside its loop, for a call per tick and hearer is dear. The commands: whatever goes wrong reaches a
person as a sentence.
"""
NAMELESS = frozenset({"base", "common", "helper", "helpers", "misc", "util", "utils"})

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Finding:
    """Something that stands at a place, and what to write instead."""

    path: str
    line: int
    what: str
    instead: str

    def __str__(self) -> str:
        """Return it as one line of a report."""
        return f"{self.path}:{self.line}: {self.what} -> {self.instead}"


@dataclass(frozen=True)
class Source:
    """A file of the repository: its path from the root, with slashes, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed module."""
        return ast.parse(self.text, self.path)

    @cached_property
    def lines(self) -> list[str]:
        """The lines, without their ends."""
        return self.text.splitlines()

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every node, outer before inner."""
        return list(ast.walk(self.tree))

    def found(self, node: ast.AST, what: str, instead: str) -> Finding:
        """Return a finding at a node of this file."""
        return Finding(self.path, getattr(node, "lineno", 1), what, instead)


Rule = Callable[[Source], Iterator[Finding]]


def repository_files() -> list[str]:
    """Return the paths of all files that belong here: tracked, or new and not ignored."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        listed = _walked()
    return sorted(path for path in listed if path and (ROOT / path).is_file())


def module_names() -> list[str]:
    """Return the names of all modules of the house."""
    return [
        path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for path in repository_files()
        if path.startswith(("daemon/", "strategies/")) and path.endswith(".py")
    ]


def _walked() -> list[str]:
    """Return what lies here where git cannot be asked, such as in an unpacked archive."""
    found: list[str] = []
    for folder, names, files in os.walk(ROOT):
        names[:] = [n for n in names if n not in {".git", ".venv", "build", "state", "__pycache__"}]
        names[:] = [n for n in names if n == ".ci" or not n.startswith(".")]
        found += [(Path(folder) / file).relative_to(ROOT).as_posix() for file in files]
    return found


def read_source(path: str) -> Source | None:
    """Return a text file of the repository; none where it is not text."""
    raw = (ROOT / path).read_bytes()
    if b"\0" in raw:
        return None
    try:
        return Source(path, raw.decode("utf-8"))
    except UnicodeDecodeError:
        return None


def functions_of(source: Source) -> Iterator[FunctionNode]:
    """Yield every function and method, nested ones too."""
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _docstring_lines(node: FunctionNode) -> int:
    if ast.get_docstring(node, clean=False) is None:
        return 0
    first = node.body[0]
    return (first.end_lineno or first.lineno) - first.lineno + 1


def function_length(source: Source) -> Iterator[Finding]:
    """A function has at most 50 lines; its docstring is not counted."""
    for node in functions_of(source):
        lines = (node.end_lineno or node.lineno) - node.lineno + 1 - _docstring_lines(node)
        if lines > FUNCTION_LINES:
            what = f"{node.name} has {lines} lines"
            yield source.found(node, what, f"parts of at most {FUNCTION_LINES}, each with a name")


def module_length(source: Source) -> Iterator[Finding]:
    """A module has at most 350 lines."""
    if len(source.lines) > MODULE_LINES:
        what = f"the module has {len(source.lines)} lines"
        yield Finding(source.path, MODULE_LINES + 1, what, "two modules, each with one subject")


def class_width(source: Source) -> Iterator[Finding]:
    """A class has at most ten public methods."""
    for node in source.nodes:
        if not isinstance(node, ast.ClassDef):
            continue
        methods = {
            m.name
            for m in node.body
            if isinstance(m, ast.FunctionDef | ast.AsyncFunctionDef) and not m.name.startswith("_")
        }
        if len(methods) > PUBLIC_METHODS:
            what = f"{node.name} has {len(methods)} public methods"
            yield source.found(node, what, f"at most {PUBLIC_METHODS}: split the class by concern")


def parameter_count(source: Source) -> Iterator[Finding]:
    """A function takes at most five parameters; self and cls are not counted."""
    bound = {
        id(member)
        for node in source.nodes
        if isinstance(node, ast.ClassDef)
        for member in node.body
        if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef)
        and not any(
            isinstance(d, ast.Name) and d.id == "staticmethod" for d in member.decorator_list
        )
    }
    for node in functions_of(source):
        a = node.args
        count = len(a.posonlyargs) + len(a.args) + len(a.kwonlyargs)
        count += (a.vararg is not None) + (a.kwarg is not None) - (id(node) in bound)
        if count > PARAMETERS:
            what = f"{node.name} takes {count} parameters"
            yield source.found(node, what, f"at most {PARAMETERS}, or one frozen struct")


def broad_except(source: Source) -> Iterator[Finding]:
    """Every kind of error is caught in the named files only."""
    if source.path not in BROAD_EXCEPT_IN:
        yield from broad_excepts(source)


def broad_excepts(source: Source) -> Iterator[Finding]:
    """Yield where every kind of error is caught."""
    instead = "the errors that can be answered here, by name"
    for node in source.nodes:
        if isinstance(node, ast.ExceptHandler):
            if node.type is None:
                yield source.found(node, "bare except", instead)
            else:
                yield from _broad_names(source, node.type, "except", instead)
        elif isinstance(node, ast.Call) and _last_name(node.func) == "suppress":
            for argument in node.args:
                yield from _broad_names(source, argument, "suppress", instead)


def _broad_names(source: Source, kinds: ast.expr, verb: str, instead: str) -> Iterator[Finding]:
    for kind in kinds.elts if isinstance(kinds, ast.Tuple) else [kinds]:
        if _last_name(kind) in {"Exception", "BaseException"}:
            yield source.found(kind, f"{verb} {_last_name(kind)}", instead)


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def nameless_module(source: Source) -> Iterator[Finding]:
    """A module is named after what lives in it."""
    name = Path(source.path).stem
    if name in NAMELESS:
        yield Finding(source.path, 1, f"a module called {name}", "the name of what lives in it")


SHAPE_RULES: tuple[Rule, ...] = (
    function_length,
    module_length,
    class_width,
    parameter_count,
    broad_except,
    nameless_module,
)
