"""Whether a connection lives: by its bytes, by its answers to our pings, by indices that move.

A socket can stay open with nobody behind it, and it can send heartbeats without prices. So in a
session something must come every three seconds, and an index must move. That a contract does not
trade says nothing, and outside the session only our pings must be answered.

That it lives does not prove that its prices are of now: on opening a broker tells what it knows,
however old, and later on it may fall behind. That is proved by an index alone, whose instant the
exchange says is of now, or which moves once more where it says none; and for as long as the newest
instant of any index stays of now. One exchange says nothing of another: where an index of one told
something today, the newest of those of that exchange must stay of now as well. Where no index is
owed, prices have fallen behind where they go on and the newest instant of them all is not of now: a
quiet contract may be told again as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from daemon.brokers.zerodha.packets import Tick, traded_at
from daemon.brokers.zerodha.stream.hours import owed
from daemon.brokers.zerodha.stream.words import Now
from daemon.domain.instants import SECOND_NS, day_of, start_of, wall_of
from daemon.domain.market.instruments import Exchange

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
TOLD_AGAIN_NS = 60 * SECOND_NS
"""That they are not is told no more often, for a lag may come and go about that limit."""
DEAF_NS = 2 * SECOND_NS
"""Whoever did not look for so long has not listened either, and knows of no silence."""


class Liveness:
    """What is known of one connection since it opened.

    Attributes:
        due_ns: when it wants to be looked at, in running time.
        witnesses: the indices that tell of an exchange whether its prices are of now.
    """

    def __init__(self) -> None:
        self.due_ns = 0
        self.witnesses: Mapping[int, Exchange] = {}
        self._dated: dict[int, int] = {}  # the newest instant that each index ever told
        self._stands: Exchange | None = None
        self._heard_ns = self._moved_ns = self._pinged_ns = self._looked_ns = 0
        self._trading_ns: int | None = None  # since when it has been so, in running time
        self._indices_ns: int | None = None
        self._last: dict[int, tuple[int, int]] = {}
        self._first_e4: dict[int, int] = {}  # what an index told first, where it says no instant
        self._listened_ns = 0  # since when without a break, in running time
        self._newest_ns = 0
        self._any_ns = self._told_ns = 0  # the newest and the last instant of whatever was told
        self._told_again_ns = 0
        self._is_of_now = self._has_told = self._was_of_now = self._has_fallen_behind = False

    def opened(self, now: Now) -> None:
        """Begin anew with a connection; what the indices told before is no news on it either."""
        self._heard_ns = self._moved_ns = self._looked_ns = self._pinged_ns = now.running_ns
        self._trading_ns = self._indices_ns = None
        self._listened_ns, self._newest_ns = now.running_ns, 0
        self._is_of_now = False
        self._first_e4.clear()
        self._follow(now)
        self.due_ns = now.running_ns + LOOK_NS

    def heard(self, now: Now) -> None:
        """Take note of bytes, whatever they say."""
        self._heard_ns = now.running_ns

    def ticked(self, ticks: Sequence[Tick], now: Now) -> None:
        """Take note of prices: an index moves where it tells another price, or a later instant."""
        has_moved = False
        for tick in ticks:
            if not tick.is_tradable:
                said = (tick.quote.ltp_e4, tick.exchange_ns)
                if self._last.get(tick.token) != said:
                    self._last[tick.token] = said
                    has_moved = True
                    self._is_of_now |= self._proves(tick, now)
        if has_moved:
            self._moved_ns = now.running_ns
            self._age(now)
        if self._stands is not None and self._indices_ns is None:
            self._go_on(ticks, now)
        if told_ns := max((tick.exchange_ns for tick in ticks), default=0):
            self._compare(told_ns, now)

    def is_proved(self, *, has_index: bool) -> bool:
        """Say whether prices are of now: the newest index is, where one must; else all together."""
        newest = (
            self._is_of_now if self._must_move(has_index=has_index) else not self._has_fallen_behind
        )
        return self._trading_ns is None or (newest and self._stands is None)

    def is_old(self, *, has_index: bool) -> bool:
        """Say whether prices tell when they were, and are not of now."""
        told = self._newest_ns > 0 or not self._must_move(has_index=has_index)
        return told and not self.is_proved(has_index=has_index)

    def stands(self, tick: Tick, now: Now, *, has_index: bool) -> bool:
        """Say whether what an index tells is not of now, while one is owed.

        On opening a broker tells every price, that of one which has stood for minutes as well.
        """
        is_past = 0 < tick.exchange_ns < now.market_ns - OF_NOW_NS
        return is_past and self._must_move(has_index=has_index)

    def lags(self, now: Now, *, has_index: bool) -> str:
        """Return, once for each time, that it lives and its prices are not of now."""
        if not self.is_old(has_index=has_index):
            self._has_told &= not self.is_proved(has_index=has_index)
            return ""
        since_ns = max(self._listened_ns, self._indices_ns or 0)
        if self._has_told or now.running_ns < max(since_ns + SILENT_NS, self._told_again_ns):
            return ""
        self._has_told, self._told_again_ns = True, now.running_ns + TOLD_AGAIN_NS
        must_move = self._must_move(has_index=has_index)
        if self._stands is not None and (self._is_of_now or not must_move):
            told = _told(f"the indices of {self._stands}", self._newest_of(self._stands), now)
            return f"{told}, and those of others are not; no price is used before they are of now"
        told = (
            _told("its indices", self._newest_ns, now)
            if must_move
            else _told("its prices", self._any_ns, now)
        )
        return (
            f"{told}; no price is used before one is of now. Compare this "
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
            self._heard_ns = self._moved_ns = self._pinged_ns = self._listened_ns = running_ns
        self._follow(now)
        self._age(now)
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
                    f"{why}, and the newest is of {_wall(self._newest_ns)}"
                    if self.is_old(has_index=True)
                    else why
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

    def _must_move(self, *, has_index: bool) -> bool:
        """Say whether an index is owed, and shown."""
        return self._indices_ns is not None and has_index

    def _newest_of(self, exchange: Exchange) -> int:
        """Return the newest instant that an index of an exchange told."""
        tokens = (token for token, home in self.witnesses.items() if home is exchange)
        return max((self._dated.get(token, 0) for token in tokens), default=0)

    def _proves(self, tick: Tick, now: Now) -> bool:
        """Say whether what an index tells anew is of now."""
        if tick.exchange_ns:
            # What lies ahead of this machine's clock is of now, and hides no lag for longer.
            told_ns = min(tick.exchange_ns, now.market_ns)
            self._newest_ns = max(self._newest_ns, told_ns)
            self._dated[tick.token] = max(self._dated.get(tick.token, 0), told_ns)
            return now.market_ns - tick.exchange_ns <= OF_NOW_NS
        price_e4 = tick.quote.ltp_e4
        return self._first_e4.setdefault(tick.token, price_e4) != price_e4

    def _compare(self, told_ns: int, now: Now) -> None:
        """Note whether prices have fallen behind: they go on, and none of them is of now any more.

        Before one was of now nothing is known of that: on opening quiet contracts alone may come.
        """
        self._any_ns = max(self._any_ns, min(told_ns, now.market_ns))
        if now.market_ns - self._any_ns <= OF_NOW_NS:
            self._was_of_now, self._has_fallen_behind = True, False
        elif told_ns != self._told_ns:
            self._has_fallen_behind = self._was_of_now
        self._told_ns = told_ns

    def _age(self, now: Now) -> None:
        """Take it that prices are of now no longer, once the newest index is not.

        Nor are they once all indices of one exchange stand that told something today: on a holiday
        of its own it tells nothing. Once none is owed any more, one that stood then stands still.
        """
        oldest_ns = now.market_ns - OF_NOW_NS
        if 0 < self._newest_ns < oldest_ns:
            self._is_of_now = False
        if self._indices_ns is None:
            return
        newest: dict[Exchange, int] = {}
        for token, home in self.witnesses.items():
            newest[home] = max(newest.get(home, 0), self._dated.get(token, 0))
        day_ns = start_of(day_of(now.market_ns))
        standing = (home for home, told_ns in newest.items() if day_ns <= told_ns < oldest_ns)
        self._stands = next(standing, None)

    def _go_on(self, ticks: Sequence[Tick], now: Now) -> None:
        """Take it that an exchange stands no longer, once anything that it tells is of now."""
        for tick in ticks:
            home = self.witnesses.get(tick.token) or traded_at(tick.token)
            if home is self._stands and now.market_ns - tick.exchange_ns <= OF_NOW_NS:
                self._stands = None

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


def _told(what: str, newest_ns: int, now: Now) -> str:
    age_s = (now.market_ns - newest_ns) // SECOND_NS
    wall = _wall(newest_ns)
    return (
        f"{what} are of {wall} by the exchange's clock, {age_s:,} s before the time of this machine"
    )


def _wall(at_ns: int) -> str:
    return f"{wall_of(at_ns):%H:%M:%S}"
