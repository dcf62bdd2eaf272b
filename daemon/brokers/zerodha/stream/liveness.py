"""Whether a connection lives: by its bytes, by its answers to our pings, by indices that move.

A socket can stay open with nobody behind it, and it can send heartbeats without prices. So in a
session something must come every three seconds, and an index must move. That a contract does not
trade says nothing, and outside the session only our pings must be answered.

That it lives does not prove that its prices are of now: on opening a broker tells what it knows,
however old. That is proved by an index alone, whose instant the exchange says is of now, or which
moves once more where it says none.
"""

from __future__ import annotations

from collections.abc import Iterable

from daemon.brokers.zerodha.packets import Tick
from daemon.brokers.zerodha.stream.hours import owed
from daemon.brokers.zerodha.stream.words import Now
from daemon.domain.instants import SECOND_NS, wall_of

SILENT_NS = 3 * SECOND_NS
"""In a session a connection is dead after so long without a byte, or without a move."""
SILENT_OUTSIDE_NS = 20 * SECOND_NS
"""Outside it is dead after so long without a byte."""
PING_NS, PING_OUTSIDE_NS = SECOND_NS, 10 * SECOND_NS
"""After so long without a byte we ask."""
LOOK_NS = SECOND_NS
"""It wants to be looked at so often."""
OF_NOW_NS = 10 * SECOND_NS
"""What the exchange says was no longer ago is of now: clocks differ by some seconds."""
DEAF_NS = 2 * SECOND_NS
"""Whoever did not look for so long has not listened either, and knows of no silence."""


class Liveness:
    """What is known of one connection since it opened.

    Attributes:
        due_ns: when it wants to be looked at, in running time.
    """

    def __init__(self) -> None:
        self.due_ns = 0
        self._heard_ns = self._moved_ns = self._pinged_ns = self._looked_ns = 0
        self._trading_ns: int | None = None  # since when it has been so, in running time
        self._indices_ns: int | None = None
        self._last: dict[int, tuple[int, int]] = {}
        self._first_e4: dict[int, int] = {}  # what an index told first, where it says no instant
        self._opened_ns = self._newest_ns = 0
        self._is_of_now = self._has_told = False

    def opened(self, now: Now) -> None:
        """Begin anew with a connection; what the indices told before is no news on it either."""
        self._heard_ns = self._moved_ns = self._looked_ns = self._pinged_ns = now.running_ns
        self._trading_ns = self._indices_ns = None
        self._opened_ns, self._newest_ns = now.running_ns, 0
        self._is_of_now = False
        self._first_e4.clear()
        self._follow(now)
        self.due_ns = now.running_ns + LOOK_NS

    def heard(self, now: Now) -> None:
        """Take note of bytes, whatever they say."""
        self._heard_ns = now.running_ns

    def ticked(self, ticks: Iterable[Tick], now: Now) -> None:
        """Take note of prices: an index moves where it tells another price, or a later instant."""
        for tick in ticks:
            if not tick.is_tradable:
                said = (tick.quote.ltp_e4, tick.exchange_ns)
                if self._last.get(tick.token) != said:
                    self._last[tick.token] = said
                    self._moved_ns = now.running_ns
                    self._is_of_now |= self._proves(tick, now)

    def is_proved(self, *, has_index: bool) -> bool:
        """Say whether prices are of now: an index has told so since it opened, where one must."""
        return self._is_of_now or self._indices_ns is None or not has_index

    @property
    def is_old(self) -> bool:
        """Whether indices tell when they were, and none was of now since it opened."""
        return self._newest_ns > 0 and not self._is_of_now

    def lags(self, now: Now, *, has_index: bool) -> str:
        """Return, once for each time, that it lives and none of its indices is of now."""
        if self.is_proved(has_index=has_index) or not self.is_old:
            self._has_told &= not self._is_of_now
            return ""
        since_ns = max(self._opened_ns, self._indices_ns or 0)
        if self._has_told or now.running_ns - since_ns < SILENT_NS:
            return ""
        self._has_told = True
        age_s = (now.market_ns - self._newest_ns) // SECOND_NS
        return (
            f"its indices are of {_wall(self._newest_ns)} by the exchange's clock, {age_s:,} s "
            "before the time of this machine; no price is used before one is of now. Compare this "
            "machine's clock with the right time; where it is right, the broker lags"
        )

    def look(self, now: Now, *, has_index: bool) -> str:
        """Return why the connection is dead; empty: it lives.

        Args:
            now: the present.
            has_index: an index is among what it is to show.
        """
        running_ns = now.running_ns
        if running_ns - self._looked_ns > DEAF_NS:
            self._heard_ns = self._moved_ns = self._pinged_ns = running_ns
        self._follow(now)
        self._looked_ns = running_ns
        silent_ns = SILENT_OUTSIDE_NS if self._trading_ns is None else SILENT_NS
        dies_ns = max(self._heard_ns, self._trading_ns or 0) + silent_ns
        if running_ns >= dies_ns:
            return f"no byte for {silent_ns // SECOND_NS} s"
        self.due_ns = min(dies_ns, running_ns + LOOK_NS)
        if self._indices_ns is not None and has_index:
            dies_ns = max(self._moved_ns, self._indices_ns) + SILENT_NS
            if running_ns >= dies_ns:
                why = f"no index has moved for {SILENT_NS // SECOND_NS} s"
                return (
                    f"{why}, and the newest is of {_wall(self._newest_ns)}" if self.is_old else why
                )
            self.due_ns = min(self.due_ns, dies_ns)
        return ""

    def must_ping(self, now: Now) -> bool:
        """Say whether to ask now if somebody is there; once per silence."""
        quiet_ns = PING_OUTSIDE_NS if self._trading_ns is None else PING_NS
        if self._pinged_ns > self._heard_ns or now.running_ns - self._heard_ns < quiet_ns:
            return False
        self._pinged_ns = now.running_ns
        return True

    def _proves(self, tick: Tick, now: Now) -> bool:
        """Say whether what an index tells anew is of now."""
        if tick.exchange_ns:
            self._newest_ns = max(self._newest_ns, tick.exchange_ns)
            return now.market_ns - tick.exchange_ns <= OF_NOW_NS
        price_e4 = tick.quote.ltp_e4
        return self._first_e4.setdefault(tick.token, price_e4) != price_e4

    def _follow(self, now: Now) -> None:
        """Note when a session begins and ends; a silence from before it says nothing."""
        due = owed(now.market_ns)
        self._trading_ns = self._since_ns(self._trading_ns, due.trading_ns, now)
        self._indices_ns = self._since_ns(self._indices_ns, due.indices_ns, now)

    def _since_ns(self, before_ns: int | None, opened_ns: int, now: Now) -> int | None:
        """Return since when something is owed, in running time."""
        if not opened_ns:
            return None
        if before_ns is not None:
            return before_ns
        return max(self._looked_ns, now.running_ns - (now.market_ns - opened_ns))


def _wall(at_ns: int) -> str:
    return f"{wall_of(at_ns):%H:%M:%S}"
