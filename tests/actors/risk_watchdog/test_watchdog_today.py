"""The watchdog: what was made today, of what came over the night."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from daemon.domain.money import e4
from daemon.domain.orders.words import Side
from daemon.messages import (
    DayMarked,
    LegExpired,
    PositionChanged,
)
from tests.kit.acting import (
    CE,
    DAY,
    LOT,
    NEXT_DAY,
    PE,
    clock,
    day_ended,
    day_opened,
    ended,
    opened,
    prices,
    sold,
)
from tests.kit.watching import Run, S

T, OPENS = clock("09:31:00"), clock("09:15:00", NEXT_DAY)
FAR = clock("15:20:00", NEXT_DAY) + 30 * 86_400 * S


def carried(*legs: str) -> list:
    """What was sold at 100 and stays over nights."""
    return [replace(opened(legs=legs), exit_ns=FAR), *map(sold, legs), ended()]


def by_hand(bought: int, sold_: int = 0, price: str = "100", at_ns: int = T) -> PositionChanged:
    """A call that no basket opened."""
    values = (bought * e4("100"), sold_, sold_ * e4(price))
    return PositionChanged("manual", "o1", CE, Side.BUY, bought, *values, at_ns, intent_id="i")


def both(run: Run) -> tuple[Run, Run]:
    """Return it, and it after a restart."""
    return run.again(), run


LAST = [prices(T, "80"), day_ended()]
NEXT = [day_opened(NEXT_DAY), prices(OPENS, "90")]
FALLEN = e4("-750")


def test_of_what_is_carried_that_alone_is_todays_that_came_since_the_last_days_end() -> None:
    """As the account's limits count it; its profit since the entry stands beside it."""
    for each in both(Run().hear(day_opened(), *carried("ce"), *LAST)):
        seen = each.hear(*NEXT).seen(OPENS)
        assert (seen.pnl_e4, seen.today_e4) == (e4("750"), FALLEN)


def test_on_the_day_of_its_entry_all_of_a_profit_is_todays_and_in_the_evening_as_well() -> None:
    """The day that has ended is the one that is shown until another begins."""
    for each in both(Run().hear(day_opened(), *carried("ce"), *LAST)):
        assert each.seen(clock("20:00:00")).today_e4 == e4("1500")
        evening = each.hear(*NEXT, day_ended(NEXT_DAY)).seen(clock("20:00:00", NEXT_DAY))
        assert (evening.pnl_e4, evening.today_e4) == (e4("750"), FALLEN)


def test_where_nobody_saw_the_last_day_end_it_is_not_known_what_is_todays_until_it_is_valued():
    """From there it counts, and says so; a restart finds the same."""
    run = Run().hear(day_opened(), *carried("ce"), day_ended(), day_opened(NEXT_DAY))
    assert run.seen(OPENS).today_e4 is None
    run.hear(prices(OPENS, "90"), prices(OPENS + S, "92"))
    for each in both(run):
        each.hear(prices(OPENS + 2 * S, "91"))
        assert (each.seen(OPENS).pnl_e4, each.seen(OPENS).today_e4) == (e4("675"), e4("-75"))


def test_a_crash_before_a_day_was_marked_counts_no_profit_of_that_day_as_the_next_ones() -> None:
    """What it had lost by then fires no limit of the day after."""
    whole = Run().hear(day_opened(), *carried("ce"), prices(T, "113"), day_ended())
    run = whole.again(without=DayMarked).hear(day_opened(NEXT_DAY))
    assert run.seen(OPENS).today_e4 is None
    run.hear(*[prices(OPENS + n * S, "114") for n in range(5)])
    assert (run.paused, run.seen(OPENS).today_e4) == ([], 0)
    assert len(run.hear(*[prices(OPENS + n * S, "128") for n in range(5, 9)]).paused) == 1


