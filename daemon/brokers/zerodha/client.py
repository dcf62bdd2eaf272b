"""Zerodha's REST interface under one session: reads may be asked again, writes never.

A read waits for its turn in the broker's counts, in order, and is tried again where that makes
sense. A write is sent at once, for its budget is kept by who decides it, together with what must be
left for exits. A session that the broker refuses is used by nobody any more: from then on whatever
needs one is refused here, until there is another, and each such refusal tells that one is wanted.

A session is used before its log-in is over, for no exit waits for that. Until then nobody is told
of its refusal: the log-in may bring another session yet, and sees by itself what stands.

A session may be refused to writes alone, while reads are answered under it. Whoever logs in then
takes up the same one, so that ends it a few times and no more: reads go on, and a person is told.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from daemon.brokers.zerodha.answers import refuses_session
from daemon.brokers.zerodha.forms import Change, Sent, modification
from daemon.brokers.zerodha.questions import Kind, Question
from daemon.brokers.zerodha.transport import Transport
from daemon.brokers.zerodha.wire import OK, Reply, unquoted
from daemon.domain.instants import MILLISECOND_NS, SECOND_NS
from daemon.errors import BrokerMisused, BrokerUnavailable, OutcomeUnknown, SessionRefused
from daemon.runtime.budget import Budget, Priority, Wait, Window
from daemon.runtime.clock import Clock
from daemon.runtime.retry import ReadPolicy, read
from daemon.telemetry.redaction import Secret

T = TypeVar("T")
_SPAN_NS = 1_100 * MILLISECOND_NS
"""The broker counts by the second; what leaves first may be a tenth of one longer on its way."""
READS: Mapping[Kind, Window] = MappingProxyType(
    {
        Kind.QUOTE: Window(1, _SPAN_NS),
        Kind.HISTORY: Window(3, _SPAN_NS),
        Kind.OTHER: Window(10, _SPAN_NS),
    }
)
"""How often each kind of question may be asked; the broker counts them apart."""
MOST_CHANGES = 25
"""So often the broker lets one order be changed."""
RENEWALS = 2
"""So often in a row one access token is given up because a write under it was refused."""
READING = ReadPolicy(on=(BrokerUnavailable, OutcomeUnknown))
"""How reads are tried; one try is bounded by the way to the broker."""


READS_STAND = "everything else is answered under the same session"
"""What a refusal is told with that no log-in can mend, for the session is there."""
WRITES_DENIED = (
    f"Zerodha refuses orders as if there were no session, and {READS_STAND}: log in anew with "
    "`ordo login`, and look at Zerodha whether this program may order from this machine's address; "
    "exits are tried again at least every 16 s until then, and can be made in the broker's app"
)
"""What a person is told then."""


class Session(Struct, frozen=True):
    """A session at the broker.

    Attributes:
        generation: which it is; rises with each log-in.
        api_key: of the program.
        access_token: of the session.
    """

    generation: int
    api_key: Secret
    access_token: Secret

    @property
    def secrets(self) -> tuple[Secret, Secret]:
        """What goes with every request, and a refusal may quote."""
        return self.api_key, self.access_token

    @property
    def authorization(self) -> Secret:
        """The header that proves it."""
        return Secret(f"token {self.api_key.reveal()}:{self.access_token.reveal()}")


class Client:
    """One account's way to the broker.

    Attributes:
        writes: so many are over, however they ended.
        on_amiss: is told, in a sentence, that writes alone are refused; once for each token.

    Args:
        transport: carries the requests.
        host: running time, by which reads are counted.
        refused: is told that the broker refuses the session, and then of all that finds none; by
            the generation that a log-in brought last, so nobody hears of it before there was one.
        policy: how often reads are tried, and how long they may take.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        transport: Transport,
        host: Clock,
        refused: Callable[[int], None],
        policy: ReadPolicy = READING,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._transport = transport
        self._refused = refused
        self._policy = policy
        self._turns = {kind: _Turns(window, host, sleep) for kind, window in READS.items()}
        self._session: Session | None = None
        self._brought: int | None = None
        self._changes: Counter[str] = Counter()
        self._denied: tuple[Secret | None, int] = (None, 0)
        self.writes = 0
        self.on_amiss: Callable[[str], object] | None = None

    def use(self, session: Session, *, on_trial: bool = False) -> None:
        """Use a session from now on; `on_trial`: its log-in is not over yet."""
        self._session = session
        if not on_trial:
            self._brought = session.generation

    @property
    def session(self) -> Session | None:
        """The session that is used; None: there is none."""
        return self._session

    @property
    def denies_writes(self) -> bool:
        """Whether the broker refuses writes under the present session, and answers reads."""
        token, times = self._denied
        return (
            self._session is not None and token == self._session.access_token and times > RENEWALS
        )

    def leave(self) -> None:
        """Use the present session no longer."""
        self._session = None

    def standing(self) -> Session:
        """Return the session that is used, for whatever cannot do without.

        Raises:
            SessionRefused: there is none, which is told, for else nobody might look for another.
        """
        if self._session is None:
            self._tell_refused()
            raise SessionRefused("there is no session at Zerodha: log in with `ordo login`")
        return self._session

    async def write(self, sent: Sent, in_time: Callable[[], bool] | None = None) -> Reply:
        """Send a write, once, and return what comes back.

        Args:
            sent: the request.
            in_time: says whether it may still leave, asked just before it does; None: it may.

        Raises:
            SessionRefused: there is no session; nothing was sent.
            BrokerUnavailable: nothing of it left.
            OutcomeUnknown: it may have left, and no whole answer came.
        """
        try:
            session = self.standing()
            reply = await self._ask(session, sent, in_time=in_time)
            if reply.status == OK:
                self._denied = (None, 0)
            elif refuses_session(reply):
                self._deny(session)
            return reply
        finally:
            self.writes += 1

    async def change(self, variety: str, order_id: str, change: Change) -> Reply:
        """Send a change of an order, at most 25 times for each.

        Raises:
            BrokerMisused: it was changed too often, or would be at the market without protection;
                nothing was sent.
            SessionRefused: there is no session; nothing was sent.
            BrokerUnavailable: nothing of it left.
            OutcomeUnknown: it may have left, and no whole answer came.
        """
        sent = modification(variety, order_id, change)
        if self._changes[order_id] >= MOST_CHANGES:
            raise BrokerMisused(
                f"order {order_id} was changed {MOST_CHANGES} times, which is all that Zerodha "
                "allows; cancel it, and place another"
            )
        self._changes[order_id] += 1
        return await self.write(sent)

    async def read(self, question: Question[T], within_ms: int | None = None) -> T:
        """Return what a question is answered with, asking again where that makes sense.

        Args:
            question: what is asked.
            within_ms: how long all tries together may take; None: as long as reads may.

        Raises:
            SessionRefused: there is no session, or the broker refuses it.
            BrokerError: there is no such answer; its class says why.
        """

        async def once() -> T:
            self.standing()
            await self._turns[question.kind].next()
            session = self.standing()
            reply = await self._ask(session, question.sent, question.timeout_ms)
            try:
                return question.read(reply)
            except SessionRefused:
                self._end(session)
                raise

        limit_ms = within_ms or self._limit_ms(question)
        policy = replace(self._policy, try_timeout_ms=limit_ms, deadline_ms=limit_ms)
        return await read(once, policy, f"{question.what} at Zerodha")

    def _limit_ms(self, question: Question[T]) -> int:
        """Return how long all tries of a question may take, where nobody waits less."""
        if question.timeout_ms is None:  # whoever waits for it does not wait for a second one
            return self._transport.timeout_ms
        return max(self._policy.deadline_ms, 2 * question.timeout_ms)

    async def exchange(self, sent: Sent) -> Reply:
        """Send a write that needs no session: the one that makes it.

        Raises:
            BrokerUnavailable: nothing of it left.
            OutcomeUnknown: it may have left, and no whole answer came.
        """
        return await self._transport.send(sent, None)

    async def close(self) -> None:
        """Let go of its connections."""
        await self._transport.close()

    async def _ask(
        self,
        session: Session,
        sent: Sent,
        timeout_ms: int | None = None,
        in_time: Callable[[], bool] | None = None,
    ) -> Reply:
        reply = await self._transport.send(sent, session.authorization, timeout_ms, in_time)
        return reply if reply.status == OK else unquoted(reply, session.secrets)

    def _deny(self, session: Session) -> None:
        """Take that a write was refused under a session: it is dead, or stands for reads alone.

        A log-in shows the token to the broker before it is used again, so one that was brought back
        each time is answered.
        """
        if self._session is not session:
            return
        token, times = self._denied
        times = times + 1 if token == session.access_token else 1
        self._denied = (session.access_token, times)
        if times <= RENEWALS:
            self._end(session)
        elif times == RENEWALS + 1 and self.on_amiss is not None:
            self.on_amiss(WRITES_DENIED)

    def _end(self, session: Session) -> None:
        """Take that the broker refuses a session; one that is used no more ends nothing."""
        if self._session is session:
            self.leave()
            self._tell_refused()

    def _tell_refused(self) -> None:
        if self._brought is not None:
            self._refused(self._brought)


class _Turns:
    """Lets reads of one kind go, in the order in which they came."""

    def __init__(
        self, window: Window, host: Clock, sleep: Callable[[float], Awaitable[object]]
    ) -> None:
        self._budget = Budget((window,))
        self._host = host
        self._sleep = sleep
        self._line = asyncio.Lock()

    async def next(self) -> None:
        """Wait until one may go."""
        async with self._line:
            while isinstance(taken := self._budget.take(self._host.now_ns(), Priority.EXIT), Wait):
                await self._sleep((taken.until_ns - self._host.now_ns()) / SECOND_NS)
