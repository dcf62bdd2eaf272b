"""Trades are folded from facts; prices and amounts here are in 1/10,000."""

from __future__ import annotations

from datetime import date, time

import pytest
from msgspec.structs import replace

from daemon.domain.instants import at
from daemon.domain.market.charges import ChargedFill, charges
from daemon.domain.market.instruments import contract
from daemon.domain.orders.basket import Basket, OnFail
from daemon.domain.orders.parents import HOLDINGS, UNSEEN, WRITTEN_OFF
from daemon.domain.orders.reconcile import EXTERNAL, MANUAL
from daemon.domain.orders.words import IntentRecorded, OrderUpdated, Product, Purpose, Side, State
from daemon.domain.risk.words import ExitReason, StrategyRules
from daemon.jobs.trades import LegTrade, Trades
from daemon.messages import (
    BasketOpened,
    DayMarked,
    DayOpened,
    ExitOwed,
    LegExpired,
    PositionChanged,
)
from tests.kit.facts import INTENT

DAY, NEXT = date(2025, 8, 29), date(2025, 9, 1)
OPEN = at(DAY, time(9, 30))
OPTION, STOCK = "NIFTY-2025-09-02-24550-CE", "RELIANCE"
E4 = 10_000
DEPOSITORY_E4 = 153_400
"""What it costs to take a share out of holdings, tax included."""


class Told:
    """Facts of one leg of strategy `s`, told as they would be recorded."""

    def __init__(
        self, symbol: str = OPTION, side: Side = Side.SELL, strategy_id: str = "s"
    ) -> None:
        self.trades = Trades(strategy_id)
        self._strategy_id = strategy_id
        self._symbol, self._side = symbol, side
        self._sums = {Side.BUY: (0, 0), Side.SELL: (0, 0)}
        self._orders = 0
        self.named = False

    def enters(self, at_ns: int = OPEN) -> None:
        basket = Basket("s:1", "s", (), at_ns, at_ns, OnFail.UNWIND, 0, 0)
        self._sums = {Side.BUY: (0, 0), Side.SELL: (0, 0)}
        self.trades.take(BasketOpened(basket, {}, StrategyRules(), 0, 0, at_ns))

    def fills(
        self, side: Side, quantity: int, price: int, at_ns: int = OPEN, parent: str = "s:1", **how
    ) -> None:
        self._orders += 1
        intent = replace(
            INTENT,
            intent_id=f"OR{self._orders}",
            strategy_id=self._strategy_id,
            leg_id="leg",
            symbol=self._symbol,
            side=side,
            parent=parent,
            decided_ns=at_ns,
            **{"purpose": Purpose.ENTRY if side is self._side else Purpose.EXIT, **how},
        )
        value_e4 = quantity * price * E4
        before, value = self._sums[side]
        self._sums[side] = (before + quantity, value + value_e4)
        self.trades.take(IntentRecorded(intent, at_ns))
        self.trades.take(
            OrderUpdated(intent.intent_id, "1", State.FILLED, quantity, value_e4, at_ns)
        )
        bought, sold = self._sums[Side.BUY], self._sums[Side.SELL]
        self.trades.take(
            PositionChanged(
                *(self._strategy_id, "leg", self._symbol, self._side, *bought, *sold, at_ns),
                intent_id=intent.intent_id if self.named else "",
            )
        )

    def turns(self, side: Side, quantity: int, price: int, at_ns: int, parent: str = "s:1") -> None:
        """Fill an order after which the leg is held that way."""
        self._side = side
        self.fills(side, quantity, price, at_ns, parent)

    def forget(self) -> None:
        self._sums = {Side.BUY: (0, 0), Side.SELL: (0, 0)}

    def owes(self, reason: ExitReason) -> None:
        self.trades.take(ExitOwed("x", "s", ("leg",), reason, OPEN))

    def marks(self, price: int, day: date = DAY) -> None:
        marks = (("leg", price * E4),)
        self.trades.take(DayMarked("s", day, None, None, None, "NONE", 0, marks, OPEN))

    def only(self) -> LegTrade:
        (trade,) = self.trades.finish()
        return trade


def cost_e4(side: Side, quantity: int, price: int, symbol: str = OPTION, **how: bool) -> int:
    fill = ChargedFill(contract(symbol, DAY, strict=False), side, quantity, price * E4, **how)
    return charges(fill, DAY).total_e4


