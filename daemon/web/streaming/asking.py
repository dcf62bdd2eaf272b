"""Whether the quotes of what is held are asked for, because no link brings their prices.

The poller answers no questions, but tells once in each silence of the link that it asks. It stops
where the link lives, where nothing is held any more, and where the exchange does not trade.
"""

from __future__ import annotations

from typing import Any, Final

from daemon.domain.market.notes import NoteKind
from daemon.domain.risk.guard import Unguarded
from daemon.messages import DayEnded, LinkDied, LinkRevived, Noted, RiskSeen
from daemon.runtime.words import ActorDisarmed

SAID: Final = "what is held is priced by asking for it"
"""What the poller's note of that ends with."""
_POLLER: Final = "quote_poller"


class Asking:
    """Follows what is recorded."""

    def __init__(self) -> None:
        self._begun = False

    def hear(self, fact: Any) -> None:
        """Take one fact in; most tell nothing of it."""
        match fact:
            case Noted(NoteKind.STALE, text):
                self._begun = self._begun or text.endswith(SAID)
            case LinkDied() | LinkRevived() | DayEnded():
                self._begun = False
            case ActorDisarmed(actor):
                self._begun = self._begun and actor != _POLLER

    def stands(self, risk: RiskSeen) -> bool:
        """Say whether quotes are asked for at the instant of a look.

        Args:
            risk: everything under watch, then.
        """
        if risk.link_alive or not self._begun:
            return False
        held = (leg for watch in risk.watches for leg in watch.legs if leg.quantity)
        return any(Unguarded.ORDERS_CLOSED not in leg.unguarded_because for leg in held)
