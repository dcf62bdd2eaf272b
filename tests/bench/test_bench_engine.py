from __future__ import annotations

import json
from datetime import date
from itertools import pairwise

import pytest

from daemon.app import account_of
from daemon.bench import __main__ as command
from daemon.bench.engine import STRATEGY, Indicators, bench
from daemon.bench.market import MINUTE_NS, MadeMarket
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.plans.parsing import parse
from daemon.settings import Settings

ACCOUNT = account_of(Settings(), parse(STRATEGY), strict=False)


def test_made_days_are_whole_and_equal_on_every_machine():
    """One-minute frames from the open to the close, with both options quoted."""
    made, again = MadeMarket(date(2023, 1, 2), 400), MadeMarket(date(2023, 1, 2), 400)
    first, second = made.days()
    frames = [recorded.frame for recorded in made.frames(first)]
    assert len(made) == 2 * 375
    assert frames == [recorded.frame for recorded in again.frames(first)]
    assert {MINUTE_NS} == {later.at_ns - one.at_ns for one, later in pairwise(frames)}
    assert all(len(frame.quotes) == 3 for frame in frames)
    assert made.interval_ns(second) == MINUTE_NS
    made.close()
    assert made.days() == []


def test_the_bench_trades_each_day_and_gives_one_journal():
    """What is measured is the whole engine at work."""
    first, second = bench(ACCOUNT, 375), bench(ACCOUNT, 375)
    assert first["frames"] == 375
    assert first["facts"] > 30
    assert first["journal_sha256"] == second["journal_sha256"]


def test_both_indicators_are_carried_on_by_every_frame():
    """A rise moves the average up, and leaves nothing but gains."""
    indicators = Indicators()
    for price_e4 in (1_000_000, 1_100_000, 1_200_000):
        indicators.handle(Frame(0, {"NIFTY": Quote(price_e4)}), 0)
    indicators.handle("no frame", 0)
    assert 0 < indicators.ema_e4 < 1_200_000
    assert indicators.rsi_e4 == 1_000_000


def test_the_command_prints_one_document(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """The median of its rounds, with the spread beside it."""
    monkeypatch.setattr(command, "FRAMES", 100)
    command.main()
    document = json.loads(capsys.readouterr().out)
    low, high = document["noise"].values()
    assert low <= document["ours"]["frames_per_s"] <= high
    assert document["rounds"] == 3
