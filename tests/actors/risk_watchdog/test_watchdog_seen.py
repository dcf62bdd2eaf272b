"""The watchdog: what it answers to those who look, and why something is not guarded."""

from datetime import date

import pytest
from msgspec.structs import replace

from daemon.actors.risk_watchdog import RiskWatchdog
from daemon.domain.instants import SECOND_NS
from daemon.domain.market.costs import Executed, cost_e4
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.money import e4
from daemon.domain.orders.basket import BasketLeg
from daemon.domain.orders.words import (
    Intent,
    IntentRecorded,
    OrderType,
    OrderUpdated,
    Purpose,
    Side,
    State,
)
from daemon.domain.risk.account import AccountLimits
from daemon.domain.risk.moves import LevelMoved, Move
from daemon.domain.risk.words import Distance, LegRules, LockRule, StrategyRules
from daemon.jobs.trades import Trades
from daemon.messages import (
    Ask,
    DayOpened,
    ExitOverdue,
    LegExpired,
    LegSeen,
    LinkDied,
    LinkRevived,
    PositionChanged,
    RiskSeen,
    SeeOrders,
    SeeRisk,
    TellRisk,
    Told,
    WatchSeen,
)
from daemon.runtime.words import Show, Started, Tell
from tests.kit.acting import (
    CE,
    DAY,
    LOT,
    NEXT_DAY,
    PE,
    ROUTER,
    clock,
    day_ended,
    day_opened,
    ended,
    finished,
    opened,
    owed,
    prices,
    sold,
)

STOP = LegRules(stop=Distance(percent_e4=e4("30")), target=Distance(percent_e4=e4("60")))
LIMITS = AccountLimits()
T, SHUT = clock("09:31:00"), clock("15:30:00")
LATE = ExitOverdue("x:1", "s", "still open", T)


def dog(*messages, before=(), limits=LIMITS) -> RiskWatchdog:
    """A watchdog that was told these, of a day that has begun."""
    made = RiskWatchdog(ROUTER, limits, before)
    for message in (day_opened(), *messages):
        made.handle(message, message.at_ns)
    return made


def straddle(rules=None, leg_rules=STOP, **also) -> list:
    """A straddle sold at 100 and 100."""
    entry = opened(rules=rules, leg_rules=leg_rules, **also)
    return [entry, sold("ce"), sold("pe"), ended()]


def by_hand(bought=0, sold_=0, *, leg="o1", strategy="manual", symbol=CE, at_ns=T, **also):
    """A position that no basket opened, traded at 100."""
    price = e4("100")
    return PositionChanged(
        strategy, leg, symbol, Side.BUY, bought, bought * price, sold_, sold_ * price, at_ns, **also
    )


def risk(made, at_ns=T) -> RiskSeen:
    """What it answers."""
    (told,) = made.handle(Ask(7, SeeRisk()), at_ns)
    assert isinstance(told, Show)
    assert isinstance(told.view, Told)
    assert told.view.number == 7
    return told.view.answer


def watch(made, at_ns=T) -> WatchSeen:
    """The one entry in it."""
    (only,) = risk(made, at_ns).watches
    return only


def reasons(made, at_ns=T) -> list:
    """Why each leg is not guarded."""
    return [leg.unguarded_because for leg in watch(made, at_ns).legs]


def test_each_leg_is_seen_with_its_prices_its_levels_and_its_profit() -> None:
    """In the order of the plan, with the age of the last price in market time."""
    seen = watch(dog(*straddle(), prices(T, "90", "105")), T + 2 * SECOND_NS)
    assert seen.legs == (
        LegSeen(
            leg_id="ce",
            symbol=CE,
            side=Side.SELL,
            quantity=-LOT,
            entry_e4=e4("100"),
            ltp_e4=e4("90"),
            age_ms=2_000,
            realised_e4=0,
            unrealised_e4=10 * LOT * 10_000,
            stop_e4=e4("130"),
            target_e4=e4("40"),
            followed_e4=e4("100"),
        ),
        LegSeen(
            "pe", PE, Side.SELL, -LOT, e4("100"), e4("105"), 2_000, 0, -5 * LOT * 10_000,
            e4("130"), e4("40"), (), e4("100"),
        ),
    )  # fmt: skip
    assert (seen.realised_e4, seen.unrealised_e4, seen.pnl_e4) == (0, e4("375"), e4("375"))