def test_a_closed_trade_is_what_was_received_less_what_was_paid():
    told = Told()
    told.enters()
    told.fills(Side.SELL, 75, 100)
    told.owes(ExitReason.STOP)
    told.fills(Side.BUY, 75, 130, OPEN + 9)
    trade = told.only()

    assert (trade.leg_id, trade.symbol, trade.side, trade.quantity) == (
        *("leg", OPTION, Side.SELL, 75),
    )
    assert (trade.entry_ns, trade.entry_e4) == (OPEN, 100 * E4)
    assert (trade.exit_ns, trade.exit_e4, trade.exit_reason) == (OPEN + 9, 130 * E4, "stop")
    assert trade.pnl_e4 == -75 * 30 * E4


def test_a_trade_that_a_stop_at_the_broker_closed_says_so():
    told = Told()
    told.enters()
    told.fills(Side.SELL, 75, 100)
    told.fills(Side.BUY, 75, 160, OPEN + 9, "resident:s:1", purpose=Purpose.RESIDENT_STOP)

    assert told.only().exit_reason == "resident_stop"


def test_fills_in_parts_are_one_trade_at_their_average():
    told = Told(side=Side.BUY)
    told.enters()
    told.fills(Side.BUY, 75, 100)
    told.fills(Side.BUY, 150, 103, OPEN + 1)
    trade = told.only()

    assert (trade.quantity, trade.entry_ns, trade.entry_e4) == (225, OPEN, 102 * E4)
    assert (trade.exit_ns, trade.pnl_e4) == (0, None)


def test_what_is_open_is_valued_at_its_mark():
    told = Told()
    told.enters()
    told.fills(Side.SELL, 75, 100)
    told.marks(90)

    assert told.only().pnl_e4 == 75 * 10 * E4


def test_what_is_partly_closed_is_valued_at_what_is_left_of_it():
    """One lot bought back at 95, one still open at 80."""
    told = Told()
    told.enters()
    told.fills(Side.SELL, 150, 100)
    told.fills(Side.BUY, 75, 95, OPEN + 1)
    told.marks(80)
    trade = told.only()

    assert (trade.exit_ns, trade.exit_reason) == (0, "")
    assert trade.pnl_e4 == 75 * (5 + 20) * E4


def test_what_became_worthless_is_valued_at_nothing():
    """A leg that nothing prices is not among a day's marks at all."""
    told = Told()
    told.enters()
    told.fills(Side.SELL, 75, 100)
    told.marks(90)
    told.marks(0, NEXT)

    assert told.only().pnl_e4 == 75 * 100 * E4


def test_a_mark_of_a_leg_that_is_not_held_is_passed_over():
    told = Told()
    told.marks(90)

    assert told.trades.finish() == []


def test_the_next_entry_of_a_leg_is_another_trade():
    """Charges of the first stay with the first."""
    told = Told()
    told.enters()
    told.fills(Side.SELL, 75, 100)
    told.fills(Side.BUY, 75, 90, OPEN + 1)
    told.enters(OPEN + 2)
    told.fills(Side.SELL, 75, 50, OPEN + 3)
    first, second = told.trades.finish()

    assert (first.pnl_e4, second.pnl_e4) == (75 * 10 * E4, None)
    assert first.charges_e4 == cost_e4(Side.SELL, 75, 100) + cost_e4(Side.BUY, 75, 90)
    assert second.charges_e4 == cost_e4(Side.SELL, 75, 50)


def test_a_trade_left_on_the_day_of_the_next_entry_is_charged_by_itself():
    """Carried over a night, left in the morning, entered again at noon."""
    told = Told()
    noon = at(NEXT, time(12))
    told.enters()
    told.fills(Side.SELL, 75, 100)
    told.fills(Side.BUY, 75, 90, at(NEXT, time(9, 15)))
    told.enters(noon)
    told.fills(Side.SELL, 75, 50, noon)
    first, second = told.trades.finish()

    assert (first.day, second.day) == (DAY, NEXT)
    assert first.charges_e4 == cost_e4(Side.SELL, 75, 100) + cost_e4(Side.BUY, 75, 90)


