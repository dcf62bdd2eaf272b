"""Stops, targets and trails of one leg: where they stand and what they do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.money import E4, e4
from daemon.domain.orders.words import Side
from daemon.domain.risk.legs import (
    Levels,
    arm,
    judge_leg,
    rearm,
    replay_hand,
    reset,
    resident_base_e4,
    retrace,
    tighten,
)
from daemon.domain.risk.words import Distance, ExitReason, LegRules, Trail


def percent(value: int) -> Distance:
    return Distance(percent_e4=value * E4)


def points(value: str) -> Distance:
    return Distance(points_e4=e4(value))


TRAILED = LegRules(stop=points("30"), trail=Trail(points("10"), points("5")))
distances = st.one_of(
    st.integers(1, 300 * E4).map(lambda value: Distance(percent_e4=value)),
    st.integers(1, 300 * E4).map(lambda value: Distance(points_e4=value)),
)
trails = st.builds(Trail, distances, distances)
rules = st.builds(LegRules, stop=distances, target=st.none() | distances, trail=trails | st.none())
prices = st.lists(st.integers(1, 400 * E4), min_size=1, max_size=40)


def at(levels: Levels, *path: str) -> list[ExitReason | None]:
    """Judge one price after the other."""
    return [judge_leg(levels, e4(price), e4(price), e4(price))[1] for price in path]


@pytest.mark.parametrize(
    ("side", "entry", "stop", "target", "expected"),
    [
        (Side.SELL, "118.60", percent(400), None, ("593.00", "0")),
        (Side.SELL, "100", percent(30), percent(60), ("130", "40")),
        (Side.SELL, "100", points("12.5"), points("7"), ("112.5", "93")),
        (Side.SELL, "100", None, percent(100), ("0", "0")),
        (Side.BUY, "100", percent(30), percent(60), ("70", "160")),
        (Side.BUY, "100", points("12.5"), points("7"), ("87.5", "107")),
        (Side.BUY, "100", percent(100), None, ("0", "0")),
        (Side.SELL, "0.0005", percent(50), None, ("0.0007", "0")),
        (Side.SELL, "0.0003", percent(50), None, ("0.0005", "0")),
    ],
)
def test_levels_stand_at_their_distance_from_the_entry(
    side: Side,
    entry: str,
    stop: Distance | None,
    target: Distance | None,
    expected: tuple[str, str],
) -> None:
    """A short's stop is above, a long's below; half to even; unreachable is none."""
    levels = arm(LegRules(stop=stop, target=target), side, e4(entry))
    assert (levels.stop_e4, levels.target_e4) == tuple(e4(each) for each in expected)


@pytest.mark.parametrize(
    ("side", "low", "high", "last", "expected"),
    [
        (Side.SELL, "99", "129.95", "100", None),
        (Side.SELL, "99", "130", "100", ExitReason.STOP),
        (Side.SELL, "60", "99", "99", ExitReason.TARGET),
        (Side.SELL, "60.05", "99", "99", None),
        (Side.SELL, "59", "131", "100", ExitReason.STOP),
        (Side.BUY, "70.05", "101", "100", None),
        (Side.BUY, "70", "101", "100", ExitReason.STOP),
        (Side.BUY, "99", "140", "100", ExitReason.TARGET),
        (Side.BUY, "99", "139.95", "100", None),
        (Side.BUY, "69", "141", "100", ExitReason.STOP),
    ],
)
def test_a_level_fires_when_it_is_reached(
    side: Side, low: str, high: str, last: str, expected: ExitReason | None
) -> None:
    """A spike counts; of two in one frame the worse is taken."""
    levels = arm(LegRules(stop=percent(30), target=percent(40)), side, e4("100"))
    assert judge_leg(levels, e4(low), e4(high), e4(last)) == (False, expected)


@pytest.mark.parametrize("side", list(Side))
def test_a_leg_without_rules_is_never_left(side: Side) -> None:
    assert at(arm(LegRules(), side, e4("100")), "0.05", "100000") == [None, None]


@pytest.mark.parametrize(
    ("side", "path", "expected"),
    [
        (Side.SELL, ["90.05"], "130"),
        (Side.SELL, ["90"], "125"),
        (Side.SELL, ["71", "99"], "120"),
        (Side.SELL, ["60", "90", "55"], "110"),
        (Side.BUY, ["109.95"], "70"),
        (Side.BUY, ["110"], "75"),
        (Side.BUY, ["129", "101"], "80"),
    ],
)
def test_the_stop_follows_every_whole_step(side: Side, path: list[str], expected: str) -> None:
    """5 for each 10 of the best price so far, from a stop 30 away."""
    levels = arm(TRAILED, side, e4("100"))
    at(levels, *path)
    assert levels.stop_e4 == e4(expected)


def test_percent_trails_count_from_the_entry_price() -> None:
    levels = arm(LegRules(percent(30), trail=Trail(percent(10), percent(5))), Side.SELL, e4("200"))
    at(levels, "160")
    assert levels.stop_e4 == e4("240")


def test_a_trail_without_a_stop_does_nothing() -> None:
    levels = arm(LegRules(trail=TRAILED.trail), Side.SELL, e4("100"))
    at(levels, "50")
    assert levels.stop_e4 == 0


def test_a_stop_that_the_trail_has_moved_gives_the_trail_as_reason() -> None:
    assert at(arm(TRAILED, Side.SELL, e4("100")), "130") == [ExitReason.STOP]
    assert at(arm(TRAILED, Side.SELL, e4("100")), "90", "125") == [None, ExitReason.TRAIL]


def test_a_stop_that_moves_past_the_last_price_fires_at_once() -> None:
    """Down to 40 and back to 101 in one frame: the stop stands at 100 now."""
    levels = arm(TRAILED, Side.SELL, e4("100"))
    assert judge_leg(levels, e4("40"), e4("101"), e4("101")) == (True, ExitReason.TRAIL)


def test_a_stop_that_has_just_moved_is_not_weighed_against_an_older_spike() -> None:
    """The 101 may have come before the 40."""
    levels = arm(TRAILED, Side.SELL, e4("100"))
    assert judge_leg(levels, e4("40"), e4("101"), e4("45")) == (True, None)


def test_a_step_too_small_to_move_the_stop_moves_nothing() -> None:
    trail = Trail(Distance(percent_e4=1), Distance(percent_e4=1))
    levels = arm(LegRules(stop=percent(30), trail=trail), Side.SELL, e4("0.05"))
    assert judge_leg(levels, e4("0.04"), e4("0.04"), e4("0.04")) == (False, None)


def test_a_step_below_the_smallest_price_is_the_smallest_price() -> None:
    trail = Trail(Distance(percent_e4=1), percent(10))
    levels = arm(LegRules(stop=percent(30), trail=trail), Side.SELL, e4("0.05"))
    assert judge_leg(levels, *[e4("0.0499")] * 3) == (True, None)
    assert levels.stop_e4 == e4("0.06")


@pytest.mark.parametrize(
    ("side", "stop", "loosen", "expected"),
    [
        (Side.SELL, "120", False, "120"),
        (Side.SELL, "140", False, None),
        (Side.SELL, "130", False, None),
        (Side.SELL, "140", True, "140"),
        (Side.BUY, "80", False, "80"),
        (Side.BUY, "60", False, None),
        (Side.BUY, "60", True, "60"),
    ],
)
def test_a_hand_tightens_freely_and_loosens_with_leave(
    side: Side, stop: str, loosen: bool, expected: str | None
) -> None:
    """Refused, the stop stays where it was."""
    levels = arm(LegRules(stop=percent(30)), side, e4("100"))
    before_e4 = levels.stop_e4
    assert tighten(levels, e4(stop), loosen=loosen) is (expected is not None)
    assert levels.stop_e4 == (before_e4 if expected is None else e4(expected))


def test_a_hand_may_set_the_first_stop() -> None:
    levels = arm(LegRules(), Side.SELL, e4("100"))
    assert tighten(levels, e4("150"))
    assert at(levels, "150") == [ExitReason.STOP]


def test_the_trail_goes_on_from_a_stop_set_by_hand() -> None:
    """One step done, the stop loosened to 135: the next step brings it to 130, not to 120."""
    levels = arm(TRAILED, Side.SELL, e4("100"))
    at(levels, "90")
    tighten(levels, e4("135"), loosen=True)
    assert at(levels, "89", "80", "130") == [None, None, ExitReason.TRAIL]


def test_a_stop_set_by_hand_gives_the_stop_as_reason() -> None:
    levels = arm(TRAILED, Side.SELL, e4("100"))
    at(levels, "90")
    tighten(levels, e4("110"))
    assert at(levels, "110") == [ExitReason.STOP]


@pytest.mark.parametrize("side", list(Side))
def test_another_fill_moves_the_levels_with_the_average(side: Side) -> None:
    levels = rearm(arm(TRAILED, side, e4("100")), TRAILED, e4("102"))
    assert levels.stop_e4 == e4("102") - side.sign * e4("30")


def test_another_fill_keeps_what_the_trail_has_followed() -> None:
    levels = arm(TRAILED, Side.SELL, e4("100"))
    at(levels, "80")
    assert rearm(levels, TRAILED, e4("101")).stop_e4 == e4("121")


@pytest.mark.parametrize(
    ("seen", "entry", "stop"),
    [("81", "101", "126"), ("90", "99", "124"), ("81", "110", "130")],
    ids=["beyond a whole step is in no record", "no step is taken back", "what it went to counts"],
)
def test_another_average_counts_the_trail_by_whole_steps(seen: str, entry: str, stop: str) -> None:
    """A short at 100 with a stop of 30 that follows each 10 by 5: it has taken one step to 125."""
    levels = arm(TRAILED, Side.SELL, e4("100"))
    at(levels, seen)
    assert levels.stop_e4 == e4("125")
    assert rearm(levels, TRAILED, e4(entry)).stop_e4 == e4(stop)


def test_another_fill_keeps_a_stop_set_by_hand() -> None:
    levels = arm(TRAILED, Side.SELL, e4("100"))
    tighten(levels, e4("115"))
    levels = rearm(levels, TRAILED, e4("101"))
    assert (levels.stop_e4, levels.by_hand) == (e4("115"), True)


def test_a_recorded_trail_is_taken_back() -> None:
    """The stop, the steps that were done, and the reason that it gives."""
    levels = arm(TRAILED, Side.SELL, e4("100"))
    retrace(levels, e4("120"), e4("80"))
    assert at(levels, "75", "70", "115") == [None, None, ExitReason.TRAIL]


def test_the_tighter_of_two_records_stands() -> None:
    levels = arm(TRAILED, Side.SELL, e4("100"))
    retrace(levels, e4("112"), e4("80"))
    retrace(levels, e4("119"), e4("90"))
    assert (levels.stop_e4, levels.best_e4, levels.trailed) == (e4("112"), e4("80"), True)


def test_a_recorded_arming_forgets_what_was_trailed_from_another_entry() -> None:
    """It is followed as far as it was then: one step."""
    levels = arm(TRAILED, Side.SELL, e4("100"))
    retrace(levels, e4("112"), e4("80"))
    reset(levels, e4("89"))
    assert levels.stop_e4 == e4("125")


def test_a_recorded_arming_of_a_stop_that_is_out_of_reach_is_none() -> None:
    levels = arm(LegRules(stop=points("120")), Side.BUY, e4("100"))
    reset(levels, e4("100"))
    assert (levels.stop_e4, levels.low_trip_e4) == (0, -1)


def test_a_recorded_hand_stands_whichever_way_it_went() -> None:
    levels = arm(TRAILED, Side.SELL, e4("100"))
    replay_hand(levels, e4("140"), e4("80"))
    assert at(levels, "79", "139.95", "70", "135") == [None, None, None, ExitReason.TRAIL]


def test_a_recorded_arming_leaves_a_stop_set_by_hand() -> None:
    levels = arm(TRAILED, Side.SELL, e4("100"))
    tighten(levels, e4("115"))
    reset(levels, e4("90"))
    assert at(levels, "89", "80", "110") == [None, None, ExitReason.TRAIL]


def test_a_trail_may_bring_a_stop_into_reach() -> None:
    """A long's stop 120 below an entry at 100 is none, until the trail has brought it up to 30."""
    trail = Trail(points("10"), points("25"))
    levels = arm(LegRules(stop=points("120"), trail=trail), Side.BUY, e4("100"))
    assert at(levels, "0.05", "120", "55", "30") == [None, None, None, ExitReason.TRAIL]


