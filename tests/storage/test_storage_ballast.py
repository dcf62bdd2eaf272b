"""Room that is kept back on a disk: laid down while there is plenty, let go where there is none."""

from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from daemon.storage import ballast
from daemon.storage.ballast import BALLAST, ENOUGH_BYTES, PLENTY_BYTES, SIZE_BYTES

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def free(monkeypatch):
    """Let the disk have so many bytes left."""

    def left(free_bytes: int) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, free_bytes))

    return left


@pytest.mark.parametrize(
    ("free_bytes", "stays"),
    [(0, False), (ENOUGH_BYTES - 1, False), (ENOUGH_BYTES, True), (PLENTY_BYTES, True)],
)
def test_it_is_let_go_where_too_little_is_left_for_a_start(tmp_path, free, free_bytes, stays):
    assert ballast.keep_back(tmp_path) == ()
    free(free_bytes)
    ballast.let_go(tmp_path)
    assert (tmp_path / BALLAST).exists() == stays


def test_what_a_crash_left_while_it_was_laid_down_is_let_go_of_too(tmp_path, free):
    (tmp_path / ".ballast.new").write_bytes(b"room")
    free(ENOUGH_BYTES - 1)
    ballast.let_go(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_to_let_go_of_none_changes_nothing(tmp_path, free):
    free(0)
    ballast.let_go(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_it_takes_its_room_on_the_disk_and_is_its_owners_alone(tmp_path):
    assert ballast.keep_back(tmp_path) == ()
    laid = (tmp_path / BALLAST).stat()
    assert laid.st_size == SIZE_BYTES
    assert laid.st_blocks * 512 >= SIZE_BYTES
    assert laid.st_mode & 0o777 == 0o600


def test_one_that_lies_there_is_left_alone_however_full_the_disk_is(tmp_path, free):
    ballast.keep_back(tmp_path)
    before = (tmp_path / BALLAST).stat()
    free(0)
    assert ballast.keep_back(tmp_path) == ()
    assert (tmp_path / BALLAST).stat() == before


@pytest.mark.parametrize(
    ("left_bytes", "lies_then"), [(ENOUGH_BYTES, ENOUGH_BYTES), (ENOUGH_BYTES - 1, SIZE_BYTES)]
)
def test_one_of_which_latches_took_too_much_is_laid_down_whole_again(
    tmp_path, left_bytes, lies_then
):
    (tmp_path / BALLAST).write_bytes(bytes(left_bytes))
    assert ballast.keep_back(tmp_path) == ()
    assert (tmp_path / BALLAST).stat().st_size == lies_then


def test_a_disk_without_plenty_gets_none_and_a_person_is_told_how_much_is_left(tmp_path, free):
    free(PLENTY_BYTES - 1)
    (said,) = ballast.keep_back(tmp_path)
    assert said == (
        f"no room is kept back in {tmp_path} for a start on a full disk: 99 MiB are left on its "
        "disk; make room there, and start anew"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_refuses_is_told_of(tmp_path):
    nowhere = Path(tmp_path / "nowhere")
    (said,) = ballast.keep_back(nowhere)
    assert "No such file or directory" in said
