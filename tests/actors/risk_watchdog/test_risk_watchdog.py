"""The watchdog: what goes in, what comes out."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from daemon.actors.risk_watchdog import ExitTime, RiskWatchdog
from daemon.domain.instants import SECOND_NS
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.market.notes import NoteKind
from daemon.domain.money import e4
from daemon.domain.orders.words import Side
from daemon.domain.risk.account import AccountLimits
from daemon.domain.risk.hours import GRACE_NS
from daemon.domain.risk.lock_and_trail import LockStatus
from daemon.domain.risk.moves import LevelMoved, Move
from daemon.domain.risk.words import Distance, ExitReason, LegRules, LockRule, StrategyRules, Trail
from daemon.messages import (
    DayMarked,
    EntriesPaused,
    ExitDecided,
    ExitLegs,
    LinkDied,
    LinkRevived,
    Noted,
    PauseEntries,
    PositionChanged,
)
from daemon.runtime.words import NOTHING, Lane, Started, Tell
from tests.kit.acting import (
    BASKET,
    DAY,
    LOT,
    NEXT_DAY,
    PE,
    ROUTER,
    alarms,
    clock,
    day_ended,
    day_opened,
    ended,
    facts,
    finished,
    opened,
    others,
    owed,
    prices,
    shown,
    sold,
    told,
)

STOP = LegRules(stop=Distance(percent_e4=e4("30")))
PREMIUM = StrategyRules(combined_premium_stop=Distance(percent_e4=e4("25")))
BOTH = StrategyRules(all_on_leg_stop=True)
NO_LIMITS = AccountLimits()
LOSS = AccountLimits(loss_e4=e4("1000"))
T = clock("09:31:00")
SECOND = 1_000_000_000


def dog(*messages, limits=NO_LIMITS, before=()) -> RiskWatchdog:
    """A watchdog that was told these."""
    watchdog = RiskWatchdog(ROUTER, limits, before)
    for message in messages:
        watchdog.handle(message, getattr(message, "at_ns", 0))
    return watchdog


def straddle(strategy="s", rules=None, leg_rules=STOP) -> list:
    """A straddle sold at 100 and 100."""
    return [
        opened(strategy, rules=rules, leg_rules=leg_rules),
        sold("ce", strategy=strategy),
        sold("pe", strategy=strategy),
        ended(strategy),
    ]


def see(watchdog, at_ns, ce=None, pe=None):
    return watchdog.handle(prices(at_ns, ce, pe), at_ns)


def exits(effects) -> list:
    return [(each.leg_ids, each.reason) for each in facts(effects, ExitDecided)]


def test_an_exit_is_recorded_and_told_on_the_frame_that_decides_it() -> None:
    """Durable first, then told on the control lane, before the picture for people."""
    effects = see(dog(*straddle()), T, "130", "100")
    wanted = ExitLegs("s", ("ce",), ExitReason.STOP)
    pnl_e4 = -30 * LOT * 10_000
    assert facts(effects) == [ExitDecided("s", ("ce",), ExitReason.STOP, pnl_e4, T)]
    assert effects[0].then[0] == Tell(ROUTER, wanted, Lane.CONTROL)
    assert [type(each).__name__ for each in effects[0].then] == ["Tell", "Show"]


def test_an_exit_is_told_with_every_frame_until_it_is_owed() -> None:
    """Told again without being decided again."""
    watchdog = dog(*straddle())
    for second in range(3):
        effects = see(watchdog, T + second, "130", "100")
        assert told(effects) == [ExitLegs("s", ("ce",), ExitReason.STOP)]
        assert len(exits(effects)) == (second == 0)
    watchdog.handle(owed("ce"), T + 3)
    assert told(see(watchdog, T + 4, "131", "100")) == []


def test_another_obligation_of_a_leg_leaves_the_rest_to_be_told() -> None:
    """What is owed of an exit is heard, what is not is told on."""
    watchdog = dog(*straddle(rules=BOTH))
    assert exits(see(watchdog, T, "130", "100")) == [(("ce", "pe"), ExitReason.STOP)]
    watchdog.handle(owed("ce", reason=ExitReason.UNWIND), T)
    assert told(see(watchdog, T + 1)) == [ExitLegs("s", ("pe",), ExitReason.STOP)]


def test_an_exit_of_what_is_gone_is_told_no_more() -> None:
    """A leg that became flat some other way needs no exit."""
    watchdog = dog(*straddle())
    see(watchdog, T, "130", "100")
    watchdog.handle(sold("ce", bought="130"), T)
    assert told(see(watchdog, T + 1, "130", "100")) == []


def held_long(leg: str) -> PositionChanged:
    """A leg that was bought at 100."""
    bought = {"bought_quantity": LOT, "bought_value_e4": LOT * e4("100")}
    return replace(sold(leg), side=Side.BUY, **bought, sold_quantity=0, sold_value_e4=0)


@pytest.mark.parametrize(
    ("rules", "exit_at", "pe", "why"),
    [
        (StrategyRules(), "15:20:00", "130", ExitReason.STOP),
        (StrategyRules(stop_e4=e4("1")), "15:20:00", "101", ExitReason.STRATEGY_STOP),
        (StrategyRules(), "09:31:00", "101", ExitReason.TIME),
    ],
    ids=["leg", "whole", "time"],
)
def test_of_the_exits_of_a_frame_those_that_hold_a_short_are_told_first(
    rules, exit_at, pe, why
) -> None:
    """Whatever decided them and in whatever order: a hedge that is sold later waits for them."""
    entry = replace(
        opened(rules=rules, exit_at=exit_at),
        leg_rules={"ce": LegRules(stop=Distance(percent_e4=e4("50"))), "pe": STOP},
    )
    watchdog = dog(entry, held_long("ce"), sold("pe"), ended())
    effects = see(watchdog, T, "50", pe)
    assert exits(effects) == [(("ce",), ExitReason.STOP), (("pe",), why)]
    assert [each.leg_ids for each in told(effects)] == [("pe",), ("ce",)]
    assert [each.leg_ids for each in told(see(watchdog, T + SECOND))] == [("pe",), ("ce",)]


@pytest.mark.parametrize(
    ("rules", "left"), [(StrategyRules(), ("ce",)), (BOTH, ("ce", "pe"))], ids=["leg", "all"]
)
def test_a_stopped_leg_leaves_alone_unless_all_go(rules, left) -> None:
    """`on_leg_stop` says which."""
    assert exits(see(dog(*straddle(rules=rules)), T, "130", "100")) == [(left, ExitReason.STOP)]


def test_a_stop_lives_from_the_first_fill() -> None:
    """While the other leg is still waited for, a frame is judged already."""
    watchdog = dog(opened(leg_rules=STOP))
    effects = watchdog.handle(sold("ce"), T)
    assert facts(effects) == [
        LevelMoved(
            *("s", "ce", Move.ARMED, 0, e4("130"), clock("09:30:00"), e4("100")), basket_id=BASKET
        )
    ]
    assert exits(see(watchdog, T, "130", "100")) == [(("ce",), ExitReason.STOP)]


def test_an_entry_that_ended_incomplete_is_still_guarded() -> None:
    """What was filled has its stop, also where the fill came after the end."""
    watchdog = dog(opened(leg_rules=STOP), ended(because="no time left"))
    assert see(watchdog, T, "100", "100") == NOTHING
    watchdog.handle(sold("ce"), T)
    assert exits(see(watchdog, T + 1, "131")) == [(("ce",), ExitReason.STOP)]


def call(sold_units, bought_units=0, added_units=0):
    """The call as far as it was sold and bought back, all at 100."""
    bought = {"bought_quantity": bought_units, "bought_value_e4": bought_units * e4("100")}
    return replace(sold("ce", quantity=sold_units), **bought, added_quantity=added_units)


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize(
    ("entering", "after", "fires_at"),
    [
        ([call(75)], [call(75, 75)], "150"),
        ([call(75)], [call(75, 75), call(75, 150), call(150, 150)], "150"),
        ([call(75)], [call(75, 75), call(150, 75), call(150, 150)], "150"),
        ([call(150), call(150, 75)], [], "150"),
        ([call(150)], [call(150, 75), call(150, 150)], "150"),
        ([call(50)], [], "141.67"),
        ([call(50)], [call(75)], "150"),
        ([call(150, 0, 75)], [], "175"),
        ([call(150, 0, 75)], [call(150, 75, 75), call(150, 150, 75)], "175"),
        ([call(150, 0, 75)], [call(150, 225, 75), call(225, 225, 75)], "175"),
    ],
)
def test_a_leg_counts_in_the_entry_premium_with_what_its_entry_wanted_and_once(
    entering, after, fires_at, restarted
) -> None:
    """However often it was traded back; what was put on it, or fills late, is wanted too."""
    told_so_far = [opened(rules=PREMIUM, leg_rules=LegRules()), sold("pe"), *entering]
    told_so_far += [ended(because="in part"), *after]
    watchdog = dog(before=told_so_far) if restarted else dog(*told_so_far)
    just_below = str(Decimal(fires_at) - Decimal("0.01"))
    assert exits(see(watchdog, T, "100", just_below)) == []
    ((leg_ids, reason),) = exits(see(watchdog, T + SECOND, "100", fires_at))
    assert ("pe" in leg_ids, reason) == (True, ExitReason.COMBINED_PREMIUM)


def test_a_basket_that_was_never_opened_ends_nothing() -> None:
    """The router's refusal of a second entry leaves the first under watch."""
    watchdog = dog(*straddle())
    watchdog.handle(ended(day=NEXT_DAY, because="ce is still open from before"), T)
    assert exits(see(watchdog, T, "130", "100")) == [(("ce",), ExitReason.STOP)]


