"""Hands on what runs: strategies, positions, single orders, and the alerts about them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

from msgspec.structs import replace

from daemon.control.hindrances import hindrance, without_session
from daemon.control.line import Line, Outcome, Refusal
from daemon.domain.orders.heard import Order
from daemon.messages import (
    AcknowledgeAlert,
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
from daemon.messages.asks import BOOK_UNREAD, LOOSENS, NOTHING_HELD, UNKNOWN_LEG
from daemon.runtime.words import Lane

_EMPTY = (NOTHING_HELD, UNKNOWN_LEG)
"""What an account says of an exit in which it holds nothing."""
_NOT_OPEN = ("no_position", UNKNOWN_LEG)
"""What it says then of a stop."""
_BY_AMOUNT = ("", LOOSENS)
"""What an account says of a stop that it has moved, or would move where that is meant."""


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
        """Let a strategy take entries; what holds them back all the same is told."""
        async with self._changing:
            done: Done = await self._line.ask(self._whole(strategy_id), TakeEntries(by))
        accounts = self._line.names.accounts[strategy_id]
        hindered = await asyncio.gather(
            *(hindrance(self._line, strategy_id, account) for account in accounts)
        )
        several = len(accounts) > 1
        told = [
            f"{account}: {because}" if several else because
            for account, because in zip(accounts, hindered, strict=True)
            if because
        ]
        return Done(f"{done.text}; but {'; '.join(told)}") if told else done

    async def stop(self, strategy_id: str, by: str) -> Done:
        """Let a strategy take no more entries."""
        done: Done = await self._line.ask(self._whole(strategy_id), TakeNoEntries(by), Lane.CONTROL)
        return done

    async def exit(self, wanted: ExitByHand) -> tuple[Outcome, ...]:
        """Close a position of a strategy, or part of it, in all its accounts or in one of them.

        Where one account leaves something, another that holds nothing has done all there is to do.
        Of one without a session nobody knows what it holds, and what it leaves is owed.
        """
        strategy_id, accounts = self._line.places(wanted.strategy_id)
        meant = replace(wanted, strategy_id=strategy_id)

        async def leave(account: str) -> Done:
            done: Done = await self._line.ask(self._line.router(account), meant, Lane.CONTROL)
            return done

        left = await self._line.each(accounts, leave)
        outcomes = await asyncio.gather(*map(self._owed, left))
        return _where_held(outcomes, _EMPTY)

    async def _owed(self, outcome: Outcome) -> Outcome:
        """Return what came of an exit, with what keeps it from leaving its account."""
        because = await without_session(self._line, outcome.account)
        if because and outcome.code in (*_EMPTY, BOOK_UNREAD):
            so = outcome.text if outcome.code == BOOK_UNREAD else f"{outcome.text} in our record"
            return replace(outcome, text=f"{so}; {because}", code=BOOK_UNREAD)
        owed = because or outcome.owed
        if outcome.code or not owed:
            return outcome
        return replace(outcome, owed=owed, text=f"{outcome.text}; it is owed: {owed}")

    async def adjust(self, wanted: AdjustByHand) -> tuple[Outcome, ...]:
        """Move a stop, in all accounts of a strategy or in one of them.

        The loss of a whole is that of one account, so it is said where several have it each.
        """
        strategy_id, accounts = self._line.places(wanted.strategy_id)
        meant = replace(wanted, strategy_id=strategy_id)

        async def move(account: str) -> Done:
            done: Done = await self._line.ask(self._line.names.watchdog(account), meant)
            return done

        outcomes = await self._line.each(accounts, move)
        if not wanted.leg_id and len(accounts) > 1:
            outcomes = tuple(
                replace(each, text=f"{each.text}; that is of {each.account} alone")
                if each.code in _BY_AMOUNT
                else each
                for each in outcomes
            )
        return _where_held(outcomes, _NOT_OPEN)

    async def order(self, asked: OrderAsked, *, dry_run: bool = False) -> Order | Done:
        """Have one order sent, once under its request id."""
        router = self._line.router(asked.account)
        placed: Order | Done = await self._line.ask(router, PlaceByHand(asked, dry_run))
        return placed

    async def cancel(self, intent_id: str, by: str) -> Outcome:
        """Take one order out of the book of the account that it is in."""
        for account, to in self._line.names.routers.items():
            if any(o.intent.intent_id == intent_id for o in await self._line.ask(to, SeeOrders())):
                done: Done = await self._line.ask(to, CancelByHand(intent_id, by), Lane.CONTROL)
                return Outcome(account, done.text)
        raise Refusal("unknown_order", f"no order {intent_id} is known; `ordo orders` lists them")

    async def acknowledge(self, alert_id: str, by: str) -> Done:
        """Let an alert escalate no more: somebody has seen it."""
        keeper = self._line.names.keeper
        done: Done = await self._line.ask(keeper, AcknowledgeAlert(alert_id, by))
        return done

    def _whole(self, name: str) -> str:
        """Return the runner of a strategy, which decides for all its accounts alike.

        Raises:
            Refusal: one account of it was meant.
        """
        strategy_id, _, account = name.partition("@")
        runner = self._line.runner(strategy_id)
        if account:
            raise Refusal(
                "one_account",
                f"{strategy_id} starts and stops in all its accounts; to stop its entries in one of"
                f" them, pause it there: ordo pause --strategy {name}",
            )
        return runner


def _where_held(outcomes: Sequence[Outcome], empty: Collection[str]) -> tuple[Outcome, ...]:
    """Return outcomes; where one account has done it, another that holds nothing has as well."""
    if all(each.code for each in outcomes):
        return tuple(outcomes)
    return tuple(replace(each, code="") if each.code in empty else each for each in outcomes)
