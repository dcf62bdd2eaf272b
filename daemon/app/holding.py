"""A daemon's hold on its state folder; a guardian that closes what was open is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from daemon.storage.exclusive import GUARDIAN, exclusively, is_held, last_holder

_LOOK_S = 0.25
WAITS = "the guardian is closing what was open; this start waits for it"


@asynccontextmanager
async def held(state_dir: Path, waits: Callable[[str], None]) -> AsyncIterator[None]:
    """Hold a state folder for this process alone while the block runs.

    Args:
        state_dir: made where it does not exist.
        waits: is told again and again that it waits, and why.

    Raises:
        SettingsError: the folder cannot be made or written to.
        StoreError: another daemon holds it.
    """
    while _guardian_works(state_dir):
        waits(WAITS)
        await asyncio.sleep(_LOOK_S)
    with exclusively(state_dir):
        yield


def _guardian_works(state_dir: Path) -> bool:
    with suppress(OSError):  # a folder that cannot be read is told of by whoever takes it
        holder = last_holder(state_dir)
        return holder is not None and holder.what == GUARDIAN and is_held(state_dir)
    return False
