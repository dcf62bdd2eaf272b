"""What a day made, from the marks of its close and of the one before."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from daemon.actors.risk_watchdog.actor import RiskWatchdog
from daemon.domain.market.costs import Executed, cost_e4, delivery_e4
from daemon.domain.money import e4
from daemon.domain.orders.parents import UNSEEN
from daemon.domain.orders.reconcile import MANUAL
from daemon.domain.orders.words import IntentRecorded, OrderUpdated, Product, Purpose, Side, State
from daemon.domain.risk.account import AccountLimits
from daemon.jobs.day_made import DayMade, Made
from daemon.messages import Ask, DayMarked, DayOpened, LegExpired, PositionChanged, SeeRisk
from tests.kit.acting import (
    CE,
    DAY,
    LOT,
    PE,
    ROUTER,
    SYMBOLS,
    clock,
    day_ended,
    day_opened,
    ended,
    facts,
    opened,
    prices,
)
from tests.kit.facts import INTENT

WEEK = [DAY + timedelta(days=each) for each in range(5)]
_FLAT = (0, 0, 0, 0)


class Desk(Struct):
    """Records orders, each filled at once, as a router does."""

    record: list[object]
    sums: dict[tuple[str, str], tuple[int, int, int, int]] = {}
    first: dict[tuple[str, str], Side] = {}
    number: int = 0

    def trade(self, leg: str, units: int, price: int, at_ns: int, strategy: str = "s") -> None:
        """Buy units of a leg, or sell what is below zero; the price is in rupees."""
        self.number += 1
        key, side = (strategy, leg), Side.BUY if units > 0 else Side.SELL
        number, value_e4 = abs(units), abs(units) * price * 10_000
        bought, paid, sold, got = self.sums.get(key, _FLAT)
        if bought == sold:  # it is entered, by hand from nothing
            self.first[key] = side
            bought, paid, sold, got = _FLAT if strategy == MANUAL else (bought, paid, sold, got)
        entry = side is self.first[key]
        intent = replace(
            INTENT,
            intent_id=f"OR{self.number}",
            strategy_id=strategy,
            leg_id=leg,
            symbol=SYMBOLS.get(leg, leg),
            side=side,
            quantity=number,
            purpose=Purpose.ENTRY if entry else Purpose.EXIT,
            decided_ns=at_ns,
            product=Product.CARRY,
        )
        now = (
            (bought + number, paid + value_e4, sold, got)
            if side is Side.BUY
            else (bought, paid, sold + number, got + value_e4)
        )
        self.sums[key] = now
        moved = PositionChanged(
            *(strategy, leg, intent.symbol, self.first[key], *now, at_ns, intent.intent_id),
            product=Product.CARRY,
        )
        filled = OrderUpdated(intent.intent_id, "B", State.FILLED, number, value_e4, at_ns)
        self.record += [IntentRecorded(intent, at_ns), filled, moved]

    def gone(self, leg: str, at_ns: int, strategy: str = MANUAL) -> None:
        """Take off what a leg holds: it was closed while nobody saw it."""
        net, self.number = self.held(strategy)[leg], self.number + 1
        name, side = f"OR{self.number}", Side.SELL if net > 0 else Side.BUY
        intent = replace(
            INTENT,
            intent_id=name,
            strategy_id=strategy,
            leg_id=leg,
            symbol=SYMBOLS[leg],
            side=side,
            quantity=abs(net),
            purpose=Purpose.EXIT,
            parent=f"{UNSEEN}{SYMBOLS[leg]}",
            decided_ns=at_ns,
        )
        filled = OrderUpdated(name, "", State.FILLED, abs(net), 0, at_ns)
        expired = LegExpired(strategy, leg, SYMBOLS[leg], at_ns, outside=True)
        self.record += [IntentRecorded(intent, at_ns), filled, expired]
        self.sums.pop((strategy, leg))

    def held(self, strategy: str) -> dict[str, int]:
        """Return what is held, by leg."""
        told = self.sums.items()
        held = {leg: each[0] - each[2] for (whose, leg), each in told if whose == strategy}
        return {leg: net for leg, net in held.items() if net}


def marked(strategy: str, day: date, marks: dict[str, int], at_ns: int = 0) -> DayMarked:
    """How a day went, by its marks alone, in rupees."""
    told = tuple((leg, price * 10_000) for leg, price in marks.items())
    return DayMarked(strategy, day, None, None, None, "NONE", 0, told, at_ns)


def made(record: list[object], day: date) -> DayMade:
    """What a day made, of what was recorded until the next one opened."""
    fold = DayMade("paper", day)
    for fact in record:
        if isinstance(fact, DayOpened) and fact.day > day:
            break
        fold.take(fact)
    return fold


def carried(*marks: DayMarked, day: date = WEEK[1]) -> Desk:
    """A call that was sold at 100 on the first day; the second has begun."""
    desk = Desk([day_opened(), opened(exit_at="15:20:00")])
    desk.trade("ce", -LOT, 100, clock("09:30:00"))
    desk.record += [day_ended(), *marks, day_opened(day)]
    return desk


def only(record: list[object], day: date = WEEK[1]) -> Made:
    """The one trade of a day."""
    (trade,) = made(record, day).finish()
    return trade


@st.composite
def weeks(draw: st.DrawFn) -> list[list[object]]:
    """Days of trades by a strategy and by hand, each day's close seen; flat at the end or not.

    By hand shares are traded as well, to be carried.
    """
    desk, days = Desk([]), list[list[object]]()
    price = st.integers(1, 300)
    for number, day in enumerate(WEEK):
        desk.record = [day_opened(day)] if draw(st.booleans()) else [day_opened(day)] * 2
        if not desk.held("s"):
            for leg in SYMBOLS:
                desk.sums.pop(("s", leg), None)
            desk.record.append(opened(day=day, exit_at="15:20:00"))
        for place in range(draw(st.integers(0, 4))):
            strategy = draw(st.sampled_from(("s", MANUAL)))
            legs = [*SYMBOLS, "RELIANCE"] if strategy == MANUAL else [*SYMBOLS]
            leg = draw(st.sampled_from(legs))
            out = -desk.held(strategy).get(leg, 0)
            units = draw(st.sampled_from((-LOT, LOT, 2 * LOT, out or -LOT)))
            desk.trade(leg, units, draw(price), clock("10:00:00", day) + place, strategy)
        if number == len(WEEK) - 1 and draw(st.booleans()):
            for strategy in ("s", MANUAL):
                for leg, net in desk.held(strategy).items():
                    desk.trade(leg, -net, draw(price), clock("15:00:00", day), strategy)
        desk.record.append(day_ended(day))
        for strategy in ("s", MANUAL):
            held = desk.held(strategy)
            desk.record.append(marked(strategy, day, {leg: draw(price) for leg in held}))
        days.append(desk.record)
    return days


@given(weeks())
def test_days_add_up_to_what_the_trades_made_and_cost_exactly(days):
    record = [fact for day in days for fact in day]
    folds = [made(record, day) for day in WEEK]
    told = [fold.finish() for fold in folds]
    whole = {
        (each.strategy_id, each.trade.leg_id, each.trade.entry_ns): each
        for day in told
        for each in day
    }

    assert sum(each.today_e4 for day in told for each in day) == sum(
        each.pnl_e4 for each in whole.values()
    )
    assert sum(fold.charges_e4() for fold in folds) == sum(
        each.trade.charges_e4 for each in whole.values()
    )


def test_a_trade_that_is_carried_has_made_what_lies_between_two_closes():
    desk = carried(marked("s", DAY, {"ce": 90}))
    desk.record += [day_ended(WEEK[1]), marked("s", WEEK[1], {"ce": 95})]
    day = only(desk.record)

    assert (day.pnl_e4, day.trade.before_e4, day.today_e4) == (e4(375), e4(750), e4(-375))
    assert made(desk.record, WEEK[1]).charges_e4() == 0


def test_a_trade_that_leaves_has_made_what_lies_between_the_last_close_and_its_exit():
    desk = carried(marked("s", DAY, {"ce": 90}))
    desk.trade("ce", LOT, 120, clock("10:00:00", WEEK[1]))
    day, first = only(desk.record), only(desk.record, DAY)

    assert (first.today_e4, day.today_e4) == (e4(750), e4(-2_250))
    charges = [made(desk.record, each).charges_e4() for each in WEEK[:2]]
    assert all(charges)
    assert sum(charges) == day.trade.charges_e4


def test_what_nobody_saw_at_the_last_close_is_unknown_until_it_is_gone():
    desk = carried()
    desk.trade("ce", LOT, 120, clock("10:00:00", WEEK[1]))

    assert only(desk.record).trade.before_e4 is None
    assert only(desk.record).today_e4 is None
    assert only(desk.record).pnl_e4 == e4(-1_500)


def test_a_close_that_nobody_saw_leaves_the_profit_of_its_own_day_unknown():
    """And the mark of the day before is none of it."""
    desk = carried(marked("s", DAY, {"ce": 90}))
    desk.record += [day_ended(WEEK[1]), marked("s", WEEK[1], {})]

    assert (only(desk.record).trade.before_e4, only(desk.record).pnl_e4) == (e4(750), None)


def test_a_day_without_a_session_ends_no_day_and_is_marked_like_the_one_before():
    friday, saturday, monday = (DAY + timedelta(days=each) for each in (4, 5, 7))
    desk = Desk([day_opened(friday), opened(day=friday)])
    desk.trade("ce", -LOT, 100, clock("09:30:00", friday))
    desk.trade("ce", LOT, 100, clock("09:31:00", friday), MANUAL)
    for strategy in ("s", MANUAL):
        desk.record.append(marked(strategy, friday, {"ce": 90}))
    closed = [day_opened(saturday, closed=True), marked(MANUAL, saturday, {"ce": 90})]
    desk.record += [*closed, marked("s", saturday, {}), day_opened(monday)]
    found = made(desk.record, monday).finish()

    assert {each.strategy_id: each.trade.before_e4 for each in found} == {
        "s": e4(750),
        MANUAL: e4(-750),
    }


def test_a_strategy_that_is_valued_late_is_counted_from_there():
    desk = carried()
    desk.record.append(marked("s", DAY, {"ce": 110}, clock("09:35:00", WEEK[1])))
    desk.trade("ce", LOT, 105, clock("10:00:00", WEEK[1]))
    day = made(desk.record, WEEK[1])
    (trade,) = day.finish()

    assert (trade.trade.before_e4, trade.today_e4) == (e4(-750), e4(375))
    assert day.late_ns == {"s": clock("09:35:00", WEEK[1])}
    stranger = marked("x", DAY, {"ce": 110}, clock("09:36:00", WEEK[1]))
    assert made([*desk.record, stranger], WEEK[1]).late_ns == day.late_ns


def test_what_ended_at_a_price_that_nobody_knows_is_unknown():
    desk = carried(marked("s", DAY, {"ce": 90}))
    desk.record.append(LegExpired("s", "ce", SYMBOLS["ce"], clock("15:30:00", WEEK[1])))

    assert (only(desk.record).pnl_e4, only(desk.record).trade.net_quantity) == (None, 0)


def test_a_leg_that_was_out_and_is_held_after_all_is_carried():
    """As where an order of it fills late; it is marked with its entry."""
    desk = Desk([day_opened(), opened()])
    for number, units in enumerate((-LOT, LOT, -LOT)):
        desk.trade("ce", units, 100, clock("09:30:00") + number)
    marks = [marked("s", day, {"ce": price}) for day, price in zip(WEEK, (90, 95), strict=False)]
    desk.record += [marks[0], day_opened(WEEK[1]), marks[1]]

    assert only(desk.record).today_e4 == e4(-375)


def test_what_is_traded_after_a_share_was_closed_unseen_is_charged_for_itself(monkeypatch):
    """What of it is held in another leg is delivered; what is bought and sold anew is not."""
    for leg in ("one", "two"):
        monkeypatch.setitem(SYMBOLS, leg, "RELIANCE")
    desk = Desk([day_opened()])
    for leg in ("one", "two"):
        desk.trade(leg, 10, 1_400, clock("09:30:00"), MANUAL)
    desk.record.append(day_opened(WEEK[1]))
    desk.gone("one", clock("09:16:00", WEEK[1]))
    desk.trade("one", 5, 1_400, clock("10:00:00", WEEK[1]), MANUAL)
    desk.trade("one", -5, 1_400, clock("11:00:00", WEEK[1]), MANUAL)
    desk.trade("two", -10, 1_400, clock("12:00:00", WEEK[1]), MANUAL)
    fold = made(desk.record, WEEK[1])
    two, anew = (each.trade for each in fold.finish()[1:])

    def cost(side: Side, units: int, *, kept: bool) -> int:
        return cost_e4(Executed("RELIANCE", side, units, units * 14_000_000), WEEK[1], kept=kept)

    within_e4 = cost(Side.BUY, 5, kept=False) + cost(Side.SELL, 5, kept=False)
    sold_e4 = cost(Side.SELL, 10, kept=True) + delivery_e4("RELIANCE", WEEK[1])
    assert anew.charges_e4 == within_e4
    assert two.charges_e4 == cost(Side.BUY, 10, kept=True) + sold_e4
    assert fold.charges_e4() == sold_e4 + within_e4


@pytest.mark.parametrize("traded", [(CE, PE), ("RELIANCE", "INFY")])
def test_at_the_close_a_day_has_made_and_cost_what_the_watchdog_tells(traded, monkeypatch):
    """Of an entry that is carried, of what is held by hand, and of both on the day after."""
    for leg, symbol in zip(("ce", "pe"), traded, strict=True):
        monkeypatch.setitem(SYMBOLS, leg, symbol)
    desk, watchdog = Desk([]), RiskWatchdog(ROUTER, AccountLimits())

    def hear(*messages: object) -> None:
        for message in messages:
            desk.record.append(message)
            at_ns = getattr(message, "at_ns", 0)
            desk.record += facts(watchdog.handle(message, at_ns), DayMarked)

    def trade(leg: str, units: int, price: int, at_ns: int, strategy: str = "s") -> None:
        desk.trade(leg, units, price, at_ns, strategy)
        hear(desk.record.pop())

    def close(day: date, ce: str, pe: str) -> None:
        shown = dict(zip((each.replace("-", "_") for each in traded), (ce, pe), strict=True))
        frame = prices(clock("15:29:59", day), **shown)
        watchdog.handle(frame, frame.at_ns)
        at_ns = clock("15:29:59", day)
        (shown,) = watchdog.handle(Ask(1, SeeRisk()), at_ns)
        seen = shown.view.answer.watches
        hear(day_ended(day))
        fold = made(desk.record, day)
        assert sum(each.today_e4 for each in fold.finish()) == sum(each.today_e4 for each in seen)
        assert fold.charges_e4() == sum(each.charges_e4 for each in seen)

    late = replace(opened(), exit_ns=clock("15:20:00", WEEK[2]))
    hear(day_opened(), late)
    trade("ce", -LOT, 100, clock("09:30:00"))
    trade("pe", -LOT, 80, clock("09:30:00"))
    hear(ended())
    trade("pe", LOT, 82, clock("10:00:00"), MANUAL)
    close(DAY, "90", "85")

    hear(day_opened(WEEK[1]))
    trade("ce", LOT, 70, clock("10:00:00", WEEK[1]))
    trade("pe", -LOT, 99, clock("10:00:00", WEEK[1]), MANUAL)
    trade("pe", -LOT, 95, clock("11:00:00", WEEK[1]), MANUAL)
    close(WEEK[1], "60", "101")
