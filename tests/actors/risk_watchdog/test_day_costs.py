"""What a day's orders cost, by the fills that moved the legs."""

from datetime import date, time, timedelta

import pytest
from msgspec.structs import replace

from daemon.actors.risk_watchdog import RiskWatchdog
from daemon.actors.risk_watchdog.day_costs import DayCosts
from daemon.domain.instants import at
from daemon.domain.market.costs import Executed, cost_e4
from daemon.domain.money import e4
from daemon.domain.orders.basket import Basket, BasketLeg, OnFail
from daemon.domain.orders.reconcile import EXTERNAL, MANUAL
from daemon.domain.orders.words import Product, Side
from daemon.domain.risk.account import AccountLimits
from daemon.domain.risk.words import StrategyRules
from daemon.jobs.day_made import DayMade
from daemon.jobs.trades import Trades
from daemon.messages import Ask, BasketOpened, LegExpired, PositionChanged, SeeRisk, Settled
from tests.kit.asked import DAY, NOW
from tests.kit.router import DAY as DAY_OF_STAGE
from tests.kit.router import KEEP, READING, SYMBOLS, Stage, enter, leg

SYMBOL, PRICE_E4 = "NIFTY-2026-03-10-24500-CE", 1_000_000
SHARE, OWNER, NEXT = "RELIANCE", ("s", ""), DAY + timedelta(days=1)


def moved(strategy_id, bought, sold):
    values = (bought, bought * PRICE_E4, sold, sold * PRICE_E4)
    return PositionChanged(strategy_id, SYMBOL, SYMBOL, Side.SELL, *values, NOW)


def cost_of(side, quantity):
    executed = Executed(SYMBOL, side, quantity, quantity * PRICE_E4, settled=False)
    return cost_e4(executed, DAY, kept=False) if quantity else 0


@pytest.mark.parametrize(
    ("strategy_id", "bought", "sold", "costs"),
    [
        ("s", 65, 0, (65, 0)),
        ("s", 65, 65, (65, 65)),
        (EXTERNAL, 0, 65, (0, 65)),
        (EXTERNAL, 65, 65, (0, 0)),
        (EXTERNAL, 1, 1, (0, 0)),
    ],
)
def test_what_a_stranger_handed_on_to_a_leg_costs_him_nothing(strategy_id, bought, sold, costs):
    day = DayCosts()
    day.take((strategy_id, ""), moved(strategy_id, bought, sold))
    wanted = cost_of(Side.BUY, costs[0]) + cost_of(Side.SELL, costs[1])
    assert day.total_e4((strategy_id, ""), ()) == wanted


@pytest.mark.parametrize(("bought", "sold", "side"), [(65, 130, Side.SELL), (130, 65, Side.BUY)])
def test_a_stranger_is_charged_what_his_order_cost_beyond_what_it_closed_of_a_leg(
    bought, sold, side
):
    """As in the report; one brokerage is due for it."""
    day = DayCosts()
    day.take((EXTERNAL, ""), moved(EXTERNAL, bought, sold))
    assert day.total_e4((EXTERNAL, "")) == cost_of(side, 130) - cost_of(side, 65)


def test_what_a_stranger_handed_on_is_unknown_where_no_table_knows_it():
    day = DayCosts()
    day.take((EXTERNAL, ""), replace(moved(EXTERNAL, 1, 2), symbol="NSE:SBIN:MTF"))
    assert day.total_e4((EXTERNAL, "")) is None


def test_shares_of_a_stranger_are_not_delivered_by_what_he_hands_on():
    day, owner = DayCosts(), (EXTERNAL, "")
    day.take(owner, replace(kept(10, 0, "b"), strategy_id=EXTERNAL))
    day.begin_day()
    day.take(owner, replace(kept(14, 4, "c", NEXT), strategy_id=EXTERNAL))
    assert day.total_e4(owner) == 0


