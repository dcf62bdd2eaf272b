"""Tries every mutation: without the check the named test fails, with it the test passes.

    make mutate

The repository is copied once; each mutation is made in the copy, its test is run there, and the
copy is mended. It ends with 1 where a test passes that should fail.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.kit.mutations import MUTATIONS, Mutation

ROOT = Path(__file__).parents[2]
_COPIED = ("daemon", "tests", "strategies", "docs", "settings.toml", "pyproject.toml")
_FAILED = 1
"""What pytest ends with where tests ran and some of them failed; an error in a test is another."""


def main() -> int:
    """Try all of them, and say how each went."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in _COPIED:
            _copy(ROOT / name, copy / name)
        sound = _run(copy, *dict.fromkeys(mutation.test for mutation in MUTATIONS))
        if sound:
            _say("the tests fail although nothing is taken out; mend them first")
            return 1
        passed = [mutation for mutation in MUTATIONS if not _is_found(copy, mutation)]
    for mutation in passed:
        _say(f"{mutation.control}: nothing fails without {mutation.what}")
    _say(f"{len(MUTATIONS) - len(passed)} of {len(MUTATIONS)} mutations are found")
    return 1 if passed else 0


def mutated(text: str, mutation: Mutation) -> str:
    """Return a file's text without the check.

    Raises:
        ValueError: the check is not there, or not once.
    """
    if text.count(mutation.old) != 1:
        found = text.count(mutation.old)
        raise ValueError(f"{mutation.path} holds {found} times, not once: {mutation.old!r}")
    return text.replace(mutation.old, mutation.new)


def _is_found(copy: Path, mutation: Mutation) -> bool:
    """Say whether the test of a mutation fails."""
    path = copy / mutation.path
    sound = path.read_text()
    path.write_text(mutated(sound, mutation))
    try:
        found = _run(copy, mutation.test) == _FAILED
    finally:
        path.write_text(sound)
    _say(f"{mutation.control:4} {'found' if found else 'NOT FOUND':9} {mutation.what}")
    return found


def _run(copy: Path, *tests: str) -> int:
    command = [sys.executable, "-B", "-m", "pytest", "-qx", "-p", "no:cacheprovider", *tests]
    return subprocess.run(command, cwd=copy, capture_output=True, check=False).returncode


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _copy(source: Path, target: Path) -> None:
    if source.is_file():
        shutil.copy(source, target)
    else:
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))


if __name__ == "__main__":
    sys.exit(main())
