from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyrate_limiter import InMemoryBucket, Rate, RateItem

from daemon.runtime.budget import Budget, Granted, Priority, Wait, Window

SECOND_NS = 1_000_000_000
T0_NS = 1_795_405_500 * SECOND_NS
WRITES = (
    Window(limit=8, span_ns=SECOND_NS, reserved=3),
    Window(limit=300, span_ns=60 * SECOND_NS, reserved=60),
)
SMALL = (Window(limit=3, span_ns=10, reserved=1), Window(limit=5, span_ns=25, reserved=2))
"""Windows so short that a few dozen instants cross every boundary of both."""

GAPS = st.lists(st.integers(0, 9), max_size=60)
LANES = st.sampled_from(Priority)
ASKED = st.lists(st.tuples(st.integers(0, 9), LANES), max_size=60)


def taken(budget: Budget, instants, lane: Priority = Priority.EXIT) -> list[int]:
    answers = ((now_ns, budget.take(now_ns, lane)) for now_ns in instants)
    return [now_ns for now_ns, answer in answers if isinstance(answer, Granted)]


def fullest(instants: list[int], span_ns: int) -> int:
    """The most instants in any half-open stretch of that length."""
    return max((sum(a <= b < a + span_ns for b in instants) for a in instants), default=0)


def test_entries_leave_the_reserved_slots_and_exits_may_use_them() -> None:
    """Five of eight a second go to entries, the other three to exits, then both wait."""
    budget = Budget(WRITES)
    entries = [budget.take(T0_NS, Priority.ENTRY) for _ in range(6)]
    exits = [budget.take(T0_NS, Priority.EXIT) for _ in range(4)]
    free_ns = T0_NS + SECOND_NS
    assert entries == [Granted(T0_NS)] * 5 + [Wait(free_ns)]
    assert exits == [Granted(T0_NS)] * 3 + [Wait(free_ns)]


def test_exits_count_against_entries() -> None:
    """After an entry is granted, at least the reserved slots are free, whoever took the rest."""
    budget = Budget(WRITES)
    taken(budget, [T0_NS] * 5)
    assert budget.take(T0_NS, Priority.ENTRY) == Wait(T0_NS + SECOND_NS)


def test_a_window_that_binds_no_exit_counts_it_all_the_same() -> None:
    budget = Budget([Window(2, 10, binds_exits=False), Window(4, 1)])
    assert [budget.take(0, Priority.EXIT) for _ in range(4)] == [Granted(0)] * 4
    assert budget.take(0, Priority.EXIT) == Wait(1)
    assert (budget.room(5, Priority.EXIT), budget.room(5, Priority.ENTRY)) == (4, 0)
    assert budget.take(5, Priority.ENTRY) == Wait(10)
    assert budget.take(10, Priority.ENTRY) == Granted(10)