def test_what_one_order_of_a_stranger_closes_in_parts_is_charged_once_live_as_in_the_report():
    """The leg pays for all of it, he for none."""
    stage = Stage(terms=READING)
    stage.run(31)
    stage.tell(enter(leg("ce", 5), **KEEP))
    stage.run(1)
    order = stage.broker.stranger(SYMBOLS["ce"], Side.BUY, 375, filled=75)
    stage.run(31)
    for _ in range(4):
        stage.tell(stage.broker.fill(order, stage.now_ns, 75))
        stage.run(31)
    dog = RiskWatchdog("router", AccountLimits(), stage.facts)
    (show,) = dog.handle(Ask(1, SeeRisk()), stage.now_ns)
    live = {seen.strategy_id: seen.charges_e4 for seen in show.view.answer.watches}
    day = DayMade("a", DAY_OF_STAGE)
    for fact in stage.facts:
        day.take(fact)
    told = [(each.strategy_id, each.trade.charges_e4) for each in day.finish()]

    closed = [fact for fact in stage.facts if getattr(fact, "part_of", "")][-1]
    ways = (Side.SELL, closed.sold_value_e4), (Side.BUY, closed.bought_value_e4)
    orders = [Executed(SYMBOLS["ce"], side, 375, value_e4) for side, value_e4 in ways]
    once_e4 = sum(cost_e4(each, DAY_OF_STAGE, kept=False) for each in orders)
    assert live == {"s": once_e4, EXTERNAL: 0}
    assert sorted(told) == [(EXTERNAL, 0)] * 5 + [("s", once_e4)]
    assert day.charges_e4() == once_e4


def charged(stage):
    """What the watchdog and the report of the day make of the router's own facts."""
    dog = RiskWatchdog("router", AccountLimits(), stage.facts)
    (show,) = dog.handle(Ask(1, SeeRisk()), stage.now_ns)
    (seen,) = show.view.answer.watches
    folded = Trades("s")
    for fact in stage.facts:
        folded.take(fact)
    return seen.charges_e4, sum(each.charges_e4 for each in folded.finish())


def test_an_order_that_is_filled_in_parts_is_charged_once_live_as_in_the_report():
    stage = Stage(["work"])
    stage.tell(enter(leg("ce", 10), **KEEP))
    stage.run(1)
    (order,) = stage.broker.resting()
    for _ in range(10):
        stage.tell(stage.broker.fill(order, stage.now_ns, 75))
        stage.run(1)
    live_e4, told_e4 = charged(stage)
    filled = [fact for fact in stage.facts if isinstance(fact, PositionChanged)][-1]
    once = Executed(SYMBOLS["ce"], Side.SELL, 750, filled.sold_value_e4)

    assert live_e4 == told_e4 == cost_e4(once, DAY_OF_STAGE, kept=False)


def test_what_the_exchange_settled_is_taxed_and_pays_no_fees_live_as_in_the_report():
    stage = Stage()
    stage.tell(enter("hc", **KEEP))
    stage.run(2)
    entered_e4, _ = charged(stage)
    stage.tell(Settled(SYMBOLS["hc"], 75, e4(300), stage.now_ns))
    live_e4, told_e4 = charged(stage)
    settled = Executed(SYMBOLS["hc"], Side.SELL, 75, 75 * e4(300), settled=True)

    assert live_e4 == told_e4 == entered_e4 + cost_e4(settled, DAY_OF_STAGE, kept=False)


def test_fills_that_were_recorded_before_they_told_their_order_are_each_an_order_of_its_own():
    day = DayCosts()
    for count in (65, 130):
        day.take(("s", ""), moved("s", count, 0))
    assert day.total_e4(("s", ""), ()) == 2 * cost_of(Side.BUY, 65)


def test_what_is_entered_anew_by_hand_is_an_order_from_nothing():
    """Its sums begin at nothing with the first fill after it was flat."""
    day = DayCosts()
    trips = [(65, 0), (65, 65), (130, 0)]
    for number, sums in enumerate(trips):
        day.take((MANUAL, ""), replace(moved(MANUAL, *sums), intent_id=f"o{number}"))
    wanted = cost_of(Side.BUY, 65) + cost_of(Side.SELL, 65) + cost_of(Side.BUY, 130)
    assert day.total_e4((MANUAL, ""), ()) == wanted