def test_the_profit_of_what_is_open_is_not_known_until_each_leg_has_had_a_price() -> None:
    """As after a restart; what is closed is known all the same."""
    made = dog(*straddle(), sold("ce", bought="90"))
    assert [leg.pnl_e4 for leg in watch(made).legs] == [e4("750"), None]
    seen = watch(made)
    assert (seen.realised_e4, seen.unrealised_e4) == (e4("750"), None)
    assert (seen.pnl_e4, seen.today_e4) == (None, None)
    made.handle(prices(T, "90", "98"), T)
    seen = watch(made)
    assert (seen.unrealised_e4, seen.pnl_e4, seen.today_e4) == (e4("150"), e4("900"), e4("900"))


def test_no_profit_moves_before_people_while_a_leg_never_had_a_price() -> None:
    """The frames are judged all the same, by what is known."""
    made = dog(*straddle())
    half = Frame(T, {CE: Quote(e4("90"))})
    assert made.handle(half, T) == []
    (shown,) = made.handle(prices(T + 1, "90", "98"), T + 1)
    assert isinstance(shown, Show)
    assert shown.view.pnl_e4 == e4("900")
    unpriced = Frame(T + 2, {CE: Quote(e4("91")), PE: Quote(0)})
    (told,) = made.handle(unpriced, T + 2)
    (shown,) = (each for each in told.then if isinstance(each, Show))
    assert shown.view.pnl_e4 == e4("825"), "the last price of the other stays"


def test_what_was_closed_is_realised_and_needs_no_guard() -> None:
    """The other leg goes on."""
    made = dog(*straddle(), prices(T, "90", "100"), sold("ce", bought="90"))
    ce, pe = watch(made).legs
    assert (ce.quantity, ce.realised_e4, ce.unrealised_e4) == (0, e4("750"), 0)
    assert (ce.unguarded_because, pe.unguarded_because) == ((), ())


def test_a_leg_without_a_price_says_so() -> None:
    """Only a book, and then nothing at all: the last price stays the last."""
    made = dog(*straddle())
    assert [(leg.ltp_e4, leg.age_ms) for leg in watch(made).legs] == [(0, -1)] * 2
    made.handle(Frame(T, {CE: Quote(0, 10, 75, 12, 75), PE: Quote(e4("9"))}), T)
    made.handle(Frame(T + 5, {CE: Quote(0, 10, 75, 12, 75), PE: Quote(0, 10, 75)}), T + 5)
    assert [(leg.ltp_e4, leg.age_ms) for leg in watch(made).legs] == [(0, -1), (e4("9"), 0)]


def test_a_dead_link_keeps_the_number_and_lets_its_age_grow() -> None:
    """And nothing of it is guarded."""
    made = dog(*straddle(), prices(T, "90", "90"), LinkDied(T + 4 * SECOND_NS))
    seen = risk(made, T + 9 * SECOND_NS)
    assert not seen.link_alive
    for leg in seen.watches[0].legs:
        assert (leg.ltp_e4, leg.age_ms, leg.unrealised_e4) == (e4("90"), 9_000, e4("750"))
        assert leg.unguarded_because == ("link_dead", "no_price", "not_watched")


RUPEES = StrategyRules(stop_e4=e4("6000"))


@pytest.mark.parametrize(
    ("rules", "leg_rules", "ruled"),
    [
        (None, STOP, True),
        (None, LegRules(), False),
        (None, LegRules(target=Distance(percent_e4=e4("60"))), False),
        (RUPEES, LegRules(), True),
        (StrategyRules(stop_premium_percent_e4=e4("20")), LegRules(), True),
        (StrategyRules(combined_premium_stop=Distance(percent_e4=e4("25"))), LegRules(), True),
        (StrategyRules(target_e4=e4("9000")), LegRules(), False),
    ],
)
def test_a_stop_of_the_leg_or_of_the_strategy_rules_it(rules, leg_rules, ruled) -> None:
    """A target does not."""
    made = dog(*straddle(rules, leg_rules), prices(T, "100", "100"))
    assert reasons(made) == [() if ruled else ("no_rule",)] * 2


