"""`make setup`: which .venv is kept, and which is made anew."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from shutil import copy, copytree

import pytest

from tests.kit.plans import ROOT

HERE = Path(sys.executable).resolve()


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder whose .venv was made with the Python that runs here, and is newer than its locks."""
    for name in ("Makefile", "pyproject.toml"):
        copy(ROOT / name, tmp_path)
    copytree(ROOT / "requirements", tmp_path / "requirements")
    venv = tmp_path / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(HERE)
    for name, text in ((".python", str(tmp_path)), (".runtime", "")):
        (venv / name).write_text(text)
    return tmp_path


def is_made_anew(folder: Path, *args: str, **environ: str) -> bool:
    """Say whether `make setup` would make the .venv; it is not done."""
    left_out = ("PYTHON", "MAKEFLAGS", "MFLAGS", "MAKELEVEL")
    done = subprocess.run(
        ["make", "--dry-run", "--directory", folder, "setup", *args],
        env={name: text for name, text in os.environ.items() if name not in left_out} | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return " -m venv " in done.stdout


@pytest.mark.parametrize(
    "args", [(), (f"PYTHON={HERE}",), (f"PYTHON=no-such-python {HERE}",), ("PYTHON=",)]
)
def test_a_venv_is_kept_where_nobody_names_another_python(folder, args):
    assert not is_made_anew(folder, *args)


def test_a_venv_is_kept_where_its_python_is_named_by_another_name(folder):
    (folder / "python-by-another-name").symlink_to(HERE)

    assert not is_made_anew(folder, f"PYTHON={folder / 'python-by-another-name'}")


def test_a_venv_is_made_anew_with_a_python_that_is_named_and_is_another(folder):
    other = folder / "another-python"
    other.write_text("#!/bin/sh\nexit 0\n")
    other.chmod(0o755)

    assert is_made_anew(folder, f"PYTHON={other}")
    assert not is_made_anew(folder, PYTHON=str(other))  # what a shell exports is meant for others


def test_a_venv_whose_python_is_gone_or_that_was_moved_is_made_anew(folder):
    (folder / ".venv" / ".python").write_text("/elsewhere")
    assert is_made_anew(folder)
    (folder / ".venv" / ".python").write_text(str(folder))
    assert not is_made_anew(folder)
    (folder / ".venv" / "bin" / "python").unlink()
    (folder / ".venv" / "bin" / "python").symlink_to("python-that-is-gone")
    assert is_made_anew(folder)
