from __future__ import annotations

from datetime import date, time

from daemon.backtest.report import report
from daemon.domain.instants import at
from daemon.domain.market.notes import NoteKind
from daemon.domain.orders.words import Side
from daemon.messages import DayEnded, DayMarked, DayOpened, Noted, PositionChanged
from tests.kit.plans import plan

DAY, NEXT = date(2025, 8, 29), date(2025, 9, 1)
OPEN = at(DAY, time(9, 30))
CE = "NIFTY-2025-09-02-24550-CE"
HASH = "ab" * 32
QUIET = {"low": None, "high": None, "last": None}


def opened(day: date) -> DayOpened:
    return DayOpened(day, (), at(day, time(9, 15)))


def sold(at_ns: int = OPEN) -> PositionChanged:
    return PositionChanged("s", "ce", CE, Side.SELL, 0, 0, 75, 75 * 1_186_000, at_ns)


def test_without_a_day_there_is_nothing_to_tell():
    assert report(plan(), (), HASH) == {
        "strategy_id": "s",
        "mark": "ltp",
        "journal_sha256": HASH,
        "days": [],
        "total": {
            "days": 0,
            "days_traded": 0,
            "trades": 0,
            "pnl": 0,
            "charges": 0,
            "notes": {},
        },
    }


def test_a_day_on_which_nothing_happened_is_told_all_the_same():
    document = report(plan(), (opened(DAY), DayEnded(DAY, OPEN)), HASH)

    assert document["days"] == [
        {
            "date": "2025-08-29",
            "trades": [],
            "pnl": QUIET,
            "charges": 0,
            "risk": {"status": "NONE", "current_sl": None},
            "notes": [],
        }
    ]


def test_amounts_are_rupees_and_instants_indian_to_the_second():
    marked = DayMarked(
        *("s", DAY, (OPEN, -5_362_500), (OPEN + 10**9, 33_862_500), (OPEN, 17_850_000)),
        *("LOCKED", 21_500_000, (), OPEN),
    )
    (day,) = report(plan(), (opened(DAY), marked), HASH)["days"]

    assert day["pnl"] == {
        "low": {"at": "2025-08-29T09:30:00+05:30", "value": -536.25},
        "high": {"at": "2025-08-29T09:30:01+05:30", "value": 3386.25},
        "last": {"at": "2025-08-29T09:30:00+05:30", "value": 1785},
    }
    assert day["risk"] == {"status": "LOCKED", "current_sl": 2150}


def test_a_floor_of_a_strategy_that_is_not_locked_is_none():
    marked = DayMarked("s", DAY, None, None, None, "NONE", 0, (), OPEN)
    (day,) = report(plan(), (opened(DAY), marked), HASH)["days"]

    assert (day["pnl"], day["risk"]) == (QUIET, {"status": "NONE", "current_sl": None})


def test_notes_of_all_and_of_the_strategy_are_told_in_order_of_time():
    """Those of another strategy are not; one told before its day begins is kept."""
    facts = (
        Noted(NoteKind.BASIS, "of the recording", at(DAY, time(0))),
        opened(DAY),
        Noted(NoteKind.GAP, "third", OPEN + 2 * 10**9),
        Noted(NoteKind.STALE, "second", OPEN + 10**9),
        Noted(NoteKind.REFUSED, "its own", OPEN, "s"),
        Noted(NoteKind.REFUSED, "another's", OPEN, "t"),
    )
    document = report(plan(), facts, HASH)
    (day,) = document["days"]

    assert [note["text"] for note in day["notes"]] == [
        *("of the recording", "its own", "second", "third"),
    ]
    assert document["total"]["notes"] == {"stale": 1, "gap": 1, "basis": 1, "refused": 1}


def test_what_is_never_valued_makes_the_sum_unknown():
    document = report(plan(), (opened(DAY), sold()), HASH)
    (trade,) = document["days"][0]["trades"]

    assert (trade["pnl"], document["total"]["pnl"]) == (None, None)
    assert (trade["exit_at"], trade["exit"], trade["exit_reason"]) == (None, None, None)


def test_a_trade_stands_on_the_day_of_its_entry():
    bought = PositionChanged(
        "s", "ce", CE, Side.SELL, 75, 75 * 900_000, 75, 75 * 1_186_000, at(NEXT, time(9, 20))
    )
    first, second = report(plan(), (opened(DAY), sold(), opened(NEXT), bought), HASH)["days"]

    assert [trade["exit_at"] for trade in first["trades"]] == ["2025-09-01T09:20:00+05:30"]
    assert first["trades"][0]["pnl"] == 2145
    assert second["trades"] == []


def test_days_are_counted_with_those_that_were_traded():
    total = report(plan(), (opened(DAY), sold(), opened(NEXT)), HASH)["total"]

    assert (total["days"], total["days_traded"], total["trades"]) == (2, 1, 1)
