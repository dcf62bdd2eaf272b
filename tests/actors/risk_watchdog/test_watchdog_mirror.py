"""The watchdog of a start, held against a mirror: which entry and which day it speaks of."""

import pytest

from daemon.actors.risk_watchdog import RiskWatchdog
from daemon.domain.money import e4
from daemon.domain.risk.account import AccountLimits
from daemon.domain.risk.lock_and_trail import LockStatus
from daemon.domain.risk.mirrored import (
    Mirrored,
    MirroredDay,
    MirroredLeg,
    MirroredLevels,
    Unsound,
)
from daemon.domain.risk.moves import LevelMoved, Move
from daemon.domain.risk.words import Distance, ExitReason, LegRules, LockRule, StrategyRules, Trail
from daemon.messages import Ask, ExitDecided, FloorSeen, SeeRisk
from tests.kit.acting import (
    BASKET,
    DAY,
    NEXT_DAY,
    ROUTER,
    clock,
    day_ended,
    day_opened,
    ended,
    facts,
    opened,
    prices,
    sold,
)

RULE = LockRule(e4(1500), e4(750), e4(250), e4(200))
ENTERED = [opened(rules=StrategyRules(lock=RULE)), sold("ce"), sold("pe"), ended()]
FLAT = [sold("ce", bought="90"), sold("pe", bought="90")]
LOCKED = LevelMoved("s", "", Move.LOCKED, 0, e4(750), clock("09:31:00"), e4(1500))
T = clock("09:40:00")
TRAILED = LegRules(
    stop=Distance(percent_e4=e4("30")),
    trail=Trail(Distance(points_e4=e4("5")), Distance(points_e4=e4("4"))),
)
LEG = MirroredLeg("ce", e4(114), e4(80))
NO_LIMITS = AccountLimits()
LIMITS = AccountLimits(lock=RULE)


def found(*recorded, told, limits=NO_LIMITS) -> list:
    watchdog = RiskWatchdog(ROUTER, limits, (day_opened(), *recorded), shown=False)
    return list(watchdog.held_against(told, T))


def entry(basket=f"s:{DAY}", floor=1150, best=2000) -> Mirrored:
    return Mirrored((MirroredLevels(basket, LockStatus.LOCKED, e4(floor), e4(best), ()),))


def day(of=DAY, floor=1150, best=2000) -> Mirrored:
    return Mirrored(day=MirroredDay(of, e4(floor), e4(best)))


def test_a_floor_of_an_entry_that_is_held_is_raised() -> None:
    raised = LevelMoved(
        "s", "", Move.FLOOR_RAISED, e4(750), e4(1150), T, e4(2000), basket_id=BASKET
    )

    assert found(*ENTERED, LOCKED, told=entry()) == [raised]


@pytest.mark.parametrize(
    ("recorded", "told"),
    [
        ([*ENTERED, LOCKED], Mirrored()),
        ([*ENTERED, LOCKED], entry("s:2024-01-01")),
        ([*ENTERED, LOCKED, *FLAT], entry()),
        ([], entry()),
        ([*ENTERED], day(NEXT_DAY)),
    ],
    ids=["emptied", "an older entry", "over", "never entered", "another day"],
)
def test_what_is_told_of_something_else_is_passed_over(recorded, told) -> None:
    assert found(*recorded, told=told, limits=LIMITS) == []


def test_the_floor_under_an_accounts_day_is_raised_as_well() -> None:
    raised = LevelMoved("", "", Move.LOCKED, 0, e4(1150), T, e4(2000))

    assert found(*ENTERED, told=day(), limits=LIMITS) == [raised]
    assert found(*ENTERED, raised, told=day(), limits=LIMITS) == []


def test_a_floor_of_a_day_that_no_profit_carries_is_not_taken() -> None:
    """Two legs sold at 100 can have gained 15,000 and no more."""
    (unsound,) = found(*ENTERED, told=day(floor=11750, best=15251), limits=LIMITS)

    assert isinstance(unsound, Unsound)


def test_an_unsound_level_of_an_entry_is_told_and_the_start_goes_on() -> None:
    """Two legs sold at 100 can have gained 15,000; what else is told counts all the same."""
    told = Mirrored(entry(floor=11_750, best=15_251).entries, day().day)
    raised, unsound = found(*ENTERED, LOCKED, told=told, limits=LIMITS)

    assert isinstance(unsound, Unsound)
    assert (raised.move, raised.to_e4) == (Move.LOCKED, e4(1150))


def test_what_is_raised_is_what_the_next_restart_and_the_page_see() -> None:
    raised = LevelMoved("", "", Move.LOCKED, 0, e4(1150), T, e4(2000))
    mine = LevelMoved("s", "", Move.FLOOR_RAISED, e4(750), e4(1150), T, e4(2000))
    watchdog = RiskWatchdog(ROUTER, LIMITS, (day_opened(), *ENTERED, LOCKED, mine, raised))
    (shown,) = watchdog.handle(Ask(1, SeeRisk()), T)
    seen = shown.view.answer

    (watch,) = seen.watches
    assert (watch.lock, watch.current_sl_e4, watch.best_e4) == ("LOCKED", e4(1150), e4(2000))
    assert watch.basket_id == f"s:{DAY}"
    assert seen.floors == (FloorSeen(DAY, e4(1150), e4(2000)),)


def test_a_stop_that_a_mirror_tightened_stands_over_an_arming_that_the_record_lacks() -> None:
    """Armings that a crash cost are entered ahead of it; without them it is not loosened either."""
    entered = [day_opened(), opened(leg_rules=TRAILED), sold("ce"), sold("pe"), ended()]
    told = Mirrored((MirroredLevels(f"s:{DAY}", LockStatus.NONE, 0, 0, (LEG,)),))
    tightened = LevelMoved("s", "ce", Move.TRAILED, e4(130), e4(114), T, e4(80), basket_id=BASKET)
    start = RiskWatchdog(ROUTER, NO_LIMITS, entered)
    assert list(start.held_against(told, T)) == [tightened]
    assert [(each.leg_id, each.to_e4) for each in start.lacking] == [
        ("ce", e4(130)),
        ("pe", e4(130)),
    ]

    for lacking in (start.lacking, start.lacking[1:]):
        again = RiskWatchdog(ROUTER, NO_LIMITS, (*entered, *lacking, tightened))
        assert again.lacking == ()
        assert facts(again.handle(prices(T + 1, "113.9", "100"), T + 1), ExitDecided) == []
        (left,) = facts(again.handle(prices(T + 2, "114", "100"), T + 2), ExitDecided)
        assert (left.leg_ids, left.reason) == (("ce",), ExitReason.TRAIL)


def test_before_there_is_a_floor_under_a_day_none_is_seen() -> None:
    watchdog = RiskWatchdog(ROUTER, LIMITS, (day_opened(), *ENTERED, day_ended()))
    (shown,) = watchdog.handle(Ask(1, SeeRisk()), T)

    assert shown.view.answer.floors == ()
