"""Retry, of reads only: ask again a little later, a few times, and never past a deadline.

A read changes nothing at the peer, so asking twice is as good as asking once. A write is another
matter: a request that was not answered may still be carried out, and a second one would be a
second order. Writes therefore never come here, by whatever road; their time-out is an outcome
that is not known, and it is looked up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

import stamina
from msgspec import Struct

from daemon.errors import BrokerUnavailable

T = TypeVar("T")

# Left to itself it writes a line for each retry to standard output, past our log and what cleans it
# of secrets. A read that fails in the end says how often it was tried.
stamina.instrumentation.set_on_retry_hooks(())


class ReadPolicy(Struct, frozen=True):
    """How often a read is tried, and how long it may take.

    Attributes:
        attempts: tries in all, the first included.
        base_ms: the wait after the first failure; each later wait is twice as long.
        jitter_ms: a random wait of up to this is added to each, so that clients do not march in
            step; 0 in a world whose chance is seeded.
        longest_wait_ms: no wait is longer.
        try_timeout_ms: how long one try may take.
        deadline_ms: how long all tries and waits together may take.
        on: the failures after which another try makes sense; others pass at once.
    """

    attempts: int = 3
    base_ms: int = 250
    jitter_ms: int = 250
    longest_wait_ms: int = 2_000
    try_timeout_ms: int = 3_000
    deadline_ms: int = 10_000
    on: tuple[type[Exception], ...] = (BrokerUnavailable, TimeoutError, OSError)


DEFAULT: Final = ReadPolicy()


async def read(
    call: Callable[[], Awaitable[T]], policy: ReadPolicy = DEFAULT, what: str = "the read"
) -> T:
    """Return what a read answers, trying again where that makes sense.

    Args:
        call: makes the request anew at each call; it must change nothing at the peer.
        policy: how often, and how long.
        what: names the read in the sentence of a failure, such as `the order book`.

    Raises:
        BrokerUnavailable: every try failed, or the deadline passed; the last failure is its cause.
    """
    tries = _Tries(call, policy)
    again = stamina.AsyncRetryingCaller(
        attempts=policy.attempts,
        timeout=None,  # it would look at the machine's clock; the deadline below is the loop's
        wait_initial=policy.base_ms / 1_000,
        wait_max=policy.longest_wait_ms / 1_000,
        wait_jitter=policy.jitter_ms / 1_000,
    )
    deadline = asyncio.timeout(policy.deadline_ms / 1_000)
    try:
        async with deadline:
            return await again(policy.on, tries.one)
    except tries.kinds as error:
        late = f" by the deadline of {policy.deadline_ms} ms" if deadline.expired() else ""
        last = tries.last or error
        raise BrokerUnavailable(
            f"{what}: no answer{late} in {tries.count} of {policy.attempts} attempts; "
            f"the last failure: {type(last).__name__} {last}".rstrip()
        ) from last


class _Tries(Generic[T]):
    """The tries of one read: each under its own time-out, counted, the last failure kept."""

    def __init__(self, call: Callable[[], Awaitable[T]], policy: ReadPolicy) -> None:
        self._call = call
        self._policy = policy
        self.kinds: tuple[type[Exception], ...] = (TimeoutError, *policy.on)
        self.count = 0
        self.last: Exception | None = None

    async def one(self) -> T:
        self.count += 1
        try:
            async with asyncio.timeout(self._policy.try_timeout_ms / 1_000):
                return await self._call()
        except self.kinds as error:
            self.last = error
            raise
