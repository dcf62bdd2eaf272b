"""What is looked after beside the market: latches, arms and fence, and that the record keeps up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from daemon.app.watching.arm_watch import GONE, ArmWatch
from daemon.app.watching.latch_watch import LatchWatch
from daemon.control import Control, Line, Refusal
from daemon.errors import StoreError
from daemon.messages import AccountSeen
from daemon.runtime.words import Lane, Ledger
from daemon.storage import fence
from daemon.storage.ledger import EPOCH_OVER

_EVERY_S = 0.5


class Housekeeper:
    """Looks after one running daemon.

    Args:
        control: reaches its routers.
        ledger: the record.
        say: tells people something.
    """

    def __init__(self, control: Control, ledger: Ledger, say: Callable[[str], None]) -> None:
        line, names = control.line, control.line.names
        self._state_dir = names.state_dir
        self._reads = control.reads
        self._ledger = ledger
        self._say = say
        self._watches = {
            account: LatchWatch(names.state_dir, account, _teller(line, router), line.now_ns)
            for account, router in names.routers.items()
        }
        self._arms = ArmWatch(names.state_dir)
        self._line = line

    async def begin(self) -> None:
        """Hold the folders of latches and arms against what was recorded before this start.

        Raises:
            Refusal: a router did not answer.
        """
        accounts = await self._reads.accounts()
        for seen in accounts:
            self._watches[seen.account].begin(seen.latches)
        await self._hold_arms(accounts)

    async def keep(self) -> None:
        """Hold latches and arms against the record, and let the record keep up, for ever.

        A market in which nothing is decided leaves no trace but its ticks; they are made durable
        too, a block for each of its minutes, so that a restart goes on where it was left, or less
        than a minute before. A run behind the fence guards nothing and
        closes nothing, however well it beats; the next start takes the fence down.

        Raises:
            StoreError: the ledger failed, or the fence stands.
        """
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_EVERY_S)
            if fence.stands(self._state_dir):
                raise StoreError(fence.SENTENCE, EPOCH_OVER)
            try:
                accounts = await self._reads.accounts()
                for seen in accounts:
                    self._watches[seen.account].look(seen.latches)
                await self._hold_arms(accounts)
            except Refusal as unanswered:  # who is busy goes on guarding, and is asked again
                self._say(f"latches and arms were not compared: {unanswered}")
            await loop.run_in_executor(None, self._ledger.flush)

    async def _hold_arms(self, accounts: Sequence[AccountSeen]) -> None:
        """Disarm where folder and record differ."""
        for account in self._arms.look(accounts):
            await self._line.ask(self._line.router(account), GONE, Lane.CONTROL)


def _teller(line: Line, router: str) -> Callable[[Any], None]:
    """Return what brings a message to a router before all else."""

    def tell(message: Any) -> None:
        line.tell(router, message, Lane.CONTROL)

    return tell
