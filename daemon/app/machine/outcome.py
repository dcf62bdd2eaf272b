"""What becomes of work that may fall, told instead of raised."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


async def outcome(work: Coroutine[Any, Any, None]) -> BaseException | None:
    """Return what a task ended with, instead of raising it."""
    task = asyncio.get_running_loop().create_task(work)
    try:
        await asyncio.wait({task})
    finally:
        task.cancel()
    return task.exception()
