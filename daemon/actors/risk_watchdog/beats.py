"""The beat of one account's watchdog: it shows that it is alive once all that it relies on is."""

from __future__ import annotations

from collections.abc import Sequence

from daemon.messages import Alive, Pulsed
from daemon.runtime.words import NOTHING, Effect, Show

_FEED = "feed"


class Beats:
    """Hears who took a pulse in.

    Args:
        router: the address of the account's router; those of others do not count.
    """

    def __init__(self, router: str) -> None:
        self._router = router
        self._awaited = {_FEED, router}
        self._number = 0
        self._heard: set[str] = set()

    def hear(self, pulsed: Pulsed) -> Sequence[Effect]:
        """Take one answer in; the last that was awaited of the newest pulse makes the beat."""
        if pulsed.number < self._number or pulsed.who not in self._awaited:
            return NOTHING
        if pulsed.number > self._number:
            self._number = pulsed.number
            self._heard.clear()
        self._heard.add(pulsed.who)
        if self._heard != self._awaited:
            return NOTHING
        self._heard.clear()
        return (Show(Alive(pulsed.number, self._router)),)
