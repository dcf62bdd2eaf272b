"""One strategy under watch: what is judged in one frame, in which order, and what is kept."""

import pytest

from daemon.domain.market.frames import Quote
from daemon.domain.money import E4, e4
from daemon.domain.orders.words import Side
from daemon.domain.risk.guard import Unpriced
from daemon.domain.risk.lock_and_trail import Lock, LockStatus
from daemon.domain.risk.moves import Exit, LevelMoved, Move
from daemon.domain.risk.pnl import NO_MARK, LegPosition
from daemon.domain.risk.strategy import StrategyRisk
from daemon.domain.risk.watched import PATIENCE_NS
from daemon.domain.risk.words import (
    Distance,
    ExitReason,
    LegRules,
    LockRule,
    Mark,
    StrategyRules,
    Trail,
)

CE, PE = "NIFTY-2025-09-02-24550-CE", "NIFTY-2025-09-02-24550-PE"
HEDGED, FUT = "NIFTY-2025-09-02-24900-CE", "NIFTY-2025-09-30-FUT"
LEG_STOP = LegRules(stop=Distance(percent_e4=400 * E4))
TRAILED = LegRules(
    stop=Distance(points_e4=e4("30")),
    trail=Trail(Distance(points_e4=e4("10")), Distance(points_e4=e4("5"))),
)
BOTH = ("ce", "pe")


def sold(leg_id: str, price: str, quantity: int = 75) -> LegPosition:
    empty = LegPosition(leg_id, {"ce": CE, "pe": PE}.get(leg_id, leg_id), Side.SELL)
    return empty.filled(Side.SELL, quantity, e4(price))


def straddle(
    rules: StrategyRules, legs: LegRules = LEG_STOP, ce: str = "118.60", pe: str = "95.30"
) -> StrategyRisk:
    risk = StrategyRisk("straddle", rules, {"ce": legs, "pe": legs})
    risk.fill(sold("ce", ce), 0)
    risk.fill(sold("pe", pe), 0)
    return risk


def traded(**prices: str) -> dict[str, Quote]:
    return {{"ce": CE, "pe": PE}[leg]: Quote(e4(price)) for leg, price in prices.items()}


def frame(risk: StrategyRisk, at_ns: int, **prices: str) -> list[object]:
    """Bring one frame; return the legs left with the reason, and levels with what moved them."""
    risk.see(traded(**prices), at_ns)
    return told(risk, at_ns)


def told(risk: StrategyRisk, at_ns: int) -> list[object]:
    return [
        (*verdict.leg_ids, verdict.reason)
        if isinstance(verdict, Exit)
        else (verdict.leg_id, verdict.move, verdict.to_e4)
        for verdict in risk.judge(at_ns)
        if not isinstance(verdict, Unpriced)
    ]


def blind(risk: StrategyRisk, at_ns: int, **prices: str) -> list[str]:
    """Bring one frame; return the legs of which it is told that nothing prices them."""
    risk.see(traded(**prices), at_ns)
    return [each.leg_id for each in risk.judge(at_ns) if isinstance(each, Unpriced)]


def stops(risk: StrategyRisk) -> list[int]:
    return [leg.stop_e4 for leg in risk.legs()]


def test_news_between_a_frame_and_its_judgement_is_weighed():
    """An exit that will not come is decided again at the same prices."""
    risk = straddle(StrategyRules())
    left = frame(risk, 1, ce="600", pe="1")
    risk.withdraw(["ce"])
    assert (left, told(risk, 2)) == ([("ce", ExitReason.STOP)], [("ce", ExitReason.STOP)])


# --- the real day ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mark", "frames", "low", "high"),
    [
        (Mark.TOUCH, [("90.75", "130.30"), ("47.75", "121.00")], "-536.25", "3386.25"),
        (Mark.LTP, [("90.80", "130.00"), ("47.45", "121.00")], "-517.50", "3408.75"),
    ],
)
def test_the_real_days_extremes(
    mark: Mark, frames: list[tuple[str, str]], low: str, high: str
) -> None:
    """Valued at the asks, or at the last trades; sold 75 each at 118.60 and 95.30."""
    risk = straddle(StrategyRules(mark=mark))
    for at_ns, (ce, pe) in enumerate(frames, start=1):
        quotes = {
            symbol: Quote(e4(price), ask_e4=e4(price), bid_e4=1)
            for symbol, price in ((CE, ce), (PE, pe))
        }
        risk.see(quotes, at_ns)
        assert risk.judge(at_ns) == ()
    pnl = risk.pnl
    assert (pnl.low_e4, pnl.low_ns, pnl.high_e4, pnl.high_ns) == (e4(low), 1, e4(high), 2)
    assert (pnl.last_e4, pnl.last_ns) == (e4(high), 2)


def test_the_real_days_combined_premium_stop() -> None:
    """3 % of 213.90: not on 216.95, but on 220.80 both legs are left together."""
    risk = straddle(StrategyRules(combined_premium_stop=Distance(percent_e4=3 * E4)))
    assert frame(risk, 1, ce="98.10", pe="118.85") == []
    assert frame(risk, 2, ce="90.80", pe="130.00") == [(*BOTH, ExitReason.COMBINED_PREMIUM)]
    assert frame(risk, 3, ce="90.80", pe="130.00") == []