def test_the_next_entry_of_a_leg_is_charged_from_nothing():
    """As much of it as of the one before is not taken for what was traded already."""
    day = DayCosts()
    day.take(("s", "s:1"), moved("s", 65, 65))
    leg = BasketLeg(SYMBOL, SYMBOL, Side.SELL, 65, 65, 1_800, 5)
    basket = Basket("s:2", "s", (leg,), NOW, NOW, OnFail.UNWIND, 0, 0)
    day.open(BasketOpened(basket, {}, StrategyRules(), 0, 0, NOW))
    day.take(("s", "s:2"), moved("s", 0, 65))
    assert day.total_e4(("s", "s:2"), ()) == cost_of(Side.SELL, 65)


def test_a_better_price_for_a_fill_of_yesterday_costs_nothing_today():
    day = DayCosts()
    first = replace(moved("s", 65, 0), intent_id="o")
    day.take(("s", ""), first)
    day.begin_day()
    day.take(("s", ""), replace(first, bought_value_e4=first.bought_value_e4 + 65))
    assert day.total_e4(("s", ""), ()) == 0


def test_a_better_price_for_a_fill_of_today_is_charged_by_what_it_came_to():
    day = DayCosts()
    first = replace(moved("s", 65, 0), intent_id="o")
    better = replace(first, bought_value_e4=65 * e4("90"))
    for each in (first, better):
        day.take(("s", ""), each)
    charged = cost_e4(Executed(SYMBOL, Side.BUY, 65, 65 * e4("90")), DAY, kept=False)
    assert day.total_e4(("s", ""), ()) == charged != cost_of(Side.BUY, 65)


def kept(bought, sold, order="", day=DAY, **also):
    """A share that is held over nights, after a fill on a day."""
    values = (bought, bought * PRICE_E4, sold, sold * PRICE_E4)
    at_ns = at(day, time(10))
    changed = PositionChanged("s", "leg", SHARE, Side.BUY, *values, at_ns, intent_id=order)
    return replace(changed, **also)


def sale_of(units):
    executed = Executed(SHARE, Side.SELL, units, units * PRICE_E4)
    return cost_e4(executed, NEXT, kept=True)


def overnight():
    """Costs of the day after ten shares were bought."""
    day = DayCosts()
    day.take(OWNER, kept(10, 0, "b"))
    day.begin_day()
    return day


def test_shares_of_days_before_are_delivered_once_a_day_however_many_orders_sell_them():
    day = overnight()
    for sold, order in ((4, "1"), (10, "2")):
        day.take(OWNER, kept(10, sold, order, NEXT))
    assert day.total_e4(OWNER, {"leg"}) == sale_of(4) + sale_of(6) + e4("15.34")
    day.begin_day()
    assert day.total_e4(OWNER, {"leg"}) == 0


def test_shares_that_were_bought_today_are_not_delivered():
    """Though what is left of them stays over the night; nor are those of the leg's next entry."""
    day = DayCosts()
    day.take(OWNER, kept(10, 0, "b"))
    day.take(OWNER, kept(10, 4, "1"))
    without = [Executed(SHARE, *of) for of in ((Side.BUY, 10, 10**7), (Side.SELL, 4, 4 * 10**6))]
    assert day.total_e4(OWNER, {"leg"}) == sum(cost_e4(each, DAY, kept=True) for each in without)

    day = overnight()
    leg = BasketLeg("leg", SHARE, Side.BUY, 10, 1, 10, 1)
    basket = Basket("s:2", "s", (leg,), NOW, NOW, OnFail.UNWIND, 0, 0)
    day.open(BasketOpened(basket, {}, StrategyRules(), 0, 0, NOW))
    day.take(OWNER, kept(10, 0, "c", NEXT))
    bought_e4 = day.total_e4(OWNER, {"leg"})
    day.take(OWNER, kept(10, 4, "2", NEXT))
    assert day.total_e4(OWNER, {"leg"}) == bought_e4 + sale_of(4)


