"""Lines for people on a stream of this process: whoever has one printed never waits for a reader.

A reader that goes, a terminal that is closed or paused and a disk that is full must not keep from
guarding whoever tells of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TextIO

from daemon.telemetry.pen import Pen


class Printer:
    """Prints lines in the order given, in a thread of its own.

    Args:
        stream: takes them.
        tell: is told why lines are lost, once until they are taken again, and at the end how many.
        most: how many may wait.
    """

    def __init__(self, stream: TextIO, tell: Callable[[str], None], most: int = 10_000) -> None:
        self._tell = tell
        self._pen: Pen[str] = Pen(straight(stream), most, tell)

    def put(self, line: str) -> None:
        """Have a line printed."""
        self._pen.put(line + "\n")

    def close(self) -> None:
        """Have printed what waits; a stream that hangs is left behind."""
        self._pen.end()
        self._pen.join()
        if self._pen.lost:
            self._tell(f"so many lines were lost: {self._pen.lost}")


def straight(stream: TextIO) -> Callable[[str], None]:
    """Return what writes text to the file behind a stream; where there is none, to the stream.

    A stream of Python's is locked while it is written to, and the end of the process would abort
    for the lock of a thread that hangs there; what a full disk refused it would try once more.

    Args:
        stream: is not closed while that is used; then it raises ValueError.
    """
    try:
        descriptor, encoding = stream.fileno(), stream.encoding
    except (OSError, ValueError):  # no file stands behind it

        def put(text: str) -> None:
            stream.write(text)
            stream.flush()

        return put

    def write(text: str) -> None:
        if stream.closed:
            raise ValueError("the stream is closed")
        left = memoryview(text.encode(encoding, "backslashreplace"))
        while left:
            left = left[os.write(descriptor, left) :]

    return write