def test_the_real_days_lock_and_trail() -> None:
    """Locked on the best frame with all its steps; out with 1785.00 against a floor of 2150."""
    rule = LockRule(e4(1500), e4(750), e4(250), e4(200))
    risk = straddle(StrategyRules(lock=rule, mark=Mark.TOUCH))
    best = {CE: Quote(1, ask_e4=e4("47.75")), PE: Quote(1, ask_e4=e4("121.00"))}
    risk.see(best, 1)
    assert told(risk, 1) == [("", Move.LOCKED, e4(2150))]
    risk.see({PE: Quote(1, ask_e4=e4("142.35"))}, 2)
    assert told(risk, 2) == [(*BOTH, ExitReason.LOCK)]
    assert (risk.pnl.last_e4, risk.lock.status) == (e4(1785), LockStatus.LOCKED)


def test_a_frame_is_judged_whole() -> None:
    """The call of this instant is never weighed against the put of the last."""
    risk = straddle(StrategyRules(combined_premium_stop=Distance(percent_e4=3 * E4)))
    assert frame(risk, 1, ce="118.60", pe="95.30") == []
    assert frame(risk, 2, ce="131.00", pe="80.00") == []


# --- order of reasons -----------------------------------------------------------------------------

EVERYTHING = StrategyRules(
    combined_premium_stop=Distance(percent_e4=25 * E4),
    stop_e4=e4(3000),
    target_e4=e4(2400),
    lock=LockRule(e4(2000), e4(1000), e4(500), e4(250)),
)
LEGS = LegRules(stop=Distance(percent_e4=30 * E4), target=Distance(percent_e4=60 * E4))
STOP, TARGET = ExitReason.STOP, ExitReason.TARGET


@pytest.mark.parametrize(
    ("ce", "pe", "expected"),
    [
        ("100", "100", []),
        ("130", "71", [("ce", STOP)]),
        ("40", "128", [("ce", TARGET), ("pe", ExitReason.STRATEGY_TARGET)]),
        ("39", "131", [("ce", TARGET), ("pe", STOP)]),
        ("131", "131", [("ce", STOP), ("pe", STOP)]),
        ("131", "129", [("ce", STOP), ("pe", ExitReason.COMBINED_PREMIUM)]),
        ("125", "125", [(*BOTH, ExitReason.COMBINED_PREMIUM)]),
        ("120", "120", [(*BOTH, ExitReason.STRATEGY_STOP)]),
        ("80", "80", [(*BOTH, ExitReason.STRATEGY_TARGET)]),
        ("85", "85", [("", Move.LOCKED, e4(1000))]),
    ],
)
def test_reasons_have_an_order(ce: str, pe: str, expected: list[object]) -> None:
    """Legs first, then for the rest together: premium, stop, target, lock."""
    assert frame(straddle(EVERYTHING, LEGS, "100", "100"), 1, ce=ce, pe=pe) == expected


@pytest.mark.parametrize(
    ("price", "reason"),
    [
        ("125", ExitReason.COMBINED_PREMIUM),
        ("120", ExitReason.STRATEGY_STOP),
        ("99", ExitReason.LOCK),
    ],
)
def test_what_falls_through_its_floor_to_a_worse_stop_is_left_by_that_one(
    price: str, reason: ExitReason
) -> None:
    risk = straddle(EVERYTHING, LEGS, "100", "100")
    assert frame(risk, 1, ce="85", pe="85") == [("", Move.LOCKED, e4(1000))]
    assert frame(risk, 2, ce=price, pe=price) == [(*BOTH, reason)]


@pytest.mark.parametrize(
    ("legs", "path", "expected"),
    [
        (LEGS, [("130", "71")], [(*BOTH, STOP)]),
        (LEGS, [("39", "131")], [(*BOTH, STOP)]),
        (LEGS, [("40", "128")], [("ce", TARGET)]),
        (TRAILED, [("90", "100"), ("125", "100")], [(*BOTH, ExitReason.TRAIL)]),
    ],
)
def test_one_stopped_leg_takes_the_others_along_where_told(
    legs: LegRules, path: list[tuple[str, str]], expected: list[object]
) -> None:
    """A leg at its target goes alone."""
    risk = straddle(StrategyRules(all_on_leg_stop=True), legs, "100", "100")
    answers = [frame(risk, at_ns, ce=ce, pe=pe) for at_ns, (ce, pe) in enumerate(path)]
    assert answers[-1] == expected


def test_a_spike_between_frames_stops_a_leg() -> None:
    """The lane kept the high; the price is back by now."""
    risk = straddle(StrategyRules(), LEGS, "100", "100")
    risk.see({CE: Quote(e4("101"), low_e4=e4("99"), high_e4=e4("130"))}, 1)
    assert told(risk, 1) == [("ce", STOP)]