def test_shares_that_were_gone_by_last_night_are_not_delivered_when_they_are_traded_anew():
    day = overnight()
    day.take(OWNER, kept(10, 10, "s", NEXT))
    day.begin_day()
    for order, sums in (("c", (20, 10)), ("d", (20, 20))):
        day.take(OWNER, kept(*sums, order, NEXT))
    bought = Executed(SHARE, Side.BUY, 10, 10 * PRICE_E4)
    assert day.total_e4(OWNER, {"leg"}) == cost_e4(bought, NEXT, kept=True) + sale_of(10)


def by_hand(bought, sold, order, day=NEXT, **also):
    """A share that is traded by hand within a day."""
    return replace(kept(bought, sold, order, day, **also), strategy_id=MANUAL)


def within(side, units):
    """What an order of a share costs that is not kept."""
    return cost_e4(Executed(SHARE, side, units, units * PRICE_E4), NEXT, kept=False)


@pytest.mark.parametrize("units", [10, -10])
def test_what_is_traded_anew_after_a_leg_was_closed_unseen_is_of_its_day(units):
    """Its sums begin at nothing, and none of it came over the night."""
    day, owner = DayCosts(), (MANUAL, "")
    day.take(owner, by_hand(max(units, 0), max(-units, 0), "b", DAY))
    day.begin_day()
    day.expire(LegExpired(MANUAL, "leg", SHARE, at(NEXT, time(9)), outside=True))
    day.expire(LegExpired(MANUAL, "another", SHARE, at(NEXT, time(9)), outside=True))
    assert day.total_e4(owner) == 0
    for order, sums in (("c", (10, 0)), ("d", (10, 10))):
        day.take(owner, by_hand(*sums, order))
    assert day.total_e4(owner) == within(Side.BUY, 10) + within(Side.SELL, 10)


def test_what_is_bought_by_hand_on_the_day_that_shares_of_the_leg_left_is_of_that_day():
    day, owner = DayCosts(), (MANUAL, "")
    day.take(owner, by_hand(10, 0, "b", DAY))
    day.begin_day()
    for order, sums in (("s", (10, 10)), ("c", (5, 0)), ("d", (5, 5))):
        day.take(owner, by_hand(*sums, order))
    anew = within(Side.BUY, 5) + within(Side.SELL, 5)
    assert day.total_e4(owner) == sale_of(10) + e4("15.34") + anew


@pytest.mark.parametrize(("sold", "delivery"), [(0, True), (4, True), (10, False)])
def test_shares_carried_by_hand_are_charged_as_delivered_while_any_is_left(sold, delivery):
    day, owner = DayCosts(), (MANUAL, "")
    day.take(owner, by_hand(10, 0, "b", product=Product.CARRY))
    wanted = [Executed(SHARE, Side.BUY, 10, 10 * PRICE_E4)]
    if sold:
        day.take(owner, by_hand(10, sold, "s", product=Product.CARRY))
        wanted.append(Executed(SHARE, Side.SELL, sold, sold * PRICE_E4))
    assert day.total_e4(owner) == sum(cost_e4(each, NEXT, kept=delivery) for each in wanted)


def test_what_is_sold_of_the_owner_s_own_shares_is_delivered_once_a_day():
    """An order in parts, each booked as it fills, and another one."""
    day, owner = DayCosts(), (MANUAL, "")
    for order in ("s", "s", "t"):
        day.take(owner, by_hand(0, 4, order, product=Product.CARRY))
        day.take(owner, by_hand(4, 4, "h", product=Product.CARRY, settled=True))
    assert day.total_e4(owner) == sale_of(8) + sale_of(4) + e4("15.34")


