"""The shares of earlier days at Zerodha, which stand beside the positions of the day.

They do not change while a day lasts, so those that were read last on it stand in where they cannot
be read. Those of another day do not: what was bought on it has moved among them, and would look as
if it were not held any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import time

from daemon.brokers.zerodha import held, questions
from daemon.brokers.zerodha.client import Client
from daemon.brokers.zerodha.codec import Names
from daemon.domain.instants import SECOND_NS, at, day_of, start_of
from daemon.errors import BrokerError, SessionRefused
from daemon.messages import BrokerPosition

_FROM = time(9)
"""Until then what is read may be what the day before began with; nothing trades earlier."""
_AGAIN_NS = 60 * SECOND_NS
"""So old they may be, in case they were read too early in the morning."""
_SOON_NS = 5 * SECOND_NS
"""Where they cannot be read and none are known: not every reading of an account waits for them."""
_LATE_MS, _BRIEF_MS = 3_000, 1_000
"""So long a reading waits for them: where none are known, and where some are."""


class Shares:
    """What is held since earlier days.

    Attributes:
        owned: as it was read last, by the names at NSE.

    Args:
        client: asks for it.
        names: tells our symbols.
    """

    def __init__(self, client: Client, names: Names) -> None:
        self._client = client
        self._names = names
        self.owned: tuple[BrokerPosition, ...] = ()
        self._read_ns: int | None = None
        self._due_ns = 0
        self._unknown = ""

    def beside(self, positions: Iterable[BrokerPosition]) -> tuple[BrokerPosition, ...]:
        """Return them by the names under which the positions show some of them as sold."""
        return held.where_sold(self.owned, positions)

    async def keep_up(self, now_ns: int) -> str:
        """Read them again where that is due.

        Returns:
            Why those of the day are not known; empty: they are.
        """
        is_known = self._read_ns is not None and self._read_ns >= _since_ns(now_ns)
        if now_ns < self._due_ns and (is_known or self._unknown):
            return "" if is_known else self._unknown
        try:
            within_ms = _BRIEF_MS if is_known else _LATE_MS
            told = await self._client.read(questions.holdings(), within_ms)
            self.owned = held.shares(told, self._names)
        except BrokerError as error:
            if not isinstance(error, SessionRefused):  # a log-in may come at any moment
                self._due_ns = now_ns + (_AGAIN_NS if is_known else _SOON_NS)
            self._unknown = "" if is_known else f"the shares of earlier days are not known: {error}"
            return self._unknown
        self._due_ns = now_ns + _AGAIN_NS
        self._read_ns, self._unknown = now_ns, ""
        return ""


def _since_ns(now_ns: int) -> int:
    """Return since when what was read is of the present day."""
    day = day_of(now_ns)
    from_ns = at(day, _FROM)
    return from_ns if now_ns >= from_ns else start_of(day)