def test_a_position_of_nobody_is_passed_over() -> None:
    """A fill of a strategy that was never opened here has no rules to be held to."""
    watchdog = dog()
    assert watchdog.handle(sold("ce", strategy="other"), T) == NOTHING
    watchdog = dog(opened(legs=("ce",)))
    assert watchdog.handle(sold("pe"), T) == NOTHING


def test_profit_is_shown_with_every_frame_and_at_the_end() -> None:
    """The last fill shows what was realised."""
    watchdog = dog(*straddle())
    assert [view.pnl_e4 for view in shown(see(watchdog, T, "99", "99"))] == [2 * LOT * 10_000]
    assert shown(watchdog.handle(sold("ce", bought="98"), T + 1)) == []
    view = shown(watchdog.handle(sold("pe", bought="98", at_ns=T + 1), T + 1))[0]
    assert (view.strategy_id, view.pnl_e4, view.at_ns) == ("s", 4 * LOT * 10_000, T + 1)
    assert see(watchdog, T + 2, "99", "99") == NOTHING


def test_moves_of_the_lock_are_recorded() -> None:
    """Locked, raised, broken: the floor stands in the record before anybody relies on it."""
    rule = LockRule(at_e4=e4("1500"), lock_e4=e4("750"), every_e4=e4("250"), by_e4=e4("200"))
    watchdog = dog(*straddle(rules=StrategyRules(lock=rule), leg_rules=LegRules()))
    moves = []
    for at_ns, price in enumerate(("89", "85", "86"), start=T):
        moves += facts(see(watchdog, at_ns, price, price))
    assert [(move.move, move.to_e4) for move in moves] == [
        (Move.LOCKED, e4("750")),
        (Move.FLOOR_RAISED, e4("1350")),
    ]
    assert exits(see(watchdog, T + 9, "92", "92")) == [(("ce", "pe"), ExitReason.LOCK)]


