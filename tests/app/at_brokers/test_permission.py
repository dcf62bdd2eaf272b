"""What the door is told of an entry: a latch first, then the opt-in, then the arm."""

from __future__ import annotations

from datetime import date, time

import pytest
from msgspec.structs import replace

from daemon import kill
from daemon.app.at_brokers.accounts import accounts_of
from daemon.app.at_brokers.permission import Permission
from daemon.domain.instants import at
from daemon.domain.orders.reconcile import MANUAL
from daemon.kill import Latch
from daemon.settings import Account, Settings
from daemon.storage import arms
from tests.kit.several import STRADDLE

DAY = date(2026, 11, 27)
NOW = at(DAY, time(9, 20))
WILLING = replace(STRADDLE, id="willing", live=True)
UNARMED = "zed is not armed for live trading today; arm it with `ordo arm zed`"


def accounts():
    """One account on paper, and one where money is traded with."""
    names = ("paper", "zed")
    made = accounts_of(
        Settings(accounts=tuple(Account(id=each, broker="paper") for each in names)), strict=True
    )
    live = replace(made[1], terms=replace(made[1].terms, live=True))
    return (made[0], live)


@pytest.fixture
def permission(tmp_path):
    return Permission(tmp_path, accounts(), (STRADDLE, WILLING), lambda: NOW)


def arm(folder, day=DAY):
    arms.put(folder, arms.Arm("zed", day, "", "ann", NOW))


def test_on_paper_nothing_is_asked_but_the_latch(permission, tmp_path):
    assert permission.forbids("paper", STRADDLE.id) == ""
    kill.pull(tmp_path, Latch("k", "kill", "all", "", "enough", "ann", 5))
    assert "a kill is latched" in permission.forbids("paper", STRADDLE.id)


def test_a_live_entry_needs_an_arm_of_its_day(permission, tmp_path):
    assert permission.forbids("zed", "willing") == UNARMED
    arm(tmp_path, date(2026, 11, 26))
    assert permission.forbids("zed", "willing") == UNARMED
    arm(tmp_path)
    assert permission.forbids("zed", "willing") == ""


def test_an_arm_is_looked_for_anew_for_every_entry(permission, tmp_path):
    arm(tmp_path)
    assert permission.forbids("zed", "willing") == ""
    arms.remove(tmp_path, "zed")
    assert permission.forbids("zed", "willing") == UNARMED


@pytest.mark.parametrize("strategy_id", [STRADDLE.id, "nobody-knows-it"])
def test_a_strategy_that_did_not_opt_in_enters_nothing_live(permission, tmp_path, strategy_id):
    arm(tmp_path)
    assert permission.forbids("zed", strategy_id).startswith(f"{strategy_id} may not trade live")


def test_a_strategy_that_was_changed_is_gone_by_as_it_is_now(permission, tmp_path):
    arm(tmp_path)
    permission.know(replace(WILLING, live=False))
    assert permission.forbids("zed", "willing").startswith("willing may not trade live")


def test_an_order_by_hand_needs_the_arm_and_no_opt_in(permission, tmp_path):
    assert permission.forbids("zed", MANUAL) == UNARMED
    arm(tmp_path)
    assert permission.forbids("zed", MANUAL) == ""


def test_without_a_state_folder_there_are_neither_latches_nor_arms():
    alone = Permission(None, accounts(), (WILLING,), lambda: NOW)
    assert (alone.forbids("paper", "willing"), alone.forbids("zed", "willing")) == ("", UNARMED)


def test_a_latch_forbids_though_the_account_is_armed(permission, tmp_path):
    arm(tmp_path)
    kill.pull(tmp_path, Latch("p", "pause", "all", "", "lunch", "ann", 5))
    assert "a pause is latched" in permission.forbids("zed", "willing")
