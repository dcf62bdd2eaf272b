"""The limits of an account's day where something is not priced, not seen at a close, or late."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from daemon.domain.market.frames import Frame, Quote
from daemon.domain.market.notes import NoteKind
from daemon.domain.money import e4
from daemon.domain.orders.basket import OnFail
from daemon.domain.risk.account import AccountLimits
from daemon.domain.risk.words import ExitReason, LockRule
from daemon.messages import (
    DayMarked,
    EntriesPaused,
    FramePolled,
    LegExpired,
    LinkDied,
    LinkRevived,
)
from tests.kit.acting import (
    CE,
    DAY,
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

T = clock("09:31:00")
BLIND = f"the account's loss limit is judged without a young price of {PE}"
FAR = clock("15:20:00", date(2025, 9, 30))
THIRD_DAY = date(2025, 9, 3)


def short(strategy: str, leg: str, day: date = DAY, *, carried: bool = False) -> list:
    """One leg that was sold at 100."""
    entry = opened(strategy, (leg,), day)
    filled = sold(leg, strategy=strategy, at_ns=clock("09:30:00", day))
    return [replace(entry, exit_ns=FAR) if carried else entry, filled, ended(strategy, day)]


def dearer(start: int, *ce: str, every: int = S, pe: str | None = None) -> list[Frame]:
    """Frames in which the call stands there, and the put is quoted or not."""
    return [prices(start + n * every, price, pe) for n, price in enumerate(ce)]


TWO = [day_opened(), *short("a", "ce"), *short("b", "pe")]


# --- what has no price ----------------------------------------------------------------------------


def test_a_leg_that_is_never_quoted_holds_the_limit_of_loss_up_for_three_seconds() -> None:
    """It counts at its entry; by the second estimate after them everything is left."""
    run = Run().hear(*TWO, *dearer(T, *["120"] * 9))
    assert run.paused == [T + 5 * S]
    assert run.left == [
        ("a", ("ce",), ExitReason.ACCOUNT_LOSS),
        ("b", ("pe",), ExitReason.ACCOUNT_LOSS),
    ]


def test_a_person_is_told_once_a_day_of_each_leg_without_a_price_that_the_limit_is_judged_without():
    run = Run().hear(*TWO, *dearer(T, *["101"] * 4))
    assert BLIND not in run.notes(NoteKind.STALE)
    run.hear(*dearer(T + 4 * S, *["101"] * 9), *dearer(T + 20 * S, "101", pe="100"))
    run.hear(*[Frame(T + n * S, {PE: Quote(0)}) for n in range(30, 40)])
    assert run.notes(NoteKind.STALE).count(BLIND) == 1
    next_day = Run().hear(*[day_opened(), *short("a", "ce", carried=True)])
    next_day.hear(*short("b", "pe", carried=True), *dearer(T, *["101"] * 9), day_ended())
    opens_ns = clock("09:15:00", NEXT_DAY)
    next_day.hear(day_opened(NEXT_DAY), *dearer(opens_ns, *["120"] * 9))
    assert next_day.notes(NoteKind.STALE).count(BLIND) == 2
    assert next_day.paused == [opens_ns + 5 * S]


def test_a_leg_that_lost_its_price_counts_at_its_last() -> None:
    """The put had gained what the call loses: by its entry alone the account would be left."""
    gone = Frame(T + S, {PE: Quote(0)})
    for put, left in (("80", []), ("95", [T + 6 * S])):
        run = Run().hear(*TWO, *dearer(T - S, "100"), *dearer(T, "100", pe=put), gone)
        assert run.hear(*dearer(T + 2 * S, *["120"] * 9)).paused == left


@pytest.mark.parametrize(
    "limits",
    [
        AccountLimits(profit_e4=e4("1000")),
        AccountLimits(lock=LockRule(e4("1000"), e4("500"))),
    ],
    ids=["profit", "lock"],
)
def test_no_profit_is_taken_or_locked_on_an_estimate(limits) -> None:
    """Nor is anybody told that a loss is judged where no limit is set to it."""
    run = Run(limits).hear(*TWO, *dearer(T, *["50"] * 9))
    assert (run.paused, run.left, BLIND in run.notes(NoteKind.STALE)) == ([], [], False)
    both = Run(replace(limits, loss_e4=e4("1000"))).hear(*TWO, *dearer(T, *["50"] * 9))
    assert (both.paused, both.left, BLIND in both.notes(NoteKind.STALE)) == ([], [], True)


def test_an_account_that_is_held_to_a_profit_alone_is_left_once_it_is_reached() -> None:
    run = Run(AccountLimits(profit_e4=e4("1500"))).hear(day_opened(), *short("a", "ce"))
    assert run.hear(*dearer(T, "81", "81")).left == []
    assert run.hear(*dearer(T + 2 * S, "80", "80")).left == [
        ("a", ("ce",), ExitReason.ACCOUNT_PROFIT)
    ]


def test_a_link_that_lives_again_is_given_three_seconds_to_bring_every_price() -> None:
    """Its first frames tell of one leg after another, and the rest stood still meanwhile."""
    run = Run().hear(*TWO, *dearer(T, "100", pe="100"), Frame(T + S, {PE: Quote(0)}))
    run.hear(LinkDied(T + 2 * S), LinkRevived(T + 60 * S), *dearer(T + 60 * S, *["120"] * 4))
    assert run.paused == []
    assert run.hear(*dearer(T + 64 * S, "120", "120")).paused == [T + 65 * S]


def test_what_is_asked_for_on_a_dead_link_is_held_to_the_limit_of_loss_too() -> None:
    """Though the quote of one leg never comes."""
    for put in (None, "100"):
        run = Run().hear(*TWO, *dearer(T, "100", pe=put), LinkDied(T + 3 * S))
        run.hear(*[FramePolled(each) for each in dearer(T + 13 * S, *["120"] * 9)])
        assert run.paused == [T + 18 * S]


def test_what_no_answer_priced_is_waited_for_anew_once_the_link_lives() -> None:
    run = Run().hear(*TWO, *dearer(T, "100", pe="100"), LinkDied(T + 3 * S))
    run.hear(*[FramePolled(each) for each in dearer(T + 13 * S, *["100"] * 9)])
    run.hear(LinkRevived(T + 30 * S), *dearer(T + 30 * S, *["120"] * 9))
    assert run.paused == [T + 35 * S]


def test_what_is_carried_counts_after_a_restart_at_what_its_day_was_marked_at() -> None:
    """A put that nobody quotes has made nothing today, and what it made before is none of today."""
    run = Run().hear(day_opened(), *short("a", "ce", carried=True))
    run.hear(*short("b", "pe", carried=True), *dearer(T, "100", pe="80"), day_ended())
    opens_ns = clock("09:15:00", NEXT_DAY)
    for each in (run.again(), run.hear(day_opened(NEXT_DAY)).again(), run):
        each.hear(day_opened(NEXT_DAY), *dearer(opens_ns, *["113"] * 9))
        assert each.paused == []
        assert each.hear(*dearer(opens_ns + 9 * S, "114", "114")).paused == [opens_ns + 10 * S]


# --- a close that nobody saw ----------------------------------------------------------------------


def carried(*seen: Frame, end=None) -> Run:
    """A pair that was sold at 100, seen for a while, and not at the close of its first day."""
    entry = replace(opened(), exit_ns=FAR)
    run = Run().hear(day_opened(), entry, sold("ce"), sold("pe"), ended(), *seen).again()
    return run.hear(end or day_ended())


OPENS = clock("09:15:00", NEXT_DAY)


@pytest.mark.parametrize("before", ["80", "106"], ids=["gained", "lost"])
def test_what_nobody_saw_at_a_close_counts_from_its_first_whole_valuation_after_it(before) -> None:
    """Neither what it had made before nor what half of it shows is of this day."""
    run = carried(*dearer(T, before, pe=before)).hear(day_opened(NEXT_DAY))
    run.hear(*dearer(OPENS, *["300"] * 9))
    assert (run.paused, run.notes(NoteKind.GAP)) == ([], [])
    assert [each for each in run.notes(NoteKind.STALE) if "account" in each] == [BLIND]
    run.hear(*dearer(OPENS + 9 * S, *["108"] * 9, pe="108"))
    (text,) = run.notes(NoteKind.GAP)
    assert text == (
        f"nobody saw what s was worth when {DAY} closed: the account's limits count its profit of"
        " today from here, where it is -1200.00"
    )
    assert run.paused == []
    lost = dearer(OPENS + 20 * S, "115", "115", pe="115")
    assert run.hear(*lost).paused == [OPENS + 21 * S]


def test_a_restart_finds_where_such_a_day_began() -> None:
    """It is recorded as the mark of the day that nobody saw, and is told once."""
    run = carried().hear(day_opened(NEXT_DAY), *dearer(OPENS, "110", pe="90"))
    late, mark = (each for each in run.record if isinstance(each, DayMarked))
    assert (late.last, late.day) == (None, DAY)
    assert mark == replace(
        late,
        last=(OPENS, 0),
        marks=(("ce", e4("110")), ("pe", e4("90"))),
        at_ns=OPENS,
    )
    for again in (run.again(), run.again().again(), run.again().hear(day_opened(NEXT_DAY))):
        again.hear(*dearer(OPENS + S, "114", "114", pe="100"))
        assert (again.paused, len(again.notes(NoteKind.GAP))) == ([OPENS + 2 * S], 1)
        unquoted = run.again().hear(*dearer(OPENS + S, *["123"] * 9))
        assert unquoted.paused == []


def test_a_day_that_was_seen_to_its_end_begins_the_next_where_it_ended() -> None:
    """The gap of the night is of the day that it opens; nothing of it is told."""
    run = Run().hear(day_opened(), *short("a", "ce", carried=True), *dearer(T, "100"), day_ended())
    for each in (run.again(), run):
        each.hear(day_opened(NEXT_DAY), *dearer(OPENS, "114", "114"))
        assert (each.paused, each.notes(NoteKind.GAP)) == ([OPENS + S], [])


def test_a_closed_day_leaves_what_is_carried_where_it_was() -> None:
    """Nobody sees a price on it, and none has changed."""
    run = Run().hear(day_opened(), *short("a", "ce", carried=True), *dearer(T, "100"), day_ended())
    run.hear(day_opened(NEXT_DAY, closed=True), day_ended(NEXT_DAY))
    start = clock("09:15:00", THIRD_DAY)
    for each in (run.again(), run):
        each.hear(day_opened(THIRD_DAY), *dearer(start, "114", "114"))
        assert (each.paused, each.notes(NoteKind.GAP)) == ([start + S], [])


def test_a_closed_day_after_a_close_that_nobody_saw_begins_nothing() -> None:
    run = carried().hear(day_opened(NEXT_DAY, closed=True), day_ended(NEXT_DAY)).again()
    start = clock("09:15:00", THIRD_DAY)
    run.hear(day_opened(THIRD_DAY), *dearer(start, "120", "120", "120", pe="120"))
    assert run.paused == []
    assert [each.day for each in run.record if isinstance(each, DayMarked)] == [DAY, NEXT_DAY, DAY]


def test_what_is_gone_before_it_was_valued_has_made_nothing_that_day() -> None:
    """Nobody knows what of its profit is of which day."""
    gone = [sold(leg, bought="130", at_ns=OPENS) for leg in ("ce", "pe")]
    run = carried().hear(day_opened(NEXT_DAY), *gone, *dearer(OPENS + S, "1", "1", "1"))
    assert (run.paused, len(run.notes(NoteKind.GAP))) == ([], 1)
    assert run.again().hear(*dearer(OPENS + 9 * S, "1", "1", "1")).paused == []


def test_what_fills_on_the_day_after_its_entry_counts_from_its_entry() -> None:
    """There was nothing to be seen of it at the close."""
    entry, *filled = short("a", "ce", carried=True)
    run = Run().hear(day_opened(), entry, day_ended(), day_opened(NEXT_DAY), *filled)
    run.hear(*dearer(OPENS, "114", "114"))
    assert (run.paused, run.notes(NoteKind.GAP)) == ([OPENS + S], [])


def test_what_expired_before_it_was_valued_begins_no_day() -> None:
    """Its price is not known, so it has no profit; the rest of its entry may still come."""
    entry, filled, _ = short("a", "ce", carried=True)
    run = Run().hear(day_opened(), entry, filled).again().hear(day_ended(), day_opened(NEXT_DAY))
    run.hear(LegExpired("a", "ce", CE, OPENS), *dearer(OPENS + S, "1", "1"))
    assert run.notes(NoteKind.GAP) == []


def test_a_leg_that_nobody_quoted_since_a_restart_is_marked_at_its_last_price() -> None:
    """As it would have been without the restart; the day was seen, all but this."""
    run = Run().hear(day_opened(), replace(opened(), exit_ns=FAR), sold("ce"), sold("pe"), ended())
    run.hear(*dearer(T, "100", pe="90"), day_ended()).hear(day_opened(NEXT_DAY))
    for each in (run.again(), run):
        each.hear(*dearer(OPENS, "101"), day_ended(NEXT_DAY))
        *_, mark = (fact for fact in each.record if isinstance(fact, DayMarked))
        assert mark.marks == (("ce", e4("101")), ("pe", e4("90")))


def test_a_mark_of_a_day_before_marks_no_day_that_nobody_saw() -> None:
    """After two restarts the record knows what it was worth two days ago, and that is not told."""
    run = Run().hear(day_opened(), *short("a", "ce", carried=True), *dearer(T, "90"), day_ended())
    run = run.hear(day_opened(NEXT_DAY)).again().hear(day_ended(NEXT_DAY))
    marks = [(each.day, each.marks) for each in run.record if isinstance(each, DayMarked)]
    assert marks == [(DAY, (("ce", e4("90")),)), (NEXT_DAY, ())]


# --- what comes after the verdict -----------------------------------------------------------------


def kept(strategy: str, leg: str, day: date = DAY):
    """An entry of one leg that keeps whatever of it is filled."""
    entry = opened(strategy, (leg,), day)
    return replace(entry, basket=replace(entry.basket, on_fail=OnFail.KEEP))


def verdict() -> Run:
    """A day that was left at a loss; an entry of t had ended before without a fill."""
    entries = [day_opened(), *short("a", "ce"), kept("t", "pe"), ended("t", because="no time left")]
    return Run().hear(*entries, *dearer(T, "120", "120"))


def test_once_an_account_was_left_nobody_is_told_that_its_limit_is_judged_without_a_price() -> None:
    run = Run().hear(*TWO, *dearer(T, "120", "120", pe="100"))
    assert run.paused == [T + S]
    run.hear(*[Frame(T + n * S, {PE: Quote(0)}) for n in range(2, 12)])
    assert BLIND not in run.notes(NoteKind.STALE)


@pytest.mark.parametrize("restarted", [False, True])
def test_what_fills_of_an_entry_that_had_ended_before_the_account_was_left_is_left_too(
    restarted,
) -> None:
    """It was cancelled, and had filled after all."""
    run = verdict()
    assert run.paused == [T + S]
    run.record.append(EntriesPaused("the account's limit: account_loss", T + S))
    run = run.again() if restarted else run
    run.hear(sold("pe", strategy="t", at_ns=T + 20 * S))
    assert run.left[-1] == ("t", ("pe",), ExitReason.ACCOUNT_LOSS)


def test_an_entry_that_was_under_way_unheard_when_the_account_was_left_is_left_too() -> None:
    """The router had taken it before it heard of the pause."""
    run = verdict().hear(kept("u", "pe"), sold("pe", strategy="u", at_ns=T + 2 * S))
    assert run.left[-1] == ("u", ("pe",), ExitReason.ACCOUNT_LOSS)


def test_what_is_entered_on_the_day_after_is_not_left() -> None:
    run = verdict().hear(day_ended(), day_opened(NEXT_DAY))
    count = len(run.left)
    run.hear(*short("u", "pe", NEXT_DAY), *dearer(OPENS, "100", pe="100"))
    assert [each for each in run.left[count:] if each[0] == "u"] == []
