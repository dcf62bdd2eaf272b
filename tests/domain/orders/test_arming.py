"""Whether an account may be armed, and whether what is armed may be entered."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from daemon.domain.orders.arming import Grounds, elsewhere, objections, unarmed, unwilling

GOOD = Grounds("zed", "zerodha", "live", "READY")
DAY = date(2026, 11, 27)


def test_an_account_may_be_armed_where_nothing_is_against_it():
    assert objections(GOOD) == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mode": "paper"}, 'the daemon runs on paper; set [daemon] mode = "live"'),
        ({"broker": "paper"}, "zed trades on paper, which needs no arm; give it a live broker"),
        (
            {"session": "EXPIRED"},
            "the session of zed is EXPIRED, not READY; log in first",
        ),
        ({"session": ""}, "the session of zed is unknown, not READY; log in first"),
        ({"latches": ("kill-1",)}, "kill-1 is latched; release it with `ordo rearm kill-1`"),
        ({"failures": ("clock: it jumps",)}, "clock: it jumps"),
    ],
)
def test_whatever_is_against_an_arm_is_said(change, said):
    assert objections(replace(GOOD, **change)) == (said,)


def test_every_reason_against_an_arm_is_said_at_once():
    bad = Grounds("zed", "paper", "paper", "NEEDS_LOGIN", ("kill-1", "pause-2"), ("one", "two"))
    assert len(objections(bad)) == 7


@pytest.mark.parametrize("days", [-1, 1])
def test_an_arm_is_good_for_its_day_and_no_other(days):
    assert unarmed("zed", DAY, DAY) == ""
    said = "zed is not armed for live trading today; arm it with `ordo arm zed`"
    assert unarmed("zed", DAY + timedelta(days=days), DAY) == said
    assert unarmed("zed", None, DAY) == said


def test_a_strategy_that_may_not_trade_live_is_told_how_it_may():
    assert unwilling("s") == "s may not trade live; let its file say `live = true` if that is meant"


def test_a_broker_that_knows_another_address_refuses_everything_and_both_are_said():
    assert elsewhere("zerodha", "8.8.4.4", "8.8.4.4") == ""
    said = "orders would leave from 9.9.9.9, and zerodha takes them from 8.8.4.4 alone"
    assert elsewhere("zerodha", "8.8.4.4", "9.9.9.9") == said
