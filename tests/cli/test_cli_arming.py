"""`ordo arm` and `disarm`: asked of the daemon; to disarm, the file alone is enough."""

from __future__ import annotations

import json
from datetime import date

import msgspec
import pytest

from daemon.storage import arms
from tests.kit.commands import told

ARM = arms.Arm("paper", date(2026, 11, 27), "", "ann", 5)


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        ("arm", "zed is armed for live trading until the day ends"),
        ("disarm", "zed is disarmed; what it holds stays guarded"),
    ],
)
def test_a_verb_is_sent_with_account_and_reason(fake, verb, said):
    fake.tells(f"/api/{verb}", {"text": ""}, "POST")
    done = told(verb, "zed", "--reason", "why")

    assert (done.code, done.out) == (0, said + "\n")
    assert json.loads(fake.asked[0].body) == {"account": "zed", "reason": "why"}


def test_where_nobody_answers_to_arm_is_refused(house, monkeypatch):
    monkeypatch.setenv("ORDO_WEB__ENABLED", "false")
    assert told("arm", "paper").code == 3


def test_where_nobody_answers_the_arm_is_removed_all_the_same(house, monkeypatch):
    monkeypatch.setenv("ORDO_WEB__ENABLED", "false")
    arms.put(house / "state", ARM)
    first, again = told("disarm", "paper"), told("disarm", "paper", "--json")

    assert (first.code, again.code) == (0, 0)
    assert first.out.startswith(
        f"PAPER  the arm of paper is removed in {house}/state; without one no entry leaves, and "
    )
    assert json.loads(again.out)["text"].startswith("there is no arm of paper")
    assert not arms.lies_there(house / "state", "paper")


def test_an_account_that_is_not_in_the_settings_is_named(house, monkeypatch):
    monkeypatch.setenv("ORDO_WEB__ENABLED", "false")
    done = told("disarm", "zed")
    assert (done.code, "no account zed" in done.err) == (2, True)


def test_with_other_settings_refused_an_account_that_is_not_there_is_named_still(house):
    (house / "settings.toml").write_text("[risk]\nmax_entires = 5\n")
    done = told("disarm", "zed")
    assert (done.code, "no account zed; the settings have paper" in done.err) == (2, True)


def test_with_settings_refused_the_file_is_removed_and_no_daemon_asked(house):
    """The web may be another daemon's by presets; the one of this folder looks there by itself."""
    accounts = "[[accounts]]\nid = 'zed'\nbroker = 'zeroda'\n"
    (house / "settings.toml").write_text(f"[risk]\nmax_entires = 5\n{accounts}")
    arms.put(house / "state", ARM)
    arms.put(house / "state", msgspec.structs.replace(ARM, account="zed"))
    ours, others, wild = told("disarm", "paper"), told("disarm", "zed"), told("disarm", "../zed")

    assert (ours.code, others.code, wild.code) == (0, 0, 2)
    assert others.out.startswith("LIVE  the arm of zed is removed in ")
    assert others.out.endswith("the daemon was not asked: it looks there by itself\n")
    assert "did you mean max_entries?" in ours.err
    assert list((house / "state" / "armed").iterdir()) == []


def test_an_arm_that_cannot_be_removed_is_told(house, monkeypatch):
    monkeypatch.setenv("ORDO_WEB__ENABLED", "false")
    (house / "state" / "armed" / "paper").mkdir(parents=True)
    done = told("disarm", "paper")
    assert (done.code, "may be armed still" in done.err) == (1, True)


def test_a_kill_that_finds_no_daemon_disarms_too(house, monkeypatch):
    """Released before the next start, it would have left the arm as it was."""
    arms.put(house / "state", ARM)
    latched = told("kill", "--json")

    assert json.loads(latched.out)["daemon"] == "gone"
    assert not arms.lies_there(house / "state", "paper")
