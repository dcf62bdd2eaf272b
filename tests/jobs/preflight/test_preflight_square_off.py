"""Strategies that leave after their broker has begun to close by itself."""

from __future__ import annotations

import pytest

from daemon.domain.market.instruments import Kind
from daemon.domain.plans.schema import Plan
from daemon.domain.risk.hours import square_off
from daemon.jobs.preflight.square_off import CLOSES, late, late_exits
from daemon.settings import Account, Settings
from tests.kit.plans import CALL, FUTURE, HOURS, STOCK, parse, text

BOTH = Settings(accounts=(Account(id="paper", broker="paper"), Account(id="zed", broker="zerodha")))
ZED = Settings(accounts=BOTH.accounts[1:])


def leaving(wall: str, legs: str = CALL, head: str = "") -> Plan:
    return parse(text(head=head, legs=legs, hours=HOURS.replace("15:20:00", wall)))


@pytest.mark.parametrize(
    ("legs", "wall", "closes", "ours"),
    [
        (CALL, "15:24:59", "", ""),
        (CALL, "15:25:00", "15:25:00", "15:20:00"),
        (FUTURE, "15:35:00", "15:25:00", "15:20:00"),
        (STOCK, "15:19:59", "", ""),
        (STOCK, "15:20:00", "15:20:00", "15:10:00"),
    ],
)
def test_an_exit_at_or_after_the_broker_s_own_is_told(legs, wall, closes, ours):
    found = list(late(leaving(wall, legs), ZED))

    told = f"zerodha closes intraday positions by itself at {closes}, and exit.at is {wall}"
    assert found == ([(told, f"write exit.at = {ours} or earlier")] if closes else [])


@pytest.mark.parametrize(
    ("head", "settings", "count"),
    [
        ("", BOTH, 0),
        ('accounts = ["paper"]', BOTH, 0),
        ('accounts = ["paper", "zed"]', BOTH, 1),
        ('accounts = ["lost"]', BOTH, 0),
        ('product = "carry"', ZED, 0),
    ],
)
def test_it_concerns_what_is_intraday_at_such_a_broker(head, settings, count):
    assert len(list(late(leaving("15:35:00", head=head), settings))) == count


@pytest.mark.parametrize("kind", [Kind.EQUITY, Kind.FUTURE, Kind.CALL, Kind.PUT])
def test_our_own_times_come_before_those_of_every_broker(kind):
    assert all(square_off(kind) < closes.of(kind) for closes in CLOSES.values())


def test_a_start_says_it_of_each_strategy_by_its_id():
    (told,) = late_exits([leaving("15:20:00"), leaving("15:30:00")], ZED)

    assert told == (
        "ALERT s: zerodha closes intraday positions by itself at 15:25:00, and exit.at is"
        " 15:30:00; write exit.at = 15:20:00 or earlier"
    )