def test_what_expires_is_closed_by_the_exchange_without_a_charge():
    told = Told()
    told.enters()
    told.fills(Side.SELL, 75, 100)
    told.fills(Side.BUY, 75, 0, OPEN + 9, parent=f"settlement:{OPTION}")
    trade = told.only()

    assert (trade.exit_e4, trade.exit_reason, trade.pnl_e4) == (0, "expiry", 75 * 100 * E4)
    assert trade.charges_e4 == cost_e4(Side.SELL, 75, 100)


def test_what_somebody_closed_outside_ends_its_trade_and_is_charged_as_any_sale():
    told = Told(side=Side.BUY)
    told.enters()
    told.fills(Side.BUY, 75, 100)
    told.fills(Side.SELL, 75, 140, OPEN + 9, parent="outside:EX:2025-09-01:B7")
    trade = told.only()

    assert (trade.exit_e4, trade.exit_reason) == (140 * E4, "outside")
    assert trade.charges_e4 == cost_e4(Side.BUY, 75, 100) + cost_e4(Side.SELL, 75, 140)


def test_a_stranger_is_charged_what_his_order_cost_beyond_what_it_closed_of_a_leg():
    told = Told(strategy_id=EXTERNAL)
    told.fills(Side.SELL, 150, 140)
    told.fills(Side.BUY, 75, 140, parent="outside:EX:2025-09-01:B7")

    assert told.only().charges_e4 == cost_e4(Side.SELL, 150, 140) - cost_e4(Side.SELL, 75, 140)


def test_what_one_order_of_a_stranger_closed_in_parts_is_charged_as_one():
    """Another of his is another."""
    told = Told()
    told.enters()
    told.fills(Side.SELL, 225, 100)
    for order, price in (("B7", 140), ("B7", 142), ("B8", 150)):
        told.fills(Side.BUY, 75, price, OPEN + 9, parent=f"outside:EX:2025-09-01:{order}")

    entered_e4 = cost_e4(Side.SELL, 225, 100)
    closed_e4 = cost_e4(Side.BUY, 150, 141) + cost_e4(Side.BUY, 75, 150)
    assert told.only().charges_e4 == entered_e4 + closed_e4


@pytest.mark.parametrize("strategy_id", [EXTERNAL, MANUAL])
def test_a_sale_out_of_the_owner_s_own_shares_costs_what_it_cost_and_earns_nothing(strategy_id):
    told = Told(STOCK, strategy_id=strategy_id)
    told.fills(Side.SELL, 40, 1500)
    told.fills(Side.BUY, 40, 1500, parent=f"{HOLDINGS}{STOCK}")
    trade = told.only()

    assert (trade.pnl_e4, trade.exit_reason) == (0, "outside")
    sold_e4 = cost_e4(Side.SELL, 40, 1500, STOCK, delivery=True)
    assert trade.charges_e4 == sold_e4 + DEPOSITORY_E4


def test_sales_out_of_the_owner_s_own_shares_pay_the_depository_once_a_day():
    told = Told(STOCK, strategy_id=MANUAL)
    told.named = True
    for day in (DAY, NEXT):
        told.trades.take(DayOpened(day, (), at(day, time(9))))
        for hour in (10, 11):
            told.fills(Side.SELL, 40, 1500, at(day, time(hour)))
            told.fills(Side.BUY, 40, 1500, at(day, time(hour)), parent=f"{HOLDINGS}{STOCK}")
            told.forget()
    told.fills(Side.BUY, 9, 1500, at(NEXT, time(12)), parent=f"{HOLDINGS}{STOCK}")
    sold_e4 = cost_e4(Side.SELL, 40, 1500, STOCK, delivery=True)

    charges = [each.charges_e4 - sold_e4 for each in told.trades.finish()[:4]]
    assert charges == [DEPOSITORY_E4, 0, DEPOSITORY_E4, 0]


def test_a_long_option_that_is_exercised_is_charged_the_tax_on_its_worth():
    told = Told(side=Side.BUY)
    told.enters()
    told.fills(Side.BUY, 75, 100)
    told.fills(Side.SELL, 75, 140, OPEN + 9, parent=f"settlement:{OPTION}")
    tax_e4 = 75 * 140 * E4 * 125 // 100_000

    assert told.only().charges_e4 == cost_e4(Side.BUY, 75, 100) + tax_e4