def test_a_dip_between_frames_reaches_a_target() -> None:
    risk = straddle(StrategyRules(), LEGS, "100", "100")
    risk.see({CE: Quote(e4("101"), low_e4=e4("40"), high_e4=e4("102"))}, 1)
    assert told(risk, 1) == [("ce", TARGET)]


def test_at_the_touch_trades_do_not_count() -> None:
    """An old trade of a quiet strike says nothing about what closing costs."""
    risk = straddle(StrategyRules(mark=Mark.TOUCH), LEGS, "100", "100")
    risk.see({CE: Quote(e4("140"), ask_e4=e4("101"), high_e4=e4("140"))}, 1)
    assert told(risk, 1) == []


def test_a_crossed_book_locks_no_profit_that_never_was() -> None:
    """One of its two prices is wrong: what is worse for the position counts."""
    lock = LockRule(at_e4=e4(1500), lock_e4=e4(750))
    risk = straddle(StrategyRules(mark=Mark.TOUCH, lock=lock), LEG_STOP, "100", "100")
    put = Quote(e4("100"), bid_e4=e4("100"), ask_e4=e4("100"))
    risk.see({CE: Quote(e4("100"), bid_e4=e4("99.95"), ask_e4=e4(5)), PE: put}, 1)
    assert (told(risk, 1), risk.pnl.high_e4) == ([], e4("3.75"))


# --- marks ----------------------------------------------------------------------------------------


def test_the_whole_waits_for_every_mark_while_legs_go_on() -> None:
    """The put has no price: its strategy's stop cannot be weighed, the call's own stop can."""
    risk = straddle(StrategyRules(stop_e4=e4(100)), LEGS, "100", "100")
    assert frame(risk, 1, ce="125") == []
    assert (risk.pnl.low_ns, frame(risk, 2, ce="130")) == (0, [("ce", STOP)])
    assert frame(risk, 3, pe="100") == [("pe", ExitReason.STRATEGY_STOP)]


def test_one_far_offer_before_the_first_trade_of_a_day_stops_nothing_that_was_carried() -> None:
    """The whole waits for a trade, or a book that is narrow; a person is told of it."""
    risk = straddle(StrategyRules(stop_e4=e4(6000)))
    put = Quote(ltp_e4=0, bid_e4=e4(94), ask_e4=e4(97))
    risk.see({CE: Quote(ltp_e4=0, bid_e4=e4(60), ask_e4=e4(205)), PE: put}, 1)
    assert [type(verdict) for verdict in risk.judge(1)] == [Unpriced]
    risk.see({CE: Quote(ltp_e4=0, bid_e4=e4(201), ask_e4=e4(205))}, 2)
    assert told(risk, 2) == [("ce", "pe", ExitReason.STRATEGY_STOP)]


def test_a_quote_without_a_price_takes_the_mark_away() -> None:
    risk = straddle(StrategyRules(stop_e4=e4(100)), LEGS, "100", "100")
    assert frame(risk, 1, ce="100", pe="100") == []
    assert frame(risk, 2, ce="129", pe="0") == []
    assert frame(risk, 3) == []
    assert frame(risk, 4, pe="101") == [(*BOTH, ExitReason.STRATEGY_STOP)]
    assert risk.pnl.last_ns == 4


def test_a_short_that_never_traded_is_judged_by_what_closing_costs() -> None:
    """No last trade, but an ask: its own stop and that of the whole hold it."""
    risk = straddle(StrategyRules(stop_e4=e4(1500)), LEGS, "100", "100")
    quote = Quote(0, bid_e4=e4("119"), ask_e4=e4("120"))
    risk.see({CE: quote, PE: Quote(e4("100"))}, 1)
    assert told(risk, 1) == [(*BOTH, ExitReason.STRATEGY_STOP)]
    again = straddle(StrategyRules(), LEGS, "100", "100")
    again.see({PE: Quote(0, bid_e4=e4("129"), ask_e4=e4("130"))}, 1)
    assert told(again, 1) == [("pe", STOP)]


@pytest.mark.parametrize("mark", list(Mark))
def test_a_worthless_hedge_counts_for_nothing_and_stops_nothing_else(mark: Mark) -> None:
    """Nobody bids for it: 10 x 75 are lost with it, and with 4 x 75 of the short that is enough."""
    risk = StrategyRisk("s", StrategyRules(stop_e4=e4(1000), mark=mark), {})
    risk.fill(HEDGE, 0)
    risk.fill(sold("ce", "40"), 0)
    worthless = Quote(0, ask_e4=e4("0.05"))
    risk.see({HEDGED: worthless, CE: Quote(e4("40"), ask_e4=e4("40"))}, 1)
    assert (told(risk, 1), risk.pnl.last_e4, risk.legs()[0].fresh) == ([], e4(-750), True)
    risk.see({HEDGED: worthless, CE: Quote(e4("44"), ask_e4=e4("44"))}, 2)
    assert told(risk, 2) == [("hedge", "ce", ExitReason.STRATEGY_STOP)]


