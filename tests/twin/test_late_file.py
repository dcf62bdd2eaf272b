from __future__ import annotations

import pytest

from daemon.errors import StoreError
from daemon.twin.file import Changes, NoFile
from daemon.twin.late_file import LateFile


class Disk(NoFile):
    """A file whose disk refuses as long as it is told to."""

    def __init__(self) -> None:
        self.saved: list[int] = []
        self.full = self.closed = False

    def save(self, changes: Changes) -> None:
        if self.full:
            raise StoreError("the exchange could not save to x: disk full; look at its disk")
        self.saved.append(changes.floor_ns)

    def close(self) -> None:
        self.closed = True


def changed(number: int) -> Changes:
    return Changes([], [], [], [], [], {}, number)


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def file(disk, told) -> LateFile:
    return LateFile(disk, told.append)


def test_what_a_disk_refuses_goes_out_in_order_with_the_next_call_that_can(disk, file, told):
    file.save(changed(1))
    disk.full = True
    file.save(changed(2))
    file.save(changed(3))
    disk.full = False
    file.save(changed(4))

    assert disk.saved == [1, 2, 3, 4]
    (sentence,) = told
    assert sentence.startswith("the exchange could not save to x: disk full; look at its disk; it")


def test_a_disk_that_refuses_again_is_told_again(disk, file, told):
    for full in (True, False, True):
        disk.full = full
        file.save(changed(1))

    assert len(told) == 2


def test_what_waits_is_saved_at_the_end(disk, file):
    disk.full = True
    file.save(changed(1))
    disk.full = False
    file.close()

    assert (disk.saved, disk.closed) == ([1], True)


def test_what_is_lost_at_the_end_is_told(disk, file):
    disk.full = True
    file.save(changed(1))
    with pytest.raises(StoreError, match="disk full"):
        file.close()

    assert disk.closed


def test_what_was_saved_is_what_the_file_has(disk, file):
    assert file.load() == disk.load()
