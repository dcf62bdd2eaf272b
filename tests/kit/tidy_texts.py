"""The tidy rules over the repository's texts: words, tests and the changelog.

Words that must not stand in any file are put together from pieces here, so that this file may be
judged by its own rules.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import PurePosixPath

from tests.kit.tidy import Finding, FunctionNode, Rule, Source

_MARKS = "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"))
_HOSTS = "|".join(("py" + "pi" + r"\.org", "python" + "hosted", "anaconda" + r"\.org"))
BANNED_WORDS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(rf"\b(?:{_MARKS})\b"), "the work itself, or an issue"),
    (re.compile("NotImplemented" + "Error"), "a port's protocol, or the code"),
    (re.compile(_HOSTS), "no index host: whoever installs chooses it"),
    (re.compile(r"(?<![\w.])/wo" + r"rk/"), "a path from the repository's root"),
    (re.compile("/tmp/" + "brief"), "a path from the repository's root"),
    (re.compile("shared" + "/data"), "data_path of tests/kit/recordings.py"),
)
MIRRORED = ("daemon/domain/", "daemon/runtime/")
SECTIONS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
_VERSION = re.compile(r"## \[(\d+\.\d+\.\d+)\] - (\d{4}-\d{2}-\d{2})")


def banned_word(source: Source) -> Iterator[Finding]:
    """No left-over mark, index host or path of one machine stands in any file."""
    for number, line in enumerate(source.lines, 1):
        for pattern, instead in BANNED_WORDS:
            for found in pattern.finditer(line):
                yield Finding(source.path, number, found.group(), instead)


def mirror(paths: Iterable[str]) -> Iterator[Finding]:
    """Each module of the domain and the runtime has its own test file in the mirrored folder."""
    known = [PurePosixPath(path) for path in paths]
    tests: dict[str, list[str]] = {}
    for path in known:
        tests.setdefault(path.parent.as_posix(), []).append(path.name)
    for path in known:
        is_module = path.suffix == ".py" and path.stem not in {"__init__", "__main__"}
        if not is_module or not path.as_posix().startswith(MIRRORED):
            continue
        folder = "/".join(("tests", *path.parent.parts[1:]))
        name = path.stem.strip("_")
        form = re.compile(rf"test_(?:\w+_)?{re.escape(name)}(?:_\w+)?\.py")
        if not any(form.fullmatch(test) for test in tests.get(folder, [])):
            what = "a module without its own test file"
            yield Finding(path.as_posix(), 1, what, f"{folder}/test_{name}.py")


def namesakes(paths: Iterable[str]) -> Iterator[Finding]:
    """No two test files have one name: their folders are no packages, so one of them is lost."""
    known: dict[str, str] = {}
    for path in map(PurePosixPath, paths):
        if path.parts[0] == "tests" and path.match("test_*.py"):
            first = known.setdefault(path.name, path.as_posix())
            if first != path.as_posix():
                yield Finding(path.as_posix(), 1, f"the name of {first}", "a name of its own")


def asserting_test(source: Source) -> Iterator[Finding]:
    """Every test asserts something."""
    for node in source.nodes:
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if is_function and node.name.startswith("test_") and not _asserts(node):
            yield source.found(
                node, f"{node.name} asserts nothing", "assert, raises, or a helper named assert_*"
            )


def _asserts(function: FunctionNode) -> bool:
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in {"raises", "warns", "approx", "fail"} or name.startswith("assert_"):
                return True
    return False


def changelog_form(source: Source) -> Iterator[Finding]:
    """The changelog keeps its form: Unreleased first, then versions, newest first."""
    path = source.path
    heads = [(n, line) for n, line in enumerate(source.lines, 1) if re.match(r"#{1,3} ", line)]
    if not heads or heads[0][1] != "# Changelog":
        yield Finding(path, 1, "no title", "# Changelog")
    seconds = [(n, line) for n, line in heads if line.startswith("## ")]
    if not seconds or seconds[0][1] != "## [Unreleased]":
        yield Finding(path, seconds[0][0] if seconds else 1, "no head", "## [Unreleased] first")
    dates: list[tuple[int, str]] = []
    for number, line in seconds[1:]:
        version = _VERSION.fullmatch(line)
        if version is None:
            yield Finding(path, number, line, "## [1.2.3] - 2026-01-31")
        else:
            dates.append((number, version.group(2)))
    for (_, newer), (number, older) in pairwise(dates):
        if older > newer:
            yield Finding(path, number, "a newer version below an older", "newest first")
    for number, line in heads:
        if line.startswith("### ") and line[4:] not in SECTIONS:
            yield Finding(path, number, line, f"one of {', '.join(SECTIONS)}")


TEXT_RULES: tuple[Rule, ...] = (banned_word,)
TEST_RULES: tuple[Rule, ...] = (asserting_test,)
