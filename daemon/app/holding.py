"""A daemon's hold on its state folder; a guardian that closes what was open is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path

from daemon.errors import StoreError
from daemon.storage.exclusive import GUARDIAN, exclusively, is_held, last_holder

_LOOK_S, _LOOKS = 0.25, 8
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
        taken = False
        while not (taken or given_up()):
            if _guardian_works(state_dir):
                waits(WAITS)
            elif _taken(stack, state_dir, last=looks == _LOOKS):
                taken = True
                break
            else:
                looks += 1
            await asyncio.sleep(_LOOK_S)
        yield taken


def _taken(stack: ExitStack, state_dir: Path, *, last: bool) -> bool:
    """Take the folder; return False where that is to be tried again.

    Whoever ends in order holds it for a moment longer than he is named, and whoever looks whether
    it is held does so for an instant himself.

    Raises:
        SettingsError: the folder cannot be made or written to.
        StoreError: somebody who is named and lives holds it, or somebody for long.
    """
    try:
        stack.enter_context(exclusively(state_dir))
    except StoreError:
        holder = last_holder(state_dir)
        if last or (holder is not None and holder.is_alive()):
            raise
        return False
    return True


def _guardian_works(state_dir: Path) -> bool:
    with suppress(OSError):  # a folder that cannot be read is told of by whoever takes it
        holder = last_holder(state_dir)
        return holder is not None and holder.what == GUARDIAN and is_held(state_dir)
    return False
