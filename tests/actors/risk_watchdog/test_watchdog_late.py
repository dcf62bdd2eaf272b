"""The watchdog after a stall: a frame that lay unread past the life of its prices decides nothing.

The process may have been stopped, or the machine may have slept, between a frame and its reading;
the word that its link is dead is then under way as well, or the next frame is.
"""

from __future__ import annotations

import pytest

from daemon.actors.risk_watchdog import RiskWatchdog
from daemon.domain.money import e4
from daemon.domain.risk.account import AccountLimits
from daemon.domain.risk.words import Distance, ExitReason, LegRules
from daemon.messages import (
    DayOpened,
    ExitDecided,
    FramePolled,
    LinkDied,
    LinkRevived,
    PaceLearnt,
    PauseEntries,
)
from tests.kit.acting import DAY, ROUTER, clock, ended, facts, opened, prices, sold, told

T = clock("09:31:00")
S = 1_000_000_000
LEG_STOP = LegRules(stop=Distance(percent_e4=e4("30")))
STOPPED = [(("ce",), ExitReason.STOP)]
DAY_OPENED = (clock("09:15:00"), clock("15:30:00"))


def dog(declared_s: int = 0, limits: AccountLimits | None = None, exit_at: str = "15:15:00"):
    """A watchdog of a straddle that was sold at 100 and 100."""
    made = RiskWatchdog(ROUTER, limits or AccountLimits())
    made.handle(DayOpened(DAY, (DAY_OPENED,), T - 900 * S, declared_s * S), T - 900 * S)
    basket = opened(leg_rules=LEG_STOP, exit_at=exit_at)
    for message in (basket, sold("ce"), sold("pe"), ended(), prices(T, 100, 100)):
        made.handle(message, message.at_ns)
    return made


def exits(effects) -> list:
    return [(each.leg_ids, each.reason) for each in facts(effects, ExitDecided)]


@pytest.mark.parametrize(
    ("declared_s", "learnt_s", "age_ns", "left"),
    [
        (0, 0, 0, STOPPED),
        (0, 0, 3 * S, STOPPED),
        (0, 0, 3 * S + 1, []),
        (0, 0, 60 * S, []),
        (4, 0, 12 * S, STOPPED),
        (4, 0, 12 * S + 1, []),
        (4, 5, 5 * S, STOPPED),
        (4, 5, 5 * S + 1, []),
    ],
)
def test_no_exit_is_decided_by_a_frame_that_was_read_after_its_prices_died(
    declared_s, learnt_s, age_ns, left
):
    made = dog(declared_s)
    if learnt_s:
        made.handle(PaceLearnt(learnt_s * S), T)
    assert exits(made.handle(prices(T + S, 131, 100), T + S + age_ns)) == left


@pytest.mark.parametrize("symbols", [(131, 100), (131, None)])
@pytest.mark.parametrize("call", [None, 99])
def test_it_is_judged_with_the_next_frame_as_if_that_had_joined_it(symbols, call):
    """A spike in it moves a stop, and what is quiet since then is not lost."""
    made = dog()
    assert exits(made.handle(prices(T + S, *symbols), T + 61 * S)) == []
    assert exits(made.handle(prices(T + 61 * S, call, 100), T + 61 * S)) == STOPPED


def test_where_its_link_turns_out_dead_nothing_of_it_counts():
    made = dog()
    made.handle(prices(T + S, 131, 100), T + 61 * S)
    made.handle(LinkDied(T + 61 * S), T + 61 * S)
    made.handle(LinkRevived(T + 62 * S), T + 62 * S)
    assert exits(made.handle(prices(T + 62 * S, 100, 100), T + 62 * S)) == []


def test_the_account_is_not_held_to_its_limits_by_it():
    """Nor by an estimate, however long: what was known before it was one valuation."""
    made = dog(limits=AccountLimits(loss_e4=e4("1000")))
    made.handle(prices(T + 1, 120, 100), T + 1)
    for second in range(1, 9):
        late = made.handle(prices(T + second * S, 120, 100), T + (60 + second) * S)
        assert told(late, PauseEntries) == []


def test_quotes_that_were_asked_for_and_read_too_late_decide_nothing_either():
    made = dog()
    made.handle(LinkDied(T + S), T + S)
    assert exits(made.handle(FramePolled(prices(T + 13 * S, 131, 100)), T + 73 * S)) == []
    assert exits(made.handle(FramePolled(prices(T + 74 * S, 131, 100)), T + 74 * S)) == STOPPED


def test_an_exit_by_time_waits_for_no_younger_price():
    made = dog(exit_at="09:31:30")
    assert exits(made.handle(prices(T + S, 100, 100), T + 61 * S)) == [
        (("ce", "pe"), ExitReason.TIME)
    ]
