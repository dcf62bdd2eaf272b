"""What is kept for people to look at; no decision hangs on it.

Entries of today stay in it after they are over, and what no entry holds (placed by hand, or found
at the broker) is in it as well, with nothing that guards it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import assert_never

from daemon.actors.order_router.known.loose import is_loose
from daemon.actors.risk_watchdog.day_costs import DayCosts, kept_beyond
from daemon.actors.risk_watchdog.strays import MARKED, Strays
from daemon.actors.risk_watchdog.views import (
    Around,
    Look,
    Traded,
    leg_seen,
    stray_seen,
    watch_seen,
)
from daemon.actors.risk_watchdog.watch import Watch
from daemon.domain.instants import day_of
from daemon.domain.market.frames import Quote
from daemon.domain.money import sum_known
from daemon.messages import (
    BasketEnded,
    BasketOpened,
    DayEnded,
    DayMarked,
    ExitFinished,
    ExitOverdue,
    ExitOwed,
    LegExpired,
    LegSeen,
    PositionChanged,
    RiskSeen,
    WatchSeen,
)


class Picture:
    """The watch as people see it.

    Attributes:
        gap_ns: between the last two frames of a day.
        priced: a frame has come since the start.
    """

    def __init__(self) -> None:
        self.gap_ns = 0
        self.priced = False
        self._last_ns = 0
        self._followed: tuple[str, ...] = ()
        self._traded: dict[str, Traded] = {}
        self._todays: dict[str, Watch] = {}
        self._strays = Strays()
        self._costs = DayCosts()
        self._exits: dict[str, tuple[str, tuple[str, ...]]] = {}
        self._overdue: set[str] = set()

    def see(self, quotes: Mapping[str, Quote], now_ns: int) -> None:
        """Keep the last prices of what is followed."""
        self.gap_ns = now_ns - self._last_ns if self._last_ns else 0
        self._last_ns, self.priced = now_ns, True
        for symbol in self._followed:
            quote = quotes.get(symbol)
            if quote is not None:
                self.know(symbol, quote, now_ns)

    def know(self, symbol: str, quote: Quote, came_ns: int) -> None:
        """Keep the last price of one symbol; a book without one replaces none."""
        if quote.ltp_e4 or symbol not in self._traded:
            self._traded[symbol] = Traded(quote.ltp_e4, came_ns)

    def begin_day(self, watches: Iterable[Watch]) -> None:
        """Another day: what is over leaves the picture."""
        self.gap_ns = self._last_ns = 0
        self._costs.begin_day()
        self._todays.clear()
        self._strays.begin_day()
        self._follow(watches)
        kept = frozenset(self._followed)
        self._traded = {symbol: last for symbol, last in self._traded.items() if symbol in kept}

    def marked(self, ended: DayEnded, opened_ns: int) -> Iterator[DayMarked]:
        """Yield how a day ended for what no entry holds; nothing of one that nobody saw.

        Args:
            ended: which day.
            opened_ns: when its market opened; 0: it stayed closed.
        """
        if not opened_ns or self._last_ns >= opened_ns:
            yield from self._strays.marked(ended, self._traded, closed=not opened_ns)

    def close_day(self, marked: DayMarked) -> None:
        """Take how a day ended; what entries hold is marked by their watches."""
        if marked.basket_id == MARKED:
            self._strays.close_day(marked)

    def open(self, opened: BasketOpened, watches: Iterable[Watch]) -> None:
        """Take an entry in."""
        self._costs.open(opened)
        self._follow(watches)

    def fill(self, changed: PositionChanged, watch: Watch | None, watches: Iterable[Watch]) -> None:
        """Take a fill in; without an entry that it belongs to it is a stray."""
        if watch is None or is_loose(changed.strategy_id):
            watch = None
            self._strays.fill(changed)
        basket_id = watch.opened.basket.basket_id if watch is not None else ""
        self._costs.take((changed.strategy_id, basket_id), changed)
        self._follow(watches)

    def hear(self, fact: BasketEnded | ExitOwed | ExitFinished | ExitOverdue | LegExpired) -> None:
        """Take in what became of an entry or an exit, or of a stray that ended."""
        match fact:
            case BasketEnded(basket_id, waits=waits):
                if waits:  # nothing of it has left, and it is decided anew
                    self._todays.pop(basket_id, None)
            case ExitOwed(exit_id, strategy_id, leg_ids):
                self._exits[exit_id] = (strategy_id, leg_ids)
            case ExitFinished(exit_id):
                self._exits.pop(exit_id, None)
                self._overdue.discard(exit_id)
            case ExitOverdue(exit_id):
                self._overdue.add(exit_id)
            case LegExpired(strategy_id, leg_id):
                self._strays.expire((strategy_id, leg_id))
                self._costs.expire(fact)
            case _:
                assert_never(fact)

    def risk_seen(self, around: Around, active: Iterable[Watch]) -> RiskSeen:
        """Return everything under watch.

        Args:
            around: what holds for all of it.
            active: what is judged, strays that a stop was given to included.
        """
        late = frozenset(
            (strategy_id, leg_id)
            for exit_id in self._overdue & self._exits.keys()
            for strategy_id, leg_ids in (self._exits[exit_id],)
            for leg_id in leg_ids
        )
        watches = tuple(self._watch(watch, late, around) for watch in self._todays.values())
        guards = {
            (watch.risk.strategy_id, leg.leg_id): watch
            for watch in active
            if is_loose(watch.risk.strategy_id)
            for leg in watch.opened.basket.legs
        }
        owners = self._strays.owners()
        strays = tuple(self._stray(strategy_id, late, around, guards) for strategy_id in owners)
        return RiskSeen(
            around.now_ns,
            around.link_alive,
            watches + strays,
            day=around.day,
            priced=self.priced,
        )

    def _follow(self, watches: Iterable[Watch]) -> None:
        """Keep every entry that is watched today, and follow the prices of all there is."""
        for watch in watches:
            if not is_loose(watch.risk.strategy_id):  # what was taken up stays a stray to see
                self._todays.setdefault(watch.opened.basket.basket_id, watch)
        entries = self._todays.values()
        symbols = [leg.symbol for watch in entries for leg in watch.opened.basket.legs]
        symbols += self._strays.symbols()
        self._followed = tuple(dict.fromkeys(symbols))

    def _watch(self, watch: Watch, late: frozenset[tuple[str, str]], around: Around) -> WatchSeen:
        strategy_id, basket_id = watch.risk.strategy_id, watch.opened.basket.basket_id
        # A fill sets its levels as it is heard; the first frame has as long to come as any other.
        looked_ns = max(watch.risk.pnl.last_ns, watch.opened.at_ns)
        legs: list[LegSeen] = []
        for leg in watch.risk.legs():
            overdue = (strategy_id, leg.leg_id) in late
            look = Look(self._traded.get(leg.symbol), looked_ns, overdue)
            legs.append(leg_seen(leg, look, around))
        today, opened = around.day or day_of(around.now_ns), watch.opened
        kept = kept_beyond(opened, today, ((leg.leg_id, leg.quantity) for leg in legs))
        return watch_seen(watch, legs, self._costs.total_e4((strategy_id, basket_id), kept))

    def _stray(
        self,
        strategy_id: str,
        late: frozenset[tuple[str, str]],
        around: Around,
        guards: Mapping[tuple[str, str], Watch],
    ) -> WatchSeen:
        legs: list[LegSeen] = []
        todays_e4: list[int | None] = []
        for key, symbol in self._strays.of(strategy_id):
            traded, guard = self._traded.get(symbol), guards.get(key)
            # In earlier records a strategy may have the name of orders by hand, and several legs.
            mine = guard.risk.legs() if guard else ()
            guarded = next((leg for leg in mine if leg.leg_id == key[1]), None)
            looked_ns = guard.risk.pnl.last_ns if guard else self._last_ns
            view, today_e4 = self._strays.seen(key, traded, guarded)
            legs.append(leg_seen(view, Look(traded, looked_ns, key in late), around))
            todays_e4.append(today_e4)
        costs_e4 = self._costs.total_e4((strategy_id, ""))
        return stray_seen(strategy_id, legs, costs_e4, sum_known(todays_e4))