def test_a_shorts_stop_that_overtakes_the_price_fires_even_at_zero() -> None:
    """Following 50 for each 10, the stop passes zero while the price cannot."""
    rules = LegRules(stop=points("30"), trail=Trail(points("10"), points("50")))
    assert at(arm(rules, Side.SELL, e4("100")), "70") == [ExitReason.TRAIL]


@given(rules, st.sampled_from(Side), st.integers(1, 200 * E4), prices)
def test_no_prices_loosen_a_stop(
    held_to: LegRules, side: Side, entry_e4: int, path: list[int]
) -> None:
    """Whatever the market does, the stop stays or comes nearer."""
    levels = arm(held_to, side, entry_e4)
    for price_e4 in path:
        before_e4 = levels.stop_e4
        moved, _ = judge_leg(levels, price_e4, price_e4, price_e4)
        nearer_e4 = side.sign * (levels.stop_e4 - before_e4)
        assert nearer_e4 > 0 if moved else nearer_e4 == 0


@given(rules, st.sampled_from(Side), st.integers(1, 200 * E4), prices)
def test_a_verdict_needs_a_level_that_is_crossed(
    held_to: LegRules, side: Side, entry_e4: int, path: list[int]
) -> None:
    """A stop or trail fires beyond the stop, a target beyond the target, nothing else at all."""
    levels = arm(held_to, side, entry_e4)
    for price_e4 in path:
        _, reason = judge_leg(levels, price_e4, price_e4, price_e4)
        at_stop = levels.stop_e4 > 0 and side.sign * (price_e4 - levels.stop_e4) <= 0
        at_target = levels.target_e4 > 0 and side.sign * (price_e4 - levels.target_e4) >= 0
        assert (reason in (ExitReason.STOP, ExitReason.TRAIL)) == at_stop
        assert (reason is ExitReason.TARGET) == (at_target and not at_stop)


