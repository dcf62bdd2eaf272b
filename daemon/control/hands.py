"""Hands on what runs: strategies, positions, single orders."""

from __future__ import annotations

import asyncio

from daemon import kill
from daemon.control.line import Line, Refusal
from daemon.domain.orders.book import Order
from daemon.messages import (
    AdjustByHand,
    CancelByHand,
    Done,
    ExitByHand,
    OrderAsked,
    PlaceByHand,
    SeeOrders,
    TakeEntries,
    TakeNoEntries,
)
from daemon.runtime.words import Lane


class Hands:
    """What a person may do to a strategy, a position or an order.

    Args:
        line: to the actors.
        changing: held while a strategy is changed; it is not started meanwhile.
    """

    def __init__(self, line: Line, changing: asyncio.Lock) -> None:
        self._line = line
        self._changing = changing

    async def start(self, strategy_id: str, by: str) -> Done:
        """Let a strategy take entries; a latch that holds them back all the same is told."""
        async with self._changing:
            done: Done = await self._line.ask(self._line.runner(strategy_id), TakeEntries(by))
        names = self._line.names
        latched = kill.forbids(names.state_dir, names.accounts[strategy_id], strategy_id)
        return Done(f"{done.text}; but {latched}") if latched else done

    async def stop(self, strategy_id: str, by: str) -> Done:
        """Let a strategy take no more entries."""
        done: Done = await self._line.ask(
            self._line.runner(strategy_id), TakeNoEntries(by), Lane.CONTROL
        )
        return done

    async def exit(self, wanted: ExitByHand) -> Done:
        """Close a position of a strategy, or part of it."""
        router = self._line.router_of(wanted.strategy_id)
        done: Done = await self._line.ask(router, wanted, Lane.CONTROL)
        return done

    async def adjust(self, wanted: AdjustByHand) -> Done:
        """Move a stop."""
        self._line.runner(wanted.strategy_id)
        done: Done = await self._line.ask(self._line.names.watchdog, wanted)
        return done

    async def order(self, asked: OrderAsked, *, dry_run: bool = False) -> Order | Done:
        """Have one order sent, once under its request id."""
        router = self._line.router(asked.account)
        placed: Order | Done = await self._line.ask(router, PlaceByHand(asked, dry_run))
        return placed

    async def cancel(self, intent_id: str, by: str) -> Done:
        """Take one order out of the book."""
        for to in self._line.names.routers.values():
            if any(o.intent.intent_id == intent_id for o in await self._line.ask(to, SeeOrders())):
                done: Done = await self._line.ask(to, CancelByHand(intent_id, by), Lane.CONTROL)
                return done
        raise Refusal("unknown_order", f"no order {intent_id} is known; `ordo orders` lists them")
