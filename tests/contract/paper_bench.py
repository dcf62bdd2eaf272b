"""Paper on the bench: the exchange in this process, and faults from its own plan."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Self

from daemon.brokers.paper import Paper
from daemon.brokers.paper_exchange import exchange
from daemon.domain.instants import SECOND_NS
from daemon.domain.money import E4
from daemon.domain.orders.words import OrderUpdated
from daemon.messages import LoggedIn, LogIn
from daemon.runtime.clock import VirtualClock
from daemon.twin import faults
from daemon.twin.faults import Call, FaultKind
from daemon.twin.latency import Latency
from daemon.twin.words import Change, Modified
from tests.contract.bench import (
    CASH,
    LATE_S,
    MORNING,
    Arrives,
    Bench,
    Fault,
    Impossible,
    On,
    RejectedLater,
    Silent,
    ToldTwice,
)
from tests.kit.wire_twin import OPEN_NS

_CALLS = {On.PLACE: Call.PLACE, On.CANCEL: Call.CANCEL}
_ARRIVES = {
    Arrives.NOW: FaultKind.NO_ANSWER,
    Arrives.NEVER: FaultKind.LOSE,
    Arrives.LATE: FaultKind.LATE,
}


class _Next:
    """A plan of faults that is made as it goes: the next call of a kind is struck, once."""

    def __init__(self) -> None:
        self._faults: dict[Call, faults.Fault] = {}

    def strike(self, call: Call, kind: FaultKind) -> None:
        self._faults[call] = faults.Fault(call, kind, delay_ns=LATE_S * SECOND_NS)

    def of(self, call: Call, _: int) -> faults.Fault | None:
        return self._faults.pop(call, None)


class PaperBench(Bench):
    """An account on paper."""

    silences = ("no answer",)
    writes_a_second = 10

    def __init__(self) -> None:
        self._clock, self._plan = VirtualClock(OPEN_NS), _Next()
        self._paper = Paper(exchange(CASH * E4, Latency(), faults=self._plan), self._clock.now_ns)
        super().__init__(self._paper, self._paper.exchange, self._clock.now_ns)
        self._frames = list(MORNING)
        self._told: list[OrderUpdated] = []

    @classmethod
    @asynccontextmanager
    async def opened(cls) -> AsyncIterator[Self]:
        """Keep a bench until the block ends."""
        bench = cls()
        await bench.go_to(0)
        assert isinstance((await bench.ask(LogIn(1)))[0], LoggedIn)
        yield bench

    async def go_to(self, second: int) -> None:
        """Let market time pass."""
        to_ns = OPEN_NS + second * SECOND_NS
        while self._frames and self._frames[0].at_ns <= to_ns:
            frame = self._frames.pop(0)
            self._clock.set(frame.at_ns)
            self._told += self._paper.on_frame(frame, frame.at_ns)
        self._clock.set(to_ns)

    async def happen(self, fault: Fault) -> None:
        """Put a fault into the plan of the exchange."""
        match fault:
            case Silent(on, _, arrives):
                self._plan.strike(_CALLS[on], _ARRIVES[arrives])
            case RejectedLater():
                self._plan.strike(Call.PLACE, FaultKind.REJECT_LATER)
            case ToldTwice():
                self._plan.strike(Call.REPORT, FaultKind.DUPLICATE)
            case _:
                raise Impossible(f"{fault} on paper")

    async def told(self, times: int) -> Sequence[OrderUpdated]:
        """Return what the exchange told, unasked."""
        told, self._told = self._told, []
        assert len(told) == times
        return told

    async def change(self, broker_order_id: str, price_e4: int) -> None:
        """Change it at the exchange: the port has no word for it, and Ordo never does."""
        change = Change(self.now_ns(), price_e4=price_e4)
        answer = self.exchange.modify(broker_order_id, change, self.now_ns())
        assert isinstance(answer, Modified)

    async def bring(self) -> None:
        """Nobody is needed."""
