"""Files for the standard output of a process, of which each is amiss in its way."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Final

GONE: Final = "whoever read it has gone"
UNREAD: Final = "nobody reads it, and it is full"
FULL: Final = "it is on a full disk"
WAYS: Final = (GONE, UNREAD, FULL)


@contextmanager
def amiss(how: str) -> Iterator[int]:
    """Return the descriptor of such a file, until the block ends."""
    with ExitStack() as held:
        if how == FULL:
            full = os.open("/dev/full", os.O_WRONLY)
            held.callback(os.close, full)
            yield full
            return
        read, write = os.pipe()
        held.callback(os.close, write)
        if how == GONE:
            os.close(read)
        else:
            held.callback(os.close, read)
            os.set_blocking(write, False)
            with suppress(BlockingIOError):
                while True:
                    os.write(write, b"x" * 64)
            os.set_blocking(write, True)
        yield write