@pytest.mark.parametrize(
    ("messages", "at_ns", "because"),
    [
        ((prices(T, "100", "100"),), T, ()),
        ((), T, ("not_subscribed", "no_price", "not_watched")),
        ((prices(T, "100", "100"),), T + 3 * SECOND_NS, ()),
        ((prices(T, "100", "100"),), T + 3 * SECOND_NS + 1, ("not_watched",)),
        ((prices(T, "100", "100"), LinkDied(T), LinkRevived(T)), T, ("no_price",)),
        ((prices(T, "100", "100"), day_ended()), T, ("orders_closed",)),
        ((prices(SHUT, "100", "100"),), SHUT, ()),
        ((prices(SHUT, "100", "100"),), SHUT + 1, ("orders_closed",)),
        ((prices(T, "100", "100"), owed("ce", "pe")), T, ()),
        ((prices(T, "100", "100"), owed("ce", "pe"), LATE), T, ("exit_overdue",)),
        ((prices(T, "100", "100"), owed("ce", "pe"), LATE, finished("ce", "pe")), T, ()),
        ((prices(T, "100", "100"), LATE), T, ()),
    ],
)
def test_every_reason_against_the_guard_is_told(messages, at_ns, because) -> None:
    """Each by what brings it about; an exit past its deadline by the word of the router."""
    assert reasons(dog(*straddle(), *messages), at_ns) == [because] * 2


@pytest.mark.parametrize(
    ("wall", "because"),
    [("15:14:59", ()), ("15:15:00", ("orders_closed",)), ("15:39:00", ("orders_closed",))],
)
def test_shares_are_guarded_while_their_own_market_is_open(wall, because) -> None:
    """Beside derivatives, which trade for a while yet."""
    day = date(2026, 11, 20)
    entry = opened("s", ("ce", "pe"), day, leg_rules=STOP)
    legs = (replace(entry.basket.legs[0], symbol="RELIANCE"), *entry.basket.legs[1:])
    share = replace(sold("ce"), symbol="RELIANCE")
    made = RiskWatchdog(ROUTER, LIMITS)
    hours = ((clock("09:15:00", day), clock("15:40:00", day)),)
    made.handle(DayOpened(day, hours, clock("09:00:00", day)), 0)
    for message in (replace(entry, basket=replace(entry.basket, legs=legs)), share, sold("pe")):
        made.handle(message, entry.at_ns)
    made.handle(prices(clock(wall, day), pe="100", RELIANCE="100"), clock(wall, day))
    assert reasons(made, clock(wall, day)) == [because, ()]


@pytest.mark.parametrize(
    ("rules", "leg_rules", "of_the_other"),
    [
        (RUPEES, LegRules(), ("other_unpriced",)),
        (
            StrategyRules(combined_premium_stop=Distance(percent_e4=e4("25"))),
            LegRules(),
            ("other_unpriced",),
        ),
        (RUPEES, STOP, ()),
        (None, LegRules(), ("no_rule",)),
    ],
)
def test_while_a_leg_has_no_price_no_rule_of_the_whole_guards_the_other(
    rules, leg_rules, of_the_other
) -> None:
    """As nothing of the whole is judged then. A stop of its own is, and an exit is on its way."""
    made = dog(*straddle(rules, leg_rules), prices(T, "100"))
    bare = reasons(made)
    assert bare[0] == of_the_other
    assert "no_price" in bare[1]
    made.handle(owed("ce"), T)
    assert reasons(made)[0] == (() if rules else ("no_rule",))
    made.handle(prices(T, "100", "100"), T)
    assert reasons(made) == [() if rules else ("no_rule",)] * 2


@pytest.mark.parametrize(
    ("interval_ns", "gap_ns"), [(60 * SECOND_NS, SECOND_NS), (0, 60 * SECOND_NS)]
)
def test_the_watch_may_look_as_seldom_as_its_feed_delivers(interval_ns, gap_ns) -> None:
    """Three times what was declared, or what lay between the last two frames."""
    made = RiskWatchdog(ROUTER, LIMITS)
    made.handle(day_opened(interval_ns=interval_ns), 0)
    for message in (*straddle(), prices(T - gap_ns, "100", "100"), prices(T, "100", "100")):
        made.handle(message, message.at_ns)
    assert reasons(made, T + 180 * SECOND_NS) == [(), ()]
    assert reasons(made, T + 180 * SECOND_NS + 1) == [("not_watched",)] * 2


