"""Trades: what each leg of a strategy bought and sold, folded from the recorded facts."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from daemon.domain.instants import day_of
from daemon.domain.market.charges import ChargedFill, Charges, Unknown, charges
from daemon.domain.market.instruments import contract
from daemon.domain.money import divide_half_even
from daemon.domain.orders.words import Intent, IntentRecorded, OrderUpdated, Side
from daemon.errors import RuleUnknown
from daemon.messages import BasketOpened, DayMarked, ExitOwed, PositionChanged


class LegTrade(Struct):
    """One leg from its entry to its exit; prices and amounts in `_e4`.

    Attributes:
        charges_e4: None where a table does not reach back to its day.
    """

    leg_id: str
    symbol: str
    side: Side
    day: date
    quantity: int = 0
    entry_ns: int = 0
    entry_e4: int = 0
    exit_ns: int = 0
    exit_e4: int = 0
    exit_reason: str = ""
    pnl_e4: int | None = None
    charges_e4: int | None = 0


class Trades:
    """Folds one strategy's facts into trades.

    Args:
        strategy_id: whose.
    """

    def __init__(self, strategy_id: str) -> None:
        self._strategy_id = strategy_id
        self._open: dict[str, LegTrade] = {}
        self._reasons: dict[str, str] = {}
        self._intents: dict[str, Intent] = {}
        self._filled: dict[str, tuple[int, int]] = {}
        self.all: list[LegTrade] = []
        self.without_charges = ""

    def take(self, fact: object) -> None:
        """Take one fact in, in the order in which they were recorded."""
        match fact:
            case BasketOpened(basket) if basket.strategy_id == self._strategy_id:
                self._open.clear()
            case ExitOwed(_, strategy_id, leg_ids, reason) if strategy_id == self._strategy_id:
                self._reasons.update(dict.fromkeys(leg_ids, reason.value))
            case IntentRecorded(intent) if intent.strategy_id == self._strategy_id:
                self._intents[intent.intent_id] = intent
                if intent.parent.startswith("settlement:"):
                    self._reasons[intent.leg_id] = "expiry"
            case OrderUpdated(intent_id, _, _, quantity, value_e4) if intent_id in self._intents:
                self._filled[intent_id] = (quantity, value_e4)
            case PositionChanged(strategy_id) if strategy_id == self._strategy_id:
                self._fill(fact)
            case DayMarked(strategy_id, _, _, _, _, _, _, marks):
                if strategy_id == self._strategy_id:
                    self._mark(dict(marks))

    def finish(self) -> list[LegTrade]:
        """Work out what every trade was charged, and return them all."""
        for each in self.all:
            each.charges_e4 = 0
        for intent_id, (quantity, value_e4) in self._filled.items():
            intent = self._intents[intent_id]
            day = day_of(intent.decided_ns)
            trade = _latest(self.all, intent.leg_id, day)
            if quantity and trade is not None:
                self._charge(trade, intent, quantity, value_e4)
        return self.all

    def _fill(self, changed: PositionChanged) -> None:
        trade = self._open.get(changed.leg_id)
        if trade is None:
            day = day_of(changed.at_ns)
            trade = LegTrade(changed.leg_id, changed.symbol, changed.side, day)
            trade.entry_ns = changed.at_ns
            self._open[changed.leg_id] = trade
            self.all.append(trade)
        bought = (changed.bought_quantity, changed.bought_value_e4)
        sold = (changed.sold_quantity, changed.sold_value_e4)
        entered, left = (bought, sold) if changed.side is Side.BUY else (sold, bought)
        trade.quantity = entered[0]
        trade.entry_e4 = divide_half_even(entered[1], entered[0]) if entered[0] else 0
        if left[0]:
            trade.exit_e4 = divide_half_even(left[1], left[0])
        if not changed.net_quantity:
            trade.exit_ns = changed.at_ns
            trade.exit_reason = self._reasons.get(changed.leg_id, "")
            trade.pnl_e4 = changed.sold_value_e4 - changed.bought_value_e4

    def _mark(self, marks: dict[str, int]) -> None:
        """Value what is still open at the day's last price."""
        for leg_id, mark_e4 in marks.items():
            held = self._open.get(leg_id)
            if held is not None and not held.exit_ns and mark_e4:
                away_e4 = mark_e4 - held.entry_e4
                held.pnl_e4 = held.side.sign * away_e4 * held.quantity

    def _charge(self, trade: LegTrade, intent: Intent, quantity: int, value_e4: int) -> None:
        if intent.parent.startswith("settlement:"):
            return
        charged = _charges(intent, quantity, divide_half_even(value_e4, quantity))
        if isinstance(charged, Unknown):
            trade.charges_e4 = None
            self.without_charges = self.without_charges or charged.because
        elif trade.charges_e4 is not None:
            trade.charges_e4 += charged.total_e4


def _charges(intent: Intent, quantity: int, price_e4: int) -> Charges | Unknown:
    day = day_of(intent.decided_ns)
    try:
        instrument = contract(intent.symbol, day, strict=False)
    except RuleUnknown as error:
        return Unknown(str(error))
    return charges(ChargedFill(instrument, intent.side, quantity, price_e4), day)


def _latest(trades: list[LegTrade], leg_id: str, day: date) -> LegTrade | None:
    """Return the newest trade of a leg that was entered on a day or carried into it."""
    carried = [trade for trade in trades if trade.leg_id == leg_id and trade.day <= day]
    return carried[-1] if carried else None
