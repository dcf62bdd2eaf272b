"""Texts for people: whole, private, and never lost to a second writing."""

from __future__ import annotations

import stat

import pytest

from daemon.errors import StoreError
from daemon.jobs.text_files import keep_text


def test_a_text_is_written_for_its_owner_alone_and_leaves_no_draft(tmp_path):
    path = tmp_path / "reports" / "one.txt"

    assert keep_text(path, "a day\n") is None
    assert path.read_text() == "a day\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_the_same_text_is_not_written_again(tmp_path):
    path = tmp_path / "one.txt"
    keep_text(path, "a day")
    before = path.stat().st_ino

    assert keep_text(path, "a day") is None
    assert path.stat().st_ino == before


def test_another_text_is_written_beside_each_that_stood_there(tmp_path):
    path = tmp_path / "one.txt"
    kept = [keep_text(path, text) for text in ("first", "second", "third")]

    assert kept == [None, tmp_path / "one.1.txt", tmp_path / "one.2.txt"]
    assert [each.read_text() for each in sorted(tmp_path.iterdir())] == ["first", "second", "third"]


def test_a_disk_that_refuses_is_told_with_the_file(tmp_path):
    (tmp_path / "reports").write_text("in the way")

    with pytest.raises(StoreError, match=r"one.txt cannot be written: .*; see its disk"):
        keep_text(tmp_path / "reports" / "one.txt", "a day")