def test_what_a_leg_had_gained_before_it_expired_unpriced_is_none_of_today() -> None:
    """Neither where that happens on the day after nor in the evening."""
    start = [day_opened(), *carried("ce", "pe"), prices(T, "80", "90"), day_ended()]
    gone = LegExpired("s", "pe", PE, OPENS)
    for each in both(Run().hear(*start, day_opened(NEXT_DAY), gone, prices(OPENS, "90"))):
        assert each.hear(prices(OPENS + S, "90")).seen(OPENS).today_e4 == FALLEN
    evening = Run().hear(*start, day_opened(NEXT_DAY), prices(OPENS, "90", "95"))
    evening.hear(day_ended(NEXT_DAY), replace(gone, at_ns=clock("20:00:00", NEXT_DAY)))
    assert evening.seen(OPENS).today_e4 == FALLEN


@pytest.mark.parametrize("wall", ["15:29:59", "15:30:01"], ids=["before its end", "after it"])
def test_a_loss_that_was_made_after_the_last_frame_of_a_day_is_none_of_the_next_ones(wall) -> None:
    """It is of the day that it came on, and fires no limit of the day after."""
    run = Run().hear(day_opened(), *carried("ce", "pe"), prices(T, "100", "90"))
    at_ns = clock(wall)
    end = [sold("ce", bought="150", at_ns=at_ns), day_ended()]
    run.hear(*(end if at_ns < day_ended().at_ns else reversed(end)))
    for each in both(run):
        assert each.seen(clock("20:00:00")).today_e4 == e4("-3000")
        each.hear(day_opened(NEXT_DAY), *[prices(OPENS + n * S, pe="91") for n in range(3)])
        assert (each.seen(OPENS).today_e4, each.paused) == (e4("-75"), [])


def test_a_day_is_marked_with_what_was_lost_after_its_last_frame_as_its_lowest_too() -> None:
    run = Run().hear(day_opened(), *carried("ce", "pe"), prices(T, "100", "90"))
    run.hear(sold("ce", bought="150", at_ns=clock("15:29:59")), day_ended())
    (mark,) = (each for each in run.record if isinstance(each, DayMarked))
    assert (mark.low, mark.high) == ((T, e4("-3000")), (T, e4("750")))
    assert mark.last == (T, e4("-3000"))


# --- a day on which no price came -----------------------------------------------------------------

THIRD, FOURTH = date(2025, 9, 3), date(2025, 9, 4)


def marks(run: Run, day: date) -> list[tuple]:
    """The marks of a day, of whatever was held."""
    told = (each for each in run.record if isinstance(each, DayMarked) and each.day == day)
    return [each.marks for each in told if each.marks]


@pytest.fixture(params=["by a strategy", "by hand"])
def held(request: pytest.FixtureRequest) -> Run:
    """A call that was held to the end of a day, at 80, and into the next."""
    entry = carried("ce") if request.param == "by a strategy" else [by_hand(LOT)]
    return Run().hear(day_opened(), *entry, *LAST, day_opened(NEXT_DAY))


def test_the_mark_of_a_day_before_marks_no_day_on_which_no_price_came(held: Run) -> None:
    """Be it that the daemon was up for all of it, or was not before; nor the day off after it."""
    for each in both(held):
        each.hear(day_ended(NEXT_DAY), day_opened(THIRD, closed=True), day_ended(THIRD))
        assert len(marks(each, DAY)) == 1
        assert (marks(each, NEXT_DAY), marks(each, THIRD)) == ([], [])
        opens_ns = clock("09:15:00", FOURTH)
        each.hear(day_opened(FOURTH), prices(opens_ns, "95"))
        assert not each.seen(opens_ns).today_e4, "of a strategy it counts from here, else not"


def test_a_price_from_before_the_market_opens_marks_no_day_on_which_no_other_came() -> None:
    early = prices(clock("09:05:00", NEXT_DAY), "80")
    run = Run().hear(day_opened(), by_hand(LOT), *LAST, day_opened(NEXT_DAY), early)
    assert marks(run.hear(day_ended(NEXT_DAY)), NEXT_DAY) == []