def test_the_gap_over_a_night_is_no_distance_between_frames() -> None:
    entry, *filled = straddle()
    carried = replace(entry, exit_ns=clock("15:20:00", date(2025, 9, 30)))
    made = dog(carried, *filled, prices(T, "100", "100"), day_ended(), day_opened(NEXT_DAY))
    opens_ns = clock("09:15:00", NEXT_DAY)
    made.handle(prices(opens_ns, "100", "100"), opens_ns)
    assert reasons(made, opens_ns + 3 * SECOND_NS) == [(), ()]
    assert reasons(made, opens_ns + 3 * SECOND_NS + 1) == [("not_watched",)] * 2


def test_between_its_fill_and_the_first_frame_an_entry_is_guarded() -> None:
    """That frame has as long to come as any other; without it nobody watches any more."""
    made = dog(
        prices(T - SECOND_NS, "100", "100"), *(replace(each, at_ns=T) for each in straddle())
    )
    assert reasons(made, T + 3 * SECOND_NS) == [(), ()]
    assert reasons(made, T + 3 * SECOND_NS + 1) == [("not_watched",)] * 2


def test_a_quiet_leg_is_guarded_from_its_entry_on_and_its_price_has_its_age() -> None:
    """It was quoted ten seconds before, on a link that lives."""
    made = dog(prices(T - 10 * SECOND_NS, "100", "104"), *straddle())
    made.handle(prices(T, "100"), T)
    assert reasons(made) == [(), ()]
    assert [(leg.ltp_e4, leg.age_ms) for leg in watch(made).legs] == [
        (e4("100"), 0),
        (e4("104"), 10_000),
    ]


def test_after_a_restart_nothing_is_guarded_before_the_first_frame() -> None:
    """The facts bring positions and levels back, and no price."""
    table = [day_opened(), *straddle(), owed("ce"), LATE]
    made = RiskWatchdog(ROUTER, LIMITS, table)
    made.handle(Started(), T)
    none = ("not_subscribed", "no_price", "not_watched")
    assert reasons(made) == [(*none, "exit_overdue"), none]
    made.handle(prices(T, "100", "100"), T)
    assert reasons(made) == [("exit_overdue",), ()]


@pytest.mark.parametrize(
    ("messages", "status"),
    [
        ((opened(),), "entering"),
        ((opened(), sold("ce")), "entering"),
        (straddle(), "open"),
        ((*straddle(), owed("ce")), "open"),
        ((*straddle(), owed("ce", "pe")), "leaving"),
        ((*straddle(), sold("ce", bought="90"), sold("pe", bought="90")), "flat"),
        ((opened(), ended(because="refused")), "flat"),
    ],
)
def test_an_entry_has_one_word_for_where_it_stands(messages, status) -> None:
    """From its opening until nothing of it is held."""
    assert watch(dog(*messages)).status == status


def test_an_account_that_is_left_is_leaving_whatever_is_still_entering() -> None:
    """Also where nothing of it was filled yet."""
    limits = AccountLimits(loss_e4=e4("1000"))
    made = dog(*straddle(), limits=limits)
    for at_ns in (T, T + 1):
        made.handle(prices(at_ns, "120", "120"), at_ns)
    assert watch(made).status == "leaving"


LOCK = LockRule(at_e4=e4("1500"), lock_e4=e4("750"))
QUARTER = StrategyRules(combined_premium_stop=Distance(percent_e4=e4("25")))