@pytest.mark.parametrize("late_ns", [0, 1, 60 * SECOND])
def test_the_first_frame_at_or_after_the_exit_time_leaves(late_ns) -> None:
    """Not the frame before it, and told once on the frame."""
    watchdog, exit_ns = dog(*straddle()), clock("15:20:00")
    assert exits(see(watchdog, exit_ns - 1, "100", "100")) == []
    effects = see(watchdog, exit_ns + late_ns, "100", "100")
    assert exits(effects) == [(("ce", "pe"), ExitReason.TIME)]
    assert told(effects) == [ExitLegs("s", ("ce", "pe"), ExitReason.TIME)]
    watchdog.handle(owed("ce", "pe"), exit_ns + late_ns)
    assert facts(see(watchdog, exit_ns + late_ns + 1, "100", "100")) == []


def test_at_its_time_only_what_owes_no_exit_is_left() -> None:
    """A stop on the same frame goes first."""
    effects = see(dog(*straddle()), clock("15:20:00"), "130", "100")
    assert exits(effects) == [(("ce",), ExitReason.STOP), (("pe",), ExitReason.TIME)]
    assert len(told(effects)) == 2


def test_where_no_frame_comes_an_alarm_leaves_and_insists() -> None:
    """Told again every few seconds until it is owed."""
    watchdog = dog()
    rings_ns, ring = alarms(watchdog.handle(opened(), T))[0]
    assert (rings_ns, ring) == (clock("15:20:05"), ExitTime("s"))
    for message in straddle()[1:]:
        watchdog.handle(message, T)
    effects = watchdog.handle(ring, rings_ns)
    assert exits(effects) == [(("ce", "pe"), ExitReason.TIME)]
    assert len(told(effects)) == 1
    assert alarms(effects) == [(rings_ns + GRACE_NS, ring)]
    assert len(told(watchdog.handle(ring, rings_ns + GRACE_NS))) == 1
    watchdog.handle(owed("ce", "pe"), rings_ns)
    assert watchdog.handle(ring, rings_ns + 2 * GRACE_NS) == NOTHING


def test_the_alarm_of_an_earlier_time_leaves_nothing() -> None:
    """Rung before the exit time, or for nobody, it does nothing."""
    watchdog = dog(*straddle())
    assert watchdog.handle(ExitTime("s"), T) == NOTHING
    assert watchdog.handle(ExitTime("nobody"), T) == NOTHING


def test_a_slow_feed_is_given_three_intervals() -> None:
    """Of a chain every 65 s the next frame is waited for, yet not past the last minute."""
    watchdog = dog(day_opened(interval_ns=65 * SECOND))
    assert alarms(watchdog.handle(opened(), T)) == [(clock("15:23:15"), ExitTime("s"))]
    late = opened(exit_at="15:28:30")
    assert alarms(watchdog.handle(late, T)) == [(clock("15:29:00"), ExitTime("s"))]


def test_what_fills_after_the_exit_time_is_left_at_once() -> None:
    """An order that was in doubt at the exit time brings no position into the night."""
    watchdog, late_ns = dog(opened(leg_rules=STOP)), clock("15:21:00")
    see(watchdog, clock("15:20:00"), "100", "100")
    effects = watchdog.handle(sold("ce", at_ns=late_ns), late_ns)
    assert exits(effects) == [(("ce",), ExitReason.TIME)]
    assert told(effects) == [ExitLegs("s", ("ce",), ExitReason.TIME)]
    assert alarms(effects) == [(late_ns + GRACE_NS, ExitTime("s"))]


def test_a_dead_link_stops_nothing_but_the_time() -> None:
    """Its frames are not judged; a timed exit is decided on one, and by the alarm."""
    watchdog = dog(*straddle(), LinkDied(T))
    assert exits(see(watchdog, T, "500", "500")) == []
    assert exits(see(watchdog, clock("15:20:00"), "500", "500")) == [
        (("ce", "pe"), ExitReason.TIME)
    ]
    again = dog(*straddle(), LinkDied(T))
    assert exits(again.handle(ExitTime("s"), clock("15:20:05"))) == [
        (("ce", "pe"), ExitReason.TIME)
    ]


def test_after_a_dead_link_nothing_is_judged_until_it_is_fresh() -> None:
    """A combined rule waits for every leg's new price; a leg's own stop for its own."""
    rules = StrategyRules(combined_premium_stop=Distance(percent_e4=e4("20")))
    watchdog = dog(*straddle(rules=rules, leg_rules=LegRules()))
    see(watchdog, T, "100", "100")
    watchdog.handle(LinkDied(T + 1), T + 1)
    watchdog.handle(LinkRevived(T + 2), T + 2)
    assert exits(see(watchdog, T + 2, "150")) == []
    assert exits(see(watchdog, T + 3, pe="100")) == [(("ce", "pe"), ExitReason.COMBINED_PREMIUM)]


