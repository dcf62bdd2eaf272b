"""An arm stands where folder and record both have it; what only one has is taken away."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from daemon.app.watching.arm_watch import ArmWatch
from daemon.messages import AccountSeen
from daemon.messages.arming import AccountArmed
from daemon.storage import arms

DAY = date(2026, 11, 27)
BARE = AccountSeen("zed", "zerodha", True, "", (), (), (), (), 0, live=True)
ARMED = replace(BARE, armed=AccountArmed("zed", DAY, "", "ann", 5))


@pytest.fixture
def folder(tmp_path):
    arms.put(tmp_path, arms.Arm("zed", DAY, "", "ann", 5))
    return tmp_path


def looks(folder, *seen: AccountSeen) -> list[tuple[str, ...]]:
    watch = ArmWatch(folder)
    return [watch.look((each,)) for each in seen]


def test_what_both_have_stands(folder):
    assert looks(folder, ARMED, ARMED, ARMED) == [(), (), ()]
    assert arms.of(folder, "zed") is not None


def test_an_arm_that_only_the_folder_has_goes_once_it_was_seen_twice(folder):
    looks(folder, BARE)
    assert arms.lies_there(folder, "zed")
    looks(folder, BARE, BARE)
    assert not arms.lies_there(folder, "zed")


def test_a_file_on_its_way_into_the_record_is_left(folder):
    looks(folder, BARE, ARMED, BARE)
    assert arms.lies_there(folder, "zed")


def test_an_account_whose_file_a_person_removed_is_to_be_disarmed(tmp_path):
    assert looks(tmp_path, ARMED, ARMED) == [(), ("zed",)]


def test_a_file_of_another_day_is_no_arm_of_this_one(folder):
    later = replace(ARMED, armed=replace(ARMED.armed, day=date(2026, 11, 28)))
    assert looks(folder, later, later) == [(), ("zed",)]


def test_a_file_that_cannot_be_removed_is_tried_again(tmp_path):
    (tmp_path / "armed" / "zed").mkdir(parents=True)
    assert looks(tmp_path, BARE, BARE, BARE) == [(), (), ()]


def test_accounts_on_paper_are_passed_over(folder):
    paper = replace(BARE, live=False)
    assert looks(folder, paper, paper) == [(), ()]
    assert arms.lies_there(folder, "zed")
