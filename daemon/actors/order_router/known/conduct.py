"""How strategies conduct themselves, as a fold of facts: what they did, and which was stopped."""

from __future__ import annotations

from msgspec import Struct

from daemon.domain.orders.storm import Rate, Storm
from daemon.messages import (
    BasketEnded,
    BasketOpened,
    StrategyRemoved,
    StrategyStarted,
    StrategyStopped,
)

ORDO = "ordo"
"""Who stops a strategy where no person did."""


class Delay(Struct, frozen=True):
    """A strategy whose entry did not get as far as the broker.

    Attributes:
        again_ns: when it may try again.
        wait_ns: for how long it waits; longer each time in a row.
    """

    again_ns: int
    wait_ns: int


class Conduct:
    """The strategies of one account.

    Args:
        repeats: how often a strategy may decide an entry.
        refusals: how often it may be refused for one reason.

    Attributes:
        entries: what was decided of late, by strategy.
        refusals: what was refused of late, by strategy and reason; no restart keeps it.
        stopped: why a strategy takes no entries until a person starts it again.
        waiting: how it was told that the entry of a strategy waits for what keeps it out to pass,
            until more is heard of it.
        delayed: strategies whose entry is tried again in a while; no restart keeps it.
        freed: those of them that were told that it has passed; no restart keeps it.
        over: how the wait of a strategy's entry was last ended for good.
    """

    def __init__(self, repeats: Rate, refusals: Rate) -> None:
        self.entries = Storm(repeats)
        self.refusals = Storm(refusals)
        self.stopped: dict[str, str] = {}
        self.waiting: dict[str, BasketEnded] = {}
        self.delayed: dict[str, Delay] = {}
        self.freed: set[str] = set()
        self.over: dict[str, BasketEnded] = {}

    def apply(self, fact: object) -> None:
        """Take one recorded fact in; those of others are passed over."""
        match fact:
            case BasketOpened(basket, at_ns=at_ns):
                self._wait_no_more(basket.strategy_id)
                self.entries.hit((basket.strategy_id,), basket.basket_id, at_ns)
            case BasketEnded(basket_id, strategy_id, waits=True):
                self._wait_no_more(strategy_id)
                self.entries.take_back((strategy_id,), basket_id)
                self.waiting[strategy_id] = fact  # it is decided once more, and was not begun
            case BasketEnded(basket_id, strategy_id, at_ns=at_ns):
                waits = self.waiting.get(strategy_id)
                if waits is not None and waits.basket_id == basket_id:
                    self.over[strategy_id] = fact
                self._wait_no_more(strategy_id)
                self.delayed.pop(strategy_id, None)
                self.entries.hit((strategy_id,), basket_id, at_ns)
            case StrategyStopped(strategy_id, by, because=because) if by == ORDO:
                self.stopped[strategy_id] = because
            case StrategyStarted(strategy_id) | StrategyRemoved(strategy_id):
                self.stopped.pop(strategy_id, None)
                self.entries.calm(strategy_id)
                self.refusals.calm(strategy_id)

    def _wait_no_more(self, strategy_id: str) -> None:
        self.waiting.pop(strategy_id, None)
        self.freed.discard(strategy_id)
