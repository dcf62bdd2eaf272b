"""The report of a day, from the recorded facts."""

from __future__ import annotations

from datetime import date, timedelta

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
    KillStaged,
    Latched,
    LatchKind,
    Noted,
    PositionChanged,
    Released,
    Scope,
    Stage,
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


def order(number: int, side: Side, price: int, wall: str, day: date = DAY) -> list[object]:
    """An order of the leg `ce`, filled at once."""
    intent = replace(
        INTENT,
        intent_id=f"OR{number}",
        strategy_id="s",
        leg_id="ce",
        symbol=CE,
        side=side,
        purpose=Purpose.ENTRY if side is Side.SELL else Purpose.EXIT,
        decided_ns=clock(wall, day),
    )
    value_e4 = LOT * price * 10_000
    filled = OrderUpdated(
        f"OR{number}", f"B{number}", State.FILLED, LOT, value_e4, clock(wall, day)
    )
    return [IntentRecorded(intent, clock(wall, day)), filled]


ENTERED = [day_opened(), opened(), *order(1, Side.SELL, 100, "09:30:00"), sold("ce")]
LEFT = [
    *(owed("ce"), *order(2, Side.BUY, 90, "10:00:00")),
    sold("ce", bought="90", at_ns=clock("10:00:00")),
]
LATER = [
    *order(2, Side.BUY, 80, "10:00:00", day=TOMORROW),
    sold("ce", bought="80", at_ns=clock("10:00:00", TOMORROW)),
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
    charges = float(told(lines, "charges").split()[0])
    assert charges > 0
    assert told(lines, "after charges") == f"{750 - charges:.2f}"
    assert told(lines, "trades") == "1 entered, 1 left, 0 still open"
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


def test_charges_are_told_with_the_tax_as_no_note_has_rounded_it_where_there_are_any():
    traded, quiet = report(*ENTERED, *LEFT, day_ended(), MARKED), report(day_ended())

    why = "(transaction tax unrounded: each contract note rounds it to the rupee)"
    assert told(traded, "charges").partition(" ")[2] == why
    assert told(quiet, "charges") == "0.00"


def test_what_a_person_left_is_told_as_left_by_hand():
    out = [owed("ce", reason=ExitReason.MANUAL), *LEFT[1:]]
    lines = report(*ENTERED, *out, day_ended(), MARKED)

    assert "out 10:00:00 at 90.00, by hand, P&L 750.00" in told(lines, "  ce:")


def test_what_is_still_open_is_told_with_what_it_was_worth():
    marked = replace(MARKED, marks=(("ce", 950_000),))
    lines = report(*ENTERED, day_ended(), marked)

    assert told(lines, "trades") == "1 entered, 0 left, 1 still open"
    assert told(lines, "P&L") == "375.00 before charges"
    assert "still open (-75), P&L 375.00" in told(lines, "  ce:")


def test_what_was_never_valued_is_unknown_and_not_guessed():
    lines = report(*ENTERED, day_ended())

    assert (told(lines, "P&L"), told(lines, "after charges")) == (
        "unknown before charges: nobody knows what s ce is worth",
        "unknown",
    )


def test_what_came_over_the_night_counts_from_the_last_close_and_its_line_tells_of_the_whole():
    seen = replace(MARKED, marks=(("ce", 950_000),))
    facts = [*ENTERED, day_ended(), seen, day_opened(TOMORROW), owed("ce"), *LATER]
    lines = report(*facts, day=TOMORROW)
    charges = float(told(lines, "charges").split()[0])

    assert told(lines, "P&L") == "1,125.00 before charges"  # from 95 to 80, since 100 at the entry
    assert told(lines, "after charges") == f"{1_125 - charges:,.2f}"
    assert told(lines, "trades") == "0 entered, 1 left, 0 still open"
    before = f"held over from {DAY}, 375.00 of its P&L before today"
    assert told(lines, "  ce:").endswith(before)
    assert "P&L 1,500.00, charges" in told(lines, "  ce:")
    whole = float(told(lines, "  ce:").split("charges ")[1].split(",")[0])
    first = float(told(report(*facts), "charges").split()[0])
    assert 0 < charges < whole == pytest.approx(first + charges, abs=0.011)  # of whole paise


def test_what_came_over_a_night_whose_close_nobody_saw_is_unknown_and_the_line_says_why():
    facts = [*ENTERED, day_ended(), day_opened(TOMORROW), owed("ce"), *LATER]
    lines = report(*facts, day=TOMORROW)

    unseen = "unknown before charges: nobody saw s ce at the last close"
    assert told(lines, "P&L") == unseen
    assert told(lines, "  ce:").endswith(f"from {DAY}, unknown of its P&L before today")

    late = replace(MARKED, marks=(("ce", 850_000),), at_ns=clock("09:35:00", TOMORROW))
    lines = report(*facts[:7], late, *facts[7:], day=TOMORROW)
    since = "s from 09:35:00 on, for nobody saw it at the last close"
    assert told(lines, "P&L") == f"375.00 before charges: {since}"


def test_what_came_after_the_next_day_opened_is_not_of_the_day():
    """As where the report of an evening is made late, or once more."""
    facts = [*ENTERED, day_ended(), replace(MARKED, marks=(("ce", 950_000),))]
    after = [day_opened(TOMORROW), owed("ce"), *LATER, AlertRaised("alert-1", DIFFER, 0)]

    assert report(*facts, *after) == report(*facts)


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


def test_an_alert_of_an_earlier_day_that_is_over_today_is_told_with_its_date():
    raised = AlertRaised("alert-1", DIFFER, clock("10:24:12", YESTERDAY))
    lines = report(raised, day_opened(), AlertCleared("alert-1", clock("09:10:00")))
    told = "alert-1, critical, acknowledged by nobody, over: they differ"
    assert lines[-1] == f"  {YESTERDAY} 10:24:12 {told}"


def test_an_alert_of_another_account_is_not_told():
    """What is no matter of an account is told in the report of each."""
    other, everybodys = (replace(DIFFER, account=each) for each in ("second", ""))
    facts = [
        AlertRaised("alert-1", other, clock("10:00:00")),
        AlertCleared("alert-1", clock("10:01:00")),
    ]

    assert "alerts: none" in report(day_opened(), *facts)
    told_here = report(day_opened(), *facts, AlertRaised("alert-2", everybodys, clock("10:00:00")))
    assert [line for line in told_here if "alert-" in line] == [
        "  10:00:00 alert-2, critical, acknowledged by nobody, OPEN: they differ"
    ]


def test_a_kill_is_told_with_who_pulled_it_and_how_far_it_came():
    latched = Latched("kill-1", LatchKind.KILL, Scope.ALL, "", "too fast", "ann", clock("14:45:02"))
    closing = KillStaged("kill-1", Stage.CLOSING, ("75 NIFTY", "an order"), 0, clock("14:45:03"))
    flat = KillStaged("kill-1", Stage.FLAT, (), 0, clock("14:45:05"))
    over = Released("kill-1", "bob", clock("15:00:00"))
    unknown = KillStaged("kill-0", Stage.FLAT, (), 0, clock("14:45:05"))

    def kills(*facts: object, day=DAY) -> list[str]:
        lines = report(day_opened(), unknown, *facts, day=day)
        return lines[lines.index("kills") + 1 : lines.index("alerts: none") - 1]

    line = "  14:45:02 kill-1, kill of all by ann, too fast"
    left = "left 75 NIFTY; an order"
    assert kills(latched, closing) == [f"{line}: closing at 14:45:03, {left}, stands"]
    assert kills(latched, closing, flat) == [f"{line}: flat at 14:45:05, stands"]
    done = kills(latched, latched, closing, flat, over)
    assert done == [f"{line}: flat at 14:45:05, released at 15:00:00 by bob"]
    assert "kills" not in report(day_opened(), unknown)


def test_a_pause_that_stands_since_a_day_before_is_told_until_it_is_released():
    pause = Latched("p-1", LatchKind.PAUSE, Scope.ACCOUNT, "paper", "", "ann", clock("14:45:02"))
    lines = report(day_opened(), pause, day_opened(TOMORROW), day=TOMORROW)
    over = Released("p-1", "ann", clock("15:00:00"))

    assert f"  {DAY} 14:45:02 p-1, pause of account paper by ann, stands" in lines
    facts = (day_opened(), pause, over, day_opened(TOMORROW))
    assert "kills" not in report(*facts, day=TOMORROW)


def test_each_of_several_entries_of_a_day_is_told_with_its_own_path():
    old = replace(
        MARKED, basket_id="s:old", low=None, high=None, last=(clock("15:29:59"), -45_000_000)
    )
    new = replace(MARKED, basket_id="s:new")
    flat = replace(new, low=None, high=None, last=None)  # a start in the evening
    lines = report(*ENTERED, *LEFT, day_ended(), old, new, flat)

    path = "P&L 750.00 at last, low -150.00 at 09:31:00, high 900.00 at 10:00:00"
    assert lines[lines.index("s") + 1 : lines.index("s") + 3] == [
        "  s:old: P&L -4,500.00 at last",
        f"  s:new: {path}",
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

    unknown = "unknown before charges: nobody knows what s ce is worth"
    assert told(report(*ENTERED, late, day_ended()), "P&L") == unknown
    lines = report(*ENTERED, late, again, day_ended(), MARKED)
    assert told(lines, "  P&L").endswith("since the start at 09:45:00")
