"""A start waits for the server of its ledger, which after a power cut may take longer to recover.

A start that ended instead would be tried again each second, for nothing, and where a manager counts
them it gives up meanwhile. What else is amiss with a ledger is not waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from daemon.app.given.assignment import Assignment
from daemon.app.machine.holding import held
from daemon.app.machine.host import Host
from daemon.app.unit import Unit
from daemon.domain.instants import SECOND_NS
from daemon.errors import StoreError
from daemon.runtime.clock import Clock
from daemon.storage.store import AWAY, Store

LIMIT_S = 120
_FIRST_S, _LONGEST_S = 0.25, 4.0


@asynccontextmanager
async def held_with_ledger(
    given: Assignment, unit: Unit, host: Host, given_up: Callable[[], bool]
) -> AsyncIterator[bool]:
    """Hold a daemon's state folder while the block runs, and have its ledger's server answer.

    Args:
        given: what the daemon runs.
        unit: is told that it waits, and why.
        host: the machine.
        given_up: says whether it is waited for no longer.

    Raises:
        SettingsError: the folder cannot be made or written to.
        StoreError: another daemon holds it, its disk fails, or the server did not answer in time.
    """
    async with held(given.state_dir, unit.waiting, given_up) as taken:
        waits = unit.waiting_for_records
        yield taken and await answers(given.store, host.running, waits, given_up)


async def answers(
    store: Store, running: Clock, waits: Callable[[str], None], given_up: Callable[[], bool]
) -> bool:
    """Wait until the server of a ledger answers, ever more seldom asked; a file is always there.

    Args:
        store: of the ledger.
        running: host time, which no hand sets.
        waits: is told again and again that it waits, and why: in the same words each time.
        given_up: says whether it is waited for no longer.

    Returns:
        False if it was given up.

    Raises:
        StoreError: it did not answer in time.
    """
    until_ns, pause_s, because = running.now_ns() + LIMIT_S * SECOND_NS, _FIRST_S, ""
    while not given_up():
        try:
            await asyncio.to_thread(store.missing)
        except StoreError as error:
            if error.code != AWAY:
                return True  # whoever opens it says what is amiss
            if running.now_ns() >= until_ns:
                raise
            because = because or (
                f"ALERT {error}; this start waits for it up to {LIMIT_S} s, and until it is ready "
                "nothing is guarded"
            )
            waits(because)
        else:
            return True
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_S)
    return False
