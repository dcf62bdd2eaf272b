"""Waiting for the books: whoever may act on one holds it against the broker's own first.

Where time stands all are read before the market comes. Where it flows, an account that cannot be
read, such as one without a session, holds up no other: the market comes once one book is read and
every other was tried. Entries wait for the book of their own account all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from daemon.app.given.assignment import Time
from daemon.control import Control, Refusal
from daemon.domain.instants import MILLISECOND_NS, SECOND_NS
from daemon.domain.market.calendar import may_trade
from daemon.messages import AccountSeen, FreeEntries, HeldBy, HoldEntries
from daemon.runtime.pace import Pace
from daemon.runtime.tasks import Tasks
from daemon.runtime.words import Lane

_LOOK_EVERY_S: Final = 0.02
_LOOK_EVERY_NS: Final = 20 * MILLISECOND_NS
_LOOK_SELDOM_S: Final = 0.25
_PATIENCE_S: Final = 10.0
"""A first reading may take so long, by the looks, before a person is told that nothing guards."""
_UNREAD_S: Final = 60.0
"""So long with the market open, and by the looks, where nothing is held: a day has not begun."""
_UNREAD_NS: Final = round(_UNREAD_S * SECOND_NS)


class Books:
    """Waits for the books, and tells where what is held is not guarded meanwhile.

    Args:
        control: asks the owners of the books.
        tasks: the driver of the actors.
        pace: market time.
    """

    def __init__(self, control: Control, tasks: Tasks, pace: Time) -> None:
        self._control = control
        self._tasks = tasks
        self._pace = pace
        self._complete = False
        self._waited_s = 0.0
        self._held: set[str] = set()

    async def begin(self) -> None:
        """Wait until the market may come.

        Market time goes on meanwhile, by itself or by this, for by its alarms what failed is tried
        again.

        Raises:
            OrdoError: what ended the tree of actors, or a router did not answer.
        """
        while not self._may_begin(await self._look()):
            await asyncio.sleep(_LOOK_EVERY_S)
            self._waited_s += _LOOK_EVERY_S
            if isinstance(self._pace, Pace):
                await self._tasks.run_until(self._pace.now_ns() + _LOOK_EVERY_NS)
                await self._tasks.settle()
            await self._tasks.caught_up()

    async def finish(self, ready: Callable[[], None]) -> None:
        """Wait beside the market for what was not read; go on for ever.

        Args:
            ready: is called once every account's book was read; at once where it was before.
        """
        while not self._complete:
            await asyncio.sleep(_LOOK_SELDOM_S)
            self._waited_s += _LOOK_SELDOM_S
            with suppress(Refusal):  # who is busy is asked again
                await self._look()
        ready()
        await asyncio.Event().wait()

    async def _look(self) -> tuple[AccountSeen, ...]:
        accounts = await self._control.reads.accounts()
        self._complete = all(each.reconciled for each in accounts)
        self._tell(accounts)
        return accounts

    def _may_begin(self, accounts: Sequence[AccountSeen]) -> bool:
        if self._complete or isinstance(self._pace, Pace):
            return self._complete
        tried = all(each.reconciled or each.unread for each in accounts)
        return tried and any(each.reconciled for each in accounts)

    def _tell(self, accounts: Sequence[AccountSeen]) -> None:
        """Hold entries of whoever cannot be read while the market is open, so that it is told."""
        for seen in accounts:
            if seen.reconciled and seen.account in self._held:
                self._held.discard(seen.account)
                self._say(seen.account, FreeEntries(HeldBy.BOOKS))
            elif seen.account not in self._held and (because := self._amiss(seen)):
                self._held.add(seen.account)
                why = f": {seen.unread}" if seen.unread else ""
                self._say(seen.account, HoldEntries(HeldBy.BOOKS, f"{because}{why}"))

    def _amiss(self, seen: AccountSeen) -> str:
        """Return what is to be told of an account; empty: nothing, or not yet."""
        now_ns = self._pace.now_ns()
        if seen.reconciled or self._waited_s < _PATIENCE_S or not may_trade(now_ns):
            return ""
        if seen.working or any(leg.net_quantity for leg in seen.held):
            return "its broker's book is not read, and nothing guards what it holds"
        if self._waited_s >= _UNREAD_S and may_trade(now_ns - _UNREAD_NS):
            return "its broker's book has not been read since the start"
        return ""

    def _say(self, account: str, message: HoldEntries | FreeEntries) -> None:
        line = self._control.line
        line.tell(line.router(account), message, Lane.CONTROL)
