"""A thread for work that may hang: one piece after the other, and nothing waits for it to end.

That of an executor is joined when the interpreter ends, however long what it does then takes.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from daemon.errors import StoreError

T = TypeVar("T")


class OwnThread:
    """Does work in the order in which it is asked for it.

    Args:
        name: of the thread.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = SimpleQueue()
        self._begun = self._closed = False

    def do(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Have something done; what comes of it, a defect too, is that of the future."""
        assert not self._closed, "nobody would do it"
        done = Future[T]()
        if not self._begun:
            self._begin()
        self._jobs.put((work, done))
        return asyncio.wrap_future(done)

    def close(self) -> None:
        """Let the thread end, once all that it was asked for is done."""
        self._closed = True
        self._jobs.put(None)

    def _begin(self) -> None:
        self._begun = True
        thread = Thread(target=self._work, name=self._name, daemon=True)  # sim-ok: real stores
        thread.start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            work, done = job
            if not done.set_running_or_notify_cancel():
                continue
            try:
                done.set_result(work())
            except StoreError as error:
                done.set_exception(error)
            finally:
                if not done.done():  # a defect: it ends this thread, as it does any other
                    self._begin()
                    done.set_exception(sys.exception())
