"""The word of an account stands on whatever is told of it, and that of the whole on all else."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from daemon.domain.orders.words import IntentRecorded, OrderAccepted
from daemon.messages import AlertRaised, DayOpened, EntriesHeld, EntriesPaused, HeldBy
from daemon.messages import modes as module
from daemon.messages.alerts import Condition, Severity
from daemon.messages.modes import ON_PAPER, Modes
from tests.kit.facts import INTENT

BOTH = Modes({"zed": "live", "shadow": "paper"}, "shadow")


def test_one_account_that_is_live_makes_the_whole_live():
    assert BOTH.whole == "live"
    assert Modes({"a": "paper", "b": "paper"}).whole == "paper"
    assert ON_PAPER.whole == "paper"


def test_the_account_at_home_comes_first_and_is_meant_where_no_mark_stands():
    assert (BOTH.accounts, BOTH.home) == (("shadow", "zed"), "shadow")
    assert [BOTH.of(each) for each in ("", "zed", "shadow", "gone")] == [
        *("paper", "live", "paper", "live"),
    ]
    assert Modes({"a": "paper"}, "gone").accounts == ("a",)


@pytest.mark.parametrize(
    ("fact", "mode"),
    [
        (EntriesPaused("enough", 1), "paper"),
        (EntriesPaused("enough", 1, "zed"), "live"),
        (EntriesHeld("zed", HeldBy.CLOCK, "it jumps", 1), "live"),
        (EntriesHeld("shadow", HeldBy.CLOCK, "it jumps", 1), "paper"),
        (DayOpened(date(2026, 11, 27), (), 1), "live"),
        (OrderAccepted("unheard", "B1", 1), "live"),
    ],
)
def test_a_fact_has_the_word_of_its_account(fact, mode):
    assert BOTH.of_fact(fact) == mode
    assert ON_PAPER.of_fact(fact) == "paper"


@pytest.mark.parametrize(("account", "mode"), [("zed", "live"), ("shadow", "paper"), ("", "live")])
def test_an_alert_has_the_word_of_the_account_that_it_concerns(account, mode):
    condition = Condition(Severity.WARNING, "late", "exit-1", "it is late", account)
    assert BOTH.of_fact(AlertRaised("alert-1", condition, 1)) == mode


def test_what_is_heard_of_an_order_later_has_the_word_of_its_account(monkeypatch):
    monkeypatch.setattr(module, "_REMEMBERED", 1)
    modes = Modes({"zed": "live", "shadow": "paper"})
    first, second = (replace(INTENT, intent_id=each, account="shadow") for each in ("one", "two"))
    assert modes.of_fact(IntentRecorded(first, 1)) == "paper"
    assert modes.of_fact(OrderAccepted("one", "B1", 1)) == "paper"
    modes.of_fact(IntentRecorded(second, 1))
    assert modes.of_fact(OrderAccepted("two", "B2", 1)) == "paper"
    assert modes.of_fact(OrderAccepted("one", "B1", 1)) == "live"  # forgotten: the word of all
