"""Recorded market data for tests: kept beside the repository, never in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]


def data_folder() -> Path:
    """Return where recordings are looked for, whether or not it is there.

    The variable ORDO_TEST_DATA names it; otherwise it lies beside the repository.
    """
    named = os.environ.get("ORDO_TEST_DATA")
    return Path(named) if named else _ROOT.parent / "shared" / "data"


def data_path(name: str) -> Path:
    """Return the path of a recording; skip the test, saying so, where it is absent.

    Args:
        name: the path inside the folder, such as `holidays/nse_holidays_2026.csv`.
    """
    path = data_folder() / name
    if not path.exists():
        pytest.skip(f"the recording {name} is not here", allow_module_level=True)
    return path