@pytest.mark.parametrize(
    ("parent", "outside", "reason"), [(WRITTEN_OFF, False, "expiry"), (UNSEEN, True, "outside")]
)
def test_what_ended_at_a_price_nobody_knows_has_no_exit_and_no_profit(parent, outside, reason):
    """It expired, or was closed outside after its day."""
    told = Told()
    told.enters()
    told.fills(Side.SELL, 75, 100)
    told.marks(90)
    written_off = replace(
        INTENT, intent_id="W", strategy_id="s", leg_id="leg", parent=f"{parent}{OPTION}"
    )
    told.trades.take(IntentRecorded(written_off, OPEN + 9))
    told.trades.take(OrderUpdated("W", "", State.FILLED, 75, 0, OPEN + 9))
    told.trades.take(LegExpired("s", "leg", OPTION, OPEN + 9, outside=outside))
    trade = told.only()

    assert (trade.exit_ns, trade.exit_e4, trade.exit_reason) == (OPEN + 9, None, reason)
    assert (trade.pnl_e4, trade.net_quantity) == (None, 0)
    assert trade.charges_e4 == cost_e4(Side.SELL, 75, 100)


def test_an_order_that_was_not_filled_costs_nothing_and_is_no_trade():
    told = Told()
    told.enters()
    told.trades.take(IntentRecorded(replace(INTENT, strategy_id="s"), OPEN))
    told.trades.take(OrderUpdated(INTENT.intent_id, "1", State.CANCELLED, 0, 0, OPEN))

    assert told.trades.finish() == []


def test_other_strategies_are_passed_over():
    told = Told()
    told.trades = Trades("another")
    told.enters()
    told.fills(Side.SELL, 75, 100)
    told.owes(ExitReason.STOP)
    told.marks(90)

    assert told.trades.finish() == []


def test_what_is_over_can_be_let_go_and_what_is_held_keeps_what_it_was_charged():
    told = Told()
    told.enters()
    told.fills(Side.SELL, 75, 100)
    told.fills(Side.BUY, 75, 90)
    told.trades.let_go()
    assert told.trades.finish() == []
    told.enters(at(NEXT, time(9, 30)))
    told.fills(Side.SELL, 75, 100, at(NEXT, time(9, 30)))
    charged = told.only().charges_e4
    told.trades.let_go()
    assert told.only().charges_e4 == charged > 0


def test_finishing_twice_charges_once():
    told = Told()
    told.enters()
    told.fills(Side.SELL, 75, 100)
    once = told.only().charges_e4

    assert told.only().charges_e4 == once


@pytest.mark.parametrize(
    ("symbol", "day", "why"),
    [
        ("NIFTY-2019-05-02-11700-CE", date(2019, 5, 2), "rules/charges.toml does not cover"),
        ("NIFTY-2016-01-28-7500-CE", date(2016, 1, 4), "2016"),
    ],
)
def test_charges_without_a_table_are_unknown_and_say_why(symbol, day, why):
    """The first has no table of charges, the second none of lots."""
    told = Told(symbol)
    early = at(day, time(10))
    told.enters(early)
    told.fills(Side.SELL, 75, 100, early)
    told.fills(Side.BUY, 75, 90, early + 1)

    assert told.only().charges_e4 is None
    assert why in told.trades.without_charges


@pytest.mark.parametrize(
    ("symbol", "day", "why"),
    [
        ("NIFTY-2019-05-02-11700-CE", date(2019, 5, 2), "does not cover an exercise on 2019-05-02"),
        ("NIFTY-2016-01-28-7500-CE", date(2016, 1, 4), "2016"),
    ],
)
def test_an_exercise_without_a_table_is_unknown_and_says_why(symbol, day, why):
    """The first has no table of charges, the second none of lots."""
    told = Told(symbol, Side.BUY)
    early = at(day, time(10))
    told.enters(early)
    told.fills(Side.SELL, 75, 90, early, parent=f"settlement:{symbol}")

    assert told.only().charges_e4 is None
    assert why in told.trades.without_charges


@pytest.mark.parametrize(
    ("left", "delivery"), [(DAY, False), (NEXT, True), (None, False)], ids=["today", "next", "open"]
)
def test_a_share_kept_beyond_its_day_is_charged_as_delivered(left, delivery):
    told = Told(STOCK, Side.BUY)
    told.trades.take(DayOpened(DAY, (), OPEN))
    told.enters()
    told.fills(Side.BUY, 10, 1_300)
    expected = cost_e4(Side.BUY, 10, 1_300, STOCK, delivery=delivery)
    if left is not None:
        told.fills(Side.SELL, 10, 1_310, at(left, time(15)))
        expected += cost_e4(Side.SELL, 10, 1_310, STOCK, delivery=delivery)

    assert told.only().charges_e4 == expected


