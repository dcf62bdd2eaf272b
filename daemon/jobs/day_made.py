"""What a day made: of each trade its profit at this close, or as it left, less that at the last.

So the days add up to what the trades made as a whole. A day lasts until the next one opens: what
is settled after its close is of it. Charges are those of its own orders.
"""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from daemon.actors.order_router.known.loose import is_loose
from daemon.actors.risk_watchdog.day_costs import DayCosts, Owner, kept_beyond
from daemon.domain.money import sum_known
from daemon.domain.orders.words import IntentRecorded
from daemon.jobs.trades import LegTrade, Trades
from daemon.messages import BasketOpened, DayMarked, DayOpened, LegExpired, PositionChanged


class Made(Struct, frozen=True):
    """A trade that was open at any time of the day; amounts in `_e4`, before charges.

    Attributes:
        strategy_id: whose.
        trade: it, with what it was charged so far, and what of its profit is of the days before.
        pnl_e4: its whole profit; None: nobody knows what it is, or was, worth.
    """

    strategy_id: str
    trade: LegTrade
    pnl_e4: int | None

    @property
    def today_e4(self) -> int | None:
        """What of its profit was made on the day; None: it is not known."""
        before_e4 = self.trade.before_e4
        return None if before_e4 is None or self.pnl_e4 is None else self.pnl_e4 - before_e4


class DayMade:
    """Folds what was recorded into what one day made in an account.

    Args:
        account: whose orders.
        day: which day; nothing is to be taken in after another one opened.

    Attributes:
        late_ns: of strategies whose last close nobody saw, since when they are counted.
    """

    def __init__(self, account: str, day: date) -> None:
        self._account = account
        self._day = day
        self._opened: DayOpened | None = None
        self._trades: dict[str, Trades] = {}
        self._costs = DayCosts()
        self._entered: dict[tuple[str, str], BasketOpened] = {}
        self._owners: dict[Owner, BasketOpened | None] = {}
        self._closed: date | None = None
        self.late_ns: dict[str, int] = {}

    def take(self, fact: object) -> None:
        """Take one fact in."""
        match fact:
            case DayOpened():
                self._open(fact)
            case IntentRecorded(intent) if intent.account == self._account:
                self._know(intent.strategy_id)
            case BasketOpened(basket):
                self._costs.open(fact)
                self._entered |= {(basket.strategy_id, leg.leg_id): fact for leg in basket.legs}
            case PositionChanged(strategy_id) if strategy_id in self._trades:
                self._cost(fact)
            case LegExpired():
                self._costs.expire(fact)
        for trades in self._trades.values():
            trades.take(fact)
        if isinstance(fact, DayMarked) and self._opened is not None:
            self._begin_late(fact, self._opened.day)

    def finish(self) -> list[Made]:
        """Return the trades of the day, each with all that it was charged so far."""
        return [
            Made(strategy_id, each, _worth_e4(each, self._day))
            for strategy_id, trades in self._trades.items()
            for each in trades.finish()
        ]

    def charges_e4(self) -> int | None:
        """Return what the day's orders have cost, as it is told while it lasts; None: unknown."""
        return sum_known(
            self._costs.total_e4(owner, self._kept(owner, opened))
            for owner, opened in self._owners.items()
        )

    def _open(self, opened: DayOpened) -> None:
        """Begin a day; what was over before it concerns none from here on."""
        before, self._opened = self._opened, opened
        if before is None or before.day == opened.day:
            return
        if before.sessions:
            self._closed = before.day
        for trades in self._trades.values():
            for each in trades.all:
                each.before_e4 = _worth_e4(each, self._closed)
            trades.let_go()
        self.late_ns.clear()
        self._costs.begin_day()
        self._owners.clear()

    def _begin_late(self, marked: DayMarked, day: date) -> None:
        """Count a strategy's day from its first valuation, where nobody saw the one before end."""
        if marked.day >= day or marked.strategy_id not in self._trades:
            return
        for each in self._trades[marked.strategy_id].all:
            if each.before_e4 is None:
                each.before_e4 = _worth_e4(each, marked.day)
                self.late_ns[marked.strategy_id] = marked.at_ns

    def _know(self, strategy_id: str) -> None:
        """Follow the trades of a strategy from its first order on."""
        if strategy_id not in self._trades:
            trades = self._trades[strategy_id] = Trades(strategy_id)
            trades.take(self._opened)

    def _cost(self, changed: PositionChanged) -> None:
        """Take a fill for what it costs, of the entry that its leg is in."""
        opened = None
        if not is_loose(changed.strategy_id):
            opened = self._entered.get((changed.strategy_id, changed.leg_id))
        owner = changed.strategy_id, opened.basket.basket_id if opened is not None else ""
        self._costs.take(owner, changed)
        self._owners[owner] = opened

    def _kept(self, owner: Owner, opened: BasketOpened | None) -> frozenset[str]:
        """Return the legs of an entry that are held, or are to be held, beyond a day."""
        if opened is None:
            return frozenset()
        trades = self._trades[owner[0]].all
        return kept_beyond(opened, self._day, ((each.leg_id, each.net_quantity) for each in trades))


def _worth_e4(trade: LegTrade, day: date | None) -> int | None:
    """Return the whole profit of a trade when a day closed; None: nobody saw that.

    What no entry holds is marked on the days without a session that follow, too.
    """
    seen = trade.marked is not None and day is not None and trade.marked >= day
    return trade.pnl_e4 if seen or not trade.net_quantity else None
