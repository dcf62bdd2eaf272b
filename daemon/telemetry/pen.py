"""A thread that writes what waits for it: whoever has something written never waits."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Final, Generic, TypeVar

_CLOSE_S: Final = 2.0
Given = TypeVar("Given")


class Pen(Generic[Given]):
    """Writes in the order given; what cannot be written, or no longer fits, is left out.

    Args:
        write: writes one; a thread of its own calls it. It may raise OSError and ValueError.
        most: how many may wait.
        tell: is told why something is lost, once until it works again.
        over: is called in that thread once all is written.

    Attributes:
        lost: how many were left out.
    """

    def __init__(
        self,
        write: Callable[[Given], object],
        most: int,
        tell: Callable[[str], None],
        over: Callable[[], object] | None = None,
    ) -> None:
        self.lost = 0
        self._write = write
        self._most = most
        self._tell = tell
        self._over = over
        self._failed = self._full = False
        self._waiting: SimpleQueue[Given | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name="pen", daemon=True)  # sim-ok: real files
        self._thread.start()

    def put(self, given: Given) -> None:
        """Have one written; any thread may, and the handler of a signal."""
        waits = self._waiting.qsize()
        if waits >= self._most:
            self.lost += 1
            if not self._full:
                self._full = True  # first, for who is told may have it written here
                self._tell(f"{self._most} lines wait, and nobody takes one")
            return
        self._full = self._full and waits > 0
        self._waiting.put(given)

    def end(self) -> None:
        """Have it end once all that waits is written."""
        self._waiting.put(None)

    def join(self) -> None:
        """Wait for that; where it hangs it is left behind, and what waits for it is lost."""
        self._thread.join(_CLOSE_S)
        if self._thread.is_alive():
            self.lost += self._waiting.qsize()  # the mark of the end stands for the one in hand

    def _work(self) -> None:
        while (given := self._waiting.get()) is not None:
            because = self._tried(given)
            self.lost += bool(because)
            if because and not self._failed:
                self._tell(because)
            self._failed = bool(because)
        if self._over is not None:
            self._over()

    def _tried(self, given: Given) -> str:
        """Write, and return why it failed; empty: it did not."""
        try:
            self._write(given)
        except (OSError, ValueError) as error:
            return str(error) or type(error).__name__
        return ""