@pytest.mark.parametrize(
    ("record", "left"), [([], []), ([LinkRevived(T)], [(("ce",), ExitReason.STOP)])]
)
def test_after_a_restart_a_dead_link_is_dead(record, left) -> None:
    """The record says whether it lives."""
    again = dog(before=[*straddle(), LinkDied(T), *record])
    assert exits(see(again, T, "140", "100")) == left


def test_yesterdays_prices_are_no_prices() -> None:
    """On a new day a combined rule waits for every leg too, though the link never died."""
    rules = StrategyRules(combined_premium_stop=Distance(percent_e4=e4("20")))
    entry = opened(rules=rules, exit_at="15:29:00")
    watchdog = dog(day_opened(), entry, sold("ce"), sold("pe"), ended())
    see(watchdog, T, "100", "100")
    watchdog.handle(day_opened(NEXT_DAY), clock("09:00:00", NEXT_DAY))
    effects = see(watchdog, clock("09:15:00", NEXT_DAY), "150")
    assert exits(effects) == [(("ce", "pe"), ExitReason.TIME)]


def test_two_strategies_are_independent() -> None:
    """Equal leg ids and one contract: each has its own stop, exit time and obligation."""
    second = [
        opened("t", leg_rules=STOP, exit_at="15:10:00"),
        sold("ce", "200", "t"),
        sold("pe", "200", "t"),
        ended("t"),
    ]
    watchdog = dog(*straddle(), *second)
    assert [each.strategy_id for each in facts(see(watchdog, T, "130", "100"))] == ["s"]
    effects = see(watchdog, clock("15:10:00"), "130", "100")
    assert [(each.strategy_id, each.leg_ids) for each in facts(effects)] == [("t", ("ce", "pe"))]
    assert [each.strategy_id for each in told(effects)] == ["s", "t"]
    watchdog.handle(owed("ce", strategy="s"), clock("15:10:00"))
    assert [each.strategy_id for each in told(see(watchdog, clock("15:10:01")))] == ["t"]


def test_an_exit_that_ended_before_flat_is_judged_again() -> None:
    """The obligation is gone but not the position: the stop holds on."""
    watchdog = dog(*straddle(), owed("ce"))
    assert exits(see(watchdog, T, "140", "100")) == []
    watchdog.handle(finished("ce"), T)
    assert exits(see(watchdog, T + 1, "140", "100")) == [(("ce",), ExitReason.STOP)]


def loss_frames(watchdog, *ce_prices, start=T) -> list:
    return [see(watchdog, at_ns, ce, "100") for at_ns, ce in enumerate(ce_prices, start=start)]


def test_the_account_is_left_after_two_valuations_and_once() -> None:
    """One beyond the limit is not enough; then entries pause and everything goes, once."""
    watchdog = dog(
        *straddle(leg_rules=LegRules()), *straddle("t", leg_rules=LegRules()), limits=LOSS
    )
    turns = loss_frames(watchdog, "110", "100", "110", "111", "112")
    assert [exits(turn) for turn in turns[:3]] == [[], [], []]
    assert exits(turns[3]) == [(("ce", "pe"), ExitReason.ACCOUNT_LOSS)] * 2
    pause = PauseEntries("the account's limit: account_loss")
    assert told(turns[3], PauseEntries) == [pause]
    assert told(turns[3], object)[0] == pause
    assert len(told(turns[3])) == 2
    assert (exits(turns[4]), told(turns[4], PauseEntries)) == ([], [])


def test_one_print_is_one_valuation_however_many_frames_tell_of_others() -> None:
    """The call at 300 is told once: the account is left as soon as that is told again."""
    watchdog = dog(*straddle(leg_rules=LegRules()), limits=LOSS)
    see(watchdog, T, "100", "100")
    odd = [see(watchdog, T + SECOND_NS, "300"), see(watchdog, T + SECOND_NS + 1, pe="100")]
    assert [told(turn, PauseEntries) for turn in odd] == [[], []]
    assert told(see(watchdog, T + SECOND_NS + 2, "100"), PauseEntries) == []
    real = [see(watchdog, T + 2 * SECOND_NS + n, ce, pe) for n, (ce, pe) in enumerate(BESIDE)]
    assert [len(told(turn, PauseEntries)) for turn in real] == [0, 0, 1]


BESIDE = (("300", None), (None, "100"), ("300", "100"))


def test_what_is_not_valued_freshly_does_not_judge_the_account() -> None:
    """An open leg without a price: the account waits."""
    watchdog = dog(*straddle(leg_rules=LegRules()), limits=LOSS)
    turns = [see(watchdog, T + n, "150") for n in range(3)]
    assert [facts(turn) for turn in turns] == [[], [], []]
    assert told(see(watchdog, T + 3, "150", "100"), PauseEntries) == []
    assert len(told(see(watchdog, T + 4, "150", "100"), PauseEntries)) == 1


def test_an_account_is_not_judged_by_an_estimate() -> None:
    """A leg that lost its price: the newest profit is shown, and the account waits."""
    watchdog = dog(*straddle(leg_rules=LegRules()), limits=LOSS)
    see(watchdog, T, "100", "100")
    for n in range(1, 4):
        effects = see(watchdog, T + n, "150", "0")
        assert [view.pnl_e4 for view in shown(effects)] == [-50 * LOT * 10_000]
        assert told(effects, PauseEntries) == []


def test_what_nothing_prices_is_told_once() -> None:
    """Units are held and nobody can say what they are worth: a person must know."""
    watchdog = dog(*straddle())
    assert facts(see(watchdog, T, "100", "100"), Noted) == []
    notes = facts(see(watchdog, T + 1, "100", "0"), Noted)
    text = f"{PE} has no price to be judged by: the strategy is not guarded"
    assert notes == [Noted(NoteKind.STALE, text, T + 1, "s")]
    assert facts(see(watchdog, T + 2, "100", "0"), Noted) == []
    effects = see(watchdog, T + 3, "130", "0")
    assert (facts(effects, Noted), exits(effects)) == ([], [(("ce",), ExitReason.STOP)])