@pytest.mark.parametrize(("sold", "delivery"), [(0, True), (4, True), (10, False)])
def test_a_share_bought_to_carry_is_charged_as_delivered_while_any_is_left(sold, delivery):
    """On the evening of its day too; what is all sold on that day was none."""
    told = Told(STOCK, Side.BUY)
    told.trades.take(DayOpened(DAY, (), OPEN))
    told.enters()
    told.fills(Side.BUY, 10, 1_300, product=Product.CARRY)
    expected = cost_e4(Side.BUY, 10, 1_300, STOCK, delivery=delivery)
    if sold:
        told.fills(Side.SELL, sold, 1_310, product=Product.CARRY)
        expected += cost_e4(Side.SELL, sold, 1_310, STOCK, delivery=delivery)

    assert told.only().charges_e4 == expected


def held_overnight() -> tuple[Told, int]:
    """Ten shares that were bought on the day before, and what that cost."""
    told = Told(STOCK, Side.BUY)
    told.trades.take(DayOpened(DAY, (), OPEN))
    told.enters()
    told.fills(Side.BUY, 10, 1_300, product=Product.CARRY)
    told.trades.take(DayOpened(NEXT, (), at(NEXT, time(9))))
    return told, cost_e4(Side.BUY, 10, 1_300, STOCK, delivery=True)


def test_what_is_sold_of_shares_on_a_later_day_pays_the_depository_once_a_day():
    """And once more on the day after, also where a restart has the day open anew in between."""
    told, expected = held_overnight()
    for hour in (10, 11):
        told.fills(Side.SELL, 3, 1_310, at(NEXT, time(hour)), product=Product.CARRY)
        expected += cost_e4(Side.SELL, 3, 1_310, STOCK, delivery=True)
        told.trades.take(DayOpened(NEXT, (), at(NEXT, time(9))))
    assert told.only().charges_e4 == expected + DEPOSITORY_E4

    last = date(2025, 9, 2)
    told.trades.take(DayOpened(last, (), at(last, time(9))))
    told.trades.let_go()
    told.fills(Side.SELL, 4, 1_310, at(last, time(10)), product=Product.CARRY)
    expected += cost_e4(Side.SELL, 4, 1_310, STOCK, delivery=True)
    assert told.only().charges_e4 == expected + 2 * DEPOSITORY_E4


def test_shares_that_are_booked_away_pay_the_depository_nothing():
    told, expected = held_overnight()
    told.fills(Side.SELL, 10, 1_300, at(NEXT, time(10)), parent=f"{HOLDINGS}{STOCK}")

    assert told.only().charges_e4 == expected


def test_what_is_bought_and_sold_after_shares_were_booked_away_pays_the_depository_nothing():
    told = Told(STOCK, Side.BUY, MANUAL)
    told.named = True
    told.trades.take(DayOpened(DAY, (), OPEN))
    told.fills(Side.BUY, 10, 1_300, product=Product.CARRY)
    told.trades.take(DayOpened(NEXT, (), at(NEXT, time(9))))
    told.fills(Side.SELL, 10, 1_300, at(NEXT, time(10)), parent=f"{HOLDINGS}{STOCK}")
    told.forget()
    told.fills(Side.BUY, 10, 1_300, at(NEXT, time(11)))
    told.fills(Side.SELL, 10, 1_310, at(NEXT, time(12)))
    second = told.trades.finish()[1]

    bought_e4 = cost_e4(Side.BUY, 10, 1_300, STOCK)
    assert second.charges_e4 == bought_e4 + cost_e4(Side.SELL, 10, 1_310, STOCK)


def test_what_a_stranger_hands_on_to_a_leg_pays_the_depository_nothing_of_his():
    told = Told(STOCK, Side.BUY, EXTERNAL)
    told.fills(Side.BUY, 10, 1_300)
    told.trades.take(DayOpened(NEXT, (), at(NEXT, time(9))))
    expected = told.only().charges_e4
    told.fills(Side.SELL, 4, 1_310, at(NEXT, time(10)), parent="outside:EX:2025-09-01:B7")

    assert told.only().charges_e4 == expected - cost_e4(Side.BUY, 4, 1_310, STOCK, delivery=True)


