"""The fence: behind it a run that goes on sends and records nothing more."""

from __future__ import annotations

import pytest

from daemon.errors import StoreError
from daemon.storage.emergency_file import EmergencyFile
from daemon.storage.fence import put_up, stands, take_down
from daemon.storage.ledger import EPOCH_OVER
from tests.storage.test_storage_emergency_file import FIRST, SMALL


def test_it_stands_until_it_is_taken_down_however_often_that_is_said(tmp_path):
    assert not stands(tmp_path)
    for because in ("no beat", "still none"):
        put_up(tmp_path, because)
        assert stands(tmp_path)
    for _ in range(2):
        take_down(tmp_path)
        assert not stands(tmp_path)


def test_a_run_whose_ledger_failed_is_told_by_the_fence_that_it_is_over(tmp_path):
    """The ledger's head tells it of a newer run; the emergency file has none, so the fence does."""
    file = EmergencyFile(tmp_path / "emergency", SMALL)
    file.write(FIRST)
    put_up(tmp_path, "no beat")
    with pytest.raises(StoreError) as told:
        file.write(FIRST)
    assert told.value.code == EPOCH_OVER
    file.close()

    again = EmergencyFile(tmp_path / "emergency", SMALL)
    assert again.read() == ((FIRST,), False)
    again.close()