def test_a_day_of_estimates_has_no_extremes() -> None:
    """Nothing was ever valued as a whole; the last is what is known."""
    watchdog = dog(*straddle())
    see(watchdog, T, "99")
    marked = facts(watchdog.handle(day_ended(), 0), DayMarked)[0]
    assert (marked.low, marked.high, marked.last) == (None, None, (T, LOT * 10_000))
    assert marked.marks == (("ce", e4("99")),)


def test_a_leg_that_is_worth_nothing_at_the_close_is_marked_at_nothing() -> None:
    """A long option that is offered, and neither bid for nor traded."""
    entry = opened(legs=("ce",))
    (leg,) = entry.basket.legs
    bought = replace(entry, basket=replace(entry.basket, legs=(replace(leg, side=Side.BUY),)))
    filled = replace(
        sold("ce"),
        side=Side.BUY,
        bought_quantity=LOT,
        bought_value_e4=LOT * e4("1"),
        sold_quantity=0,
        sold_value_e4=0,
    )
    watchdog = dog(bought, filled, Frame(T, {filled.symbol: Quote(0, ask_e4=500)}))
    (marked,) = facts(watchdog.handle(day_ended(), 0), DayMarked)
    assert marked.marks == (("ce", 0),)


def test_what_fills_after_the_account_was_left_is_left_too() -> None:
    """An entry under way at that moment may still fill."""
    watchdog = dog(*straddle(leg_rules=LegRules()), opened("t"), limits=LOSS)
    loss_frames(watchdog, "150", "150")
    effects = watchdog.handle(sold("ce", strategy="t"), T + 2)
    assert exits(effects) == [(("ce",), ExitReason.ACCOUNT_LOSS)]
    assert [each.strategy_id for each in told(effects)] == ["t"]


def test_a_leg_that_owes_an_exit_is_not_left_again_by_the_account() -> None:
    """Its obligation stands; the rest goes."""
    watchdog = dog(*straddle(leg_rules=LegRules()), owed("ce"), limits=LOSS)
    assert exits(loss_frames(watchdog, "150", "150")[1]) == [(("pe",), ExitReason.ACCOUNT_LOSS)]


def test_a_loss_that_is_realised_pauses_entries_with_nothing_open() -> None:
    """Frames go on to be judged for the account."""
    watchdog = dog(*straddle(leg_rules=LegRules()), limits=LOSS)
    for leg in ("ce", "pe"):
        watchdog.handle(sold(leg, bought="110", at_ns=T), T)
    turns = loss_frames(watchdog, "1", "1", "1", start=T + 1)
    assert [len(told(turn, PauseEntries)) for turn in turns] == [0, 1, 0]


def test_an_account_counts_its_day_alone() -> None:
    """A loss of yesterday is not today's, and a new day judges anew."""
    watchdog = dog(day_opened(), opened(exit_at="15:29:00"), limits=LOSS)
    for message in (sold("ce"), sold("pe"), ended()):
        watchdog.handle(message, T)
    see(watchdog, T, "150", "100")
    watchdog.handle(day_ended(), day_ended().at_ns)
    watchdog.handle(day_opened(NEXT_DAY), clock("09:00:00", NEXT_DAY))
    start = clock("09:15:00", NEXT_DAY)
    turns = loss_frames(watchdog, "150", "150", "170", "170", start=start)
    assert [len(told(turn, PauseEntries)) for turn in turns] == [0, 0, 0, 1]


def test_the_floor_of_an_account_is_recorded_and_survives() -> None:
    """It is a level of no strategy; after a restart it stands where it stood."""
    limits = AccountLimits(lock=LockRule(e4("1000"), e4("500"), e4("500"), e4("500")))
    record = [day_opened(), *straddle(leg_rules=LegRules())]
    watchdog = dog(*record, limits=limits)
    moves = [m for turn in loss_frames(watchdog, "80", "80", "70", "70") for m in facts(turn)]
    assert [(m.strategy_id, m.leg_id, m.move, m.to_e4) for m in moves] == [
        ("", "", Move.LOCKED, e4("1000")),
        ("", "", Move.FLOOR_RAISED, e4("1500")),
    ]
    again = dog(limits=limits, before=[*record, *moves])
    turns = loss_frames(again, "80", "80", start=T + 9)
    assert [exits(turn) for turn in turns] == [[], [(("ce", "pe"), ExitReason.ACCOUNT_PROFIT)]]


def test_an_account_that_was_left_is_not_left_again_after_a_restart() -> None:
    """The router's pause is the record; without it the pause is told again."""
    record = [day_opened(), *straddle(leg_rules=LegRules()), opened("t")]
    left = ExitDecided("s", ("ce", "pe"), ExitReason.ACCOUNT_LOSS, 0, T)
    paused = EntriesPaused("the account's limit: account_loss", T)
    again = dog(limits=LOSS, before=[*record, left, owed("ce", "pe"), paused])
    turns = loss_frames(again, "150", "150", "150")
    assert [told(turn, object) for turn in turns] == [[], [], []]
    assert exits(again.handle(sold("ce", strategy="t"), T + 9)) == [
        (("ce",), ExitReason.ACCOUNT_LOSS)
    ]
    lost = dog(limits=LOSS, before=[*record, left])
    assert len(told(loss_frames(lost, "150", "150")[1], PauseEntries)) == 1