def test_a_day_off_is_marked_at_the_prices_of_the_day_before(held: Run) -> None:
    held.hear(*NEXT[1:], day_ended(NEXT_DAY))
    held.hear(day_opened(THIRD, closed=True), day_ended(THIRD))
    assert marks(held, THIRD) == marks(held, NEXT_DAY) != []


def test_where_one_of_two_is_newer_than_a_day_that_nobody_saw_that_one_alone_is_marked() -> None:
    """What they are worth together is then not known."""
    run = Run().hear(day_opened(), by_hand(LOT), *LAST, day_opened(NEXT_DAY), day_ended(NEXT_DAY))
    run.hear(day_opened(THIRD, closed=True), replace(by_hand(LOT), leg_id="o2"), day_ended(THIRD))
    *_, mark = (each for each in run.record if isinstance(each, DayMarked))
    assert (mark.day, mark.marks, mark.last) == (THIRD, (("o2", e4("80")),), None)


# --- what no entry holds --------------------------------------------------------------------------


def test_what_is_held_by_hand_over_a_night_is_marked_and_counted_from_there() -> None:
    """Each leg at its last price of the day, for the next one and for the report."""
    run = Run().hear(day_opened(), by_hand(LOT), *LAST)
    (mark,) = (each for each in run.record if isinstance(each, DayMarked))
    assert (mark.strategy_id, mark.marks, mark.last[1]) == (
        "manual",
        (("o1", e4("80")),),
        e4("-1500"),
    )
    for each in both(run):
        seen = each.hear(*NEXT).seen(OPENS)
        assert (seen.pnl_e4, seen.today_e4) == (FALLEN, e4("750"))


def test_after_a_restart_without_prices_it_is_valued_at_its_mark() -> None:
    """On a weekend as well: it is no worse known than what strategies hold."""
    run = Run().hear(day_opened(), by_hand(LOT), *LAST).again()
    seen = run.seen(clock("20:00:00"))
    assert (seen.pnl_e4, seen.today_e4, seen.legs[0].ltp_e4) == (e4("-1500"), e4("-1500"), 0)
    monday = run.hear(day_opened(NEXT_DAY)).seen(OPENS)
    assert (monday.pnl_e4, monday.today_e4) == (e4("-1500"), 0)


def test_what_never_had_a_price_is_not_known_today() -> None:
    run = Run().hear(day_opened(), by_hand(LOT))
    assert (run.seen(T).today_e4, run.seen(T).pnl_e4) == (None, None)
    run.hear(day_ended(), day_opened(NEXT_DAY), prices(OPENS, "90"))
    assert run.seen(OPENS).today_e4 is None, "nobody knows what it was worth before"
    assert [each for each in run.record if isinstance(each, DayMarked)] == []


def test_after_a_day_whose_end_was_not_recorded_nothing_held_by_hand_counts_from_the_day_before():
    """A crash has kept its mark out of the record, and what was lost by then is none of today's."""
    third = date(2025, 9, 3)
    for each in both(Run().hear(day_opened(), by_hand(LOT), *LAST, *NEXT)):
        each.hear(day_opened(third), prices(clock("09:15:00", third), "95"))
        assert each.seen(clock("09:15:00", third)).today_e4 is None


def test_a_round_trip_by_hand_counts_from_the_mark_and_the_next_one_from_nothing() -> None:
    run = Run().hear(day_opened(), by_hand(LOT), *LAST, *NEXT)
    run.hear(by_hand(LOT, LOT, "85", OPENS), by_hand(LOT, at_ns=OPENS + S))
    run.hear(prices(OPENS + 2 * S, "101"))
    assert run.seen(OPENS).today_e4 == e4("375") + e4("75")


def test_what_expired_by_hand_leaves_nothing_behind() -> None:
    run = Run().hear(day_opened(), by_hand(LOT), *LAST, LegExpired("manual", "o1", CE, OPENS))
    run.hear(day_opened(NEXT_DAY), by_hand(LOT, at_ns=OPENS), prices(OPENS + S, "99"))
    assert run.seen(OPENS).today_e4 == e4("-75")
