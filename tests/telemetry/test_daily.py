"""Files of log lines: one a day, for their owner alone, and not for ever."""

from __future__ import annotations

import io
import json
import shutil
import stat
from datetime import UTC, datetime

import pytest

from daemon.telemetry.daily import DailyFiles

DAY_NS = 86_400_000_000_000
NOON_NS = int(datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()) * 1_000_000_000


class Days(DailyFiles):
    """Files under a clock that a test sets."""

    def __init__(self, folder, days=3):
        self.now_ns = NOON_NS
        super().__init__(folder, days, lambda: self.now_ns)

    def write_on(self, day: int, what: str) -> None:
        self.now_ns = NOON_NS + day * DAY_NS
        self.write({"event": what})


def held(path) -> list[str]:
    return [json.loads(line)["event"] for line in path.read_text().splitlines()]


def test_each_day_has_a_file_of_its_own(tmp_path):
    files = Days(tmp_path / "logs")
    for day, what in ((0, "a"), (0, "b"), (1, "c")):
        files.write_on(day, what)
    files.close()

    assert held(tmp_path / "logs" / "ordo-2026-11-23.jsonl") == ["a", "b"]
    assert held(tmp_path / "logs" / "ordo-2026-11-24.jsonl") == ["c"]


def test_a_restart_goes_on_in_the_file_of_the_day(tmp_path):
    for what in ("a", "b"):
        files = Days(tmp_path)
        files.write_on(0, what)
        files.close()
        files.close()

    assert held(tmp_path / "ordo-2026-11-23.jsonl") == ["a", "b"]


def test_what_is_older_than_asked_for_is_removed_and_nothing_else(tmp_path):
    for name in ("ordo-2026-11-20.jsonl", "ordo-2026-11-21.jsonl", "mine.jsonl", "ordo-x.jsonl"):
        (tmp_path / name).write_text("")
    files = Days(tmp_path)
    for day in (0, 1):
        files.write_on(day, "it")
    files.close()

    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "mine.jsonl",
        "ordo-2026-11-23.jsonl",
        "ordo-2026-11-24.jsonl",
        "ordo-x.jsonl",
    ]


def test_a_file_is_for_its_owner_alone(tmp_path):
    path = tmp_path / "logs" / "ordo-2026-11-23.jsonl"
    files = Days(tmp_path / "logs")
    files.write_on(0, "it")
    files.close()
    path.chmod(0o644)
    files.write_on(0, "it")
    files.close()

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_line_of_which_the_disk_took_a_part_is_not_taken_for_written(tmp_path, monkeypatch):
    class Full(io.BytesIO):
        def write(self, line):
            return super().write(line[:3])

    files = Days(tmp_path)
    monkeypatch.setattr(files, "_opened", lambda _: Full())
    with pytest.raises(OSError, match="only a part of a line fits"):
        files.write_on(0, "it")


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "ordo-2026-11-23.jsonl").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        Days(tmp_path).write_on(0, "it")


def test_a_folder_that_somebody_removes_is_made_anew_within_a_second(tmp_path):
    files = Days(tmp_path / "logs")
    files.write_on(0, "a")
    shutil.rmtree(tmp_path / "logs")
    files.now_ns += 1_000_000_000
    for what in "bc":
        files.write({"event": what})
    files.close()

    assert held(tmp_path / "logs" / "ordo-2026-11-23.jsonl") == ["b", "c"]


def test_a_file_that_somebody_puts_in_its_place_is_written_to(tmp_path):
    files = Days(tmp_path)
    path = tmp_path / "ordo-2026-11-23.jsonl"
    for what in "ab":
        files.write_on(0, what)
    path.rename(tmp_path / "mine.jsonl")
    path.touch()
    files.write({"event": "c"})  # within the second nobody looks again
    files.now_ns += 1_000_000_000
    files.write({"event": "d"})
    files.close()

    assert (held(tmp_path / "mine.jsonl"), held(path)) == (["a", "b", "c"], ["d"])
