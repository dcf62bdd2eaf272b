"""Trades: what each leg of a strategy bought and sold, folded from the recorded facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from daemon.actors.order_router.known.loose import is_loose
from daemon.domain.instants import day_of
from daemon.domain.market.charges import Unknown
from daemon.domain.market.costs import Executed, cost_e4, delivery_e4
from daemon.domain.money import divide_half_even
from daemon.domain.orders.late import gives_back
from daemon.domain.orders.outside import is_outside, part_of
from daemon.domain.orders.parents import HOLDINGS, LATE, SETTLEMENT, UNSEEN, WRITTEN_OFF
from daemon.domain.orders.reconcile import EXTERNAL, MANUAL
from daemon.domain.orders.words import Intent, IntentRecorded, OrderUpdated, Product, Purpose, Side
from daemon.domain.risk.words import ExitReason
from daemon.jobs.loose_trips import LooseTrips
from daemon.messages import (
    BasketOpened,
    DayMarked,
    DayOpened,
    ExitOwed,
    LegExpired,
    PositionChanged,
)


class Executions(Struct):
    """What was filled of one order, and for how much.

    Attributes:
        intent: the order.
        quantity: units.
        value_e4: the sum of price x units.
        delivers: it is the first of its day to sell what was held of its symbol from days before.
    """

    intent: Intent
    quantity: int = 0
    value_e4: int = 0
    delivers: bool = False


class LegTrade(Struct):
    """One leg from its entry to its exit; prices and amounts in `_e4`.

    Attributes:
        exit_e4: the average of what was left, whether or not all of it was; None where the
            contract expired at a price that nobody knows.
        pnl_e4: before charges, with the rest at its mark; None while it has never been valued, or
            where it ended at a price that nobody knows.
        marked: the day at whose end it was last valued; None: it never was.
        before_e4: what of its profit was made before the day that is looked at; None: it is not
            known. It is for whoever tells days apart.
        charges_e4: None where a table does not reach back to its day.
        net_quantity: units still held; below zero short.
        cash_e4: what was received less what was paid.
        orders: what was filled of each of its orders.
    """

    leg_id: str
    symbol: str
    side: Side
    day: date
    quantity: int = 0
    entry_ns: int = 0
    entry_e4: int = 0
    exit_ns: int = 0
    exit_e4: int | None = 0
    exit_reason: str = ""
    pnl_e4: int | None = None
    marked: date | None = None
    before_e4: int | None = 0
    charges_e4: int | None = 0
    net_quantity: int = 0
    cash_e4: int = 0
    orders: list[Executions] = []


class Trades:
    """Folds one strategy's facts into trades.

    Args:
        strategy_id: whose.
    """

    def __init__(self, strategy_id: str) -> None:
        self._strategy_id = strategy_id
        self._open: dict[str, LegTrade] = {}
        self._trips = LooseTrips()
        self._reasons: dict[str, str] = {}
        self._orders: dict[str, tuple[Executions, LegTrade]] = {}
        self._day = date.min
        self._brought: set[str] = set()
        self._delivered: set[str] = set()
        self.all: list[LegTrade] = []
        self.without_charges = ""

    def take(self, fact: object) -> Sequence[LegTrade]:
        """Take one fact in, in the order in which they were recorded.

        Returns:
            The trades that are, or are charged, otherwise for it.
        """
        match fact:
            case DayOpened(day):
                self._begin_day(day)
                return [each for each in self._open.values() if not each.exit_ns]
            case BasketOpened(basket) if basket.strategy_id == self._strategy_id:
                self._open.clear()
                self._brought.clear()
            case ExitOwed(_, strategy_id, leg_ids, reason) if strategy_id == self._strategy_id:
                self._reasons.update(dict.fromkeys(leg_ids, reason.value))
            case IntentRecorded(intent) if intent.strategy_id == self._strategy_id:
                return self._give_back(intent) if gives_back(intent) else (self._intend(intent),)
            case OrderUpdated(intent_id, _, _, quantity, value_e4) if intent_id in self._orders:
                order, trade = self._orders[intent_id]
                order.quantity, order.value_e4 = quantity, value_e4
                self._deliver(order)
                return (trade,)
            case PositionChanged(strategy_id) if strategy_id == self._strategy_id:
                return self._move(fact)
            case LegExpired(strategy_id) if strategy_id == self._strategy_id:
                return (self._end(fact),)
            case DayMarked(strategy_id, day, _, _, _, _, _, marks):
                if strategy_id == self._strategy_id:
                    return self._mark(dict(marks), day)
        return ()

    def let_go(self) -> None:
        """Forget the trades that are over, with their orders and what those were charged."""
        self.all = [each for each in self.all if not each.exit_ns or each.net_quantity]
        held = {id(each) for each in self.all}
        self._orders = {
            intent_id: ordered
            for intent_id, ordered in self._orders.items()
            if id(ordered[1]) in held
        }

    def finish(self) -> list[LegTrade]:
        """Work out what every trade was charged, and return them all."""
        for each in self.all:
            self.charge(each)
        return self.all

    def charge(self, trade: LegTrade) -> None:
        """Work out what a trade was charged so far."""
        trade.charges_e4 = 0
        for each in _whole(trade.orders):
            self._charge(trade, each)

    def _begin_day(self, day: date) -> None:
        if day == self._day:
            return
        self._day = day
        self._brought = {leg_id for leg_id, each in self._open.items() if each.net_quantity > 0}
        self._delivered.clear()

    def _deliver(self, order: Executions) -> None:
        """Note which order of a day is the first to sell of what came over the night."""
        intent = order.intent
        booked = _is_settled(intent) or _is_lifted(intent) or is_written_off(intent)
        sells = intent.side is Side.SELL and order.quantity and not booked
        if sells and intent.leg_id in self._brought:
            self._take_out(order)

    def _take_out(self, sale: Executions) -> None:
        """Note that a sale has taken a share out of holdings, if it is the first of the day."""
        if sale.intent.symbol not in self._delivered:
            sale.delivers = True
            self._delivered.add(sale.intent.symbol)

    def _intend(self, intent: Intent) -> LegTrade:
        """Follow an order for the trade that its leg is in."""
        order, trade = Executions(intent), self._trade(intent.leg_id, intent)
        charged = self._charged_with(intent, trade)
        self._orders[intent.intent_id] = order, charged
        charged.orders.append(order)
        if _is_of_his_own(intent):
            sales = [each for each in trade.orders if each.intent.side is Side.SELL]
            if sales:  # else they are parts of one that is of the trade before
                self._take_out(sales[0])
        if intent.parent.startswith(SETTLEMENT):
            self._reasons[intent.leg_id] = "expiry"
        elif is_outside(intent):
            self._reasons[intent.leg_id] = "outside"
        elif intent.purpose is Purpose.RESIDENT_STOP:
            self._reasons[intent.leg_id] = intent.purpose.value
        return charged

    def _charged_with(self, intent: Intent, trade: LegTrade) -> LegTrade:
        """Return the trade that an order is charged with: a stranger's with all it handed on."""
        his = self._orders.get(part_of(intent))
        return trade if his is None else his[1]

    def _give_back(self, intent: Intent) -> Sequence[LegTrade]:
        """Follow what takes a late fill out of a leg for the trade that its order is of."""
        late = self._orders.get(intent.parent.removeprefix(LATE))
        if late is None:
            return ()
        order, trade = Executions(intent), late[1]
        self._orders[intent.intent_id] = order, trade
        trade.orders.append(order)
        return (trade,)

    def _trade(self, leg_id: str, of: Intent | PositionChanged) -> LegTrade:
        """Return the trade that a leg is in; an entry's first order begins a new one.

        A leg of no basket is in another from the first order, or fill, after it was flat; it may
        wait there for days, until one of its orders is filled.
        """
        trade = self._open.get(leg_id)
        day = day_of(of.decided_ns if isinstance(of, Intent) else of.at_ns)
        loose = is_loose(self._strategy_id)
        if trade is None or (loose and trade.exit_ns):
            self._reasons.pop(leg_id, None)
            trade = self._open[leg_id] = LegTrade(leg_id, of.symbol, of.side, day)
        elif loose and not trade.entry_ns:
            trade.day = day
        return trade

    def _move(self, changed: PositionChanged) -> Sequence[LegTrade]:
        """Take a leg's position for the trade that it is in, or for the two that meet in it."""
        loose = is_loose(self._strategy_id)
        moved = tuple(map(self._fill, self._trips.told(changed) if loose else (changed,)))
        if len(moved) > 1:
            self._hand_on(changed.intent_id, *moved)
        return moved

    def _hand_on(self, intent_id: str, ended: LegTrade, begun: LegTrade) -> None:
        """Charge the order that ended one trade and began another with that.

        Not that which sells shares of days before, nor a part of a stranger's order.
        """
        order, trade = self._orders.get(intent_id, (None, None))
        if order and trade is ended and ended.day == begun.day and not part_of(order.intent):
            ended.orders.remove(order)
            begun.orders.append(order)
            self._orders[intent_id] = order, begun

    def _fill(self, changed: PositionChanged) -> LegTrade:
        trade = self._trade(changed.leg_id, changed)
        if not trade.entry_ns:
            trade.entry_ns, trade.side = changed.at_ns, changed.side
            self.all.append(trade)
        elif trade.exit_ns and not any(each is trade for each in self.all):
            self.all.append(trade)  # it was over and let go, and is not over after all
        was_left = trade.exit_ns and not trade.net_quantity
        trade.net_quantity = changed.net_quantity
        trade.cash_e4 = changed.sold_value_e4 - changed.bought_value_e4
        bought = (changed.bought_quantity, changed.bought_value_e4)
        sold = (changed.sold_quantity, changed.sold_value_e4)
        entered, left = (bought, sold) if changed.side is Side.BUY else (sold, bought)
        trade.quantity = entered[0]
        trade.entry_e4 = divide_half_even(entered[1], entered[0]) if entered[0] else 0
        if left[0]:
            trade.exit_e4 = divide_half_even(left[1], left[0])
        if not changed.net_quantity:
            self._brought.discard(changed.leg_id)
            if not was_left:  # else its price alone is known better
                trade.exit_ns = changed.at_ns
            by_hand = ExitReason.MANUAL.value if self._strategy_id == MANUAL else ""
            trade.exit_reason = self._reasons.get(changed.leg_id, by_hand)
            trade.pnl_e4 = trade.cash_e4
        return trade

    def _end(self, expired: LegExpired) -> LegTrade:
        """Close what expired, or was closed outside, at a price that nobody knows."""
        trade = self._open[expired.leg_id]
        self._trips.forget(expired.leg_id)
        self._brought.discard(expired.leg_id)
        trade.exit_ns, trade.net_quantity = expired.at_ns, 0
        trade.exit_reason = "outside" if expired.outside else "expiry"
        trade.exit_e4 = trade.pnl_e4 = None
        return trade

    def _mark(self, marks: dict[str, int], day: date) -> list[LegTrade]:
        """Value what is still open at a day's last price."""
        marked = [self._open[leg_id] for leg_id in marks if leg_id in self._open]
        for held in marked:
            held.marked = day
            held.pnl_e4 = held.cash_e4 + held.net_quantity * marks[held.leg_id]
        return marked

    def _charge(self, trade: LegTrade, order: Executions) -> None:
        intent = order.intent
        settled, lifted = _is_settled(intent), _is_lifted(intent)
        side = intent.side.opposite if lifted else intent.side
        executed = Executed(intent.symbol, side, order.quantity, order.value_e4, settled)
        kept_until = day_of(trade.exit_ns) if trade.exit_ns else self._day
        carried = intent.product is Product.CARRY and trade.net_quantity != 0
        own = side is Side.SELL and any(_is_of_his_own(each.intent) for each in trade.orders)
        day = day_of(intent.decided_ns)
        charged = cost_e4(executed, day, kept=carried or own or kept_until > trade.day)
        self._add(trade, -charged if lifted and not isinstance(charged, Unknown) else charged)
        if order.delivers:
            self._add(trade, delivery_e4(intent.symbol, day))

    def _add(self, trade: LegTrade, charged: int | Unknown) -> None:
        if isinstance(charged, Unknown):
            trade.charges_e4 = None
            self.without_charges = self.without_charges or charged.because
        elif trade.charges_e4 is not None:
            trade.charges_e4 += charged


