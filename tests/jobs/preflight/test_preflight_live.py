"""What live trading needs beside all else that is checked."""

from __future__ import annotations

from datetime import date

import pytest

from daemon.app.assignment import Assignment, GeneratedDays
from daemon.app.live import live_terms
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
    found = terms(settings())
    assert (found.verdict, "docs/live.md" in found.evidence) == (Verdict.OK, True)


def test_what_a_user_must_settle_with_his_broker_is_told_with_the_clauses(tmp_path):
    found = terms(zerodha(tmp_path))
    assert found.verdict is Verdict.WARN
    for said in ("zerodha: ", "2(e)", "4(b)", "ordo arm", "live = true"):
        assert said in found.evidence


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
