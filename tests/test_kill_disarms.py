"""A kill takes the arms of the accounts that it closes away, whoever pulls it."""

from __future__ import annotations

from datetime import date

import pytest

from daemon import kill
from daemon.kill import Latch
from daemon.storage import arms


@pytest.fixture
def armed(tmp_path):
    arms.put(tmp_path, arms.Arm("zed", date(2026, 11, 27), "", "ann", 5))
    return tmp_path


def _latch(kind="kill", scope="all", name=""):
    return Latch("k", kind, scope, name, "", "ann", 0)


@pytest.mark.parametrize(
    ("latch", "stays"),
    [
        (_latch(), False),
        (_latch(scope="account", name="zed"), False),
        (_latch(scope="account", name="other"), True),
        (_latch(scope="strategy", name="s"), True),
        (_latch("pause"), True),
    ],
)
def test_a_kill_disarms_the_accounts_that_it_closes(armed, latch, stays):
    kill.pull(armed, latch)
    assert (arms.of(armed, "zed") is not None) is stays


@pytest.mark.parametrize("way", ["no folder", "a file", "an arm that stays"])
def test_a_kill_stands_though_its_arms_cannot_be_removed(tmp_path, way):
    if way == "a file":
        (tmp_path / "armed").write_text("in the way")
    elif way == "an arm that stays":
        (tmp_path / "armed" / "zed").mkdir(parents=True)
    kill.pull(tmp_path, _latch())
    assert kill.forbids(tmp_path, "zed", "s")
