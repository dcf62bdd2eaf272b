"""One recorded market day through the whole engine, to the paisa."""

from __future__ import annotations

from datetime import date, time
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import pairwise
from typing import Any

import duckdb
import pytest

from daemon.backtest.report import Document
from daemon.domain.instants import at
from daemon.domain.market.notes import NoteKind
from daemon.domain.orders.words import IntentRecorded
from daemon.messages import EntryDecided, LinkDied, LinkRevived
from tests.kit.days import (
    DECISIONS,
    HOLIDAY,
    LOCK,
    REAL_DAY,
    Played,
    dropped,
    notes,
    play,
    straddle,
)
from tests.kit.recordings import data_path

DAY = data_path(REAL_DAY)
DATE = date(2025, 8, 29)
GAP = (time(10, 16, 18), time(10, 35, 10))
MARKS = ("touch", "ltp")
PREMIUM_STOP = "combined_premium_stop = { percent = 3 }\n"


@pytest.fixture(scope="module")
def held() -> dict[str, Document]:
    """The day with nothing but wide stops, by mark."""
    return {mark: play(DAY, straddle(mark=mark)).day() for mark in MARKS}


@pytest.fixture(scope="module")
def locked() -> Played:
    return play(DAY, straddle(risk=LOCK))


def instant(wall: str) -> str:
    return f"{DATE}T{wall}+05:30"


def point(wall: str, value: float) -> dict[str, Any]:
    return {"at": instant(wall), "value": value}


def legs(day: Document) -> list[tuple[Any, ...]]:
    keys = ("leg_id", "symbol", "side", "quantity", "entry_at", "entry")
    return [tuple(trade[key] for key in keys) for trade in day["trades"]]


def ways_out(day: Document) -> list[tuple[Any, ...]]:
    keys = ("exit_at", "exit", "exit_reason")
    return [tuple(trade[key] for key in keys) for trade in day["trades"]]


@pytest.mark.parametrize("mark", MARKS)
def test_both_legs_are_sold_at_the_bids_of_the_first_snapshot_after_the_entry_time(held, mark):
    assert legs(held[mark]) == [
        ("ce", "NIFTY-2025-09-02-24550-CE", "sell", 75, instant("09:30:51"), 118.6),
        ("pe", "NIFTY-2025-09-02-24550-PE", "sell", 75, instant("09:30:51"), 95.3),
    ]


@pytest.mark.parametrize(
    ("mark", "low", "high", "last"),
    [("touch", -536.25, 3386.25, 1777.5), ("ltp", -517.5, 3408.75, 1792.5)],
)
def test_the_days_profit_is_that_of_the_market(held, mark, low, high, last):
    assert held[mark]["pnl"] == {
        "low": point("09:37:41", low),
        "high": point("14:26:00", high),
        "last": point("15:28:56", last),
    }


@pytest.mark.parametrize("mark", MARKS)
def test_low_high_and_last_are_those_of_a_plain_sum_over_the_file(held, mark):
    """Quotes read and valued without the engine: the ask, or the last price, of what was sold."""
    column = {"touch": "Ask_Price", "ltp": "LTP"}[mark]
    rows = duckdb.execute(
        "SELECT strptime(collection_timestamp, '%Y%m%d_%H%M%S') AS moment,"
        f" 75 * (118.60 + 95.30 - CALLS_{column} - PUTS_{column}) AS pnl FROM '{DAY}'"
        " WHERE Strike_Price = 24550 AND Expiry_Date = '02-Sep-2025'"
        " AND collection_timestamp >= '20250829_093051' ORDER BY moment"
    ).fetchall()
    points = [point(f"{moment:%H:%M:%S}", round(value, 2)) for moment, value in rows]

    assert held[mark]["pnl"] == {
        "low": min(points, key=lambda each: each["value"]),
        "high": max(points, key=lambda each: each["value"]),
        "last": points[-1],
    }


@pytest.mark.parametrize("mark", MARKS)
def test_what_is_open_when_the_data_ends_has_no_exit(held, mark):
    """The data ends at 15:28:56, and the exit would be at 15:29:00, a minute before the close."""
    assert ways_out(held[mark]) == [(None, None, None), (None, None, None)]
    assert held[mark]["risk"] == {"status": "NONE", "current_sl": None}


@pytest.mark.parametrize("mark", MARKS)
def test_the_legs_of_an_open_position_sum_to_its_profit(held, mark):
    day = held[mark]

    assert sum(trade["pnl"] for trade in day["trades"]) == day["pnl"]["last"]["value"]


@pytest.mark.parametrize("mark", MARKS)
def test_a_combined_premium_stop_buys_both_back_on_one_snapshot(mark):
    day = play(DAY, straddle(mark=mark, risk=PREMIUM_STOP)).day()

    assert [way[::2] for way in ways_out(day)] == [
        (instant("09:37:41"), "combined_premium_stop")
    ] * 2
    assert round(sum(trade["exit"] for trade in day["trades"]), 2) == 221.05


