"""A daemon's hold on its state folder; a guardian that closes what was open is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path

from daemon.errors import StoreError
from daemon.storage.exclusive import GUARDIAN, Hold, exclusively, is_held, last_holder

_LOOK_S, _LOOKS = 0.25, 8
_RENEWED_S = 1.0
WAITS = "the guardian is closing what was open; this start waits for it"


@asynccontextmanager
async def held(
    state_dir: Path, waits: Callable[[str], None], given_up: Callable[[], bool] = lambda: False
) -> AsyncIterator[bool]:
    """Hold a state folder for this process alone while the block runs; say whether it is held.

    Args:
        state_dir: made where it does not exist.
        waits: is told again and again that it waits, and why.
        given_up: says whether it is waited for no longer; then nothing is held.

    Raises:
        SettingsError: the folder cannot be made or written to.
        StoreError: another daemon holds it, or its disk is full or fails.
    """
    with ExitStack() as stack:
        looks = 0
        hold: Hold | None = None
        while not (hold or given_up()):
            if _guardian_works(state_dir):
                waits(WAITS)
            elif hold := _taken(stack, state_dir, last=looks == _LOOKS):
                break
            else:
                looks += 1
            await asyncio.sleep(_LOOK_S)
        keeping = asyncio.get_running_loop().create_task(_kept(hold), name="the hold")
        try:
            yield hold is not None
        finally:
            keeping.cancel()
            await asyncio.wait({keeping})


async def _kept(hold: Hold | None) -> None:
    """Have the folder say who holds it, for as long as he does."""
    while hold is not None:
        await asyncio.sleep(_RENEWED_S)
        hold.renew()


def _taken(stack: ExitStack, state_dir: Path, *, last: bool) -> Hold | None:
    """Take the folder; return None where that is to be tried again.

    Whoever ends in order holds it for a moment longer than he is named, and whoever looks whether
    it is held does so for an instant himself.

    Raises:
        SettingsError: the folder cannot be made or written to.
        StoreError: somebody who is named and lives holds it, or somebody for long.
    """
    try:
        return stack.enter_context(exclusively(state_dir))
    except StoreError:
        holder = last_holder(state_dir)
        if last or (holder is not None and holder.is_alive()):
            raise
        return None


def _guardian_works(state_dir: Path) -> bool:
    with suppress(OSError):  # a folder that cannot be read is told of by whoever takes it
        holder = last_holder(state_dir)
        return holder is not None and holder.what == GUARDIAN and is_held(state_dir)
    return False
