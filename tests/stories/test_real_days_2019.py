"""Three recorded months, with all that is wrong in them, through the whole engine."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

import duckdb
import pytest

from daemon.backtest.report import Document
from daemon.domain.instants import at
from daemon.domain.market.notes import NoteKind
from tests.kit.days import DAYS_2019, DECISIONS, Played, dropped, notes, play
from tests.kit.plans import SHIPPED, parse
from tests.kit.recordings import data_path

DAYS = data_path(DAYS_2019)
CLOSED = ("2019-05-01", "2019-06-05")
STUCK = "2019-07-09"
OPEN, CLOSE = time(9, 15), time(15, 30)


@pytest.fixture(scope="module")
def played() -> Played:
    (file,) = [path for path in SHIPPED if path.stem == "nifty_short_straddle"]
    return play(DAYS, parse(file.read_bytes()))


@pytest.fixture(scope="module")
def days(played) -> dict[str, Document]:
    return {day["date"]: day for day in played.document()["days"]}


@pytest.fixture(scope="module")
def snapshots() -> dict[str, list[tuple[datetime, str]]]:
    """Each day's snapshots, read without the engine: when, and a digest of what they say.

    A chain without a single price says nothing but its spot, next to the one before it that day.
    """
    columns = [row[0] for row in duckdb.execute(f"DESCRIBE SELECT * FROM '{DAYS}'").fetchall()]
    content = ", ".join(name for name in columns if name not in {"snap", "CallIV", "PutIV"})
    prices = [f"{side}{of}" for side in ("Call", "Put") for of in ("LTP", "BidPrice", "AskPrice")]
    rows = duckdb.execute(
        "SELECT strptime(snap, '%Y-%m-%d %H:%M') AS moment, max(CurrentVal),"
        f" max(greatest({', '.join(prices)})),"
        f" md5(string_agg(({content})::VARCHAR, '|' ORDER BY StrikePrice))"
        f" FROM '{DAYS}' GROUP BY moment ORDER BY moment"
    ).fetchall()
    found: dict[str, list[tuple[datetime, str]]] = {}
    before: tuple[date, float, str] = (date.min, 0, "")
    for moment, spot, price, chain in rows:
        is_silent = not price and (moment.date(), spot) == before[:2]
        digest = before[2] if is_silent else chain
        before = (moment.date(), spot, digest)
        found.setdefault(moment.date().isoformat(), []).append((moment, digest))
    return found


def is_inside(moment: datetime) -> bool:
    return OPEN <= moment.time() <= CLOSE


def decided_on(played: Played, day: str) -> list[Any]:
    first, last = (at(date.fromisoformat(day), wall) for wall in (time.min, time.max))
    return [fact for fact in played.told(*DECISIONS) if first <= fact.at_ns <= last]


def test_all_dates_of_the_file_are_in_the_report(days, snapshots):
    assert list(days) == list(snapshots)
    assert len(days) == 62


def test_every_snapshot_of_a_closed_day_is_told_and_counted(played, days, snapshots):
    for day in CLOSED:
        assert dropped(days[day], NoteKind.CLOSED_DAY) == len(snapshots[day])
        assert decided_on(played, day) == []
    assert [day for day in days if notes(days[day], NoteKind.CLOSED_DAY)] == list(CLOSED)


def test_what_lies_outside_the_session_is_told_and_counted(days, snapshots):
    told = {day: dropped(days[day], NoteKind.OUTSIDE_SESSION) for day in days}

    assert told == {
        day: 0 if day in CLOSED else sum(not is_inside(moment) for moment, _ in taken)
        for day, taken in snapshots.items()
    }
    assert sum(told.values()) > 100


def test_nothing_is_decided_on_a_price_from_outside_the_session(played):
    walls = [datetime.fromisoformat(iso).time() for iso in entries_and_exits(played)]

    assert all(OPEN <= wall <= CLOSE for wall in walls)


def entries_and_exits(played: Played) -> list[str]:
    trades = [trade for day in played.document()["days"] for trade in day["trades"]]
    entries = [trade["entry_at"] for trade in trades]
    exits = [t["exit_at"] for t in trades if t["exit_at"] and t["exit_reason"] != "expiry"]
    return entries + exits


def test_unchanged_snapshots_are_told_and_counted(days, snapshots):
    """A chain that was seen before, that day or any day before it, is no news."""
    seen: set[str] = set()
    expected: dict[str, int] = {}
    for day, taken in snapshots.items():
        repeated = 0
        for moment, digest in taken:
            repeated += digest in seen and is_inside(moment) and day not in CLOSED
            seen.add(digest)
        expected[day] = repeated

    assert {day: dropped(days[day], NoteKind.DUPLICATE) for day in days} == expected


UNWATCHED = (
    "the feed is silent for 60 s and nifty-short-straddle is short ce: it is held; leave it by hand"
)


def test_the_stuck_day_is_told_as_stale_and_nothing_is_traded_on_it(played, days):
    assert notes(days[STUCK], NoteKind.STALE) == [
        ("10:00:00", "nothing new since 09:15:00: prices are stale"),
        (
            "10:01:00",
            UNWATCHED,
        ),
    ]
    assert (days[STUCK]["trades"], decided_on(played, STUCK)) == ([], [])


def test_nothing_is_counted_twice_and_nothing_is_left_out(played, days):
    document = played.document()
    kinds = [note["kind"] for day in days.values() for note in day["notes"]]

    assert document["total"]["notes"] == {kind: kinds.count(kind) for kind in set(kinds)}
    assert document["total"]["trades"] == sum(len(day["trades"]) for day in days.values())


def test_notes_stand_in_order_of_time(days):
    for day in days.values():
        instants = [note["at"] for note in day["notes"]]

        assert instants == sorted(instants)
        assert {instant[:10] for instant in instants} <= {day["date"]}


def test_charges_that_no_table_reaches_are_unknown_and_told_once(played, days):
    document = played.document()
    told = [day for day in days if notes(days[day], NoteKind.UNKNOWN_TABLE)]
    traded = [day for day in days if days[day]["trades"]]

    assert document["total"]["charges"] is None
    assert told == traded[:1]


def test_a_carried_position_is_reported_on_the_day_of_its_entry(days):
    carried = [
        (day["date"], trade)
        for day in days.values()
        for trade in day["trades"]
        if trade["exit_at"] and trade["exit_at"][:10] != day["date"]
    ]

    assert carried
    assert all(trade["entry_at"][:10] == day for day, trade in carried)


def test_each_days_low_and_high_are_of_that_day(days):
    for day in days.values():
        points = [point for point in day["pnl"].values() if point]

        assert {point["at"][:10] for point in points} <= {day["date"]}


def test_the_file_names_no_expiry_and_that_is_told_once(days):
    texts = [text for day in days.values() for _, text in notes(day, NoteKind.BASIS)]

    assert len(texts) == 1
    assert texts[0].startswith("the recording names no expiry")


EXPIRED = {"2019-06-13": 14.05, "2019-07-04": 3.25, "2019-07-18": 53.10}


def test_an_expiry_is_settled_at_the_close_that_was_recorded_after_the_session(days):
    """Worked out by hand: the last spot after 15:30 of a chain that was not shown before it."""
    rows = duckdb.execute(
        "SELECT strptime(snap, '%Y-%m-%d %H:%M') AS moment, max(CurrentVal), sum(CallVolume),"
        f" sum(PutVolume) FROM '{DAYS}' GROUP BY moment ORDER BY moment"
    ).fetchall()
    closes: dict[str, float] = {}
    shown: set[tuple[float, ...]] = set()
    for moment, *content in rows:
        if moment.time() > CLOSE and tuple(content) not in shown:
            closes[moment.date().isoformat()] = content[0]
        shown.add(tuple(content))
    settled: dict[str, float] = {}
    for day in days.values():
        for trade in day["trades"]:
            if trade["exit_reason"] != "expiry":
                continue
            expired, (*_, strike, kind) = trade["exit_at"][:10], trade["symbol"].split("-")
            beyond = closes[expired] - float(strike)
            assert trade["exit"] == round(max(0, beyond if kind == "CE" else -beyond), 2)
            settled |= {expired: trade["exit"]} if trade["exit"] else {}

    assert settled == EXPIRED
    assert not [
        text for day in days.values() for _, text in notes(day, NoteKind.STALE) if "settled" in text
    ]
