"""Calls to the broker that are under way and will tell of its link."""

from __future__ import annotations

from daemon.messages import BreakerMoved
from daemon.runtime.breaker import Allowed, Breaker, BreakerPolicy, Phase


class Calls:
    """The link to one account's broker.

    Args:
        account: whose.
        policy: when entries wait.

    Attributes:
        breaker: what is believed of the link; a restart keeps it.
        phase: of it, as it was last recorded.
        out: the calls that the breaker let through and that have no answer yet; an order by its
            id, an entry whose margin is read by its own.
    """

    def __init__(self, account: str, policy: BreakerPolicy) -> None:
        self._account = account
        self.breaker = Breaker(policy)
        self.phase = Phase.CLOSED
        self.out: dict[str, Allowed] = {}

    def apply(self, fact: object) -> None:
        """Take one recorded fact in; those of others are passed over."""
        match fact:
            case BreakerMoved(account, phase, at_ns) if account == self._account:
                self.phase = phase
                self.breaker.restore(phase, at_ns)