@pytest.mark.parametrize("symbol", ["RELIANCE", FUT])
def test_what_is_locked_at_its_lower_circuit_loses_its_fall_and_not_its_worth(symbol: str) -> None:
    """Nobody bids, and it was told to have lost all that it had cost."""
    risk = StrategyRisk("s", StrategyRules(stop_e4=e4(20_000), mark=Mark.TOUCH), {})
    risk.fill(LegPosition("eq", symbol, Side.BUY).filled(Side.BUY, 100, e4("2500")), 0)
    risk.see({symbol: Quote(e4("2375"), ask_e4=e4("2375"))}, 1)
    assert (told(risk, 1), risk.pnl.last_e4) == ([], e4(-12_500))


def test_a_hedge_that_nobody_bids_for_counts_at_the_cheaper_of_last_trade_and_ask() -> None:
    risk = StrategyRisk("s", StrategyRules(mark=Mark.TOUCH), {})
    risk.fill(HEDGE, 0)
    for at_ns, (ask, lost) in enumerate([("90", -150), ("7", -225)], start=1):
        risk.see({HEDGED: Quote(e4("8"), ask_e4=e4(ask))}, at_ns)
        risk.judge(at_ns)
        assert risk.pnl.last_e4 == e4(lost)


def test_a_worthless_leg_that_nobody_quotes_any_more_has_no_price() -> None:
    risk = StrategyRisk("s", StrategyRules(), {})
    risk.fill(HEDGE, 0)
    for at_ns, (quote, fresh, last) in enumerate(
        [
            (Quote(0, ask_e4=1), True, e4(-750)),
            (Quote(0), False, e4(-750)),
            (Quote(e4("12")), True, e4(150)),
            (Quote(0), False, e4(150)),
        ],
        start=1,
    ):
        risk.see({HEDGED: quote}, at_ns)
        risk.judge(at_ns)
        assert ([leg.fresh for leg in risk.legs()], risk.pnl.last_e4) == ([fresh], last)


def test_a_short_without_an_ask_does_not_switch_the_stop_off() -> None:
    risk = straddle(StrategyRules(stop_e4=e4(1500), mark=Mark.TOUCH), LEGS, "100", "100")
    risk.see({CE: Quote(e4("120"), bid_e4=e4("118")), PE: Quote(1, ask_e4=e4("100"))}, 1)
    assert told(risk, 1) == [(*BOTH, ExitReason.STRATEGY_STOP)]


def test_an_open_leg_that_is_quoted_without_a_price_is_told_once() -> None:
    """Again only after it has had one."""
    risk = straddle(StrategyRules(stop_e4=e4(1500)), LEGS, "100", "100")
    assert blind(risk, 1, ce="100", pe="100") == []
    assert blind(risk, 2, ce="100", pe="0") == ["pe"]
    assert blind(risk, 3, ce="100", pe="0") == []
    assert blind(risk, 4, pe="100") == []
    assert blind(risk, 5, ce="0", pe="0") == ["ce", "pe"]


def test_an_open_leg_that_is_not_quoted_is_told_after_a_while() -> None:
    """A feed may bring its instruments one by one, after a dead link too."""
    risk = straddle(StrategyRules(), LEGS, "100", "100")
    assert blind(risk, 1, ce="100") == []
    assert blind(risk, PATIENCE_NS, ce="100") == []
    assert blind(risk, 1 + PATIENCE_NS, ce="100") == ["pe"]
    frame(risk, 2 + PATIENCE_NS, pe="100")
    risk.lose_marks()
    assert blind(risk, 9 * PATIENCE_NS, ce="100") == []
    assert blind(risk, 10 * PATIENCE_NS, ce="100") == ["pe"]


def test_what_is_not_held_needs_no_price() -> None:
    """Before the entry and after it nothing is told."""
    risk = StrategyRisk("s", StrategyRules(), {"ce": LEGS})
    risk.watch("ce", CE, Side.SELL, 75)
    assert blind(risk, 1, ce="0") == []
    risk.fill(sold("ce", "100").filled(Side.BUY, 75, e4("90")), 2)
    assert blind(risk, 3, ce="0") == []


def test_the_newest_profit_follows_the_legs_that_move() -> None:
    """The put counts at its last price, at its entry before the first; the extremes wait."""
    risk = straddle(StrategyRules(), LegRules(), "100", "100")
    frame(risk, 1, ce="99")
    assert (risk.pnl.last_e4, risk.pnl.low_ns) == (e4(75), 0)
    frame(risk, 2, ce="100", pe="98")
    frame(risk, 3, ce="110", pe="0")
    assert (risk.pnl.last_e4, risk.pnl.last_ns) == (e4(-600), 3)
    frame(risk, 4, ce="120")
    assert (risk.pnl.last_e4, risk.pnl.last_ns) == (e4(-1350), 4)
    assert (risk.pnl.low_e4, risk.pnl.high_e4) == (e4(150), e4(150))
    frame(risk, 5, pe="98")
    assert (risk.pnl.last_e4, risk.pnl.low_e4) == (e4(-1350), e4(-1350))


