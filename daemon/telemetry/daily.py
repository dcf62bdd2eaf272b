"""A file of log lines for each day, for its owner alone; what is older than asked for is removed.

A file is named by its day in UTC, as the instants in it are, so nothing has to be renamed, and a
restart goes on in the file of the day. One that somebody removes is made anew within a second.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from daemon.telemetry.log import Event, as_json

_SECOND_NS = 1_000_000_000
_NAME = re.compile(r"ordo-(\d{4}-\d{2}-\d{2})\.jsonl")
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


class DailyFiles:
    """Writes events to the file of the day.

    Args:
        folder: is made where there is none.
        days: how many days are kept, today included.
        now_ns: host time, wall.
    """

    def __init__(self, folder: Path, days: int, now_ns: Callable[[], int]) -> None:
        assert days > 0, "today is kept at least"
        self._folder = folder
        self._days = days
        self._now_ns = now_ns
        self._day: date | None = None
        self._file: BinaryIO | None = None
        self._path = folder
        self._looked = 0

    def write(self, event: Event) -> None:
        """Write an event.

        Raises:
            OSError: the disk refused, or took only a part.
        """
        second = self._now_ns() // _SECOND_NS
        today = datetime.fromtimestamp(second, UTC).date()
        if self._file is None or today != self._day or not self._is_there(self._file, second):
            self.close()
            self._file = self._opened(today)
            self._day = today
            self._forget(today)
        line = as_json(event).encode() + b"\n"
        if self._file.write(line) != len(line):
            raise OSError(errno.ENOSPC, f"only a part of a line fits into {self._folder}")

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _is_there(self, file: BinaryIO, second: int) -> bool:
        """Say whether a file is still in its place, which is looked at once a second.

        Without that the rest of a day whose folder somebody removed would go into a file without a
        name, and nothing would say so.
        """
        if second == self._looked:
            return True
        self._looked = second
        with suppress(FileNotFoundError):
            return os.path.samestat(os.fstat(file.fileno()), self._path.lstat())
        return False

    def _opened(self, day: date) -> BinaryIO:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = self._folder / f"ordo-{day}.jsonl"
        descriptor = os.open(self._path, _FLAGS, 0o600)
        os.fchmod(descriptor, 0o600)
        return os.fdopen(descriptor, "ab", buffering=0)

    def _forget(self, today: date) -> None:
        """Remove what is too old; other files of the folder are not ours."""
        first = today - timedelta(days=self._days - 1)
        for path in self._folder.iterdir():
            named = _NAME.fullmatch(path.name)
            if named and named[1] < first.isoformat():
                path.unlink(missing_ok=True)
