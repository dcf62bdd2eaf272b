"""What is held in all accounts, as a fold of facts."""

from __future__ import annotations

from daemon.messages import LegExpired, PositionChanged

HEARS = (PositionChanged, LegExpired)


class Held:
    """The units of every leg, whoever holds it."""

    def __init__(self) -> None:
        self._units: dict[tuple[str, str, str, str], int] = {}

    def hear(self, fact: object) -> None:
        """Take one fact in; those that move no leg are passed over."""
        if not isinstance(fact, PositionChanged | LegExpired):
            return
        key = (fact.account, fact.strategy_id, fact.leg_id, fact.symbol)
        units = fact.net_quantity if isinstance(fact, PositionChanged) else 0
        self._units.pop(key, None)
        if units:
            self._units[key] = units

    @property
    def is_flat(self) -> bool:
        """Whether nobody holds anything."""
        return not self._units

    def symbols(self) -> tuple[str, ...]:
        """Return what is held, each once, in the order of the alphabet."""
        return tuple(sorted({symbol for _, _, _, symbol in self._units}))