@pytest.mark.parametrize(
    ("rules", "price", "lock", "current_sl"),
    [
        (StrategyRules(), "89", "NONE", "0"),
        (RUPEES, "89", "NONE", "-6000"),
        (StrategyRules(stop_e4=e4("6000"), lock=LOCK), "95", "NONE", "-6000"),
        (StrategyRules(stop_e4=e4("6000"), lock=LOCK), "89", "LOCKED", "750"),
        (QUARTER, "89", "NONE", "-3750"),
        (replace(QUARTER, stop_e4=e4("6000")), "89", "NONE", "-3750"),
        (replace(QUARTER, stop_e4=e4("3000")), "89", "NONE", "-3000"),
        (replace(QUARTER, stop_e4=e4("6000"), lock=LOCK), "89", "LOCKED", "750"),
    ],
)
def test_the_current_stop_is_the_floor_once_locked_and_the_nearest_loss_before(
    rules, price, lock, current_sl
) -> None:
    """None where there is none of them."""
    seen = watch(dog(*straddle(rules), prices(T, price, price)))
    assert (seen.lock, seen.current_sl_e4) == (lock, e4(current_sl))


@pytest.mark.parametrize(("stop", "current_sl"), [("0", "0"), ("6000", "-6000")])
def test_beside_a_future_the_current_stop_is_that_of_the_whole_alone(stop, current_sl) -> None:
    """The combined premium stop counts another profit, that of the options."""
    entry = opened(rules=replace(QUARTER, stop_e4=e4(stop)))
    future = BasketLeg("fut", "NIFTY-2025-09-30-FUT", Side.BUY, LOT, LOT, 1_800, 500)
    beside = replace(entry, basket=replace(entry.basket, legs=(*entry.basket.legs, future)))
    seen = watch(dog(beside, sold("ce"), sold("pe"), prices(T, "89", "89")))
    assert (len(seen.legs), seen.current_sl_e4) == (3, e4(current_sl))


def test_an_entry_stays_in_the_picture_until_the_next_day() -> None:
    """Flat, and set aside when its day ends."""
    closed = [sold(leg, bought="90") for leg in ("ce", "pe")]
    made = dog(*straddle(), prices(T, "90", "90"), *closed)
    assert (watch(made).status, watch(made).pnl_e4) == ("flat", e4("1500"))
    made.handle(day_ended(), clock("15:31:00"))
    assert watch(made).pnl_e4 == e4("1500")
    made.handle(day_opened(NEXT_DAY), clock("09:00:00", NEXT_DAY))
    assert risk(made).watches == ()


@pytest.mark.parametrize("restarted", [False, True])
def test_an_entry_of_which_nothing_left_and_that_is_decided_anew_is_seen_as_the_new_one_alone(
    restarted,
) -> None:
    first = opened(leg_rules=STOP)
    basket = replace(first.basket, basket_id=f"s:{DAY}.2")
    waits = replace(ended(because="its margin is not known"), waits=True)
    facts = [first, waits, replace(first, basket=basket), sold("ce"), sold("pe")]
    made = dog(before=[day_opened(), *facts]) if restarted else dog(*facts)
    assert [leg.quantity for leg in watch(made).legs] == [-LOT, -LOT]


def test_the_price_of_a_strike_that_was_left_a_day_ago_is_none_of_its_next_entry() -> None:
    closed = [sold(leg, bought="90") for leg in ("ce", "pe")]
    made = dog(*straddle(), prices(T, "90", "90"), *closed, day_ended(), day_opened(NEXT_DAY))
    made.handle(opened(day=NEXT_DAY), clock("09:30:00", NEXT_DAY))
    legs = watch(made, clock("09:30:00", NEXT_DAY)).legs
    assert [(leg.ltp_e4, leg.age_ms) for leg in legs] == [(0, -1)] * 2


def test_what_is_carried_is_seen_on_the_next_day_beside_the_new_entry() -> None:
    """The older first; its price keeps its age, and is no price to be judged by."""
    made = dog(*straddle(), prices(T, "90", "90"), day_ended())
    made.handle(day_opened(NEXT_DAY), clock("09:00:00", NEXT_DAY))
    made.handle(opened(day=NEXT_DAY), clock("09:30:00", NEXT_DAY))
    old, new = risk(made, clock("09:30:00", NEXT_DAY)).watches
    assert (old.status, new.status) == ("open", "entering")
    assert {leg.age_ms for leg in old.legs} == {(86_400 - 60) * 1_000}
    assert old.legs[0].unguarded_because == ("no_price", "not_watched")


