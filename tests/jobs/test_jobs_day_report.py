"""The report of a day, from the recorded facts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from daemon.domain.market.notes import NoteKind
from daemon.domain.orders.words import IntentRecorded, OrderUpdated, Purpose, Side, State
from daemon.domain.risk.words import ExitReason
from daemon.jobs.day_report import day_report
from daemon.messages import (
    AlertAcknowledged,
    AlertCleared,
    AlertRaised,
    BooksAgree,
    BooksDiffer,
    DayMarked,
    EpochBegan,
    ExitOverdue,
    Noted,
    PositionChanged,
)
from tests.kit.acting import CE, DAY, LOT, clock, day_ended, day_opened, opened, owed, sold
from tests.kit.facts import INTENT
from tests.kit.seen import DIFFER

TOMORROW = DAY + timedelta(days=1)
YESTERDAY = DAY - timedelta(days=1)
MARKED = DayMarked(
    strategy_id="s",
    day=DAY,
    low=(clock("09:31:00"), -1_500_000),
    high=(clock("10:00:00"), 9_000_000),
    last=(clock("15:29:59"), 7_500_000),
    status="NONE",
    floor_e4=0,
    marks=(),
    at_ns=clock("15:30:00"),
)


def order(number: int, side: Side, price: int, wall: str, account: str = "paper") -> list[object]:
    """An order of the leg `ce`, filled at once."""
    intent = replace(
        INTENT,
        intent_id=f"OR{number}",
        account=account,
        strategy_id="s",
        leg_id="ce",
        symbol=CE,
        side=side,
        purpose=Purpose.ENTRY if side is Side.SELL else Purpose.EXIT,
        decided_ns=clock(wall),
    )
    value_e4 = LOT * price * 10_000
    filled = OrderUpdated(f"OR{number}", f"B{number}", State.FILLED, LOT, value_e4, clock(wall))
    return [IntentRecorded(intent, clock(wall)), filled]


ENTERED = [day_opened(), opened(), *order(1, Side.SELL, 100, "09:30:00"), sold("ce")]
LEFT = [
    *(owed("ce"), *order(2, Side.BUY, 90, "10:00:00")),
    sold("ce", bought="90", at_ns=clock("10:00:00")),
]


def report(*facts: object, day=DAY, account="paper") -> list[str]:
    return day_report(account, "paper", day, facts).splitlines()


def told(lines: list[str], name: str) -> str:
    (line,) = [line for line in lines if line.startswith(name)]
    return line.removeprefix(name).strip()


def test_a_day_is_told_with_its_profit_its_trades_and_their_charges():
    lines = report(*ENTERED, *LEFT, day_ended(), MARKED)

    assert lines[0] == f"PAPER: the day {DAY} in the account paper"
    assert told(lines, "P&L") == "750.00 before charges"
    charges = float(told(lines, "charges"))
    assert charges > 0
    assert told(lines, "after charges") == f"{750 - charges:.2f}"
    assert told(lines, "trades") == "1, of which 0 still open"
    assert lines[lines.index("s") + 1 : lines.index("s") + 3] == [
        "  P&L 750.00 at last, low -150.00 at 09:31:00, high 900.00 at 10:00:00",
        (
            f"  ce: 09:30:00 sell 75 {CE} at 100.00, out 10:00:00 at 90.00, stop, "
            f"P&L 750.00, charges {charges:.2f}"
        ),
    ]
    assert told(lines, "books") == "equal to the broker's"
    assert told(lines, "exits overdue") == "none"
    assert "alerts: none" in lines


def test_what_a_person_left_is_told_as_left_by_hand():
    out = [owed("ce", reason=ExitReason.MANUAL), *LEFT[1:]]
    lines = report(*ENTERED, *out, day_ended(), MARKED)

    assert "out 10:00:00 at 90.00, by hand, P&L 750.00" in told(lines, "  ce:")


def test_what_is_still_open_is_told_with_what_it_was_worth():
    marked = replace(MARKED, marks=(("ce", 950_000),))
    lines = report(*ENTERED, day_ended(), marked)

    assert told(lines, "trades") == "1, of which 1 still open"
    assert told(lines, "P&L") == "375.00 before charges"
    assert "still open (-75), P&L 375.00" in told(lines, "  ce:")


def test_what_was_never_valued_is_unknown_and_not_guessed():
    lines = report(*ENTERED, day_ended())

    assert (told(lines, "P&L"), told(lines, "after charges")) == (
        "unknown before charges",
        "unknown",
    )


def test_what_came_over_the_night_is_listed_and_counts_on_the_day_of_its_entry():
    left = sold("ce", bought="90", at_ns=clock("10:00:00", TOMORROW))
    facts = [*ENTERED, day_ended(), day_opened(TOMORROW), owed("ce"), left]
    lines = report(*facts, day=TOMORROW)

    assert told(lines, "trades") == "0, of which 0 still open"
    assert told(lines, "  ce:").endswith(f"held over from {DAY}")


def test_another_account_and_another_day_have_reports_of_their_own():
    assert told(report(*ENTERED, *LEFT, account="second"), "trades").startswith("0")
    lines = report(*ENTERED, *LEFT, day_ended(), MARKED, day_opened(TOMORROW), day=TOMORROW)
    assert "s" not in lines
    assert told(lines, "trades").startswith("0")


def test_a_strategy_that_was_marked_and_had_nothing_to_do_is_not_told():
    flat = replace(MARKED, day=TOMORROW, low=None, high=None, last=None)
    lines = report(*ENTERED, *LEFT, day_ended(), day_opened(TOMORROW), flat, day=TOMORROW)

    assert "s" not in lines


def test_exits_that_were_overdue_are_told_once_with_what_stood_in_their_way():
    overdue = ExitOverdue("x:1", "s", "nobody buys", clock("10:00:30"))
    lines = report(*ENTERED, overdue, overdue)

    assert told(lines, "exits overdue") == "1"
    assert "  10:00:30 s: nobody buys" in lines


def test_books_that_differ_at_the_end_are_told_and_those_that_agree_again_are_not():
    differ = [BooksDiffer("paper", each, 0, 75, clock("10:00:00")) for each in (CE, "NIFTY")]
    agree = BooksAgree("paper", "NIFTY", clock("10:01:00"))
    lines = report(day_opened(), *differ, agree, BooksDiffer("second", "NIFTY", 0, 1, 0))

    assert told(lines, "books") == f"DIFFER from the broker's: {CE} 0, there 75"


def test_alerts_are_told_with_who_has_seen_them_and_whether_they_are_over():
    raised = [AlertRaised(f"alert-{number}", DIFFER, clock("10:00:00")) for number in (1, 2, 3)]
    seen = AlertAcknowledged("alert-1", "ann", clock("10:01:00"))
    over = AlertCleared("alert-2", clock("10:02:00"))
    before = AlertCleared("alert-3", clock("09:00:00") - 24 * 3_600 * 10**9)
    unheard = AlertCleared("alert-0", clock("10:02:00"))
    lines = report(day_opened(), *raised, seen, over, before, unheard)

    assert lines[lines.index("alerts") + 1 :] == [
        "  10:00:00 alert-1, critical, acknowledged by ann, OPEN: they differ",
        "  10:00:00 alert-2, critical, acknowledged by nobody, over: they differ",
    ]


def test_notes_are_told_once_with_the_strategy_or_the_kind():
    notes = [
        Noted(NoteKind.REFUSED, "no entry today", clock("15:30:00"), "s"),
        Noted(NoteKind.GAP, "a gap", clock("11:00:00")),
    ]
    lines = report(day_opened(), *notes, *notes)

    assert lines[lines.index("notes") + 1 :] == [
        "  15:30:00 s: no entry today",
        "  11:00:00 gap: a gap",
    ]


def test_a_position_that_no_order_of_ours_made_is_no_trade_of_the_account():
    strange = PositionChanged("other", "ce", CE, Side.SELL, 0, 0, 75, 75, clock("10:00:00"))

    assert told(report(day_opened(), strange), "trades").startswith("0")


@pytest.mark.parametrize(
    ("began", "since"),
    [
        ("08:00:00", ""),
        ("09:29:00", ""),
        ("09:45:00", ", low and high since the start at 09:45:00"),
    ],
)
def test_a_low_and_a_high_that_a_restart_has_cut_short_say_so(began, since):
    """Nobody watched the profit of before; what was entered after the start was seen whole."""
    first, again = EpochBegan(1, clock("08:00:00", YESTERDAY)), EpochBegan(2, clock(began))
    lines = report(first, *ENTERED, again, day_ended(), MARKED)

    assert told(lines, "  P&L").endswith(f"high 900.00 at 10:00:00{since}")


def test_a_start_after_the_day_was_marked_has_cut_nothing_short():
    """As where a report is made anew in the evening."""
    evening = EpochBegan(3, clock("18:00:00"))
    for began, since in (
        ("08:00:00", ""),
        ("09:45:00", ", low and high since the start at 09:45:00"),
    ):
        again = EpochBegan(2, clock(began))
        lines = report(*ENTERED, again, day_ended(), MARKED, evening)
        assert told(lines, "  P&L").endswith(f"high 900.00 at 10:00:00{since}")


def test_a_day_before_that_is_marked_late_is_not_told_as_today():
    """And a start after it has cut the low and the high of today short."""
    late = replace(MARKED, day=YESTERDAY, at_ns=clock("09:35:00"))
    again = EpochBegan(2, clock("09:45:00"))

    assert told(report(*ENTERED, late, day_ended()), "P&L").endswith("unknown before charges")
    lines = report(*ENTERED, late, again, day_ended(), MARKED)
    assert told(lines, "  P&L").endswith("since the start at 09:45:00")
