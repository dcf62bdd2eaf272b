"""Steps of the world, read in a thread: the loop guards while a day is read from its file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from itertools import islice

from daemon.errors import OrdoError
from daemon.worlds.words import Step

_AT_ONCE = 16
"""A change of threads for each step would cost more than most steps do."""


async def read_ahead(steps: Iterator[Step]) -> AsyncGenerator[Step, None]:
    """Yield what an iterator yields, a few at a time read ahead.

    A reading that is under way is waited for even where this is cancelled: nothing may be closed
    under it.

    Raises:
        OrdoError: a step cannot be read; those before it were yielded.
    """
    loop = asyncio.get_running_loop()
    while True:
        reading = loop.run_in_executor(None, _some, steps)
        try:
            await asyncio.wait({reading})
        except asyncio.CancelledError:
            await asyncio.wait({reading})
            raise
        read, error = reading.result()
        for step in read:
            yield step
        if error is not None:
            raise error
        if not read:
            return


def _some(steps: Iterator[Step]) -> tuple[list[Step], OrdoError | None]:
    """Return the next steps, and what kept it from reading more."""
    read: list[Step] = []
    try:
        read.extend(islice(steps, _AT_ONCE))
    except OrdoError as error:
        return read, error
    return read, None
