"""The door: the last line before any broker, for paper and live alike.

It takes only what the gate approved, and lets each intent through once. Past its deadline an order
stays here, for nobody looked at the price that it would meet. A broker that fails instead of
answering is answered for: what surely did not arrive is refused as unsent, all else is unknown. So
is one that does not answer at all: what it was asked is called off once it has taken too long.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from daemon import errors
from daemon.domain.orders.limits import Approved
from daemon.domain.orders.words import OrderRefused, OutcomeUnknown, Purpose, Refusal
from daemon.messages import (
    AccountUnread,
    Cancel,
    CancelAnswered,
    FindOrder,
    LogIn,
    LoginFailed,
    MarginUnread,
    Place,
    ReadAccount,
    ReadMargin,
)
from daemon.ports.broker import Broker

_LOGIN_TIMES = 8
"""So many times longer a log-in may take: it is several requests, and the contracts of the day."""
_READ_TIMES = 3
"""The same of a reading of the account: the book, what is held, and the book once more."""
_UNHEARD = (errors.BrokerUnavailable, errors.OutcomeUnknown, errors.WireGarbled, TimeoutError)
"""Nothing came that could be understood; else the broker has answered, though with a no."""
_OVER = "this run is over: the guardian has taken over"


def _unfenced() -> bool:
    return False


class Door:
    """Stands before one account's broker.

    Args:
        broker: what is behind it.
        now_ns: tells market time.
        forbidden: tells what forbids entries of a strategy in an account, a latch or a missing arm,
            in a sentence that is empty where nothing does; asked anew for every entry, and never
            for an exit.
        timeout_ms: how long the broker may take, by the host's clock; None: no event loop runs, so
            that it answers at once.
        fenced: says whether this run is over, since another program has taken over from it; asked
            anew for all that is written to the broker.
    """

    def __init__(
        self,
        broker: Broker,
        now_ns: Callable[[], int],
        forbidden: Callable[[str, str], str],
        timeout_ms: int | None = None,
        fenced: Callable[[], bool] = _unfenced,
    ) -> None:
        self._broker = broker
        self._now_ns = now_ns
        self._forbidden = forbidden
        self._timeout_ms = timeout_ms
        self._fenced = fenced
        self._passed: set[str] = set()

    async def ask(self, request: object) -> Sequence[Any]:
        """Pass a request on, or answer it here."""
        match request:
            case Place(approved):
                return await self._place(approved)
            case Cancel(intent_id, broker_order_id):
                return await self._cancel(intent_id, broker_order_id)
            case FindOrder(intent_id):
                return await self._find(intent_id)
            case LogIn(generation):
                return await self._log_in(generation)
            case ReadAccount():
                return await self._read()
            case ReadMargin():
                return await self._margin(request)
        raise AssertionError(f"no broker is asked {request!r}")

    async def _place(self, approved: Approved) -> Sequence[Any]:
        intent, now_ns = approved.intent, self._now_ns()
        assert intent.intent_id not in self._passed, f"{intent.intent_id} would be sent twice"
        self._passed.add(intent.intent_id)
        if self._fenced():
            return (OrderRefused(intent.intent_id, Refusal.UNSENT, _OVER, now_ns),)
        if intent.purpose is Purpose.ENTRY:
            text = self._forbidden(intent.account, intent.strategy_id)
            if text:
                return (OrderRefused(intent.intent_id, Refusal.UNSENT, text, now_ns),)
        if now_ns > intent.deadline_ns:
            text = "its deadline passed before it could leave"
            return (OrderRefused(intent.intent_id, Refusal.UNSENT, text, now_ns),)
        try:
            return await self._in_time(self._broker.place(approved))
        except errors.BrokerUnavailable as error:
            return (OrderRefused(intent.intent_id, Refusal.UNSENT, str(error), self._now_ns()),)
        except (errors.BrokerError, TimeoutError) as error:
            return (OutcomeUnknown(intent.intent_id, str(error), self._now_ns()),)

    async def _cancel(self, intent_id: str, broker_order_id: str) -> Sequence[Any]:
        if self._fenced():
            return (CancelAnswered(intent_id, False, _OVER, self._now_ns()),)  # noqa: FBT003
        try:
            return await self._in_time(self._broker.cancel(intent_id, broker_order_id))
        except (errors.BrokerError, TimeoutError) as error:
            return (CancelAnswered(intent_id, False, str(error), self._now_ns()),)  # noqa: FBT003

    async def _find(self, intent_id: str) -> Sequence[Any]:
        try:
            return await self._in_time(self._broker.find(intent_id))
        except (errors.BrokerError, TimeoutError):
            return ()  # nothing was seen, which is less than that there is nothing

    async def _log_in(self, generation: int) -> Sequence[Any]:
        try:
            return await self._in_time(self._broker.log_in(generation), _LOGIN_TIMES)
        except (errors.BrokerError, TimeoutError) as error:
            return (LoginFailed(generation, str(error), self._now_ns()),)

    async def _read(self) -> Sequence[Any]:
        try:
            return await self._in_time(self._broker.read(), _READ_TIMES)
        except errors.SessionRefused as error:
            return (AccountUnread(str(error), self._now_ns(), sessionless=True),)
        except (errors.BrokerError, TimeoutError) as error:
            return (AccountUnread(str(error), self._now_ns()),)

    async def _margin(self, asked: ReadMargin) -> Sequence[Any]:
        try:
            return await self._in_time(self._broker.margin(asked.parent, asked.legs))
        except (errors.BrokerError, TimeoutError) as error:
            answered = not isinstance(error, _UNHEARD)
            return (MarginUnread(asked.parent, str(error), self._now_ns(), answered),)

    async def _in_time(
        self, asking: Coroutine[Any, Any, Sequence[Any]], times: int = 1
    ) -> Sequence[Any]:
        """Wait for the broker's answer, and call off what takes too long.

        Args:
            asking: what the broker does.
            times: how many times as long as other requests it may take.

        Raises:
            BrokerError: what the broker raised, or `OutcomeUnknown`: it took too long.
        """
        if self._timeout_ms is None:
            return await asking
        timeout_ms = times * self._timeout_ms
        try:
            async with asyncio.timeout(timeout_ms / 1_000) as limit:
                return await asking
        except TimeoutError:
            if not limit.expired():
                raise
            text = f"the broker gave no answer within {timeout_ms} ms"
            raise errors.OutcomeUnknown(text) from None
