from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.backtest.report import report
from daemon.domain.instants import SECOND_NS, at
from daemon.domain.market.notes import NoteKind
from daemon.domain.money import e4
from daemon.domain.orders.words import Side
from daemon.domain.risk.words import ExitReason
from daemon.messages import (
    DayEnded,
    DayMarked,
    DayOpened,
    ExitOverdue,
    ExitOwed,
    Noted,
    PositionChanged,
)
from daemon.runtime.words import ActorDisarmed, DeadLetter
from tests.kit.plans import plan

DAY, NEXT, LATER = date(2025, 8, 29), date(2025, 9, 1), date(2025, 9, 2)
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


def marked(basket_id: str, low: int, high: int, last: int) -> DayMarked:
    """How an entry went, in rupees; its low, high and last are a second apart."""
    begins_ns = OPEN if basket_id == "a" else OPEN + 3 * SECOND_NS
    marks = [(begins_ns + n * SECOND_NS, e4(each)) for n, each in enumerate((low, high, last))]
    return DayMarked("s", DAY, *marks, "NONE", 0, (), OPEN, basket_id=basket_id)


@pytest.mark.parametrize(
    ("second", "path"),
    [
        ((-20, 50, 20), ((0, -10), (4, 70), (5, 40))),
        ((-80, -5, -60), ((3, -60), (1, 30), (5, -40))),
    ],
    ids=["the second one makes the high", "and here the low"],
)
def test_the_profit_of_a_day_with_two_entries_is_that_of_both_one_after_the_other(second, path):
    facts = (opened(DAY), marked("a", -10, 30, 20), marked("b", *second))
    (day,) = report(plan(), facts, HASH)["days"]

    assert day["pnl"] == {
        name: {"at": f"2025-08-29T09:30:0{seconds}+05:30", "value": rupees}
        for name, (seconds, rupees) in zip(("low", "high", "last"), path, strict=True)
    }


def test_an_entry_that_is_marked_again_counts_once_and_one_without_a_price_not_at_all():
    unvalued = DayMarked("s", DAY, None, None, None, "NONE", 0, (), OPEN, basket_id="b")
    first = marked("a", -10, 30, 20)
    facts = (opened(DAY), replace(first, last=(OPEN, e4(25))), unvalued, first)
    (day,) = report(plan(), facts, HASH)["days"]

    assert [each["value"] for each in day["pnl"].values()] == [-10, 30, 20]


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


def test_what_fell_is_told_of_whoever_it_was():
    """No trade, and no word, would read as a strategy that found nothing to do."""
    facts = (
        opened(DAY),
        DeadLetter("runner:s", "Frame(...)", "ValueError: odd", OPEN),
        DeadLetter("feed", "Frame(...)", "KeyError: 'x'", OPEN + 10**9),
        ActorDisarmed("runner:s", OPEN + 2 * 10**9),
    )
    document = report(plan(), facts, HASH)
    (day,) = document["days"]

    assert [(note["at"][11:19], note["kind"], note["text"]) for note in day["notes"]] == [
        ("09:30:00", "fell", "runner:s fell and was rebuilt: ValueError: odd"),
        ("09:30:01", "fell", "feed fell and was rebuilt: KeyError: 'x'"),
        ("09:30:02", "fell", "runner:s fell too often and was left out"),
    ]
    assert document["total"]["notes"] == {"fell": 3}


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


def bought_back(at_ns: int) -> PositionChanged:
    return PositionChanged("s", "ce", CE, Side.SELL, 75, 75 * 900_000, 75, 75 * 1_186_000, at_ns)


def texts(day) -> list[str]:
    return [f"{note['at'][11:19]} {note['kind']}: {note['text']}" for note in day["notes"]]


def test_an_exit_that_is_overdue_is_told_once_with_all_that_stood_in_its_way():
    """Not once more for what was said already, nor by another strategy's."""
    late = ExitOverdue("x1", "s", "still open: ce -75", OPEN + 10**9)
    facts = (
        opened(DAY),
        sold(),
        ExitOwed("x1", "s", ("ce", "pe"), ExitReason.TIME, OPEN),
        late,
        late,
        ExitOverdue("x1", "s", f"{CE}: no margin", OPEN + 2 * 10**9),
        ExitOverdue("x1", "s", "still open: ce -10", at(NEXT, time(9, 30))),
        ExitOverdue("y1", "t", "still open: ce -75", OPEN),
    )
    document = report(plan(), facts, HASH)

    assert texts(document["days"][0]) == [
        f"09:30:01 refused: the exit of ce, pe is overdue: still open: ce -75; {CE}: no margin",
    ]
    assert document["total"]["notes"] == {"refused": 1}


HELD_IN = (
    "09:15:00 refused: held over from 2025-08-29, where its trade stands: "
    "P&L counts since its entry"
)
HELD_OUT = "15:30:00 refused: held over the night: all that it makes stands here, in its trade"


@pytest.mark.parametrize(
    ("left", "first", "second", "third"),
    [
        (OPEN + 1, [], [], []),
        (at(NEXT, time(9, 20)), [HELD_OUT], [HELD_IN], []),
        (0, [HELD_OUT], [HELD_IN], [HELD_IN]),
    ],
    ids=["left that day", "left the next day", "never left"],
)
def test_a_day_that_begins_or_ends_with_a_position_says_so(left, first, second, third):
    """Once for a day, however many legs are held."""
    facts = [opened(DAY), sold(), replace(sold(), leg_id="pe")]
    ends = [DayEnded(day, at(day, time(15, 30))) for day in (DAY, NEXT, LATER)]
    exits = [replace(bought_back(left), leg_id=leg) for leg in ("ce", "pe") if left]
    today = left and left < ends[0].at_ns
    facts += [*(exits if today else []), ends[0], opened(NEXT), *([] if today else exits)]
    days = report(plan(), [*facts, ends[1], opened(LATER), ends[2]], HASH)["days"]

    said = [[text for text in texts(day) if "held over" in text] for day in days]
    assert said == [first, second, third]


def test_a_plan_that_carries_was_refused_nothing_by_it():
    """What it meant to do is told as what its figures rest on."""
    facts = (opened(DAY), sold(), DayEnded(DAY, OPEN + 1))
    (day,) = report(plan(head='product = "carry"'), facts, HASH)["days"]

    assert [note["kind"] for note in day["notes"]] == ["basis"]


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 10**7)), max_size=6))
def test_the_trades_of_all_days_sum_to_the_total(baskets):
    """Also of those that are held over into a day on which another is entered."""
    facts: list[object] = []
    for number, (is_held, price_e4) in enumerate(baskets):
        day = DAY + timedelta(days=2 * number)
        entered, leg_id = at(day, time(9, 30)), f"ce{number}"
        left = at(day + timedelta(days=is_held), time(9, 45))
        value_e4 = 75 * price_e4
        exit_of = replace(bought_back(left), leg_id=leg_id, bought_value_e4=value_e4)
        next_day = opened(day + timedelta(days=1))
        facts += [opened(day), replace(sold(entered), leg_id=leg_id)]
        facts += [next_day, exit_of] if is_held else [exit_of, next_day]
    document = report(plan(), facts, HASH)
    trades = [trade for day in document["days"] for trade in day["trades"]]

    assert len(trades) == len(baskets)
    assert sum(e4(str(trade["pnl"])) for trade in trades) == e4(str(document["total"]["pnl"]))