def test_a_pause_by_a_person_is_not_the_accounts_verdict() -> None:
    """Only its own words tell the watchdog that the account was left."""
    record = [day_opened(), *straddle(leg_rules=LegRules()), EntriesPaused("lunch", T)]
    again = dog(limits=LOSS, before=record)
    assert len(told(loss_frames(again, "150", "150")[1], PauseEntries)) == 1


@pytest.mark.parametrize("heard", [False, True])
def test_after_a_restart_an_exit_that_is_not_owed_is_told_at_once(heard) -> None:
    """Decided, recorded, and the router never heard of it: without waiting for a frame."""
    record = [*straddle(), ExitDecided("s", ("ce",), ExitReason.STOP, 0, T)]
    again = dog(before=[*record, *([owed("ce")] if heard else [])])
    wanted = [] if heard else [ExitLegs("s", ("ce",), ExitReason.STOP)]
    assert told(again.handle(Started(), T)) == wanted
    effects = see(again, T, "140", "100")
    assert (told(effects), exits(effects)) == (wanted, [])


def test_an_exit_that_was_owed_before_it_was_decided_is_not_told_again() -> None:
    """Router and watchdog may both decide in one moment; the record shows either order."""
    record = [*straddle(), owed("ce"), ExitDecided("s", ("ce",), ExitReason.STOP, 0, T)]
    assert told(dog(before=record).handle(Started(), T)) == []


def test_a_stop_that_a_crash_kept_out_of_the_record_is_entered_by_the_restart() -> None:
    """With the fill it is the same stop, at the fill's own instant, and it is entered once."""
    fills = straddle()
    live = dog(fills[0])
    armed = [move for fill in fills[1:3] for move in facts(live.handle(fill, T), LevelMoved)]
    cut, whole = [fills[0], fills[1], armed[0], *fills[2:]], [*fills, *armed]
    started = dog(before=cut).handle(Started(), T + SECOND)

    assert [move.leg_id for move in armed] == ["ce", "pe"]
    assert facts(started, LevelMoved) == [armed[1]]
    assert facts(dog(before=fills).handle(Started(), T + SECOND), LevelMoved) == armed
    assert facts(dog(before=whole).handle(Started(), T + SECOND), LevelMoved) == []
    assert facts(dog(before=[*cut, day_ended()]).handle(Started(), T), LevelMoved) == []


def test_an_arming_that_a_crash_cost_is_entered_with_what_the_trail_had_followed() -> None:
    """From where the record left the stop to where it stood in life, so no later start loosens."""
    step = Distance(points_e4=e4("4"))
    rules = LegRules(stop=STOP.stop, trail=Trail(step, step))
    record = straddle(leg_rules=rules)
    live, written = dog(record[0]), [record[0]]
    more = sold("ce", "101", quantity=2 * LOT, at_ns=T + SECOND)
    for message in (*record[1:3], prices(T, ce="90", pe="100"), more):
        moves = facts(live.handle(message, message.at_ns), LevelMoved)
        written += moves if isinstance(message, Frame) else [message, *moves]
    *cut, armed = written

    (again,) = facts(dog(before=cut).handle(Started(), T + 2 * SECOND), LevelMoved)

    assert (armed.move, armed.from_e4, armed.best_e4) == (Move.ARMED, e4("122"), e4("92"))
    assert again == armed
    assert facts(dog(before=written).handle(Started(), T), LevelMoved) == []


def test_an_arming_that_a_crash_cost_counts_a_trail_that_was_recorded_after_its_fill() -> None:
    """The trail was decided before the fill was heard, which the router had recorded by then."""
    step = Distance(points_e4=e4("4"))
    rules = LegRules(stop=STOP.stop, trail=Trail(step, step))
    record = straddle(leg_rules=rules)
    live, written = dog(record[0]), [record[0]]
    more = sold("ce", "101", quantity=2 * LOT, at_ns=T + SECOND)
    for message in record[1:3]:
        written += [message, *facts(live.handle(message, T), LevelMoved)]
    trailed = facts(live.handle(prices(T, ce="90", pe="100"), T), LevelMoved)
    armed = facts(live.handle(more, more.at_ns), LevelMoved)

    again = facts(dog(before=[*written, more, *trailed]).handle(Started(), T), LevelMoved)

    assert [(each.move, each.from_e4) for each in again] == [(Move.ARMED, e4("122"))]
    assert again == armed


def test_armings_that_a_crash_cost_follow_each_other_in_the_record() -> None:
    """Those of an entry count from no stop of the entry before it."""
    older = [*straddle(), LevelMoved("s", "ce", Move.ARMED, 0, e4("130"), 0, e4("100"))]
    gone = [sold("ce", bought="99"), sold("pe", bought="99"), day_ended(), day_opened(NEXT_DAY)]
    at_ns = clock("09:31:00", NEXT_DAY)
    fills = [sold("ce", at_ns=at_ns), sold("ce", "101.5", quantity=2 * LOT, at_ns=at_ns + SECOND)]
    record = [*older, *gone, opened(leg_rules=STOP, day=NEXT_DAY), *fills]

    told = facts(dog(before=record).handle(Started(), at_ns), LevelMoved)

    assert [(each.from_e4, each.to_e4) for each in told] == [
        (0, e4("130")),
        (e4("130"), e4("131.95")),
    ]


def test_after_a_restart_the_alarms_are_set_again() -> None:
    """Of what is open; not of what is over."""
    gone = [sold("ce", bought="99"), sold("pe", bought="99")]
    assert alarms(dog(before=straddle()).handle(Started(), T)) == [
        (clock("15:20:05"), ExitTime("s"))
    ]
    assert alarms(dog(before=[*straddle(), *gone]).handle(Started(), T)) == []