def test_the_longer_window_holds_when_the_shorter_has_room() -> None:
    """Three hundred in a minute, and not one more before the first of them is a minute old."""
    budget = Budget(WRITES)
    instants = [T0_NS + n * SECOND_NS // 8 for n in range(8 * 60)]
    assert taken(budget, instants) == instants[:300]
    assert budget.take(instants[-1], Priority.EXIT) == Wait(T0_NS + 60 * SECOND_NS)


@pytest.mark.parametrize(("after_ns", "granted"), [(9, False), (10, True), (11, True)])
def test_a_slot_is_free_again_one_span_later_exactly(after_ns: int, granted: bool) -> None:
    """The stretch is half-open: a call counts at its own instant and not at the far end."""
    budget = Budget([Window(limit=1, span_ns=10)])
    budget.take(T0_NS, Priority.EXIT)
    assert isinstance(budget.take(T0_NS + after_ns, Priority.EXIT), Granted) is granted


def test_a_refusal_takes_nothing() -> None:
    """However often one asks in vain, the answer stays the same."""
    budget = Budget([Window(limit=1, span_ns=10)])
    budget.take(0, Priority.EXIT)
    assert {budget.take(now_ns, Priority.EXIT) for now_ns in range(10)} == {Wait(10)}
    assert budget.snapshot() == (0,)


@given(ASKED)
def test_no_stretch_anywhere_holds_more_than_its_limit(asked) -> None:
    """Counted from every call on, in both windows; entries alone leave the reserve free."""
    budget, everything, entries = Budget(SMALL), [], []
    now_ns = 0
    for gap_ns, lane in asked:
        now_ns += gap_ns
        if isinstance(budget.take(now_ns, lane), Granted):
            everything.append(now_ns)
            entries += [now_ns] if lane is Priority.ENTRY else []
    for window in SMALL:
        assert fullest(everything, window.span_ns) <= window.limit
        assert fullest(entries, window.span_ns) <= window.slots(Priority.ENTRY)


@given(ASKED)
def test_after_an_entry_the_reserve_is_free(asked) -> None:
    """Whatever went before, the reserved exits could leave at the same instant."""
    budget, now_ns = Budget(SMALL), 0
    for gap_ns, lane in asked:
        now_ns += gap_ns
        answer = budget.take(now_ns, lane)
        if lane is Priority.ENTRY and isinstance(answer, Granted):
            assert budget.room(now_ns, Priority.EXIT) >= 1


@given(GAPS)
def test_exits_alone_are_granted_exactly_when_pyrate_limiter_grants(gaps_ns: list[int]) -> None:
    """An independent sliding log, whose windows are closed at both ends, hence one shorter."""
    oracle = InMemoryBucket([Rate(window.limit, window.span_ns - 1) for window in SMALL])
    instants = list(accumulate(gaps_ns))
    expected = [now_ns for now_ns in instants if oracle.put(RateItem("call", now_ns))]
    assert taken(Budget(SMALL), instants) == expected


@given(GAPS)
def test_in_one_window_the_wait_is_that_of_pyrate_limiter(gaps_ns: list[int]) -> None:
    """Both name the same instant at which the call may be made."""
    budget = Budget([Window(limit=3, span_ns=10)])
    oracle = InMemoryBucket([Rate(3, 9)])
    for now_ns in accumulate(gaps_ns):
        item = RateItem("call", now_ns)
        granted = oracle.put(item)
        expected = Granted(now_ns) if granted else Wait(now_ns + oracle.waiting(item))
        assert budget.take(now_ns, Priority.EXIT) == expected


@given(ASKED, LANES)
def test_a_wait_is_exact(asked, lane: Priority) -> None:
    """At the instant named the call is granted; a nanosecond before it is not."""
    budget, now_ns = Budget(SMALL), 0
    for gap_ns, other in asked:
        now_ns += gap_ns
        budget.take(now_ns, other)
    answer = budget.take(now_ns, lane)
    if isinstance(answer, Wait):
        assert budget.take(answer.until_ns - 1, lane) == answer
        assert budget.take(answer.until_ns, lane) == Granted(answer.until_ns)


@given(ASKED, LANES)
def test_when_a_slot_is_free_is_told_without_taking_it(asked, lane: Priority) -> None:
    """Now where one could be taken, else when the wait would be over."""
    budget, now_ns = Budget(SMALL), 0
    for gap_ns, other in asked:
        now_ns += gap_ns
        budget.take(now_ns, other)
    before, told_ns = budget.snapshot(), budget.free_ns(now_ns, lane)
    assert budget.snapshot() == before
    answer = budget.take(now_ns, lane)
    assert told_ns == (answer.until_ns if isinstance(answer, Wait) else now_ns)


@given(ASKED, ASKED, st.randoms(use_true_random=False))
def test_a_restart_changes_no_answer(before, after, shuffler) -> None:
    """A budget restored from the instants, in whatever order, goes on as the old one would."""
    old, new, now_ns = Budget(SMALL), Budget(SMALL), 0
    for gap_ns, lane in before:
        now_ns += gap_ns
        old.take(now_ns, lane)
    instants = list(old.snapshot())
    shuffler.shuffle(instants)
    new.restore(instants)
    for gap_ns, lane in after:
        now_ns += gap_ns
        assert new.take(now_ns, lane) == old.take(now_ns, lane)


def test_an_empty_log_is_restored_too() -> None:
    """Nothing taken before means everything free now."""
    budget = Budget([Window(limit=1, span_ns=10)])
    budget.take(0, Priority.EXIT)
    budget.restore(())
    assert budget.take(0, Priority.EXIT) == Granted(0)


@given(st.lists(st.integers(0, 1_000), max_size=200))
def test_memory_is_bounded(instants: list[int]) -> None:
    """However much is taken or restored, no more is kept than the largest limit."""
    budget = Budget(SMALL)
    budget.restore(instants)
    taken(budget, range(1_000, 1_100))
    kept = budget.snapshot()
    assert len(kept) <= 5
    assert all(at_ns > 1_099 - 25 for at_ns in kept)


def test_more_than_the_limit_restored_still_waits_for_the_newest() -> None:
    """A log written under larger limits weighs in full under smaller ones."""
    budget = Budget([Window(limit=2, span_ns=10)])
    budget.restore([1, 2, 3, 4, 5])
    assert budget.take(6, Priority.EXIT) == Wait(14)


@given(st.lists(st.tuples(st.integers(-9, 9), LANES), max_size=60))
def test_a_clock_that_trembles_grants_nothing_more(asked) -> None:
    """Counted at the instants it was granted at, which never fall, every stretch keeps its limit.

    And each is granted no sooner than the latest clock it was asked under allows.
    """
    budget, granted, now_ns, latest_ns = Budget(SMALL), [], 1_000, 0
    for step_ns, lane in asked:
        now_ns = max(now_ns + step_ns, latest_ns - 9)
        latest_ns = max(latest_ns, now_ns)
        answer = budget.take(now_ns, lane)
        if isinstance(answer, Granted):
            assert answer.at_ns == latest_ns
            granted.append(answer.at_ns)
    for window in SMALL:
        assert fullest(granted, window.span_ns) <= window.limit


def test_a_small_step_back_is_waited_out() -> None:
    """Nine hundred milliseconds back, the second is over when the old reckoning says so."""
    budget = Budget(WRITES)
    taken(budget, [T0_NS] * 8)
    answer = budget.take(T0_NS - 9 * SECOND_NS // 10, Priority.EXIT)
    assert answer == Wait(T0_NS + SECOND_NS)


def test_a_clock_set_back_by_an_hour_holds_an_exit_for_one_window_only() -> None:
    """The log moves along: as full as before, but reckoned from the new instant."""
    budget = Budget(WRITES)
    taken(budget, [T0_NS] * 8)
    earlier_ns = T0_NS - 3_600 * SECOND_NS
    assert budget.take(earlier_ns, Priority.EXIT) == Wait(earlier_ns + SECOND_NS)
    assert budget.take(earlier_ns + SECOND_NS, Priority.EXIT) == Granted(earlier_ns + SECOND_NS)


@pytest.mark.parametrize(
    ("calls", "entries", "exits"), [(0, 5, 8), (4, 1, 4), (5, 0, 3), (7, 0, 1), (8, 0, 0)]
)
def test_room_is_what_could_leave_at_once(calls: int, entries: int, exits: int) -> None:
    """The fewest slots over all windows, never below none."""
    budget = Budget(WRITES)
    taken(budget, [T0_NS] * calls)
    rooms = (budget.room(T0_NS, Priority.ENTRY), budget.room(T0_NS, Priority.EXIT))
    assert rooms == (entries, exits)


@given(ASKED, LANES)
def test_room_is_exactly_what_is_then_granted(asked, lane: Priority) -> None:
    """So many calls in a row are granted, and the next waits."""
    budget, now_ns = Budget(SMALL), 0
    for gap_ns, other in asked:
        now_ns += gap_ns
        budget.take(now_ns, other)
    room = budget.room(now_ns, lane)
    assert taken(budget, [now_ns] * 9, lane) == [now_ns] * room


@pytest.mark.parametrize(
    ("limit", "span_ns", "reserved", "sentence"),
    [
        (8, 0, 0, "needs a length"),
        (0, 1, 0, "one must be left"),
        (8, 1, 8, "one must be left"),
        (8, 1, -1, "one must be left"),
    ],
)
def test_a_window_that_cannot_be_is_refused(limit, span_ns, reserved, sentence) -> None:
    """Without length, without slots, or with nothing left to entries."""
    with pytest.raises(AssertionError, match=sentence):
        Window(limit, span_ns, reserved)


def test_a_budget_has_a_window() -> None:
    """None at all would be no limit."""
    with pytest.raises(AssertionError, match="would grant everything"):
        Budget([])
