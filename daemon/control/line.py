"""The line to the actors: a question is told, its answer awaited; and who there is to talk to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from msgspec import Struct

from daemon.control.names import Names
from daemon.errors import OrdoError
from daemon.messages import Ask, Declined, Done, Scope, Told
from daemon.runtime.words import ActorDisarmed, Lane

NO_ANSWER = "no_answer"
"""The code where an actor did not answer in time."""
GONE = "strategy_gone"
"""The code where an actor went before it answered."""
DISARMED = "disarmed"
"""The code where an actor fell too often, and answers nobody until a restart."""
_PATIENCE_S = 5

Teller = Callable[[str, Any, Lane], object]
"""Brings a message to an actor: its address, the message, the lane."""


class Refusal(OrdoError):
    """A verb was refused.

    Attributes:
        code: one word for programs.
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence, code)


class _Waiting(Struct, frozen=True):
    """A question under way: whom it was put to, and where its answer is awaited."""

    to: str
    answered: asyncio.Future[Any]


class Outcome(Struct, frozen=True):
    """What came of a verb in one account.

    Attributes:
        account: which.
        text: what was done, or why not.
        code: why not, in one word for programs; empty: it was done.
        owed: why no order of it leaves yet; empty: it is on its way.
    """

    account: str
    text: str
    code: str = ""
    owed: str = ""


class Line:
    """Speaks with the actors of one running daemon.

    Args:
        tell: brings a message to an actor.
        now_ns: market time.
        names: who there is.
    """

    def __init__(self, tell: Teller, now_ns: Callable[[], int], names: Names) -> None:
        self.names = names
        self.tell = tell
        self.now_ns = now_ns
        self._number = 0
        self._waiting: dict[int, _Waiting] = {}
        self._disarmed: set[str] = set()

    def shown(self, view: object) -> bool:
        """Take what an actor shows; return whether it was an answer."""
        if not isinstance(view, Told):
            return False
        waiting = self._waiting.get(view.number)
        if waiting is not None and not waiting.answered.done():
            waiting.answered.set_result(view.answer)
        return True

    def give_up(self, to: str) -> None:
        """Answer whoever waits for an actor that has gone: it will not."""
        self._disarmed.discard(to)
        sentence = "it was changed or removed while it was asked; look, and ask again"
        self._decline(to, Declined(GONE, sentence))

    def hear(self, fact: object) -> None:
        """Take in what was recorded: an actor that was disarmed answers nobody any more."""
        if isinstance(fact, ActorDisarmed):
            self._disarmed.add(fact.actor)
            self._decline(fact.actor, _disarmed(fact.actor))

    def _decline(self, to: str, answer: Declined) -> None:
        for number, waiting in self._waiting.items():
            if waiting.to == to:
                self.shown(Told(number, answer))

    async def ask(
        self, to: str, about: Any, lane: Lane = Lane.FACTS, patience_s: int = _PATIENCE_S
    ) -> Any:
        """Tell an actor something and return what it answers.

        Args:
            to: its address.
            about: what it is asked.
            lane: on which.
            patience_s: how long its answer may take.

        Raises:
            Refusal: it said no, or did not answer in time; then nobody knows whether it acts.
        """
        if to in self._disarmed:
            raise Refusal(DISARMED, _disarmed(to).sentence)
        self._number = number = self._number + 1
        answered = asyncio.get_running_loop().create_future()
        self._waiting[number] = _Waiting(to, answered)
        try:
            async with asyncio.timeout(patience_s):
                self.tell(to, Ask(number, about), lane)
                answer = await answered
        except TimeoutError as error:
            sentence = f"{to} has not answered within {patience_s} s; look before you repeat it"
            raise Refusal(NO_ANSWER, sentence) from error
        finally:
            del self._waiting[number]
        if isinstance(answer, Declined):
            raise Refusal(answer.code, answer.sentence)
        return answer

    def reached(self, scope: Scope, name: str) -> tuple[str, ...]:
        """Return the routers that a scope reaches."""
        if scope is Scope.ACCOUNT:
            return (self.router(name),)
        if scope is Scope.STRATEGY:
            return tuple(self.router(account) for account in self.places(name)[1])
        return tuple(self.names.routers.values())

    async def each(
        self, accounts: Iterable[str], verb: Callable[[str], Awaitable[Done]]
    ) -> tuple[Outcome, ...]:
        """Carry a verb out in several accounts at once; none of them waits for another."""

        async def outcome(account: str) -> Outcome:
            try:
                done = await verb(account)
                return Outcome(account, done.text, owed=done.owed)
            except Refusal as refusal:
                return Outcome(account, str(refusal), refusal.code)

        return tuple(await asyncio.gather(*map(outcome, accounts)))

    def router(self, account: str) -> str:
        """Return the address of an account's router."""
        if account not in self.names.routers:
            known = ", ".join(self.names.routers)
            raise Refusal("unknown_account", f"no account {account}; there are: {known}")
        return self.names.routers[account]

    def session_keeper(self, account: str) -> str:
        """Return the address of an account's session keeper."""
        if account not in self.names.sessions:
            known = ", ".join(self.names.sessions)
            raise Refusal("unknown_account", f"no account {account}; there are: {known}")
        return self.names.session_keeper(account)

    def runner(self, strategy_id: str) -> str:
        """Return the address of a strategy's runner."""
        if strategy_id not in self.names.strategies:
            raise Refusal("unknown_strategy", self.names.unknown(strategy_id))
        return self.names.strategies[strategy_id]

    def places(self, name: str) -> tuple[str, tuple[str, ...]]:
        """Return a strategy and the accounts that are meant: all, or that of `ID@ACCOUNT`.

        Orders by hand, and those that are not of our making, have a strategy without a runner.
        """
        strategy_id, at, account = name.partition("@")
        if at and not account:
            sentence = f"{name} names no account; leave the @ out to reach all of them"
            raise Refusal("unknown_account", sentence)
        if strategy_id not in self.names.places:
            self.runner(strategy_id)
        accounts = self.names.places[strategy_id]
        if not account:
            return strategy_id, accounts
        if account not in accounts:
            sentence = f"{strategy_id} trades in {', '.join(accounts)}, not in {account}"
            raise Refusal("unknown_account", sentence)
        return strategy_id, (account,)


def _disarmed(actor: str) -> Declined:
    sentence = (
        f"{actor} fell too often and was left out; the next start of the daemon builds it anew"
    )
    return Declined(DISARMED, sentence)
