"""Arming: a person lets an account of a live broker be entered until the day ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct

from daemon.control.asked_session import session_of
from daemon.control.line import Line, Refusal
from daemon.control.reads import Reads
from daemon.domain.instants import day_of
from daemon.domain.orders.arming import PAPER, Grounds, objections
from daemon.errors import SettingsError
from daemon.messages import Done
from daemon.messages.arming import AccountArmed, ArmAccount, DisarmAccount
from daemon.runtime.words import Lane
from daemon.storage import arms


def _nothing_amiss() -> Sequence[str]:
    return ()


class LiveTerms(Struct, frozen=True):
    """What a daemon knows of live trading.

    Attributes:
        mode: whose money is traded with.
        brokers: the canonical id of each account's broker.
        stand_ins: where one is asked in place of a broker, by its canonical id.
        alone: the accounts that log in without a person.
        check: looks for what hinders live trading, a sentence each; it may take its time.
    """

    mode: str = PAPER
    brokers: Mapping[str, str] = MappingProxyType({})
    check: Callable[[], Sequence[str]] = _nothing_amiss
    stand_ins: Mapping[str, str] = MappingProxyType({})
    alone: frozenset[str] = frozenset()


class Arming:
    """Arms and disarms.

    Args:
        line: to the actors.
        reads: how things stand.
        terms: what is known of live trading.
    """

    def __init__(self, line: Line, reads: Reads, terms: LiveTerms) -> None:
        self._line = line
        self._reads = reads
        self._terms = terms

    async def arm(self, account: str, reason: str, by: str) -> Done:
        """Arm an account until the day ends.

        The record goes first: what only the folder has counts for nothing.

        Raises:
            Refusal: it may not be armed, with every reason; or it could not be made durable.
        """
        router = self._line.router(account)
        against = objections(await self._grounds(account))
        if against:
            sentence = f"{account} is not armed: {'; '.join(against)}"
            raise Refusal("cannot_arm", sentence)
        at_ns = self._line.now_ns()
        armed = AccountArmed(account, day_of(at_ns), reason, by, at_ns)
        done: Done = await self._line.ask(router, ArmAccount(armed))
        state_dir = self._line.names.state_dir
        try:
            arms.put(state_dir, arms.Arm(account, armed.day, reason, by, at_ns))
        except (SettingsError, OSError) as error:
            unwritten = DisarmAccount("its arm could not be written", "ordo")
            await self._line.ask(router, unwritten, Lane.CONTROL)
            raise Refusal("arm_unwritten", f"{account} is not armed: {error}") from error
        return done

    async def disarm(self, account: str, reason: str, by: str) -> Done:
        """Let an account be entered no more; what it holds stays guarded.

        The file goes first: without it the door lets no entry out, whoever answers.

        Raises:
            Refusal: there is no such account, the file could not be removed, or the router has not
                answered.
        """
        router = self._line.router(account)
        unremoved: OSError | None = None
        try:
            arms.remove(self._line.names.state_dir, account)
        except OSError as error:
            unremoved = error  # the router is told all the same
        because = reason or "a person disarmed it"
        done: Done = await self._line.ask(router, DisarmAccount(because, by), Lane.CONTROL)
        if unremoved is not None:
            sentence = f"{account} is disarmed in the record, but its file stays: {unremoved}"
            raise Refusal("arm_unwritten", sentence) from unremoved
        return Done(done.text or f"{account} is disarmed; what it holds stays guarded")

    async def _grounds(self, account: str) -> Grounds:
        """Return what is true of an account, each told by who knows it."""
        terms = self._terms
        accounts = await self._reads.accounts()
        latches = self._reads.latches(accounts)
        return Grounds(
            account=account,
            broker=terms.brokers.get(account, PAPER),
            mode=terms.mode,
            session=await session_of(self._line, account),  # who is silent is not ready
            latches=tuple(each.latch_id for each in latches if each.reaches(account)),
            failures=tuple(await asyncio.to_thread(terms.check)),
        )
