"""What rests at the broker beside what the daemon itself guards, in words."""

from __future__ import annotations

from collections.abc import Iterable

from daemon.cli.tables import amount, number, word


def resting(positions: Iterable[dict[str, object]]) -> list[str]:
    """Return a line for each position that a stop at the broker would buy back."""
    return [
        f"{word(held.get('strategy_id'))} {word(held.get('leg_id'))}: a resident stop at "
        f"{amount(stop.get('trigger_price'))} rests at the broker for "
        f"{number(stop.get('quantity'))} units"
        for held in positions
        if isinstance(stop := held.get("resident_stop"), dict)
    ]