def test_what_is_absent_is_unchanged() -> None:
    risk = straddle(StrategyRules(stop_e4=e4(1500)), LEGS, "100", "100")
    assert frame(risk, 1, ce="110", pe="100") == []
    assert frame(risk, 2, pe="110") == [(*BOTH, ExitReason.STRATEGY_STOP)]


def test_marks_of_a_dead_link_trigger_nothing() -> None:
    risk = straddle(StrategyRules(stop_e4=e4(1500)), LEGS, "100", "100")
    frame(risk, 1, ce="110", pe="100")
    risk.lose_marks()
    assert frame(risk, 2, pe="125") == []
    assert [leg.fresh for leg in risk.legs()] == [False, True]
    assert frame(risk, 3, ce="110") == [(*BOTH, ExitReason.STRATEGY_STOP)]


def test_nothing_is_judged_before_an_entry() -> None:
    risk = StrategyRisk("straddle", EVERYTHING, {})
    risk.watch("ce", CE, Side.SELL, 75)
    assert frame(risk, 1, ce="100") == []
    assert (risk.pnl.last_ns, risk.legs()[0].mark_e4) == (0, e4("100"))


def test_a_leg_watched_before_its_entry_has_its_mark_at_once() -> None:
    risk = StrategyRisk("s", StrategyRules(stop_e4=e4(700)), {"ce": LEGS})
    risk.watch("ce", CE, Side.SELL, 75)
    frame(risk, 1, ce="110")
    armed = risk.fill(sold("ce", "100"), 2)
    assert armed == (LevelMoved("s", "ce", Move.ARMED, 0, e4("130"), at_ns=2, best_e4=e4("100")),)
    assert frame(risk, 3) == [("ce", ExitReason.STRATEGY_STOP)]


def test_a_leg_may_choose_another_strike_before_its_entry() -> None:
    risk = StrategyRisk("s", StrategyRules(), {"ce": LEGS})
    risk.watch("ce", "OLD", Side.SELL)
    risk.watch("ce", CE, Side.SELL)
    risk.fill(sold("ce", "100"), 1)
    assert frame(risk, 2, ce="130") == [("ce", STOP)]


# --- exits owed -----------------------------------------------------------------------------------


def test_an_exit_is_said_once_until_it_is_withdrawn() -> None:
    risk = straddle(StrategyRules(), LEGS, "100", "100")
    assert frame(risk, 1, ce="130", pe="100") == [("ce", STOP)]
    assert frame(risk, 2, ce="140", pe="100") == []
    risk.withdraw(["ce", "gone"])
    assert frame(risk, 3) == [("ce", STOP)]


def test_an_exit_that_others_decided_is_owed_too() -> None:
    risk = straddle(EVERYTHING, LEGS, "100", "100")
    risk.owe(["ce", "pe", "gone"])
    assert frame(risk, 1, ce="140", pe="140") == []
    assert [leg.owed for leg in risk.legs()] == [True, True]


def test_a_whole_exit_takes_the_legs_that_owe_none() -> None:
    risk = straddle(StrategyRules(stop_e4=e4(3000)), LEGS, "100", "100")
    assert frame(risk, 1, ce="130", pe="90") == [("ce", STOP)]
    assert frame(risk, 2, ce="135", pe="110") == [("pe", ExitReason.STRATEGY_STOP)]


def test_a_closed_leg_counts_at_its_exit_price() -> None:
    """The loss of the closed call and of the open put together cross the combined stop."""
    rules = StrategyRules(combined_premium_stop=Distance(percent_e4=20 * E4))
    risk = straddle(rules, LEGS, "100", "100")
    frame(risk, 1, ce="130", pe="100")
    risk.fill(sold("ce", "100").filled(Side.BUY, 75, e4("130.50")), 2)
    assert frame(risk, 3, ce="999", pe="109") == []
    assert frame(risk, 4, ce="1", pe="109.50") == [("pe", ExitReason.COMBINED_PREMIUM)]


def test_a_closed_strategy_keeps_its_profit_and_is_left_alone() -> None:
    """The fill that makes it flat is the last word on profit."""
    risk = straddle(StrategyRules(stop_e4=e4(1500)), LEGS, "100", "100")
    assert frame(risk, 1, ce="110", pe="110") == [(*BOTH, ExitReason.STRATEGY_STOP)]
    risk.fill(sold("ce", "100").filled(Side.BUY, 75, e4("111")), 2)
    assert risk.pnl.low_e4 == e4("-1500")
    risk.fill(sold("pe", "100").filled(Side.BUY, 75, e4("111")), 3)
    assert (risk.pnl.low_e4, risk.pnl.low_ns) == (e4("-1650"), 3)
    assert frame(risk, 4, ce="500", pe="500") == []
    assert (risk.pnl.last_e4, risk.pnl.last_ns) == (e4("-1650"), 4)


# --- an entry that is under way -------------------------------------------------------------------

PREMIUM_STOP = StrategyRules(combined_premium_stop=Distance(percent_e4=25 * E4))
HEDGE = LegPosition("hedge", HEDGED, Side.BUY).filled(Side.BUY, 75, e4("10"))