@given(rules, st.sampled_from(Side), st.integers(1, 200 * E4), prices)
def test_between_the_trips_nothing_happens(
    held_to: LegRules, side: Side, entry_e4: int, path: list[int]
) -> None:
    """So a frame between them need not be judged."""
    levels = arm(held_to, side, entry_e4)
    for price_e4 in path:
        quiet = levels.low_trip_e4 < price_e4 < levels.high_trip_e4
        verdict = judge_leg(levels, price_e4, price_e4, price_e4)
        assert not quiet or verdict == (False, None)


@pytest.mark.parametrize(
    ("side", "target", "trips"),
    [
        (Side.SELL, "40", ("90", "130")),
        (Side.SELL, "5", ("95", "130")),
        (Side.BUY, "40", ("70", "110")),
        (Side.BUY, "5", ("70", "105")),
    ],
)
def test_between_its_stop_and_the_nearer_of_target_and_next_step_nothing_happens_to_a_leg(
    side: Side, target: str, trips: tuple[str, str]
) -> None:
    levels = arm(LegRules(TRAILED.stop, points(target), TRAILED.trail), side, e4("100"))
    assert (levels.low_trip_e4, levels.high_trip_e4) == tuple(map(e4, trips))


@pytest.mark.parametrize(
    ("rules", "base_e4"),
    [
        (None, 0),
        (LegRules(), 0),
        (LegRules(stop=Distance(percent_e4=e4(30))), e4(130)),
    ],
)
def test_a_resident_stop_lies_beyond_the_stop_of_its_leg_or_nowhere(rules, base_e4):
    assert resident_base_e4(rules, e4(100)) == base_e4
