"""Reads: how things stand, each told by the owner of that truth."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec.structs import replace

from daemon import kill
from daemon.control.brakes import as_latch
from daemon.control.hindrances import of_kill
from daemon.control.line import DISARMED, GONE, NO_ANSWER, Line, Refusal
from daemon.domain.orders.heard import Order
from daemon.messages import (
    AccountSeen,
    AlertSeen,
    KillStaged,
    PriceSeen,
    RiskSeen,
    SeeAccount,
    SeeAlerts,
    SeeKill,
    SeeOrders,
    SeePrice,
    SeeRisk,
    SeeStrategy,
    StrategySeen,
)
from daemon.messages.cells import whole_of
from daemon.runtime.words import Lane


class Reads:
    """What may be asked.

    Args:
        line: to the actors.
    """

    def __init__(self, line: Line) -> None:
        self._line = line

    async def accounts(self) -> tuple[AccountSeen, ...]:
        """Return the orders of the day and those still open, oldest first within each account."""
        seen: tuple[AccountSeen, ...] = await self._all(
            self._line.names.routers.values(), SeeAccount()
        )
        return seen

    async def strategies(self) -> tuple[StrategySeen, ...]:
        """Return every strategy as its runner knows it; they may come and go meanwhile."""
        there, seen = self._line.names.strategies, dict[str, StrategySeen]()
        while left := [each for each in there if each not in seen]:
            try:
                seen[left[0]] = await self.strategy(left[0])
            except Refusal as refusal:
                if refusal.code != GONE:
                    raise
        return tuple(each for strategy_id, each in seen.items() if strategy_id in there)

    async def strategy(self, strategy_id: str) -> StrategySeen:
        """Return a strategy as its runner knows it; one that was disarmed takes no entries."""
        seen: StrategySeen
        try:
            seen = await self._line.ask(self._line.runner(strategy_id), SeeStrategy())
        except Refusal as refusal:
            if refusal.code != DISARMED:
                raise
            return StrategySeen(strategy_id, taking=False, status=f"disarmed: {refusal}")
        return seen

    async def risk(self) -> RiskSeen:
        """Return everything under watch, in every account."""
        names = self._line.names
        watchdogs = dict.fromkeys(names.watchdog(account) for account in names.routers)
        return whole_of(await self._all(watchdogs, SeeRisk()))

    async def orders(self) -> tuple[Order, ...]:
        """Return the orders of the day and those still open, oldest first within each account."""
        books: tuple[tuple[Order, ...], ...]
        books = await self._all(self._line.names.routers.values(), SeeOrders())
        return tuple(order for book in books for order in book)

    async def _all(self, addresses: Iterable[str], about: Any) -> tuple[Any, ...]:
        """Ask several actors the same at once."""
        return tuple(await asyncio.gather(*(self._line.ask(to, about) for to in addresses)))

    async def alerts(self) -> tuple[AlertSeen, ...]:
        """Return the alerts, those first whose condition holds, then the newest first."""
        seen: tuple[AlertSeen, ...]
        seen = await self._line.ask(self._line.names.keeper, SeeAlerts())
        return seen

    async def price(self, symbol: str) -> PriceSeen:
        """Return the newest price of a symbol."""
        seen: PriceSeen = await self._line.ask(self._line.names.broadcaster, SeePrice(symbol))
        return seen

    async def kill_stage(self, latch_id: str) -> tuple[KillStaged, ...]:
        """Return how far a kill has come, in each account that it reaches.

        Raises:
            Refusal: no account knows of it, or one has not answered.
        """
        staged: list[KillStaged] = []
        declined: Refusal | None = None
        routers = self._line.names.routers
        for account, to in routers.items():
            try:
                seen = await self._line.ask(to, SeeKill(latch_id), Lane.CONTROL)
                staged.append(replace(seen, account=account if len(routers) > 1 else ""))
            except Refusal as refusal:
                if refusal.code == NO_ANSWER:
                    raise
                declined = refusal  # it does not reach this account
        if declined is not None and not staged:
            raise declined
        return tuple(staged)

    async def kept_from_leaving(self, staged: Sequence[KillStaged]) -> list[str]:
        """Return why nothing leaves for a kill that is so far, and what to do, by account."""
        return await of_kill(self._line, staged)

    def latches(self, accounts: Sequence[AccountSeen] = ()) -> tuple[kill.Latch, ...]:
        """Return the latches that stand: those on disk, and those of the record alone.

        Args:
            accounts: as their routers know them; none: what stands on disk is told alone.
        """
        standing = kill.standing(self._line.names.state_dir)
        files = {latch.latch_id for latch in standing}
        recorded = {
            latched.latch_id: as_latch(latched)
            for seen in accounts
            for latched in seen.latches
            if latched.latch_id not in files
        }
        return (*standing, *recorded.values())