def test_what_the_next_entry_sells_on_its_own_day_pays_the_depository_nothing():
    """Though the entry before was left on that day."""
    told, expected = held_overnight()
    told.fills(Side.SELL, 10, 1_310, at(NEXT, time(10)), product=Product.CARRY)
    told.enters(at(NEXT, time(11)))
    told.fills(Side.BUY, 10, 1_300, at(NEXT, time(11)))
    told.fills(Side.SELL, 10, 1_310, at(NEXT, time(12)))
    first, second = told.trades.finish()

    expected += cost_e4(Side.SELL, 10, 1_310, STOCK, delivery=True)
    assert first.charges_e4 == expected + DEPOSITORY_E4
    bought_e4 = cost_e4(Side.BUY, 10, 1_300, STOCK)
    assert second.charges_e4 == bought_e4 + cost_e4(Side.SELL, 10, 1_310, STOCK)


def test_a_share_still_held_on_a_later_day_is_delivered():
    told = Told(STOCK, Side.BUY)
    told.enters()
    told.fills(Side.BUY, 10, 1_300)
    told.trades.take(DayOpened(NEXT, (), at(NEXT, time(9))))

    assert told.only().charges_e4 == cost_e4(Side.BUY, 10, 1_300, STOCK, delivery=True)


@pytest.mark.parametrize("named", [True, False], ids=["as now", "as before"])
def test_each_round_trip_by_hand_is_a_trade_of_its_own(named):
    """Whether its fills were recorded from flat on, or, without their order, from the first on."""
    told = Told(side=Side.BUY, strategy_id=MANUAL)
    told.named = named
    for at_ns, price in ((OPEN, 100), (at(NEXT, time(10)), 120)):
        told.fills(Side.BUY, 75, price, at_ns)
        told.fills(Side.SELL, 75, price + 10, at_ns + 9)
        if named:
            told.forget()
    first, second = told.trades.finish()

    assert (first.day, first.entry_e4, first.exit_e4) == (DAY, 100 * E4, 110 * E4)
    assert (second.day, second.entry_e4, second.exit_e4) == (NEXT, 120 * E4, 130 * E4)
    assert [each.pnl_e4 for each in (first, second)] == [75 * 10 * E4] * 2
    assert [len(each.orders) for each in (first, second)] == [2, 2]
    assert [each.exit_reason for each in (first, second)] == ["manual"] * 2


@pytest.mark.parametrize("first", [Side.BUY, Side.SELL])
@pytest.mark.parametrize("named", [True, False], ids=["as now", "as before"])
def test_a_position_by_hand_that_goes_through_flat_is_two_trades(named, first):
    """The first ends at the price that the second begins at, and its order is of the second."""
    told, sign = Told(side=first, strategy_id=MANUAL), 1 if first is Side.BUY else -1
    told.named = named
    told.fills(first, 75, 100)
    told.turns(first.opposite, 225, 110, OPEN + 9)
    was, is_now = told.trades.finish()
    assert (was.side, was.quantity, was.entry_e4, was.exit_e4, was.exit_ns) == (
        *(first, 75, 100 * E4, 110 * E4, OPEN + 9),
    )
    assert (is_now.side, is_now.quantity, is_now.entry_e4, is_now.net_quantity) == (
        *(first.opposite, 150, 110 * E4, -sign * 150),
    )
    told.fills(first, 150, 130, OPEN + 19)
    was, is_now = told.trades.finish()
    assert (is_now.exit_e4, is_now.exit_ns, is_now.net_quantity) == (130 * E4, OPEN + 19, 0)
    assert (was.pnl_e4, is_now.pnl_e4) == (sign * 75 * 10 * E4, -sign * 150 * 20 * E4)
    assert [len(each.orders) for each in (was, is_now)] == ([1, 2] if named else [2, 1])
    assert [each.exit_reason for each in (was, is_now)] == ["manual"] * 2