def test_after_a_restart_in_the_night_no_alarm_is_set_for_what_is_carried() -> None:
    """Its exit time is past and no market is open; that of the next session will do."""
    night_ns = clock("20:00:00")
    again = dog(before=[day_opened(), *straddle(), day_ended()])
    assert alarms(again.handle(Started(), night_ns)) == []
    effects = again.handle(day_opened(NEXT_DAY), clock("09:00:00", NEXT_DAY))
    assert alarms(effects) == [(clock("09:15:05", NEXT_DAY), ExitTime("s"))]


def test_a_day_is_marked_once_for_each_strategy() -> None:
    """Lowest, highest and last with their instants; what is flat since days is silent."""
    watchdog = dog(day_opened(), *straddle(leg_rules=LegRules()))
    for at_ns, price in enumerate(("101", "98", "99"), start=T):
        see(watchdog, at_ns, price, price)
    watchdog.handle(sold("ce", bought="99", at_ns=T + 2), T + 2)
    watchdog.handle(sold("pe", bought="99", at_ns=T + 2), T + 2)
    see(watchdog, T + 5, "50", "50")
    marked = facts(watchdog.handle(day_ended(), day_ended().at_ns))
    unit = 2 * LOT * 10_000
    assert marked == [
        DayMarked(
            strategy_id="s",
            day=DAY,
            low=(T, -unit),
            high=(T + 1, 2 * unit),
            last=(T + 5, unit),
            status=LockStatus.NONE,
            floor_e4=0,
            marks=(),
            at_ns=day_ended().at_ns,
            basket_id="s:2025-09-01",
        )
    ]
    watchdog.handle(day_opened(NEXT_DAY), 0)
    assert watchdog.handle(day_ended(NEXT_DAY), 0) == NOTHING


def test_entries_of_which_nothing_filled_are_marked_once_for_their_strategy() -> None:
    """Beside one that has legs there is no need to."""
    empty = opened()
    again = replace(empty, basket=replace(empty.basket, basket_id="s:again"))
    for entries in ([empty], [empty, again], [empty, sold("ce"), again]):
        watchdog = dog(day_opened(), *entries)
        marks = facts(watchdog.handle(day_ended(), 0), DayMarked)
        assert [(each.basket_id, each.last) for each in marks] == [(BASKET, None)]


def test_a_strategy_without_a_price_is_marked_without_an_amount() -> None:
    """None, not zero; and an open one is worth what its own last frame said."""
    watchdog = dog(*straddle())
    marked = facts(watchdog.handle(day_ended(), 0), DayMarked)[0]
    assert (marked.low, marked.high, marked.last) == (None, None, None)
    assert marked.marks == ()
    see(watchdog, T, "99", "98")
    watchdog.handle(LinkDied(T + 1), T + 1)
    see(watchdog, T + 2, "50", "50")
    marked = facts(watchdog.handle(day_ended(), 0), DayMarked)[0]
    assert marked.last == (T, 3 * LOT * 10_000)


def test_what_is_carried_over_night_is_watched_and_left_as_owed() -> None:
    """Its day is marked, its alarm is set for the new day, the first frame leaves it."""
    watchdog = dog(day_opened(), *straddle())
    assert len(facts(watchdog.handle(day_ended(), 0), DayMarked)) == 1
    effects = watchdog.handle(day_opened(NEXT_DAY), clock("09:00:00", NEXT_DAY))
    assert alarms(effects) == [(clock("09:15:05", NEXT_DAY), ExitTime("s"))]
    first = see(watchdog, clock("09:15:00", NEXT_DAY), "100", "100")
    assert exits(first) == [(("ce", "pe"), ExitReason.TIME)]
    marked = facts(watchdog.handle(day_ended(NEXT_DAY), 0), DayMarked)[0]
    assert (marked.day, marked.low[0]) == (NEXT_DAY, clock("09:15:00", NEXT_DAY))


SHORT = replace(
    day_opened(NEXT_DAY), sessions=((clock("09:15:00", NEXT_DAY), clock("12:30:00", NEXT_DAY)),)
)
EARLY_NS = clock("12:29:00", NEXT_DAY)


@pytest.mark.parametrize(
    "days",
    [[SHORT], [day_opened(NEXT_DAY), SHORT]],
    ids=["other hours since the entry", "the day told anew"],
)
def test_on_a_day_that_closes_early_what_is_carried_is_left_before_the_close(days) -> None:
    """With the margin that a plan's exit keeps, by a frame or the alarm; also after a restart."""
    carried = replace(opened(), exit_ns=clock("15:20:00", NEXT_DAY))
    record = [day_opened(), carried, sold("ce"), sold("pe"), ended(), day_ended(), *days]
    for watchdog in (dog(*record), dog(before=record)):
        started = watchdog.handle(Started(), clock("09:31:00", NEXT_DAY))
        assert alarms(started) == [(EARLY_NS, ExitTime("s"))]
        assert exits(see(watchdog, EARLY_NS - 1, "100", "100")) == []
        assert exits(see(watchdog, EARLY_NS, "100", "100")) == [(("ce", "pe"), ExitReason.TIME)]