def _whole(orders: Iterable[Executions]) -> Iterable[Executions]:
    """Return the orders of which anything filled; parts of a stranger's order are one."""
    found: dict[tuple[str, Side], Executions] = {}
    for each in orders:
        if not each.quantity or is_written_off(each.intent):
            continue
        key = part_of(each.intent) or each.intent.intent_id, each.intent.side
        known = found.setdefault(key, each)
        if known is not each:
            found[key] = replace(
                known,
                quantity=known.quantity + each.quantity,
                value_e4=known.value_e4 + each.value_e4,
                delivers=known.delivers or each.delivers,
            )
    return found.values()


def _is_settled(intent: Intent) -> bool:
    """Say whether no order did it: it was booked."""
    return intent.parent.startswith((SETTLEMENT, HOLDINGS))


def _is_of_his_own(intent: Intent) -> bool:
    """Say whether what a leg sold is booked as the owner's own shares of earlier days."""
    return intent.parent.startswith(HOLDINGS) and intent.side is Side.BUY


def is_written_off(intent: Intent) -> bool:
    """Say whether it was taken off our book, at a price that nobody knows."""
    return intent.parent.startswith((WRITTEN_OFF, UNSEEN))


def _is_lifted(intent: Intent) -> bool:
    """Say whether it was handed on: it costs the leg that has it now, not whose order it was."""
    return gives_back(intent) or (intent.strategy_id == EXTERNAL and is_outside(intent))
