"""The exchange's file where its disk refuses for a while: the book goes on, and is saved later.

A daemon that ended because the exchange on paper cannot write would leave its positions unguarded.
So what could not be saved waits in memory, in order, and goes out with the next call that can.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from daemon.errors import StoreError
from daemon.twin.file import Changes, Saved, TwinFile


class LateFile:
    """A file that may be behind.

    Args:
        file: where the book is kept.
        on_failure: is told, in a sentence, whenever it begins to be behind.
    """

    def __init__(self, file: TwinFile, on_failure: Callable[[str], object]) -> None:
        self._file = file
        self._on_failure = on_failure
        self._behind: deque[Changes] = deque()

    def load(self) -> Saved:
        """Return all that was saved.

        Raises:
            StoreError: what is there cannot be read.
        """
        return self._file.load()

    def save(self, changes: Changes) -> None:
        """Save what one call changed behind all that waits; where that fails, it waits too."""
        self._behind.append(changes)
        try:
            self._catch_up()
        except StoreError as error:
            if len(self._behind) == 1:
                self._on_failure(
                    f"{error}; it goes on from memory, and is saved with the next call"
                )

    def close(self) -> None:
        """Save what waits, and let go of the file.

        Raises:
            StoreError: that is lost with this end; the next start finds the books apart.
        """
        try:
            self._catch_up()
        finally:
            self._file.close()

    def _catch_up(self) -> None:
        while self._behind:
            self._file.save(self._behind[0])
            self._behind.popleft()
