"""What live trading needs beside all else that is checked."""

from __future__ import annotations

from datetime import date

import pytest

from daemon.app.given.assignment import Assignment, GeneratedDays
from daemon.app.watching.live import live_terms
from daemon.domain.instants import start_of
from daemon.jobs.preflight.findings import Verdict
from daemon.jobs.preflight.live import hindrances, terms
from daemon.settings import Account, Broker, Daemon, Settings
from daemon.worlds import GeneratedMarket
from tests.kit.several import settings

DAY = date(2026, 3, 9)


def zerodha(folder) -> Settings:
    return Settings(
        daemon=Daemon(state_dir=folder),
        accounts=(Account(id="zed", broker="zerodha"),),
        brokers={"zerodha": Broker()},
    )


def test_where_all_is_on_paper_the_page_is_named():
    (found,) = terms(settings())
    assert (found.verdict, "docs/live.md" in found.evidence) == (Verdict.OK, True)


def test_each_term_to_settle_is_a_line_that_nothing_but_a_person_can_confirm(tmp_path):
    *found, last = terms(zerodha(tmp_path))
    said = [each.evidence for each in found]
    assert [said[0][:11], said[1][:11]] == ["clause 2(e)", "clause 4(b)"]
    assert "fixed addresses" in said[2]
    assert {each.check for each in found} == {"terms of zerodha"}
    assert {each.verdict for each in (*found, last)} == {Verdict.WARN}
    assert all("only you can confirm this" in each for each in said)
    assert "ordo arm" in last.evidence and "live = true" in last.evidence  # noqa: PT018


def test_what_concerns_live_trading_is_checked_without_reading_the_whole_record(tmp_path):
    names = [found.check for found in hindrances(zerodha(tmp_path), DAY)]
    assert names == [
        *("strategies", "state folder", "clock", "calendar", "rates", "broker of zed"),
        "static IP",
    ]


@pytest.mark.parametrize(("closed", "said"), [(True, []), (False, ["state folder: "])])
def test_only_what_fails_hinders_an_arm(tmp_path, closed, said):
    tmp_path.chmod(0o700 if closed else 0o755)
    made = Settings(daemon=Daemon(state_dir=tmp_path))
    market = GeneratedMarket(1, DAY)
    given = Assignment(made, (), (), frozenset(), GeneratedDays(market, 0), tmp_path)
    found = live_terms(given, lambda: start_of(DAY)).check()
    tmp_path.chmod(0o700)

    assert [each[: len("state folder: ")] for each in found] == said
