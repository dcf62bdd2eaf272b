"""The sentry: a thread of its own that ends the process when the beat stays away.

What hangs may be the very loop that all else runs on, so nothing of this relies on it. It counts
its own looks, as the beat does. Where even this thread gets no turn, because something holds the
interpreter, the service manager misses the beat and ends the process from outside.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread

LOOK_S = 0.5
LOOKS = 20


class Sentry:
    """Watches the beat while the block runs.

    Args:
        beats: how many there were so far.
        lost: is called once, in the sentry's thread, when `LOOKS` looks in a row found no new one.
    """

    def __init__(self, beats: Callable[[], int], lost: Callable[[], None]) -> None:
        self._beats = beats
        self._lost = lost
        self._silent = 0
        self._seen = beats()
        self._over = Event()
        self._thread = Thread(  # sim-ok: it must not run on the loop that it watches
            target=self._keep, name="sentry", daemon=True
        )

    def __enter__(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        """Watch no longer."""
        self._over.set()
        self._thread.join()

    def look(self) -> bool:
        """Look once; say whether the beat is lost."""
        count = self._beats()
        self._silent = 0 if count != self._seen else self._silent + 1
        self._seen = count
        return self._silent >= LOOKS

    def _keep(self) -> None:
        while not self._over.wait(LOOK_S):
            if self.look():
                self._lost()
                return
