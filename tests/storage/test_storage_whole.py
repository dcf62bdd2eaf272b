"""A file is written whole or not at all, whatever the disk does at any step."""

from __future__ import annotations

import errno
import os
import stat

import pytest

from daemon.storage.whole import write_whole

OLD, NEW = b"old", b"new and longer"


@pytest.fixture
def path(tmp_path):
    found = tmp_path / "tokens.json"
    found.write_bytes(OLD)
    return found


def test_a_file_is_replaced_for_its_owner_alone(path):
    path.chmod(0o644)
    write_whole(path, NEW)

    assert path.read_bytes() == NEW
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_what_the_system_takes_in_parts_is_written_to_the_end(path, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:3]))
    write_whole(path, NEW)

    assert path.read_bytes() == NEW


@pytest.mark.parametrize("step", ["open", "write", "fsync"])
def test_a_disk_that_refuses_leaves_the_old_file_and_no_draft(path, monkeypatch, step):
    def refuse(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, step, refuse)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, NEW)
    monkeypatch.undo()

    assert path.read_bytes() == OLD
    assert list(path.parent.iterdir()) == [path]


def test_the_name_is_made_durable_after_the_file(path, monkeypatch):
    done = []
    fsync, replace = os.fsync, type(path).replace

    def note_sync(descriptor):
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def note_replace(draft, target):
        done.append("name")
        return replace(draft, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(type(path), "replace", note_replace)
    write_whole(path, NEW)

    assert done == ["file", "name", "folder"]


def test_the_draft_of_a_write_that_was_cut_short_is_in_nobodys_way(path):
    path.with_name(".tokens.json.new").write_bytes(b"half")
    write_whole(path, NEW)

    assert path.read_bytes() == NEW
    assert list(path.parent.iterdir()) == [path]


def test_a_link_at_the_drafts_name_is_not_followed(path, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(OLD)
    path.with_name(".tokens.json.new").symlink_to(elsewhere)
    write_whole(path, NEW)

    assert elsewhere.read_bytes() == OLD