def test_an_entry_is_left_before_a_close_that_it_was_not_reckoned_with() -> None:
    """It was decided by other hours than those that its day is told with by now."""
    watchdog = dog(SHORT)
    late = opened(day=NEXT_DAY, exit_at="15:20:00")
    assert alarms(watchdog.handle(late, late.at_ns)) == [(EARLY_NS, ExitTime("s"))]
    watchdog.handle(sold("ce"), late.at_ns)
    assert exits(see(watchdog, EARLY_NS, "100", "100")) == [(("ce",), ExitReason.TIME)]


def test_a_short_day_leaves_nothing_whose_time_is_on_another() -> None:
    """Nor a day without a session."""
    for told_of in (SHORT, day_opened(NEXT_DAY, closed=True)):
        far = replace(opened(), exit_ns=clock("15:20:00", NEXT_DAY) + 86_400 * SECOND)
        watchdog = dog(far, sold("ce"), ended(), told_of)
        assert exits(see(watchdog, clock("12:29:30", NEXT_DAY), "100")) == []


def test_on_a_closed_day_no_alarm_is_set_for_what_is_carried() -> None:
    """Nothing could be sold; the next session's alarm will do."""
    watchdog = dog(day_opened(), *straddle(), day_ended())
    closed = day_opened(NEXT_DAY, closed=True)
    assert watchdog.handle(closed, closed.at_ns) == NOTHING


def test_a_day_told_twice_changes_nothing() -> None:
    """After a restart within a day it may be opened again."""
    watchdog = dog(day_opened(), *straddle(leg_rules=LegRules()), limits=LOSS)
    loss_frames(watchdog, "110", "150", "150")
    watchdog.handle(day_opened(), T)
    assert told(see(watchdog, T + 9, "150", "100"), PauseEntries) == []


def test_a_fill_that_comes_days_late_finds_its_rules_again() -> None:
    """Its exit time is past: it is left at once, and its day is marked."""
    before = [day_opened(), opened(leg_rules=STOP), ended(because="in doubt"), day_ended()]
    watchdog = dog(*before, day_opened(NEXT_DAY))
    late_ns = clock("10:00:00", NEXT_DAY)
    effects = watchdog.handle(sold("ce", at_ns=late_ns), late_ns)
    assert exits(effects) == [(("ce",), ExitReason.TIME)]
    assert told(effects) == [ExitLegs("s", ("ce",), ExitReason.TIME)]


def test_an_entry_beside_an_older_one_leaves_both_guarded() -> None:
    """Legs of another name: yesterday's is still left, today's has its own stop."""
    older = [opened(legs=("ce",), leg_rules=STOP), sold("ce"), ended()]
    newer = [opened(legs=("pe",), leg_rules=STOP, day=NEXT_DAY), sold("pe")]
    watchdog = dog(*older, *newer)
    at_ns = clock("09:31:00", NEXT_DAY)
    assert exits(see(watchdog, at_ns, "100", "131")) == [
        (("pe",), ExitReason.STOP),
        (("ce",), ExitReason.TIME),
    ]
    assert len(facts(watchdog.handle(day_ended(NEXT_DAY), 0), DayMarked)) == 2


def test_an_entry_told_twice_is_one() -> None:
    """A message read again after a fall does not blank what the record gave back."""
    watchdog = dog(before=straddle())
    watchdog.handle(opened(leg_rules=STOP), T)
    assert exits(see(watchdog, T, "131", "100")) == [(("ce",), ExitReason.STOP)]


def test_what_is_not_for_it_fells_it() -> None:
    """A message nobody meant is a programmer's error."""
    with pytest.raises(AssertionError, match="the watchdog was told"):
        dog().handle("hello", T)


def test_a_frame_with_nothing_open_costs_nothing() -> None:
    """No watch, no effect."""
    assert dog().handle(Frame(T, {}), T) == NOTHING
    assert others(dog(limits=LOSS).handle(Frame(T, {}), T), object) == []


LOSS_OF_ALL = StrategyRules(stop_e4=e4("1000"))


def test_a_leg_that_is_quiet_after_the_entry_is_judged_at_its_price_from_before_it() -> None:
    """Nobody needs to quote it again: a strategy with one quiet leg is judged as a whole."""
    watchdog = dog(prices(T - 5 * SECOND, "100", "104"), *straddle())
    (seen,) = shown(see(watchdog, T, "90"))
    assert seen.pnl_e4 == (10 - 4) * LOT * 10_000
    before = prices(T - 5 * SECOND, "100", "104")
    watchdog = dog(before, *straddle(rules=LOSS_OF_ALL, leg_rules=None))
    assert exits(see(watchdog, T, "110")) == [(("ce", "pe"), ExitReason.STRATEGY_STOP)]


def test_what_traded_before_the_entry_trips_no_stop_of_it() -> None:
    """A spike is of the frame that brought it; also where the entry is told of once more."""
    spike = Frame(T - SECOND, {PE: Quote(e4("100"), high_e4=e4("200"), low_e4=e4("50"))})
    watchdog = dog(spike, *straddle(), opened("s", leg_rules=STOP))
    assert exits(see(watchdog, T, "100")) == []


@pytest.mark.parametrize("between", [[LinkDied(T), LinkRevived(T)], [day_opened(NEXT_DAY)]])
def test_prices_of_a_dead_link_and_of_another_day_mark_no_entry(between) -> None:
    """The whole is not judged then, and a person is told so."""
    watchdog = dog(prices(T, "100", "104"), *between)
    for message in straddle(rules=LOSS_OF_ALL, leg_rules=None):
        watchdog.handle(message, T)
    effects = [see(watchdog, T + n * SECOND, "110") for n in range(10)]
    assert [left for each in effects for left in exits(each)] == []
    assert [fact.kind for each in effects for fact in facts(each, Noted)] == [NoteKind.STALE]