def test_lock_and_trail_leaves_above_its_floor(locked):
    document = locked.document()
    day = locked.day()

    assert [way[::2] for way in ways_out(day)] == [(instant("15:10:53"), "lock_and_trail")] * 2
    assert document["total"]["pnl"] == 1785
    assert day["risk"] == {"status": "LOCKED", "current_sl": 2150}


def test_a_closed_days_last_profit_is_told_at_the_days_last_price(locked):
    assert locked.day()["pnl"]["last"] == point("15:28:56", 1785)


def test_the_one_long_gap_is_told_as_stale_and_no_other(held):
    """18 min 52 s, where the next longest silence is a sixth of it."""
    rows = duckdb.execute(
        "SELECT DISTINCT strptime(collection_timestamp, '%Y%m%d_%H%M%S') AS moment"
        f" FROM '{DAY}' ORDER BY moment"
    ).fetchall()
    moments = [moment for (moment,) in rows]
    gaps = sorted((later - sooner, sooner) for sooner, later in pairwise(moments))
    length, began = gaps[-1]

    assert (length.total_seconds(), f"{began:%H:%M:%S}") == (18 * 60 + 52, "10:16:18")
    assert gaps[-2][0].total_seconds() < 200
    stale, unwatched = notes(held["touch"], NoteKind.STALE)
    assert "10:16:18" < stale[0] < "10:35:10"
    assert stale[1] == "nothing new since 10:16:18: prices are stale"
    assert unwatched[1].startswith("the feed is silent for 60 s and")
    assert unwatched[1].endswith("it is held; leave it by hand")


def test_nothing_is_decided_inside_the_gap(locked):
    began, ended = (at(DATE, wall) for wall in GAP)
    (died,), (revived,) = locked.told(LinkDied), locked.told(LinkRevived)
    inside = [
        fact for fact in locked.told(*DECISIONS, IntentRecorded) if began < fact.at_ns < ended
    ]

    assert inside == []
    assert began < died.at_ns < revived.at_ns == ended


def test_an_entry_whose_time_falls_into_the_gap_waits_for_the_first_fresh_price():
    played = play(DAY, straddle(old="09:30:30", new="10:20:00"))
    (decided,) = played.told(EntryDecided)

    assert decided.at_ns == at(DATE, GAP[1])


def test_unchanged_snapshots_are_told_and_counted(held):
    """Counted anew from the file: whole chains that came before, but for clocks and volatility."""
    columns = [row[0] for row in duckdb.execute(f"DESCRIBE SELECT * FROM '{DAY}'").fetchall()]
    clocks = {"collection_timestamp", "Fetch_Time", "date", "CALLS_IV", "PUTS_IV"}
    content = ", ".join(name for name in columns if name not in clocks)
    (repeated,) = duckdb.execute(
        "SELECT count(*) - count(DISTINCT chain) FROM (SELECT collection_timestamp,"
        f" md5(string_agg(({content})::VARCHAR, '|' ORDER BY Expiry_Date, Strike_Price)) AS chain"
        f" FROM '{DAY}' GROUP BY collection_timestamp)"
    ).fetchone()

    assert dropped(held["touch"], NoteKind.DUPLICATE) == repeated == 9
    assert len(notes(held["touch"], NoteKind.DUPLICATE)) == 10


def test_charges_are_those_of_the_published_rates(locked):
    """Worked out anew: brokerage 20 an order; STT on what is sold, stamp duty on what is bought."""
    day = locked.day()

    assert [trade["charges"] for trade in day["trades"]] == [
        float(charged("sell", trade["entry"]) + charged("buy", trade["exit"]))
        for trade in day["trades"]
    ]


def charged(side: str, price: float) -> Decimal:
    premium = Decimal(str(price)) * 75
    exchange = premium * Decimal("0.0003503")
    regulator = premium * Decimal("0.000001")
    protection = premium * Decimal("0.000005")
    tax = (20 + exchange + regulator + protection) * Decimal("0.18")
    duty = premium * (Decimal("0.001") if side == "sell" else Decimal("0.00003"))
    parts = (exchange, regulator, protection, tax, duty)
    cents = [part.quantize(Decimal("0.0001"), ROUND_HALF_EVEN) for part in parts]
    return 20 + sum(cents)


def test_a_strategy_that_rests_says_why():
    day = play(
        DAY, straddle(old='underlying = "NIFTY"', new='underlying = "NIFTY"\ndays = ["mon"]')
    ).day()

    assert day["trades"] == []
    assert [text for _, text in notes(day, NoteKind.REFUSED)] == ["days: fri is not among mon"]


def test_without_a_spot_the_forward_is_taken_and_told_once(held):
    assert notes(held["ltp"], NoteKind.BASIS) == [
        ("09:30:51", "NIFTY has no spot price; the synthetic forward is taken")
    ]


def test_the_file_of_a_holiday_gives_no_trade():
    day = play(data_path(HOLIDAY), straddle()).day()

    assert (day["date"], day["trades"]) == ("2025-08-27", [])
    assert day["pnl"] == {"low": None, "high": None, "last": None}
    assert notes(day, NoteKind.CLOSED_DAY) == [
        ("09:45:17", "the market is closed today"),
        ("09:51:48", "7 frames were dropped today: the market is closed today"),
    ]