def test_what_is_held_by_hand_or_by_nobody_is_seen_and_unguarded() -> None:
    """Each owner by itself, valued at the last price."""
    strange = by_hand(0, 75, strategy="external", leg=PE, symbol=PE)
    made = dog(by_hand(75), strange, prices(T, "110", "90"))
    manual, external = risk(made).watches
    assert (manual.strategy_id, manual.status, manual.pnl_e4) == ("manual", "open", e4("750"))
    assert (external.strategy_id, external.pnl_e4, external.lock) == ("external", e4("750"), "NONE")
    assert (manual.current_sl_e4, external.current_sl_e4) == (0, 0)
    (leg,) = manual.legs
    assert (leg.quantity, leg.ltp_e4, leg.unguarded_because) == (75, e4("110"), ("no_rule",))
    assert (leg.stop_e4, leg.target_e4) == (0, 0)
    assert reasons(dog(by_hand(75))) == [("no_rule", "not_subscribed", "no_price", "not_watched")]


def test_what_is_held_by_hand_survives_a_restart_and_leaves_when_its_day_is_over() -> None:
    """Flat it stays until the next day; expired it is gone."""
    made = RiskWatchdog(ROUTER, LIMITS, [day_opened(), by_hand(75), by_hand(75, leg="o2")])
    made.handle(by_hand(75, 75), T)
    assert [leg.quantity for leg in watch(made).legs] == [0, 75]
    made.handle(day_opened(NEXT_DAY), T)
    assert [leg.leg_id for leg in watch(made).legs] == ["o2"]
    made.handle(by_hand(75, 75, leg="o2"), T)
    assert watch(made).status == "flat"
    made.handle(LegExpired("manual", "o2", CE, T), T)
    assert risk(made).watches == ()


def cost(side: Side, quantity: int, price: str, symbol=CE, *, kept=False) -> int:
    """What one order of today costs."""
    executed = Executed(symbol, side, quantity, quantity * e4(price))
    charged = cost_e4(executed, DAY, kept=kept)
    assert isinstance(charged, int)
    return charged


def part(bought, sold_, order, leg="ce", **also) -> PositionChanged:
    """A leg in the middle of its fills, by the order that brought the last of them."""
    changed = replace(sold(leg), bought_quantity=bought, bought_value_e4=bought * e4("90"))
    of = {"sold_quantity": sold_, "sold_value_e4": sold_ * e4("100"), "intent_id": order}
    return replace(changed, **of, **also)


def test_charges_are_those_of_the_orders_of_today_however_often_they_filled() -> None:
    """One order of two fills is charged as one; the way out as another."""
    made = dog(opened(), part(0, 25, "A"), part(0, 75, "A"))
    assert watch(made).charges_e4 == cost(Side.SELL, 75, "100")
    made.handle(part(75, 75, "B"), T)
    assert watch(made).charges_e4 == cost(Side.SELL, 75, "100") + cost(Side.BUY, 75, "90")
    made.handle(by_hand(75), T)
    assert risk(made).watches[1].charges_e4 == cost(Side.BUY, 75, "100")


def test_fills_whose_order_nobody_knows_are_orders_of_their_own() -> None:
    """Rather one brokerage too many than one too few."""
    made = dog(opened(), part(0, 25, ""), part(0, 75, ""))
    assert watch(made).charges_e4 == cost(Side.SELL, 25, "100") + cost(Side.SELL, 50, "100")


def test_charges_are_of_today_alone() -> None:
    """Yesterday's entry was charged yesterday, and the next one begins its sums anew."""
    made = dog(*straddle(), day_ended())
    made.handle(day_opened(NEXT_DAY), clock("09:00:00", NEXT_DAY))
    assert watch(made).charges_e4 == 0
    made.handle(opened(day=NEXT_DAY), clock("09:30:00", NEXT_DAY))
    again = sold("ce", at_ns=clock("09:30:00", NEXT_DAY))
    made.handle(sold("ce", bought="90"), clock("09:30:00", NEXT_DAY))
    made.handle(sold("pe", bought="90"), clock("09:30:00", NEXT_DAY))
    made.handle(again, again.at_ns)
    assert [seen.charges_e4 is not None for seen in risk(made, again.at_ns).watches] == [True] * 2


