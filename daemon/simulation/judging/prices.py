"""What the daemon was given of prices, and how long they live by the pace of its feed.

The pace is counted anew in each life of a daemon, over the frames that its feed took: by the rule
that the daemon keeps, and apart from the daemon's own reckoning.
"""

from __future__ import annotations

from collections import deque
from datetime import date
from statistics import median

from daemon.domain.market.frames import Frame
from daemon.domain.market.instruments import parts_of
from daemon.domain.orders.words import Intent, Side

_GIVES_WAY = 10
"""By one part in so many of the touch an entry may be worse than it, and a market order as well."""
_FRAMES_KEPT, _GAPS_KEPT, _GAPS_TELL = 8, 20, 5
_GAPS_BORNE = 3
"""So many of the usual steps of a feed may pass until its prices are stale."""


class Prices:
    """The newest frames that the daemon was given.

    Args:
        fresh_ns: how old the newest of them may be at a feed in its pace.
    """

    def __init__(self, fresh_ns: int) -> None:
        self._fresh_ns = fresh_ns
        self._frames: deque[Frame] = deque(maxlen=_FRAMES_KEPT)
        self._gaps_ns: deque[int] = deque(maxlen=_GAPS_KEPT)
        self._beat_ns: int | None = None

    def begins(self) -> None:
        """Take that a life of the daemon begins, which knows no price and no pace."""
        self._frames.clear()
        self._gaps_ns.clear()
        self._beat_ns = None

    def given(self, frame: Frame) -> None:
        """Take that the daemon was given a frame."""
        self._frames.append(frame)

    def taken(self, frame: Frame) -> None:
        """Take that the daemon's feed went by a frame; one that was never given has no pace."""
        if frame not in self._frames:
            return
        if self._beat_ns is not None:
            self._gaps_ns.append(frame.at_ns - self._beat_ns)
        self._beat_ns = frame.at_ns

    def misplaced(self, intent: Intent, at_ns: int) -> str:
        """Say how an entry gives way too much beside a fresh quote of its contract; empty: not."""
        fresh = self.fresh(at_ns)
        if not fresh:
            return "though no frame is fresh"
        quotes = [f.quotes[intent.symbol] for f in fresh if intent.symbol in f.quotes]
        is_sale = intent.side is Side.SELL
        touches = [(q.bid_e4 if is_sale else q.ask_e4) or q.ltp_e4 for q in quotes]
        worst_e4 = min(touches, default=0) if is_sale else max(touches, default=0)
        if touches and (worst_e4 - intent.price_e4) * intent.side.sign * _GIVES_WAY >= -worst_e4:
            return ""
        where = f"{intent.symbol} at {intent.price_e4}, its worst touch is {worst_e4}"
        return f"out of place: {where}"

    def fresh(self, at_ns: int) -> list[Frame]:
        """Return the frames that may be priced by at an instant, oldest first."""
        lives_ns = self._fresh_ns
        if len(self._gaps_ns) >= _GAPS_TELL:
            lives_ns = max(lives_ns, _GAPS_BORNE * int(median(self._gaps_ns)))
        return [frame for frame in self._frames if at_ns - frame.at_ns <= lives_ns]


def trades_still(symbol: str, day: date | None) -> bool:
    """Say whether a contract has not expired before a day; None: none has begun."""
    parts = parts_of(symbol)
    return day is None or parts is None or parts.expiry is None or parts.expiry >= day