def test_a_sale_that_goes_beyond_the_owner_s_own_shares_is_charged_by_what_it_began_with():
    day, owner = DayCosts(), (MANUAL, "")
    carry = {"product": Product.CARRY}
    day.take(owner, by_hand(0, 4, "s", **carry))
    day.take(owner, by_hand(4, 4, "h", **carry, settled=True))
    day.take(owner, by_hand(0, 6, "s", **carry))
    day.take(owner, by_hand(6, 6, "b", **carry))
    assert day.total_e4(owner) == sale_of(10) + within(Side.BUY, 6) + e4("15.34")


def test_what_is_bought_back_of_a_sale_beyond_the_owner_s_own_shares_is_not_delivered():
    day, owner = DayCosts(), (MANUAL, "")
    carry = {"product": Product.CARRY}
    day.take(owner, by_hand(0, 10, "s", DAY, **carry))
    day.take(owner, by_hand(4, 10, "h", DAY, **carry, settled=True))
    day.begin_day()
    day.take(owner, by_hand(10, 10, "b", **carry))
    bought = Executed(SHARE, Side.BUY, 6, 6 * PRICE_E4)
    assert day.total_e4(owner) == cost_e4(bought, NEXT, kept=True)


@pytest.mark.parametrize("parts", [(), (6,)], ids=["at once", "in parts"])
def test_a_sale_through_flat_is_charged_as_what_it_began_and_what_it_ended_is_of_the_day(parts):
    """Six were bought today and ten sold; the rest was the owner's own, and so is his order."""
    day, owner = DayCosts(), (MANUAL, "")
    day.take(owner, by_hand(6, 0, "b"))
    for sold in (*[each - 2 for each in parts], 10):
        day.take(owner, by_hand(6, sold, "s"))
    day.take(owner, by_hand(10, 10, "h", settled=True))
    assert day.total_e4(owner) == within(Side.BUY, 6) + sale_of(10) + e4("15.34")


def test_what_is_bought_back_of_a_sale_through_flat_of_shares_of_days_before_is_of_the_day():
    """The sale itself is one of what came over the night."""
    day, owner = DayCosts(), (MANUAL, "")
    day.take(owner, by_hand(10, 0, "b", DAY))
    day.begin_day()
    day.take(owner, by_hand(10, 15, "s"))
    day.take(owner, by_hand(15, 15, "c"))
    assert day.total_e4(owner) == sale_of(15) + e4("15.34") + within(Side.BUY, 5)


def test_a_part_of_a_stranger_s_order_that_goes_through_flat_stays_with_its_others():
    day = DayCosts()
    day.take((EXTERNAL, ""), moved(EXTERNAL, 65, 0))
    for sold in (30, 130):
        part = replace(moved(EXTERNAL, 65, sold), intent_id=f"s{sold}", part_of="s")
        day.take((EXTERNAL, ""), part)
    assert day.total_e4((EXTERNAL, "")) == cost_of(Side.BUY, 65) + cost_of(Side.SELL, 130)


def test_what_the_exchange_settles_by_itself_makes_no_sale_of_the_owner_s_own_shares():
    """Of an entry."""
    day, owner = DayCosts(), ("s", "s:1")
    day.take(owner, kept(0, 10, "s"))
    day.take(owner, kept(10, 10, "x", settled=True))
    sold = Executed(SHARE, Side.SELL, 10, 10 * PRICE_E4)
    assert day.total_e4(owner) == cost_e4(sold, DAY, kept=False)


def test_shares_that_are_booked_away_are_not_delivered():
    """They lie among the owner's own, and are sold by nobody."""
    day = overnight()
    day.take(OWNER, kept(10, 10, "w", NEXT, settled=True))
    assert day.total_e4(OWNER, {"leg"}) == 0


def test_a_delivery_that_no_table_covers_leaves_the_charges_unknown():
    day = DayCosts()
    early = date(2024, 9, 30)
    day.take(OWNER, kept(10, 0, "b", date(2024, 9, 27)))
    day.begin_day()
    day.take(OWNER, kept(10, 4, "1", early))
    assert day.total_e4(OWNER, {"leg"}) is None
