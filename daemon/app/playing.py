"""Letting the market of a daemon come."""

from __future__ import annotations

from contextlib import aclosing

from daemon.app.assignment import Played, Time
from daemon.app.wiring import App
from daemon.runtime.tasks import Tasks


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
            if step.jump:
                await tasks.settle()  # no frame of a day comes before all know that it begins
