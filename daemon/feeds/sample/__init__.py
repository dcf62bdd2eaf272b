"""A small recorded day of our own making, for first trials and tests; see its README."""

from __future__ import annotations

from pathlib import Path


def sample_path() -> Path:
    """Return the file of the sample day, 2026-11-18."""
    return Path(__file__).parent / "nifty_2026-11-18.csv.gz"
