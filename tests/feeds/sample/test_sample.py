from __future__ import annotations

from datetime import date, time

import pytest

from daemon.domain.instants import SECOND_NS, at
from daemon.domain.market.freshness import Link
from daemon.domain.market.intake import Arrival, Intake, ended, judge
from daemon.feeds.replay import open_recording
from daemon.feeds.sample import sample_path

pytestmark = pytest.mark.untraced

DAY = date(2026, 11, 18)
SESSION = (at(DAY, time(9, 15)), at(DAY, time(15, 40)))
LOT = 65
RUPEE_E4 = 10_000


def test_every_snapshot_of_the_sample_day_is_taken_without_a_note():
    recording = open_recording(sample_path())
    intake = Intake(Link(recording.interval_ns(DAY)), recording.memory)
    drops, notes = [], list(recording.notes)
    for item in recording.frames(DAY):
        judged = judge(intake, Arrival(item.frame.at_ns, item.fingerprint), (SESSION,))
        intake = judged.intake
        drops.append(judged.dropped)
        notes.extend(judged.notes)
    assert recording.days() == [DAY]
    assert recording.interval_ns(DAY) == 30 * SECOND_NS
    assert (drops, [*notes, *ended(intake).notes]) == ([None] * 771, [])


def test_prices_stand_on_the_tick_and_sizes_on_the_lot():
    for item in open_recording(sample_path()).frames(DAY):
        for symbol, quote in item.frame.quotes.items():
            prices = (quote.ltp_e4, quote.bid_e4, quote.ask_e4)
            assert all(price_e4 % 500 == 0 for price_e4 in prices)
            assert (quote.bid_quantity % LOT, quote.ask_quantity % LOT) == (0, 0)
            assert symbol == "NIFTY" or 0 < quote.bid_e4 <= quote.ltp_e4 <= quote.ask_e4


def test_a_straddle_sold_at_twenty_past_nine_earns_and_gives_back():
    legs = [f"NIFTY-2026-11-23-24500-{kind}" for kind in ("CE", "PE")]
    entry_e4, profits = 0, []
    for item in open_recording(sample_path()).frames(DAY, frozenset(legs)):
        quotes = [item.frame.quotes[leg] for leg in legs]
        if item.frame.at_ns >= at(DAY, time(9, 20)):
            entry_e4 = entry_e4 or sum(quote.bid_e4 for quote in quotes)
            profits.append((entry_e4 - sum(quote.ltp_e4 for quote in quotes)) * LOT)
    best = profits.index(max(profits))
    assert min(profits[:best]) > -500 * RUPEE_E4
    assert max(profits) > 2_500 * RUPEE_E4
    assert min(profits[best:]) < 1_550 * RUPEE_E4
