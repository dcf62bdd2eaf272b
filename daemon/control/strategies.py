"""Strategies that come and go: declared, changed and removed while everything else runs."""

from __future__ import annotations

import asyncio

from daemon.control.line import Line, Refusal
from daemon.control.reads import Reads
from daemon.domain.plans.parsing import encode
from daemon.domain.plans.schema import Plan
from daemon.messages import (
    ChangeStrategy,
    DeclarationSeen,
    DeclareStrategy,
    Done,
    JudgeChange,
    RemoveStrategy,
    SeeDeclaration,
    SeeOpen,
)


class Strategies:
    """What a person may do to the set of strategies.

    What is changed or removed takes no entries and has nothing open. The owners of these truths
    are asked in that order: once its runner takes no entries nothing more is opened, and while
    that is asked nobody starts it.

    Args:
        line: to the actors.
        changing: held while one is changed; whoever starts one holds it too.
    """

    def __init__(self, line: Line, changing: asyncio.Lock) -> None:
        self._line = line
        self._changing = changing

    async def declaration(self, strategy_id: str) -> DeclarationSeen:
        """Return how a strategy is written."""
        register = self._line.names.register
        seen: DeclarationSeen = await self._line.ask(register, SeeDeclaration(strategy_id))
        return seen

    async def declare(self, plan: Plan, by: str) -> Done:
        """Let there be one more strategy; it takes no entries until somebody starts it."""
        self._judge_account(plan)
        if plan.id not in self._line.names.strategies:  # the register refuses that
            await self._judge_open(plan.id)  # of one whose file was taken away, perhaps
        await self._tell(DeclareStrategy(plan.id, encode(plan).decode(), by))
        return Done(f"{plan.id} is declared; {_idle_until(plan.id)}")

    async def change(self, plan: Plan, by: str) -> Done:
        """Let a declared strategy be another one; it takes no entries until somebody starts it."""
        self._judge_account(plan)
        async with self._changing:
            await self._judge_change(plan.id)
            await self._tell(ChangeStrategy(plan.id, encode(plan).decode(), by))
        return Done(f"{plan.id} is changed; {_idle_until(plan.id)}")

    async def remove(self, strategy_id: str, by: str) -> Done:
        """Let a declared strategy be there no more."""
        async with self._changing:
            await self._judge_change(strategy_id)
            await self._tell(RemoveStrategy(strategy_id, by))
        return Done(f"{strategy_id} is removed")

    async def _judge_change(self, strategy_id: str) -> None:
        """Refuse to change what is of a file, takes entries, or has something open.

        Raises:
            Refusal: with what to do about it.
        """
        await self._tell(JudgeChange(strategy_id))
        if strategy_id not in self._line.names.strategies:
            return  # it was left out at the start: nothing runs it
        seen = await Reads(self._line).strategy(strategy_id)
        if seen.taking:
            sentence = f"{strategy_id} takes entries; `ordo stop {strategy_id}` first"
            raise Refusal("strategy_busy", sentence)
        await self._judge_open(strategy_id)

    async def _judge_open(self, strategy_id: str) -> None:
        """Refuse while anything of a strategy is open, in whichever account.

        Raises:
            Refusal: with what to do about it.
        """
        for router in self._line.names.routers.values():
            remains = await self._line.ask(router, SeeOpen(strategy_id))
            if remains:
                sentence = f"{strategy_id} is not done: {'; '.join(remains)}"
                raise Refusal("strategy_busy", f"{sentence}; `ordo exit {strategy_id}`, and wait")

    def _judge_account(self, plan: Plan) -> None:
        """Refuse an account that no strategy of this run can trade in.

        Raises:
            Refusal: with those that there are.
        """
        known = self._line.names.routers
        for name in plan.accounts:
            if name not in known:
                sentence = f"accounts: this run trades in {', '.join(known)}, not in {name}"
                raise Refusal("invalid", sentence)

    async def _tell(self, about: object) -> None:
        await self._line.ask(self._line.names.register, about)


def _idle_until(strategy_id: str) -> str:
    return f"it takes no entries until somebody starts it: `ordo start {strategy_id}`"
