"""`make setup`: which .venv is kept, and which is made anew."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from shutil import copy, copytree

import pytest

from tests.kit.plans import ROOT


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder whose .venv was made with python3.12, and is newer than its locks."""
    for name in ("Makefile", "pyproject.toml"):
        copy(ROOT / name, tmp_path)
    copytree(ROOT / "requirements", tmp_path / "requirements")
    venv = tmp_path / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(sys.executable)
    for name, text in ((".python", str(tmp_path)), (".made-with", "python3.12"), (".runtime", "")):
        (venv / name).write_text(text)
    return tmp_path


def is_made_anew(folder: Path, *args: str) -> bool:
    """Say whether `make setup` would make the .venv; it is not done."""
    left_out = ("PYTHON", "MAKEFLAGS", "MFLAGS", "MAKELEVEL")
    done = subprocess.run(
        ["make", "--dry-run", "--directory", folder, "setup", *args],
        env={name: text for name, text in os.environ.items() if name not in left_out},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return " -m venv " in done.stdout


@pytest.mark.parametrize("args", [(), ("PYTHON=python3.12",), ("PYTHON=python3.13 python3.12",)])
def test_a_venv_is_kept_where_nobody_names_another_python(folder, args):
    assert not is_made_anew(folder, *args)


def test_a_venv_is_made_anew_with_a_python_that_is_named_and_is_another(folder):
    assert is_made_anew(folder, "PYTHON=/usr/bin/python3")


def test_a_venv_of_which_nothing_tells_what_it_was_made_with_is_kept_until_one_is_named(folder):
    (folder / ".venv" / ".made-with").unlink()

    assert not is_made_anew(folder)
    assert is_made_anew(folder, "PYTHON=python3.12")


def test_a_venv_whose_python_is_gone_or_that_was_moved_is_made_anew(folder):
    (folder / ".venv" / ".python").write_text("/elsewhere")
    assert is_made_anew(folder)
    (folder / ".venv" / ".python").write_text(str(folder))
    assert not is_made_anew(folder)
    (folder / ".venv" / "bin" / "python").unlink()
    (folder / ".venv" / "bin" / "python").symlink_to("python-that-is-gone")
    assert is_made_anew(folder)
