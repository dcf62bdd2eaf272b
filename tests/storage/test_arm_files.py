"""Arms on the disk: what is not plainly an arm of today arms nothing."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from daemon.errors import SettingsError
from daemon.storage import arms
from daemon.storage.arms import Arm

ARM = Arm("zed", date(2026, 11, 27), "a try", "ann", 5)


@pytest.fixture
def armed(tmp_path):
    arms.put(tmp_path, ARM)
    return tmp_path


def test_an_arm_is_there_until_it_is_removed(armed):
    assert arms.of(armed, "zed") == ARM
    assert arms.of(armed, "other") is None
    assert arms.remove(armed, "zed")
    assert not arms.remove(armed, "zed")
    assert arms.of(armed, "zed") is None


def test_a_new_arm_replaces_the_one_before(armed):
    later = replace(ARM, day=date(2026, 11, 28))
    arms.put(armed, later)
    assert arms.of(armed, "zed") == later


def test_an_arm_is_for_the_eyes_of_its_owner_alone(armed):
    assert (armed / "armed" / "zed").stat().st_mode & 0o777 == 0o600
    assert (armed / "armed").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"account": "zed"}', b"\xff"])
def test_what_is_no_arm_arms_nothing(armed, text):
    (armed / "armed" / "zed").write_bytes(text)
    assert arms.of(armed, "zed") is None
    assert arms.lies_there(armed, "zed")


def test_an_arm_under_the_name_of_another_account_arms_neither(armed):
    (armed / "armed" / "zed").rename(armed / "armed" / "other")
    assert arms.of(armed, "other") is None


def test_an_arm_that_others_may_write_arms_nothing(armed):
    (armed / "armed" / "zed").chmod(0o666)
    assert arms.of(armed, "zed") is None


def test_a_link_in_place_of_an_arm_arms_nothing(armed):
    (armed / "armed" / "zed").rename(armed / "elsewhere")
    (armed / "armed" / "zed").symlink_to(armed / "elsewhere")
    assert arms.of(armed, "zed") is None


def test_a_disk_that_refuses_is_told(tmp_path):
    (tmp_path / "armed").write_text("no folder")
    with pytest.raises((SettingsError, OSError)):
        arms.put(tmp_path, ARM)
