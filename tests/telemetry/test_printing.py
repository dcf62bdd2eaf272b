"""Lines for people are printed in a thread of their own, which waits for a reader in our place."""

from __future__ import annotations

import io
from contextlib import closing
from pathlib import Path

import pytest

from daemon.telemetry import pen
from daemon.telemetry.printing import Printer, straight
from tests.kit.standard_output import GONE, UNREAD, amiss


def printed(stream, *lines: str) -> list[str]:
    told: list[str] = []
    with closing(Printer(stream, told.append)) as printer:
        for line in lines:
            printer.put(line)
    return told


def test_lines_are_printed_in_order_to_a_file_and_to_a_stream_in_memory(tmp_path):
    memory = io.StringIO()
    with (tmp_path / "log").open("w") as file:
        assert printed(file, "a", "b") == printed(memory, "a", "b") == []
    assert (tmp_path / "log").read_text() == memory.getvalue() == "a\nb\n"


def test_what_the_encoding_of_a_stream_has_no_letter_for_is_escaped(tmp_path):
    with (tmp_path / "log").open("w", encoding="ascii") as file:
        assert printed(file, "10 \u20b9") == []
    assert (tmp_path / "log").read_text() == "10 \\u20b9\n"


def test_a_pipe_that_nobody_reads_is_not_waited_for_and_what_it_does_not_take_is_counted(
    monkeypatch,
):
    monkeypatch.setattr(pen, "_CLOSE_S", 0.1)
    told: list[str] = []
    with amiss(UNREAD) as descriptor:
        file = io.TextIOWrapper(io.FileIO(descriptor, "w", closefd=False))
        printer = Printer(file, told.append, 2)
        for _ in range(10):
            printer.put("a")
        printer.close()
        waits, lost = told
    printer._pen._thread.join(10)  # its reader has gone
    assert waits == "2 lines wait, and nobody takes one"
    assert lost == "so many lines were lost: 10"


def test_what_still_waits_for_a_reader_at_the_end_is_told_as_lost(monkeypatch):
    monkeypatch.setattr(pen, "_CLOSE_S", 0.1)
    told: list[str] = []
    with amiss(UNREAD) as descriptor:
        file = io.TextIOWrapper(io.FileIO(descriptor, "w", closefd=False))
        printer = Printer(file, told.append)
        for _ in range(3):
            printer.put("a")
        printer.close()
        assert told == ["so many lines were lost: 3"]
    printer._pen._thread.join(10)  # its reader has gone


def test_a_reader_who_went_is_told_once_and_ends_nothing():
    with amiss(GONE) as descriptor:
        file = io.TextIOWrapper(io.FileIO(descriptor, "w", closefd=False))
        told = printed(file, "a", "b", "c")
    assert told == ["[Errno 32] Broken pipe", "so many lines were lost: 3"]


def test_a_full_disk_is_told_and_leaves_nothing_to_be_written_at_the_end():
    with Path("/dev/full").open("w") as full:
        told = printed(full, "a")
    assert told == ["[Errno 28] No space left on device", "so many lines were lost: 1"]


def test_to_a_stream_that_was_closed_nothing_is_written(tmp_path):
    with (tmp_path / "log").open("w") as file:
        write = straight(file)
    with pytest.raises(ValueError, match="the stream is closed"):
        write("a")
