"""The emergency file: whole or refused, whatever byte of it is damaged."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.chain import GENESIS, Head
from daemon.errors import StoreError
from daemon.messages import EpochBegan
from daemon.storage.emergency_file import (
    HEAD,
    SIZE_BYTES,
    Batch,
    EmergencyFile,
    Written,
    seen,
    weight_bytes,
)
from tests.kit.facts import ANY_FACT, NOW, ORIGIN

SMALL = 4_096


def batch(*facts, actor=ORIGIN.actor) -> Batch:
    return Batch(facts, actor, ORIGIN.message, ORIGIN.cause, NOW)


def record(*batches: Batch, because="full") -> Written:
    return Written(Head(3, bytes(range(32))), because, batches)


FIRST, SECOND, THIRD = (record(batch(EpochBegan(number, NOW))) for number in (1, 2, 3))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "emergency"


@pytest.fixture
def three(path):
    """A file with three records, and where each ends."""
    file, ends = EmergencyFile(path, SMALL), []
    for each in (FIRST, SECOND, THIRD):
        file.write(each)
        ends.append(file.end)
    file.close()
    return ends


def read(path):
    file = EmergencyFile(path, SMALL)
    try:
        return file.read()
    finally:
        file.close()


def test_a_new_file_is_there_at_its_full_size_and_empty(path):
    file = EmergencyFile(path)
    file.close()

    assert (path.stat().st_size, stat.S_IMODE(path.stat().st_mode)) == (SIZE_BYTES, 0o600)
    assert path.stat().st_blocks * 512 >= SIZE_BYTES
    assert [each.name for each in path.parent.iterdir()] == ["emergency"]
    again = EmergencyFile(path)
    assert again.read() == ((), False)
    again.close()


@given(st.lists(st.lists(st.lists(ANY_FACT, max_size=3), max_size=3), max_size=5))
def test_any_facts_come_back_as_they_were(tmp_path_factory, written):
    path = tmp_path_factory.mktemp("state") / "emergency"
    records = tuple(record(*(batch(*facts) for facts in batches)) for batches in written)
    file = EmergencyFile(path, 2**17)
    for each in records:
        file.write(each)
    again = EmergencyFile(path, 2**17)

    assert (again.read(), again.end) == ((records, False), file.end)
    file.close()
    again.close()


@given(st.lists(ANY_FACT, max_size=3), st.text(max_size=20), st.text(max_size=100))
def test_no_batch_needs_more_room_than_is_kept_for_it(tmp_path_factory, facts, actor, because):
    path = tmp_path_factory.mktemp("state") / "emergency"
    file = EmergencyFile(path, 2**16)
    before, one = file.end, batch(*facts, actor=actor)
    file.write(record(one, because=because))
    file.close()

    assert file.end - before <= weight_bytes(one)


def test_records_are_added_behind_those_that_were_read(path, three):
    file = EmergencyFile(path, SMALL)
    file.read()
    file.write(FIRST)
    file.close()

    assert read(path) == ((FIRST, SECOND, THIRD, FIRST), False)


def test_what_is_written_is_durable_at_once(path, monkeypatch):
    file, calls = EmergencyFile(path, SMALL), []
    for name in ("pwrite", "fsync"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *a, n=name, r=real: (calls.append(n), r(*a))[1])
    file.write(FIRST)
    file.close()

    assert calls == ["pwrite", "fsync"]


def test_a_write_that_the_system_cuts_short_is_gone_on_with(path, monkeypatch):
    file, real = EmergencyFile(path, SMALL), os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda to, what, at: real(to, what[:7], at))
    file.write(FIRST)
    file.close()

    assert read(path) == ((FIRST,), False)


def test_a_full_file_refuses_and_keeps_what_it_has(path):
    file = EmergencyFile(path, SMALL)
    file.write(FIRST)
    span = file.end - len(HEAD)
    count = (SMALL - len(HEAD)) // span
    for _ in range(count - 1):
        file.write(FIRST)
    with pytest.raises(StoreError, match="is full"):
        file.write(FIRST)
    file.close()

    assert read(path) == ((FIRST,) * count, False)


def test_a_renewed_file_is_empty_and_takes_records(path, three):
    file = EmergencyFile(path, SMALL)
    file.read()
    file.renew()
    empty = read(path)
    file.write(SECOND)
    file.close()

    assert (empty, read(path)) == (((), False), ((SECOND,), False))


def test_a_half_written_last_record_is_told_wherever_it_was_cut(path, three):
    """Its pages may have reached the disk in any order; nothing was done because of it."""
    content = path.read_bytes()
    begins, ends = three[1], three[2]
    for cut in range(begins, ends, 3):
        for kept in (slice(begins, cut), slice(cut + 1, ends)):
            torn = bytearray(content)
            torn[begins:ends] = bytes(ends - begins)
            torn[kept] = content[kept]
            path.write_bytes(torn)
            whole = torn == content
            assert read(path) == (
                (FIRST, SECOND, THIRD) if whole else (FIRST, SECOND),
                any(torn[begins:]) and not whole,
            )


@given(st.integers(0, SMALL - 1), st.integers(1, 255))
def test_a_damaged_byte_is_found_wherever_it_is(tmp_path_factory, place, change):
    """Before the last record it is refused; in or behind it, it is told as half written."""
    path = tmp_path_factory.mktemp("state") / "emergency"
    file, ends = EmergencyFile(path, SMALL), []
    for each in (FIRST, SECOND, THIRD):
        file.write(each)
        ends.append(file.end)
    file.close()
    content = bytearray(path.read_bytes())
    content[place] ^= change
    path.write_bytes(content)

    if place < ends[1]:
        with pytest.raises(StoreError, match=r"is damaged at byte \d+; .* keep a copy"):
            read(path)
    else:
        whole = (FIRST, SECOND) if place < ends[2] else (FIRST, SECOND, THIRD)
        assert read(path) == (whole, True)


def test_records_that_changed_their_places_are_refused(path):
    file = EmergencyFile(path, SMALL)
    file.write(FIRST)
    middle = file.end
    file.write(SECOND)
    end = file.end
    file.write(THIRD)
    file.close()
    content = path.read_bytes()
    assert middle - len(HEAD) == end - middle
    path.write_bytes(HEAD + content[middle:end] + content[len(HEAD) : middle] + content[end:])

    with pytest.raises(StoreError, match="damaged at byte 64"):
        read(path)


@pytest.mark.parametrize("size", [0, 10, SMALL - 1, SMALL + 1])
def test_a_file_of_another_size_is_refused(path, three, size):
    path.write_bytes(path.read_bytes()[:size].ljust(size, b"\0"))

    with pytest.raises(StoreError, match="damaged at byte 0"):
        read(path)


def test_a_record_that_fills_the_file_to_its_last_byte_is_read(path):
    """Nothing can stand behind it."""
    file = EmergencyFile(path, SMALL)
    file.write(FIRST)
    size = file.end
    file.close()
    path.write_bytes(path.read_bytes()[:size])
    exact = EmergencyFile(path, size)

    assert exact.read() == ((FIRST,), False)
    exact.close()


def test_what_another_version_wrote_is_refused(path, monkeypatch):
    file = EmergencyFile(path, SMALL)
    monkeypatch.setattr(
        "daemon.storage.emergency_file._encoder",
        type("Newer", (), {"encode": staticmethod(lambda _: b'{"version": 2}')}),
    )
    file.write(FIRST)
    file.close()

    with pytest.raises(StoreError, match="start the version that wrote it"):
        read(path)


@pytest.mark.parametrize("call", ["write", "fsync", "replace", "open"])
def test_a_disk_without_room_for_the_file_says_so_at_the_start(path, call, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(StoreError, match="cannot be made: No space left on device; look at"):
        EmergencyFile(path, SMALL)
    assert list(path.parent.iterdir()) == []


def test_a_folder_in_its_place_is_refused(path):
    path.mkdir()
    with pytest.raises(StoreError, match="cannot be opened: Is a directory"):
        EmergencyFile(path, SMALL)


def test_a_renewal_that_fails_leaves_the_old_file(path, three, monkeypatch):
    file = EmergencyFile(path, SMALL)

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", full)
        with pytest.raises(StoreError, match="cannot be made"):
            file.renew()
    file.close()

    assert read(path) == ((FIRST, SECOND, THIRD), False)


def test_a_write_that_the_disk_refuses_is_told(path, monkeypatch):
    file = EmergencyFile(path, SMALL)

    def failing(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(StoreError, match="could not be written: Input/output error"):
        file.write(FIRST)
    file.close()
    file.close()


def test_an_empty_head_is_one_that_a_record_may_have(path):
    written = Written(GENESIS, "", ())
    file = EmergencyFile(path, SMALL)
    file.write(written)
    file.close()

    assert read(path) == ((written,), False)


def test_a_file_in_a_folder_that_may_not_be_looked_into_is_told(path, monkeypatch):
    """As beside a ledger that lies elsewhere, where the state folder is another user's."""

    def forbidden(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "exists", forbidden)
    with pytest.raises(StoreError, match="cannot be opened: Permission denied"):
        seen(path)