def condor_side() -> StrategyRisk:
    risk = StrategyRisk("s", PREMIUM_STOP, {})
    risk.watch("hedge", HEDGED, Side.BUY, 75)
    risk.watch("ce", CE, Side.SELL, 75)
    risk.fill(HEDGE, 0)
    return risk


def test_a_hedge_alone_is_no_premium_at_risk() -> None:
    """The spread of a hedge that waits for its short is no loss of premium."""
    risk = condor_side()
    risk.see({HEDGED: Quote(e4("7"))}, 1)
    assert told(risk, 1) == []


def test_a_short_of_an_incomplete_entry_is_held_to_the_premium() -> None:
    """25 % of 10 x 75 + 40 x 25."""
    risk = condor_side()
    risk.fill(sold("ce", "40", quantity=25), 1)
    risk.see({HEDGED: Quote(e4("10")), CE: Quote(e4("57"))}, 2)
    assert told(risk, 2) == []
    risk.see({CE: Quote(e4("57.50"))}, 3)
    assert told(risk, 3) == [("hedge", "ce", ExitReason.COMBINED_PREMIUM)]


def test_an_entry_settled_with_less_is_held_to_all_of_the_premium() -> None:
    """Of 40 x 25 sold beside 10 x 75 bought; weighed against each other, they left 250 by chance.

    As before it was settled: the stop does not leap to where the market may stand already.
    """
    risk = condor_side()
    risk.fill(sold("ce", "40", quantity=25), 1)
    assert told(risk, 1) == []
    before_e4 = risk.thresholds.combined_e4
    risk.watch("ce", CE, Side.SELL, 25)
    risk.see({HEDGED: Quote(e4("10")), CE: Quote(e4("57.45"))}, 2)
    assert told(risk, 2) == []
    assert (before_e4, risk.thresholds.combined_e4) == (-e4("437.50"), -e4("437.50"))


def test_a_settled_entry_that_fills_after_all_is_held_to_the_premium_as_it_was_planned() -> None:
    """Of 40 sold against 10 bought 25 % are 7.50 a unit."""
    risk = condor_side()
    risk.watch("ce", CE, Side.SELL, 0)
    risk.fill(sold("ce", "40"), 1)
    risk.see({HEDGED: Quote(e4("10")), CE: Quote(e4("47.50"))}, 2)
    assert told(risk, 2) == [("hedge", "ce", ExitReason.COMBINED_PREMIUM)]


def test_hedges_whose_short_never_came_are_held_to_their_own_premium() -> None:
    risk = condor_side()
    risk.watch("ce", CE, Side.SELL, 0)
    risk.see({HEDGED: Quote(e4("7.50"))}, 1)
    assert told(risk, 1) == [("hedge", ExitReason.COMBINED_PREMIUM)]


def test_a_leg_that_ended_at_a_price_nobody_knows_was_entered_as_planned() -> None:
    """What is left is weighed as it was: of 40 sold against 10 bought 25 % are 7.50 a unit."""
    risk = condor_side()
    risk.watch("pe", PE, Side.SELL, 75)
    for leg_id in ("ce", "pe"):
        risk.fill(sold(leg_id, "40"), 1)
    risk.fill(LegPosition("pe", PE, Side.SELL), 2)
    risk.watch("pe", PE, Side.SELL, 0)
    risk.see({HEDGED: Quote(e4("10")), CE: Quote(e4("47.50"))}, 3)
    assert told(risk, 3) == [("hedge", "ce", ExitReason.COMBINED_PREMIUM)]


@pytest.mark.parametrize("ends", [True, False])
def test_a_leg_that_was_traded_back_counts_once_in_the_premium(ends: bool) -> None:
    """Of 100 and 100 sold 25 % are 3,750: with its second sale the stop stood at 5,625."""
    risk = StrategyRisk("s", PREMIUM_STOP, {})
    for leg_id, symbol in (("ce", CE), ("pe", PE)):
        risk.watch(leg_id, symbol, Side.SELL, 75)
        risk.fill(sold(leg_id, "100"), 0)
        if ends:
            risk.watch(leg_id, symbol, Side.SELL, 75)
    twice = sold("ce", "100").filled(Side.BUY, 150, e4("100"))
    risk.fill(twice.filled(Side.SELL, 75, e4("100")), 1)
    risk.see({PE: Quote(e4("149.95"))}, 2)
    assert told(risk, 2) == []
    risk.see({PE: Quote(e4("150"))}, 3)
    assert told(risk, 3) == [("pe", ExitReason.COMBINED_PREMIUM)]
    assert risk.thresholds.combined_e4 == -e4("3750")


def test_another_fill_moves_the_stop_with_the_average() -> None:
    risk = StrategyRisk("s", StrategyRules(), {"ce": LEGS})
    first = risk.fill(sold("ce", "100", quantity=25), 1)
    second = risk.fill(sold("ce", "100", quantity=25).filled(Side.SELL, 25, e4("110")), 2)
    third = risk.fill(sold("ce", "100", quantity=25).filled(Side.SELL, 25, e4("110")), 3)
    assert [(move.from_e4, move.to_e4) for move in (*first, *second, *third)] == [
        (0, e4("130")),
        (e4("130"), e4("136.50")),
    ]