def test_a_position_that_goes_through_flat_and_back_again_is_three_trades():
    """And what is entered anew after that is another, from nothing."""
    told = Told(side=Side.BUY, strategy_id=MANUAL)
    told.named = True
    told.fills(Side.BUY, 75, 100)
    told.turns(Side.SELL, 150, 110, OPEN + 1)
    told.turns(Side.BUY, 150, 120, OPEN + 2)
    told.fills(Side.SELL, 75, 150, OPEN + 3)
    told.forget()
    told.fills(Side.BUY, 75, 10, OPEN + 4)
    told.fills(Side.SELL, 75, 11, OPEN + 5)
    made = [(each.side, each.quantity, each.pnl_e4) for each in told.trades.finish()]
    assert made == [
        (Side.BUY, 75, 75 * 10 * E4),
        (Side.SELL, 75, -75 * 10 * E4),
        (Side.BUY, 75, 75 * 30 * E4),
        (Side.BUY, 75, 75 * E4),
    ]


def test_a_sale_through_flat_of_shares_of_today_and_of_the_owner_s_own_is_charged_as_of_those():
    told = Told(STOCK, Side.BUY, MANUAL)
    told.named = True
    told.fills(Side.BUY, 6, 1500)
    told.turns(Side.SELL, 10, 1500, OPEN + 1)
    told.fills(Side.BUY, 4, 1500, OPEN + 1, parent=f"{HOLDINGS}{STOCK}")
    day, own = told.trades.finish()
    assert day.charges_e4 == cost_e4(Side.BUY, 6, 1500, STOCK)
    sold_e4 = cost_e4(Side.SELL, 10, 1500, STOCK, delivery=True)
    assert (own.charges_e4, own.pnl_e4) == (sold_e4 + DEPOSITORY_E4, 0)


def test_a_sale_through_flat_of_shares_of_days_before_is_charged_as_of_those():
    told = Told(STOCK, Side.BUY, MANUAL)
    told.named = True
    told.fills(Side.BUY, 10, 1500)
    told.trades.take(DayOpened(NEXT, (), at(NEXT, time(9))))
    told.turns(Side.SELL, 15, 1500, at(NEXT, time(10)))
    told.fills(Side.BUY, 5, 1500, at(NEXT, time(11)))
    before, day = told.trades.finish()
    sold_e4 = cost_e4(Side.SELL, 15, 1500, STOCK, delivery=True)
    bought_e4 = cost_e4(Side.BUY, 10, 1500, STOCK, delivery=True)
    assert before.charges_e4 == bought_e4 + sold_e4 + DEPOSITORY_E4
    assert day.charges_e4 == cost_e4(Side.BUY, 5, 1500, STOCK)


def test_parts_of_a_stranger_s_order_that_go_through_flat_are_charged_as_one():
    told = Told(side=Side.BUY, strategy_id=MANUAL)
    told.named = True
    told.fills(Side.BUY, 75, 100)
    told.fills(Side.SELL, 30, 140, OPEN + 1, parent="outside:EX:2025-09-01:B7")
    told.turns(Side.SELL, 120, 140, OPEN + 2, "outside:EX:2025-09-01:B7")
    ended, begun = told.trades.finish()
    assert ended.charges_e4 == cost_e4(Side.BUY, 75, 100) + cost_e4(Side.SELL, 150, 140)
    assert (begun.charges_e4, begun.net_quantity) == (0, -75)


def test_what_is_bought_anew_after_it_was_closed_outside_turns_nothing():
    told = Told(side=Side.BUY, strategy_id=MANUAL)
    told.named = True
    told.fills(Side.BUY, 75, 100)
    told.trades.take(LegExpired(MANUAL, "leg", OPTION, OPEN + 1, outside=True))
    told.forget()
    told.turns(Side.SELL, 150, 50, OPEN + 2)
    gone, sold = told.trades.finish()
    assert (gone.exit_reason, gone.pnl_e4) == ("outside", None)
    assert (sold.side, sold.quantity, sold.net_quantity) == (Side.SELL, 150, -150)


def test_an_order_by_hand_that_was_never_filled_begins_no_trade():
    """What is filled on a later day is entered then, and the way it was filled."""
    told = Told(STOCK, Side.BUY, strategy_id=MANUAL)
    unfilled = replace(INTENT, strategy_id=MANUAL, leg_id="leg", symbol=STOCK, decided_ns=OPEN)
    told.trades.take(IntentRecorded(unfilled, OPEN))
    told.fills(Side.BUY, 75, 100, at(NEXT, time(10)))
    trade = told.only()

    assert (trade.side, trade.day, trade.quantity) == (Side.BUY, NEXT, 75)
