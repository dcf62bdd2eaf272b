from __future__ import annotations

from datetime import date, timedelta

import pytest

from daemon.app import account_of
from daemon.backtest.run import backtest, tell_of
from daemon.domain.instants import start_of
from daemon.domain.market.notes import Note, NoteKind
from daemon.feeds.formats.words import ReplayOptions
from daemon.feeds.replay import open_recording
from daemon.settings import Settings
from daemon.storage.memory import MemoryLedger
from daemon.worlds import front_expiry
from tests.kit.days import play, sample
from tests.kit.plans import SHIPPED, parse

(STRADDLE,) = [parse(file.read_bytes()) for file in SHIPPED if file.stem == "nifty_short_straddle"]
DAY = date(2026, 11, 18)


@pytest.fixture
def recording():
    opened = open_recording(sample(), ReplayOptions(front=front_expiry))
    yield opened
    opened.close()


@pytest.mark.untraced
def test_a_backtest_is_the_report_of_a_run_through_the_pump(recording):
    account = account_of(Settings(), STRADDLE, strict=False)
    told = []
    document = backtest(account, STRADDLE, recording, [DAY], told.append)

    assert document == play(sample(), STRADDLE).document()
    assert told == [DAY]


def test_a_day_that_was_not_recorded_brings_nothing(recording):
    account = account_of(Settings(), STRADDLE, strict=False)
    document = backtest(account, STRADDLE, recording, [DAY + timedelta(days=1)], print)

    assert document["days"] == []


HEADER = "snapshot,Symbol,Expiry_Date,Strike_Price,CurrentVal," + ",".join(
    f"{side}_{part}"
    for side in ("CALLS", "PUTS")
    for part in ("LTP", "Bid_Price", "Bid_Qty", "Ask_Price", "Ask_Qty")
)
ONE_PUT = """\
id = "put"
underlying = "NIFTY"
entry = { at = 09:20:00 }
exit = { at = 15:20:00 }
[[legs]]
id = "pe"
side = "sell"
instrument = "PE"
strike = { atm = 1 }
stop = { percent = 50 }
"""


def test_a_strike_that_is_listed_and_not_quoted_yet_is_waited_for(tmp_path):
    """One place from 24550 is 24500, though at first nobody quotes it; so it is live."""
    rows = [
        f"2026-11-18 {clock},NIFTY,23-Nov-2026,{strike},24550,{quote},{quote}"
        for clock, lacking in (("09:20:00", 24500), ("09:21:00", 0))
        for strike in range(24400, 24701, 50)
        for quote in ["0,0,0,0,0" if strike == lacking else "100,99.9,750,100.1,750"]
    ]
    (tmp_path / "chain.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    recording = open_recording(tmp_path / "chain.csv")
    plan = parse(ONE_PUT)
    account = account_of(Settings(), plan, strict=False)
    (day,) = backtest(account, plan, recording, [DAY], lambda _: None)["days"]
    recording.close()

    (trade,) = day["trades"]
    assert trade["symbol"] == "NIFTY-2026-11-23-24500-PE"
    assert trade["entry_at"].startswith("2026-11-18T09:21:00")


CARRIED = ONE_PUT.replace('"NIFTY"\n', '"NIFTY"\nproduct = "carry"\n').replace("50 }", "400 }")


def test_a_short_of_the_night_meets_no_lone_offer_beyond_the_band_of_yesterdays_price(tmp_path):
    """900 is asked for what ended at 100 and has not traded yet: the exit waits until it does."""
    shown = {
        "2026-11-20 09:20:00": "100,99.9,750,100.1,750",
        "2026-11-20 15:29:00": "100,99.9,750,100.1,750",
        "2026-11-23 15:20:00": "0,0,0,900,750",
        "2026-11-23 15:21:00": "0,0,0,899,750",
        "2026-11-23 15:22:00": "120,119.9,750,120.1,750",
    }
    rows = [
        f"{moment},NIFTY,23-Nov-2026,{strike},24550,{quote},{quote}"
        for moment, quote in shown.items()
        for strike in range(24400, 24701, 50)
    ]
    (tmp_path / "chain.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    recording = open_recording(tmp_path / "chain.csv")
    plan = parse(CARRIED)
    account, days = account_of(Settings(), plan, strict=False), recording.days()
    first, second = backtest(account, plan, recording, days, lambda _: None)["days"]
    recording.close()

    (trade,) = first["trades"]
    assert (trade["entry"], trade["exit"]) == (99.9, 120.1)
    assert trade["exit_at"].startswith("2026-11-23T15:22:00")
    assert "the exit of pe is overdue: still open: pe -65" in [
        note["text"] for note in second["notes"]
    ]


class Remarked:
    """A recording of which some things must be said."""

    def __init__(self, *notes: tuple[date, str]) -> None:
        self.notes = tuple(Note(start_of(day), NoteKind.BASIS, text) for day, text in notes)


def remarked(*notes: tuple[date, str], days: list[date]) -> list[tuple[int, str]]:
    ledger = MemoryLedger("owner")
    tell_of(Remarked(*notes), days, ledger)
    return [(fact.at_ns, fact.text) for fact in ledger.facts()]


def test_what_must_be_said_of_a_recording_is_told_at_its_instant():
    assert remarked((DAY, "front"), days=[DAY]) == [(start_of(DAY), "front")]


def test_what_was_said_of_days_before_is_told_as_the_first_day_begins():
    before = DAY - timedelta(days=9)

    assert remarked((before, "front"), days=[DAY]) == [(start_of(DAY), "front")]


def test_what_is_said_of_days_after_is_left_out():
    assert remarked((DAY + timedelta(days=1), "front"), days=[DAY]) == []


def test_what_several_files_say_is_told_once():
    later = DAY + timedelta(days=1)

    assert remarked((DAY, "front"), (later, "front"), days=[DAY, later]) == [
        (start_of(DAY), "front")
    ]
