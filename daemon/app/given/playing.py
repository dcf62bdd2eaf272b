"""Letting the market of a daemon come."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from typing import Final

from daemon.actors.timekeeper import DayBegins
from daemon.app.given.assignment import Played, Time
from daemon.app.given.wiring import App
from daemon.runtime.tasks import Tasks

KNOWN_S: Final = 2.0
"""Where time flows, nobody waits longer until all know of a day: a broker may be slow to answer."""


async def play(app: App, played: Played, pace: Time, tasks: Tasks) -> None:
    """Bring in what the world of a run brings, until it is over.

    Args:
        app: the actors, and their world.
        played: says where the world is over.
        pace: market time.
        tasks: the driver of the actors.

    Raises:
        OrdoError: what ended the tree of actors, or the market cannot be read or listened to.
    """
    async with aclosing(app.world.coming()) as steps:
        async for step in steps:
            if played.is_beyond(step.message):
                return
            if step.jump:
                pace.jump(step.at_ns)
            await tasks.tell(step.to, step.message, step.at_ns)
            if isinstance(step.message, DayBegins):
                await _known(tasks, lasts=not step.jump)


async def _known(tasks: Tasks, *, lasts: bool) -> None:
    """Wait until all know that a day begins, for no frame of it comes before that.

    Args:
        tasks: the driver of the actors.
        lasts: time flows on, so that others may never be done; then it is waited for a while.
    """
    if not lasts:
        await tasks.settle()
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(KNOWN_S):
            await tasks.settle()