# --- beside a future ------------------------------------------------------------------------------


def covered(rules: StrategyRules) -> StrategyRisk:
    """Return a call that was sold for 100 beside a future that was bought at 24,500."""
    risk = StrategyRisk("covered", rules, {})
    risk.fill(LegPosition("fut", FUT, Side.BUY).filled(Side.BUY, 75, e4("24500")), 0)
    risk.fill(sold("ce", "100"), 0)
    return risk


def frame_beside(risk: StrategyRisk, at_ns: int, ce: str, fut: str) -> list[object]:
    risk.see({CE: Quote(e4(ce)), FUT: Quote(e4(fut))}, at_ns)
    return told(risk, at_ns)


def test_the_combined_premium_is_that_of_the_options_alone() -> None:
    """A quarter of 100: what the future gains or loses meanwhile moves no premium."""
    risk = covered(PREMIUM_STOP)
    assert frame_beside(risk, 1, "124.95", "20000") == []
    assert frame_beside(risk, 2, "124.95", "29000") == []
    assert frame_beside(risk, 3, "125", "29000") == [("fut", "ce", ExitReason.COMBINED_PREMIUM)]


def test_points_of_the_premium_count_the_units_of_the_options() -> None:
    risk = StrategyRisk("s", StrategyRules(combined_premium_stop=Distance(points_e4=e4(20))), {})
    risk.fill(LegPosition("fut", FUT, Side.BUY).filled(Side.BUY, 25, e4("24500")), 0)
    risk.fill(sold("ce", "100"), 0)
    assert frame_beside(risk, 1, "119.95", "24500") == []
    assert frame_beside(risk, 2, "120", "24500") == [("fut", "ce", ExitReason.COMBINED_PREMIUM)]


def test_a_share_of_the_premium_may_be_what_the_whole_can_lose_or_gain() -> None:
    """Half of 7,500: the future's loss counts, its price does not."""
    stopped, reached = (covered(StrategyRules(**rule)) for rule in SHARES)
    assert frame_beside(stopped, 1, "100", "24451") == []
    assert frame_beside(stopped, 2, "100", "24450") == [("fut", "ce", ExitReason.STRATEGY_STOP)]
    assert frame_beside(reached, 1, "100", "24549") == []
    assert frame_beside(reached, 2, "100", "24550") == [("fut", "ce", ExitReason.STRATEGY_TARGET)]


SHARES = ({"stop_premium_percent_e4": 50 * E4}, {"target_premium_percent_e4": 50 * E4})


@pytest.mark.parametrize(
    ("rules", "expected"),
    [(PREMIUM_STOP, [False, True]), (StrategyRules(**SHARES[0]), [True, True])],
)
def test_a_future_is_not_ruled_by_a_premium_stop(
    rules: StrategyRules, expected: list[bool]
) -> None:
    assert [leg.ruled for leg in covered(rules).legs()] == expected


# --- hands ----------------------------------------------------------------------------------------


def test_a_stop_moved_by_hand_is_judged_against_the_price_that_stands() -> None:
    risk = straddle(StrategyRules(), LEGS, "100", "100")
    frame(risk, 1, ce="120", pe="100")
    assert risk.adjust("ce", e4("140"), 2) is None
    assert risk.adjust("ce", e4("119"), 2) == LevelMoved(
        "straddle", "ce", Move.ADJUSTED, e4("130"), e4("119"), 2, e4("100")
    )
    assert frame(risk, 3) == [("ce", STOP)]


def test_a_stop_of_the_whole_is_a_profit() -> None:
    """From nowhere to -1000, on to +500 of locked profit; back only with leave."""
    risk = straddle(StrategyRules(), LEGS, "100", "100")
    assert risk.adjust("", e4(-1000), 1) == LevelMoved(
        "straddle", "", Move.ADJUSTED, 0, e4(-1000), 1
    )
    assert risk.adjust("", e4(-2000), 2) is None
    assert risk.adjust("", e4(-2000), 3, loosen=True) == LevelMoved(
        "straddle", "", Move.ADJUSTED, e4(-1000), e4(-2000), 3
    )
    risk.adjust("", e4(500), 4)
    assert frame(risk, 5, ce="96", pe="96") == []
    assert frame(risk, 6, ce="96", pe="98") == [(*BOTH, ExitReason.STRATEGY_STOP)]


def test_a_leg_that_was_not_entered_has_no_stop_to_move() -> None:
    risk = StrategyRisk("s", StrategyRules(), {})
    risk.watch("ce", CE, Side.SELL)
    assert (risk.adjust("ce", e4("1"), 1), risk.adjust("gone", e4("1"), 1)) == (None, None)


# --- the guard's view -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "legs", "expected"),
    [
        (StrategyRules(), LegRules(), False),
        (StrategyRules(target_e4=e4(1)), LegRules(target=Distance(points_e4=1)), False),
        (StrategyRules(), LEGS, True),
        (StrategyRules(stop_e4=1), LegRules(), True),
        (PREMIUM_STOP, LegRules(), True),
    ],
)
def test_a_leg_is_ruled_by_a_stop_of_its_own_or_of_the_whole(
    rules: StrategyRules, legs: LegRules, expected: bool
) -> None:
    assert [leg.ruled for leg in straddle(rules, legs).legs()] == [expected, expected]


