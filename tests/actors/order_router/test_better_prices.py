"""A better price for what was filled before reaches whoever counts from it, once."""

import pytest
from msgspec.structs import replace

from daemon.actors.risk_watchdog import RiskWatchdog
from daemon.domain.money import e4
from daemon.domain.orders.reconcile import MANUAL
from daemon.domain.orders.words import OrderType, OrderUpdated, Side, State
from daemon.domain.risk.account import AccountLimits
from daemon.domain.risk.moves import LevelMoved
from daemon.domain.risk.words import Distance, LegRules
from daemon.jobs.projections.fold import Fold
from daemon.jobs.trades import Trades
from daemon.messages import (
    Ask,
    BasketOpened,
    ExitOwed,
    OrderAsked,
    PlaceByHand,
    PositionChanged,
    SeeAccount,
    SeeRisk,
)
from daemon.runtime.words import Commit, Started, Tell
from daemon.storage.codec import Row, encode
from tests.kit.router import KEEP, SYMBOLS, Stage, enter, leave, leg, without_wakes

LOT = 75
FIRST, BETTER = "99.9", "100"
STOP = {"ce": LegRules(stop=Distance(percent_e4=e4("30")))}


def news(stage, n, price, quantity=LOT, state=State.FILLED):
    """What the broker's book says of the n-th order: so much at that price."""
    order = stage.placed(n)
    return OrderUpdated(
        order.intent.intent_id, order.number, state, quantity, quantity * e4(price), stage.now_ns
    )


