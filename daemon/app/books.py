"""Waiting for the books: before it is ready a daemon has held each broker's against its own."""

from __future__ import annotations

import asyncio
from typing import Final

from daemon.app.assignment import Time
from daemon.control import Control
from daemon.domain.instants import MILLISECOND_NS
from daemon.runtime.pace import Pace
from daemon.runtime.tasks import Tasks

_LOOK_EVERY_S: Final = 0.02
_LOOK_EVERY_NS: Final = 20 * MILLISECOND_NS


async def books_read(control: Control, tasks: Tasks, pace: Time) -> None:
    """Wait until every account's book was read and held against ours.

    Market time goes on meanwhile, by itself or by this, for by its alarms what failed is tried
    again.

    Args:
        control: asks the owners of the books.
        tasks: the driver of the actors.
        pace: market time.

    Raises:
        OrdoError: what ended the tree of actors, or a router did not answer.
    """
    while not all(account.reconciled for account in await control.reads.accounts()):
        await asyncio.sleep(_LOOK_EVERY_S)
        if isinstance(pace, Pace):
            await tasks.run_until(pace.now_ns() + _LOOK_EVERY_NS)
        await tasks.caught_up()