def test_stops_on_the_underlying_are_refused() -> None:
    with pytest.raises(AssertionError, match="underlying"):
        StrategyRisk("s", StrategyRules(), {"ce": LegRules(underlying_stop=Distance(1))})


# --- a record that is taken back ------------------------------------------------------------------


def test_a_record_of_armings_hands_and_trails_is_taken_back() -> None:
    """Armed at 130, trailed to 125, set to 128 by hand, trailed from there to 123."""
    risk = straddle(StrategyRules(), TRAILED, "100", "100")
    facts = [
        LevelMoved("straddle", "ce", Move.ARMED, 0, e4("130"), 1, e4("100")),
        LevelMoved("straddle", "ce", Move.TRAILED, e4("130"), e4("125"), 2, e4("90")),
        LevelMoved("straddle", "ce", Move.ADJUSTED, e4("125"), e4("128"), 3, e4("90")),
        LevelMoved("straddle", "ce", Move.TRAILED, e4("128"), e4("123"), 4, e4("80")),
        LevelMoved("straddle", "", Move.ADJUSTED, 0, e4(-400), 5),
    ]
    risk.restore(facts)
    assert stops(risk) == [e4("123"), e4("130")]
    assert frame(risk, 6, ce="106", pe="100") == [(*BOTH, ExitReason.STRATEGY_STOP)]


@pytest.mark.parametrize(
    ("move", "best"),
    [(Move.TRAILED, "90"), (Move.ARMED, "90"), (Move.ADJUSTED, "100")],
)
def test_a_stop_that_is_taken_back_fires_though_the_first_frame_is_of_another_leg(
    move: Move, best: str
) -> None:
    """At 125 instead of the 130 of its entry; a feed may bring its instruments one by one."""
    risk = straddle(StrategyRules(), TRAILED, "100", "100")
    risk.restore([LevelMoved("straddle", "ce", move, e4("130"), e4("125"), 1, e4(best))])
    assert frame(risk, 2, pe="100") == []
    reason = STOP if move is Move.ADJUSTED else ExitReason.TRAIL
    assert frame(risk, 3, ce="126") == [("ce", reason)]


def test_a_fill_that_was_learnt_after_a_trail_is_taken_back_after_it() -> None:
    """It is older than the trail, and its arming is not: the record has them in their order."""
    risk = straddle(StrategyRules(), TRAILED, "100", "100")
    facts = [LevelMoved("straddle", "ce", Move.ARMED, 0, e4("130"), 0, e4("100"))]
    risk.see(traded(ce="80", pe="100"), 5)
    facts += risk.judge(5)
    facts += risk.fill(sold("ce", "110", 150), 3)
    again = straddle(StrategyRules(), TRAILED, "110", "100")
    again.restore(facts)
    assert [(fact.move, fact.to_e4) for fact in facts[1:]] == [
        (Move.TRAILED, e4("120")),
        (Move.ARMED, e4("125")),
    ]
    assert stops(again) == stops(risk) == [e4("125"), e4("130")]


def test_facts_about_legs_that_are_not_there_change_nothing() -> None:
    risk = StrategyRisk("s", StrategyRules(), {})
    risk.watch("ce", CE, Side.SELL)
    risk.restore([LevelMoved("s", leg, Move.TRAILED, 2, 1, 1) for leg in ("ce", "gone")])
    assert stops(risk) == [0]


def test_a_stale_record_lowers_no_floor() -> None:
    risk = straddle(StrategyRules(lock=LockRule(e4(1500), e4(750))))
    newer = LevelMoved("straddle", "", Move.FLOOR_RAISED, 0, e4(2150), 9, e4(3386))
    stale = LevelMoved("straddle", "", Move.LOCKED, 0, e4(750), 5, e4(1500))
    risk.restore([newer, stale])
    risk.restore([stale])
    assert risk.lock == Lock(LockStatus.LOCKED, e4(2150), e4(3386))
    assert frame(risk, 10, ce="100", pe="90") == [(*BOTH, ExitReason.LOCK)]


def test_what_the_record_last_valued_a_leg_at_counts_until_it_has_a_price() -> None:
    """A leg that it does not name counts at its entry; no rule of the whole is judged on either."""
    risk = straddle(StrategyRules(stop_e4=e4(1)), LegRules(), "100", "100")
    risk.lose_marks({"ce": e4("104")})
    assert [(leg.mark_e4, leg.fresh) for leg in risk.legs()] == [
        (e4("104"), False),
        (NO_MARK, False),
    ]
    risk.judge(1)
    assert (risk.pnl.last_e4, risk.pnl.estimated_ns) == (-4 * 75 * 10_000, 1)
    frame(risk, 2, ce="101", pe="100")
    assert risk.pnl.last_e4 == -75 * 10_000