def test_where_no_table_reaches_charges_are_not_guessed() -> None:
    """None, which is another thing than nothing."""
    old = date(2019, 5, 2)
    moved = by_hand(75, symbol="NIFTY-2019-05-02-11700-CE", at_ns=clock("10:00:00", old))
    assert watch(dog(moved), clock("10:00:00", old)).charges_e4 is None


@pytest.mark.parametrize(
    ("exit_ns", "day", "closed", "kept"),
    [
        (clock("15:20:00"), DAY, False, False),
        (clock("15:20:00", NEXT_DAY), DAY, False, True),
        (clock("15:20:00", NEXT_DAY), DAY, True, False),
        (clock("15:20:00", NEXT_DAY), NEXT_DAY, True, True),
    ],
    ids=["intraday", "to be kept", "not kept after all", "was kept"],
)
def test_equity_that_is_kept_is_charged_as_delivery(exit_ns, day, closed, kept) -> None:
    """What is to be kept until it is not, and what was."""
    entry = opened(legs=("ce",))
    leg = replace(entry.basket.legs[0], symbol="RELIANCE")
    entry = replace(entry, basket=replace(entry.basket, legs=(leg,)), exit_ns=exit_ns)
    made = dog(entry)
    fills = [part(0, 75, "A", symbol="RELIANCE")]
    expected = 0 if day > DAY else cost(Side.SELL, 75, "100", "RELIANCE", kept=kept)
    if closed:
        at_ns = clock("10:00:00", day)
        fills += [day_opened(day), part(75, 75, "B", symbol="RELIANCE", at_ns=at_ns)]
        expected += cost(Side.BUY, 75, "90", "RELIANCE", kept=kept)
    for fill in fills:
        made.handle(fill, fill.at_ns)
    assert watch(made, clock("10:00:00", day)).charges_e4 == expected


def test_what_is_seen_is_of_the_last_day_that_began_and_its_charges_stay_that_days() -> None:
    """Also after midnight and on a day that never begins, as on a Saturday."""
    entry = opened(legs=("ce",))
    leg = replace(entry.basket.legs[0], symbol="RELIANCE")
    entry = replace(entry, basket=replace(entry.basket, legs=(leg,)))
    sale = part(0, 75, "A", symbol="RELIANCE")
    made = dog(entry, sale, part(75, 75, "B", symbol="RELIANCE"), day_ended())
    seen = risk(made, clock("10:00:00", NEXT_DAY))
    assert (seen.day, seen.whose_day()) == (DAY, DAY)
    assert seen.watches == risk(made).watches
    made.handle(day_opened(NEXT_DAY), T)
    assert risk(made).whose_day() == NEXT_DAY
    assert RiskSeen(T, True, ()).whose_day() == DAY


def test_before_its_first_day_and_price_a_watchdog_answers_that_nothing_is_held() -> None:
    seen = risk(RiskWatchdog(ROUTER, LIMITS))
    assert (seen.watches, seen.day, seen.priced, seen.link_alive) == ((), None, False, True)


def test_before_the_first_price_since_the_start_none_is_said_to_have_come():
    made = dog(*straddle())
    assert not risk(made).priced
    made.handle(prices(T), T)
    assert risk(made).priced
    made.handle(day_ended(), T)
    made.handle(day_opened(NEXT_DAY), T)
    assert risk(made).priced


def test_stock_held_by_hand_since_yesterday_is_sold_as_delivery() -> None:
    """Bought and sold on one day it is not."""
    made = dog(by_hand(75, symbol="RELIANCE"))
    assert watch(made).charges_e4 == cost(Side.BUY, 75, "100", "RELIANCE")
    made.handle(day_opened(NEXT_DAY), T)
    made.handle(by_hand(75, 75, symbol="RELIANCE"), T)
    sold_e4 = cost(Side.SELL, 75, "100", "RELIANCE", kept=True)
    assert watch(made).charges_e4 == sold_e4 + e4("15.34")


