"""Works beside each other: begun together, and called off together within bounded time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping
from typing import Any, Final

TRIES: Final = 10
AGAIN_S: Final = 0.5
"""So often, and after so long, a work is called off that has not ended."""
Say = Callable[[str], object]
"""Tells somebody a sentence."""


async def first_of(works: Mapping[str, Coroutine[Any, Any, None]], say: Say) -> None:
    """Let works go on beside each other until one of them ends; the others are called off.

    Args:
        works: by their names.
        say: is told of one that does not end.

    Raises:
        OrdoError: what one of them fell over.
    """
    loop = asyncio.get_running_loop()
    tasks = [loop.create_task(work, name=name) for name, work in works.items()]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await called_off(tasks, say)
    ended = (task for task in tasks if task.done() and not task.cancelled())
    for error in filter(None, [task.exception() for task in ended]):
        raise error


async def called_off(tasks: Collection[asyncio.Task[None]], say: Say) -> None:
    """Call works off and wait until they have ended; one that does not is left behind, and told.

    A work may never hear that it is called off: where what it waited for fails in that very
    moment, it is told of the failure alone, and goes on. So it is called off again.

    Args:
        tasks: the works.
        say: is told of one that does not end.
    """
    left = {task for task in tasks if not task.done()}
    for _ in range(TRIES):
        if not left:
            return
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=AGAIN_S)
    for task in left:
        say(f"ALERT {task.get_name()} does not end, and is left behind")
