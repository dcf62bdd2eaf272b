"""What a guardian says that it goes by, held against the settings of now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from daemon.domain.market import rules
from daemon.domain.market.rules import Own
from daemon.guardian.listening import listening
from daemon.settings import Account, Daemon, FeedKind, Guardian, Settings
from daemon.storage import stood_in_for as module
from daemon.storage.stood_in_for import stood_in_for, unlike

ZED = Account(id="zed", broker="zerodha")


@pytest.fixture
def paper(tmp_path) -> Settings:
    return Settings(daemon=Daemon(state_dir=tmp_path))


@pytest.fixture
def own_rules(monkeypatch) -> Callable[[dict[str, Any]], None]:
    """Lay a calendar over the one shipped; an empty one is none."""

    def lay(calendar: dict[str, Any]) -> None:
        over = {"calendar": Own("mine.toml", calendar)} if calendar else {}
        monkeypatch.setattr(rules, "_OWN", over)

    return lay


def words(settings: Settings) -> bytes:
    return msgspec.json.encode(stood_in_for(settings))


def live(settings: Settings) -> Settings:
    return replace(settings, accounts=(*settings.accounts, ZED))


def test_a_guardian_that_goes_by_the_same_settings_is_not_told_of_and_nor_is_none(paper):
    assert unlike(paper) == ""
    for settings in (paper, live(paper)):
        with listening(paper.daemon.state_dir, words(settings)):
            assert unlike(settings) == ""


def test_what_a_guardian_that_was_killed_said_counts_no_more(paper):
    with listening(paper.daemon.state_dir, words(paper)):
        pass
    assert unlike(live(paper)) == ""


def test_a_guardian_that_was_started_on_paper_is_told_of_where_an_account_is_live_now(paper):
    with listening(paper.daemon.state_dir, words(paper)):
        assert unlike(live(paper)) == (
            f"the guardian that watches {paper.daemon.state_dir} stands in for paper (PAPER), "
            "and the settings are for zed (LIVE)"
        )


def test_a_guardian_that_goes_by_other_tables_is_told_of_by_their_names(paper):
    other = replace(
        paper,
        guardian=Guardian(silence_s=60),
        risk=replace(paper.risk, ladder_interval_ms=500),
    )
    with listening(paper.daemon.state_dir, words(other)):
        assert unlike(paper).endswith(" goes by another [guardian] and [risk]")


NEW_RULES = {"closed": [{"effective_from": date(2027, 1, 1), "opens": time(9)}]}


@pytest.mark.parametrize(
    ("guardians", "ours"),
    [({}, NEW_RULES), (NEW_RULES, {}), (NEW_RULES, {"last_day": date(2027, 12, 31)})],
    ids=["it has none", "it alone has some", "it has others"],
)
def test_a_guardian_that_goes_by_other_market_rules_is_told_of(paper, own_rules, guardians, ours):
    own_rules(guardians)
    with listening(paper.daemon.state_dir, words(paper)):
        assert unlike(paper) == ""
        own_rules(ours)
        assert unlike(paper).endswith(" goes by another [market]")


def test_without_own_market_rules_none_are_told(paper, own_rules):
    own_rules({})
    assert list(stood_in_for(paper).tables) == [
        *("accounts", "brokers", "guardian", "ledger", "risk", "feed")
    ]


def test_what_it_does_not_go_by_may_differ(paper):
    other = replace(paper, web=replace(paper.web, port=1), alerts=replace(paper.alerts))
    feed = replace(paper.feed, kind=FeedKind.BROKER)
    with listening(paper.daemon.state_dir, words(other)):
        assert unlike(paper) == ""
    with listening(paper.daemon.state_dir, words(live(replace(paper, feed=feed)))):
        assert unlike(live(paper)) == ""


def test_the_market_on_paper_is_one_of_the_things_that_it_goes_by(paper):
    other = replace(paper, feed=replace(paper.feed, seed=2))
    with listening(paper.daemon.state_dir, words(other)):
        assert unlike(paper).endswith(" goes by another [feed]")


def test_a_folder_that_was_moved_under_its_guardian_is_told_of(paper, tmp_path):
    there, here = tmp_path / "there", tmp_path / "here"
    there.mkdir()
    with listening(there, words(replace(paper, daemon=Daemon(state_dir=there)))):
        there.rename(here)
        assert unlike(replace(paper, daemon=Daemon(state_dir=here))).endswith(
            f" was started on {there}"
        )
        there.symlink_to(here)
        assert unlike(replace(paper, daemon=Daemon(state_dir=there))) == ""


def test_a_guardian_that_knows_other_records_or_another_schema_is_told_to_be_of_another_version(
    paper, monkeypatch
):
    known, steps = module.vocabulary(), module.shipped("sqlite")
    for name, other in (("vocabulary", {**known, "MoonSeen": []}), ("shipped", steps[:-1])):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, lambda *_, other=other: other)
            said = words(replace(paper, guardian=Guardian(silence_s=60)))
        with listening(paper.daemon.state_dir, said):
            assert unlike(paper).endswith(
                "goes by another [guardian]; it is of another version, which may not read what is "
                "recorded now"
            )


def test_a_guardian_that_does_not_tell_which_records_it_knows_is_of_an_earlier_version(paper):
    earlier = msgspec.json.decode(words(paper))
    del earlier["records"]
    with listening(paper.daemon.state_dir, msgspec.json.encode(earlier)):
        assert unlike(paper).endswith(
            " is of another version, which may not read what is recorded now"
        )


def test_a_guardian_that_cannot_open_the_vault_is_told_of_with_what_keeps_it_shut(paper):
    shut = replace(stood_in_for(paper), vault="its key is another")
    with listening(paper.daemon.state_dir, msgspec.json.encode(shut)):
        assert unlike(paper) == (
            f"the guardian that watches {paper.daemon.state_dir} cannot open the vault, so it "
            "could close nothing at a broker: its key is another"
        )


def test_a_guardian_that_can_open_the_vault_writes_what_it_always_wrote(paper):
    assert b"vault" not in words(paper)


@pytest.mark.parametrize("said", [b"", b"{", b'{"mode":"paper"}'])
def test_a_guardian_that_says_nothing_of_it_is_told_of_too(paper, said):
    with listening(paper.daemon.state_dir, said):
        assert unlike(paper).endswith(" does not say what it stands in for")
