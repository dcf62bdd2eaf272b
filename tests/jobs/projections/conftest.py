"""A recorded day, made once."""

from __future__ import annotations

import pytest

from tests.kit.projected import Day, recorded_day


@pytest.fixture(scope="session")
def day(tmp_path_factory) -> Day:
    """The whole day."""
    return recorded_day(tmp_path_factory.mktemp("projected"))
