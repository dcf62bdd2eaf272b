"""What a strategy still holds although its time to leave has passed, from the recorded facts."""

from __future__ import annotations

from collections.abc import Iterable

from daemon.domain.risk.hours import brought_forward
from daemon.messages import BasketOpened, DayOpened, LegExpired, PositionChanged


def still_open(facts: Iterable[object], until_ns: int) -> tuple[str, ...]:
    """Return what is open of strategies that were to leave by an instant, a sentence each.

    Args:
        facts: everything that was recorded so far, oldest first.
        until_ns: by when.
    """
    exits_ns: dict[str, int] = {}
    held: dict[tuple[str, str], PositionChanged] = {}
    close_ns = 0
    for fact in facts:
        match fact:
            case DayOpened(_, sessions):
                close_ns = sessions[-1][1] if sessions else 0
            case BasketOpened(basket, exit_ns=exit_ns):
                exits_ns[basket.strategy_id] = exit_ns
            case PositionChanged(strategy_id, leg_id):
                held[strategy_id, leg_id] = fact
            case LegExpired(strategy_id, leg_id):
                held.pop((strategy_id, leg_id), None)
    out_ns = {name: brought_forward(exit_ns, close_ns) for name, exit_ns in exits_ns.items()}
    return tuple(
        f"{strategy_id} {leg_id} holds {each.net_quantity} {each.symbol}"
        for (strategy_id, leg_id), each in held.items()
        if each.net_quantity and out_ns.get(strategy_id, until_ns + 1) <= until_ns
    )
