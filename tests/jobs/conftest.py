"""A place for a ledger, of each kind."""

from __future__ import annotations

import pytest

from tests.kit.stores import InFile, InSchema, Kept


@pytest.fixture(params=["sqlite", "postgres"])
def kept(request, tmp_path) -> Kept:
    """A new place for a ledger, of each kind in turn."""
    if request.param == "sqlite":
        return InFile(tmp_path / "ledger.db")
    return InSchema(request.getfixturevalue("postgres"))
