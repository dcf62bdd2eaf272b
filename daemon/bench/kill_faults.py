"""What goes wrong at the exchange in the kill bench, and what its book says of it afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random

from msgspec import Struct

from daemon.domain.instants import MILLISECOND_NS
from daemon.messages import KillStaged
from daemon.twin.faults import Call, Fault, FaultKind, Faults
from daemon.twin.file import Saved
from daemon.twin.words import OrderReport, Reason, Side, Status

_ONE_IN = 5
_CALLS = 400
_LATE_NS = 1_500 * MILLISECOND_NS
_REASONS = (Reason.BAND, Reason.FREEZE, Reason.MARGIN, Reason.RATE, Reason.OTHER)
_PLACES = (
    FaultKind.REFUSE,
    FaultKind.REJECT_LATER,
    FaultKind.LOSE,
    FaultKind.NO_ANSWER,
    FaultKind.LATE,
)
_CANCELS = (FaultKind.REFUSE, FaultKind.LOSE, FaultKind.NO_ANSWER)


class Outcome(Struct, frozen=True):
    """How a kill among faults ended.

    Attributes:
        seed: of the faults.
        stage: where it stood when it was flat, or its time was over.
        took_ms: market time since it began.
        left: what it named as left.
        reversed: symbols of which more was closed than was open.
        beyond: orders that closed more than was open when they came.
    """

    seed: int
    stage: str
    took_ms: int
    left: tuple[str, ...]
    reversed: tuple[str, ...]
    beyond: tuple[str, ...]


def plan_of(seed: int, places_before: int) -> Faults:
    """Return a plan in which every fifth write goes wrong, by chance.

    Args:
        seed: equal seeds, equal plans.
        places_before: so many orders are placed before anything goes wrong.
    """
    chance = Random(seed)  # noqa: S311  what goes wrong is no secret
    plan = [
        _fault(chance, call, number, kinds)
        for call, first, kinds in ((Call.PLACE, places_before, _PLACES), (Call.CANCEL, 0, _CANCELS))
        for number in range(first + 1, first + 1 + _CALLS)
        if chance.randrange(_ONE_IN) == 0
    ]
    return Faults(tuple(plan))


def _fault(chance: Random, call: Call, number: int, kinds: Sequence[FaultKind]) -> Fault:
    kind, reason = chance.choice(kinds), chance.choice(_REASONS)
    delay_ns = _LATE_NS if kind is FaultKind.LATE else 0
    return Fault(call, kind, number, reason, delay_ns)


def judged(seed: int, stages: Sequence[tuple[int, KillStaged]], saved: Saved) -> Outcome:
    """Return how a kill ended, by its stages and by the book of the exchange."""
    began_ns, last = stages[0][1].at_ns, stages[-1][1]
    return Outcome(
        seed=seed,
        stage=last.stage.value,
        took_ms=(last.at_ns - began_ns) // MILLISECOND_NS,
        left=last.left,
        reversed=tuple(sorted(_reversed(saved, began_ns))),
        beyond=tuple(_beyond(saved, began_ns)),
    )


def _reversed(saved: Saved, began_ns: int) -> set[str]:
    """Return the symbols whose position changed its sign since a kill began."""
    held, found = Counter[str](), set[str]()
    for trade in sorted(saved.trades, key=lambda each: (each.at_ns, each.trade_id)):
        before = held[trade.symbol]
        held[trade.symbol] += trade.side.sign * trade.quantity
        if trade.at_ns >= began_ns and before * held[trade.symbol] < 0:
            found.add(trade.symbol)
        if trade.at_ns >= began_ns and before == 0:
            found.add(trade.symbol)  # something was opened
    return found


def _beyond(saved: Saved, began_ns: int) -> Iterator[str]:
    """Yield the orders that came when less was open than they and those before them close."""
    for order in saved.orders:
        at_ns = order.arrived_ns
        held = _held(saved, order.symbol, began_ns)
        if at_ns < began_ns or order.status == Status.REJECTED or not held:
            continue
        others = sum(
            _rests(saved, other, at_ns)
            for other in saved.orders
            if other.symbol == order.symbol and other.side == order.side
            if (other.arrived_ns, other.order_id) < (at_ns, order.order_id)
        )
        if order.quantity + others > -order.side.sign * _held(saved, order.symbol, at_ns):
            yield order.order_id


def _rests(saved: Saved, order: OrderReport, at_ns: int) -> int:
    """Return the units of an order that could still trade at an instant."""
    is_over = order.status != Status.WORKING and order.at_ns < at_ns
    if is_over or order.status == Status.REJECTED:
        return 0
    traded = sum(
        trade.quantity
        for trade in saved.trades
        if trade.order_id == order.order_id and trade.at_ns < at_ns
    )
    return order.quantity - traded


def _held(saved: Saved, symbol: str, at_ns: int) -> int:
    return sum(
        trade.quantity * (1 if trade.side == Side.BUY else -1)
        for trade in saved.trades
        if trade.symbol == symbol and trade.at_ns < at_ns
    )