def test_stock_that_another_holds_since_yesterday_makes_no_delivery_of_todays_trades() -> None:
    """Under one name each owner's leg is his own."""
    share, at_ns = {"symbol": "RELIANCE"}, clock("10:00:00", NEXT_DAY)
    made = dog(by_hand(75, strategy="external", **share), day_opened(NEXT_DAY))
    made.handle(by_hand(75, 75, **share, at_ns=at_ns), at_ns)
    trips = [Executed("RELIANCE", side, 75, 75 * e4("100")) for side in (Side.BUY, Side.SELL)]
    (external, manual) = risk(made).watches
    assert external.charges_e4 == 0
    assert manual.charges_e4 == sum(cost_e4(each, NEXT_DAY, kept=False) for each in trips)


def test_stock_that_is_traded_after_it_was_closed_unseen_is_charged_as_of_its_day() -> None:
    share, at_ns = {"symbol": "RELIANCE"}, clock("10:00:00", NEXT_DAY)
    made = dog(by_hand(75, **share), day_opened(NEXT_DAY))
    made.handle(LegExpired("manual", "o1", "RELIANCE", at_ns, outside=True), at_ns)
    for number, sums in enumerate([(75, 0), (75, 75)]):
        moved = by_hand(*sums, **share, at_ns=at_ns)
        made.handle(replace(moved, intent_id=f"OR{number}"), at_ns)
    trips = [Executed("RELIANCE", side, 75, 75 * e4("100")) for side in (Side.BUY, Side.SELL)]
    assert watch(made).charges_e4 == sum(cost_e4(each, NEXT_DAY, kept=False) for each in trips)


def test_charges_agree_with_those_of_the_report() -> None:
    """Two folds of one day: by orders, and by what moved the legs."""
    trades = Trades("s")
    made = dog(opened())
    trades.take(day_opened())
    trades.take(opened())
    for number, (bought, sold_, filled) in enumerate([(0, 75, 75), (25, 75, 25), (75, 75, 50)]):
        side, price = (Side.BUY, "90") if bought else (Side.SELL, "100")
        intent = Intent(
            f"OR{number}", "paper", "s", "ce", CE, side, filled, OrderType.LIMIT, 0,
            Purpose.ENTRY, "p", T, T,
        )  # fmt: skip
        trades.take(IntentRecorded(intent, T))
        value_e4 = filled * e4(price)
        trades.take(OrderUpdated(f"OR{number}", "1", State.FILLED, filled, value_e4, T))
        moved = part(bought, sold_, f"OR{number}")
        trades.take(moved)
        made.handle(moved, T)
    (trade,) = trades.finish()
    assert watch(made).charges_e4 == trade.charges_e4


def test_what_the_exchange_settled_pays_no_fees() -> None:
    """A short that expired costs nothing more."""
    made = dog(opened(), part(0, 75, "A"), part(75, 75, "B", settled=True))
    assert watch(made).charges_e4 == cost(Side.SELL, 75, "100")


def test_an_actor_is_told_the_same_as_a_person() -> None:
    """At the address that it gives."""
    made = dog(*straddle(), prices(T, "90", "90"))
    assert made.handle(TellRisk("pnl"), T) == (Tell("pnl", risk(made)),)


def test_the_watchdog_answers_nothing_that_is_not_its_own() -> None:
    """A question for somebody else is a mistake in the program."""
    with pytest.raises(AssertionError, match="was asked SeeOrders"):
        dog().handle(Ask(1, SeeOrders()), T)


def test_where_nobody_may_look_nothing_is_answered() -> None:
    """No price is kept there, so no answer would be right."""
    unseen = RiskWatchdog(ROUTER, LIMITS, shown=False)
    with pytest.raises(AssertionError, match="somebody may look"):
        unseen.handle(Ask(1, SeeRisk()), T)


def test_the_floor_that_a_restart_finds_is_the_one_that_is_seen() -> None:
    """From the record of its move."""
    rules = StrategyRules(lock=LOCK)
    moved = LevelMoved("s", "", Move.LOCKED, 0, e4("750"), T, e4("1600"))
    made = RiskWatchdog(ROUTER, LIMITS, [day_opened(), *straddle(rules), moved])
    assert (watch(made).lock, watch(made).current_sl_e4) == ("LOCKED", e4("750"))
