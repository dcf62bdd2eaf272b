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