def sold(price=FIRST, quantity=LOT):
    """A stage on which a call was sold, told first at that price."""
    stage = Stage(["accept"])
    stage.tell(enter(leg("ce", quantity // LOT), at_ns=stage.now_ns, **KEEP))
    stage.run()
    stage.tell(news(stage, 1, price, quantity))
    stage.run(1)
    return stage


def watched(facts):
    """The watchdog of these facts, each leg under a stop; and what it moved beyond them."""
    table = [replace(each, leg_rules=STOP) if isinstance(each, BasketOpened) else each
             for each in facts]  # fmt: skip
    dog = RiskWatchdog("router", AccountLimits(), table)
    moved = [fact for each in dog.handle(Started(), 0) if isinstance(each, Commit)
             for fact in each.facts if isinstance(fact, LevelMoved)]  # fmt: skip
    return dog, moved


def seen_of(dog, now_ns):
    (show,) = dog.handle(Ask(1, SeeRisk()), now_ns)
    return show.view.answer


def leg_of(dog, now_ns):
    (watch,) = seen_of(dog, now_ns).watches
    return watch.legs[0], watch.charges_e4


def test_a_leg_that_is_held_is_told_once_at_its_better_price():
    stage = sold()
    better = news(stage, 1, BETTER)
    assert without_wakes(stage.tell(better)) == [f"ce -{LOT}"]
    assert without_wakes(stage.tell(better)) == []
    assert without_wakes(stage.tell(news(stage, 1, FIRST))) == [], "the larger of two values stands"
    told = stage.told(PositionChanged)
    assert [fact.sold_value_e4 for fact in told] == [LOT * e4(FIRST), LOT * e4(BETTER)]
    assert {fact.intent_id for fact in told} == {stage.placed(1).intent.intent_id}


def left(stage):
    """The same stage once an exit has made the leg flat, told first at 101."""
    stage.tell(leave("ce"))
    stage.run()
    stage.tell(news(stage, 2, "101"))
    stage.run(1)
    return stage


def folded(stage, strategy_id="s"):
    trades = Trades(strategy_id)
    for fact in stage.facts:
        trades.take(fact)
    (trade,) = trades.finish()
    return trade


def test_a_leg_that_is_flat_is_told_once_at_its_better_prices():
    """No level counts from them, but profit does: trades may come after the leg was left."""
    stage = left(sold())
    for n, price in ((1, BETTER), (2, "101.5")):
        assert without_wakes(stage.tell(news(stage, n, price))) == ["ce +0"]
        assert without_wakes(stage.tell(news(stage, n, price))) == []


def test_profit_and_report_have_the_better_price_of_an_exit_and_its_instant_stays():
    stage = left(sold())
    live, _ = watched(stage.facts)
    before = folded(stage)
    stage.tell(news(stage, 2, "101.5"))
    stage.run(1)
    live.handle(stage.told(PositionChanged)[-1], stage.now_ns)
    after = folded(stage)

    won_e4 = LOT * (e4(FIRST) - e4("101.5"))
    assert (before.exit_e4, before.pnl_e4) == (e4("101"), LOT * (e4(FIRST) - e4("101")))
    assert (after.exit_e4, after.pnl_e4, after.quantity) == (e4("101.5"), won_e4, LOT)
    assert (after.exit_ns, after.exit_reason) == (before.exit_ns, before.exit_reason)
    for dog in (live, watched(stage.facts)[0]):
        (watch,) = seen_of(dog, stage.now_ns).watches
        assert (watch.legs[0].realised_e4, watch.pnl_e4) == (won_e4, won_e4)
        assert watch.legs[0].quantity == 0


def test_the_better_price_of_an_exit_brings_no_other_decision():
    stage = left(sold())
    dog, _ = watched(stage.facts)
    owed = len(stage.told(ExitOwed))
    said = [*without_wakes(stage.tell(news(stage, 2, "101.5"))), *without_wakes(stage.run(5))]
    changed = stage.told(PositionChanged)[-1]
    effects = dog.handle(changed, stage.now_ns)

    assert (said, len(stage.told(ExitOwed))) == (["ce +0"], owed)
    assert [each for each in effects if isinstance(each, Commit | Tell)] == []


def test_a_leg_that_was_entered_anew_is_not_told_the_better_price_of_the_exit_before():
    stage = left(sold())
    stage.tell(enter(leg("ce"), at_ns=stage.now_ns, **KEEP))
    stage.run()
    stage.tell(news(stage, 3, FIRST))
    assert without_wakes(stage.tell(news(stage, 2, "101.5"))) == []


def test_what_was_placed_by_hand_and_is_flat_would_seem_entered_anew_and_is_told_no_more():
    stage = Stage(["accept"])
    for n, side, price in ((1, Side.BUY, FIRST), (2, Side.SELL, "101")):
        wanted = ("a", SYMBOLS["ce"], side, LOT, OrderType.LIMIT, e4("100.05"), 0, "", "me")
        stage.ask(PlaceByHand(OrderAsked(f"r{n}", *wanted, stage.now_ns)))
        stage.run()
        stage.tell(news(stage, n, price))
        stage.run(1)
    assert without_wakes(stage.tell(news(stage, 2, "101.5"))) == []


def test_the_price_of_a_part_that_was_left_is_told_while_the_rest_is_held():
    stage = sold(quantity=2 * LOT)
    stage.tell(leave("ce"))
    stage.run()
    for price in ("101", "101.5"):
        stage.tell(news(stage, 2, price, state=State.WORKING))
    bought = [fact.bought_value_e4 for fact in stage.told(PositionChanged)]
    assert bought == [0, LOT * e4("101"), LOT * e4("101.5")]


@pytest.mark.parametrize("restarted", [False, True])
def test_the_stop_counts_from_the_better_price_and_is_armed_by_it_once(restarted):
    stage = sold()
    facts = list(stage.facts)
    live, armed = watched(facts)
    stage.tell(news(stage, 1, BETTER))
    changed = stage.told(PositionChanged)[-1]
    moved = [fact for each in live.handle(changed, stage.now_ns) if isinstance(each, Commit)
             for fact in each.facts]  # fmt: skip
    assert [fact.to_e4 for fact in moved] == [e4("130")]
    dog = live
    if restarted:
        dog, again = watched([*facts, *armed, changed, *moved])
        assert again == []
    seen, _ = leg_of(dog, stage.now_ns)
    assert (seen.entry_e4, seen.stop_e4) == (e4(BETTER), e4("130"))


def test_the_router_shows_the_better_price_live_and_after_a_restart():
    stage = sold()
    stage.tell(news(stage, 1, BETTER))
    for _ in range(2):
        (held,) = stage.ask(SeeAccount()).held
        assert held.sold_value_e4 == LOT * e4(BETTER)
        stage.build()


def test_a_position_by_hand_stays_the_round_trip_that_it_was():
    stage = Stage(["accept"])
    wanted = ("a", SYMBOLS["ce"], Side.BUY, LOT, OrderType.LIMIT, e4("100.05"), 0, "", "me")
    stage.ask(PlaceByHand(OrderAsked("r", *wanted, stage.now_ns)))
    stage.run()
    for price in (FIRST, BETTER):
        stage.tell(news(stage, 1, price))
    trade = folded(stage, MANUAL)
    assert (trade.quantity, trade.entry_e4, trade.exit_ns) == (LOT, e4(BETTER), 0)
    dog, _ = watched(stage.facts)
    seen, charges_e4 = leg_of(dog, stage.now_ns)
    assert (seen.entry_e4, seen.realised_e4, charges_e4) == (e4(BETTER), 0, trade.charges_e4)


def test_the_report_and_the_charges_of_the_day_count_from_it_alike():
    """A quantity so large that the price moves what is charged."""
    many = 20 * LOT
    stage = sold("90", many)
    stage.tell(news(stage, 1, BETTER, many))
    trade = folded(stage)
    dog, _ = watched(stage.facts)
    seen, charges_e4 = leg_of(dog, stage.now_ns)

    assert trade.entry_e4 == seen.entry_e4 == e4(BETTER)
    assert trade.charges_e4 == charges_e4
    assert charges_e4 == leg_of(watched(sold(BETTER, many).facts)[0], stage.now_ns)[1]


def test_the_tables_have_the_better_price():
    stage = sold()
    stage.tell(news(stage, 1, BETTER))
    fold = Fold("a")
    for number, fact in enumerate(stage.facts, 1):
        row = (number, "owner", stage.now_ns, type(fact).__name__, "router", 1, 0)
        fold.take(Row(*row, encode(fact), b""))
    rows = {name: list(each.values()) for name, each in fold.drained().rows.items()}
    fills = [(each["quantity"], each["value_e4"]) for each in rows["fills"]]
    assert fills == [(LOT, LOT * e4(FIRST)), (0, LOT * (e4(BETTER) - e4(FIRST)))]
    assert rows["trades"][-1]["entry_e4"] == e4(BETTER)
