"""What a mirror says of levels: the tighter of two stands, and what cannot be is not taken."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.domain.money import E4, e4
from daemon.domain.orders.words import Side
from daemon.domain.risk.leg_views import view_of
from daemon.domain.risk.legs import arm, catch_up
from daemon.domain.risk.lock_and_trail import Lock, LockStatus, advance
from daemon.domain.risk.mirrored import (
    Known,
    MirroredLeg,
    MirroredLevels,
    Unsound,
    held_against,
    most_e4,
)
from daemon.domain.risk.moves import LevelMoved, Move
from daemon.domain.risk.pnl import LegPosition
from daemon.domain.risk.watched import WatchedLeg, armed, restore_leg
from daemon.domain.risk.words import Distance, LegRules, LockRule, Trail

CE, FUTURE = "NIFTY-2025-09-02-24550-CE", "NIFTY-2025-09-30-FUT"
RULE = LockRule(e4(1500), e4(750), e4(250), e4(200))
STOP = Distance(percent_e4=30 * E4)
TRAIL = LegRules(stop=STOP, trail=Trail(Distance(points_e4=e4(5)), Distance(points_e4=e4(5))))
SHORT = LegPosition("ce", CE, Side.SELL).filled(Side.SELL, 75, e4(100))
LONG = LegPosition("ce", CE, Side.BUY).filled(Side.BUY, 75, e4(100))
NONE = Lock()
T = 1_000
MOST = 75 * e4(100)


def view(position=SHORT, rules=TRAIL, *moves):
    leg = WatchedLeg(position, rules, 75)
    leg.take(position, 0, at_touch=False)
    armed("s", [leg])
    for moved in moves:
        restore_leg(leg, moved)
    return view_of(leg, ruled_by_whole=False)


def known(lock=NONE, *, rule=RULE, legs=(), rules=TRAIL, highest=MOST) -> Known:
    return Known("s", rule, lock, highest, {"ce": rules}, legs)


def levels(lock=NONE, *legs) -> MirroredLevels:
    return MirroredLevels("s:1", lock.status, lock.floor_e4, lock.best_e4, legs)


def locked(profit, rule=RULE) -> Lock:
    return advance(rule, Lock(), e4(profit))


def told(mirrored, of) -> list:
    return list(held_against(mirrored, of, T))


@pytest.mark.parametrize(
    ("kept", "mirrored", "moved"),
    [
        (Lock(), Lock(), None),
        (locked(2000), Lock(), None),
        (locked(2000), locked(1500), None),
        (locked(2000), locked(2000), None),
        (locked(1500), locked(2000), (Move.FLOOR_RAISED, "750", "1150", "2000")),
        (Lock(), locked(1500), (Move.LOCKED, "0", "750", "1500")),
    ],
)
def test_the_higher_of_two_floors_stands(kept, mirrored, moved) -> None:
    """A mirror that was emptied, or is old, changes nothing."""
    expected = []
    if moved is not None:
        move, before, after, best = moved
        expected = [LevelMoved("s", "", move, e4(before), e4(after), T, e4(best))]

    assert told(levels(mirrored), known(kept)) == expected


def test_a_floor_at_no_profit_and_no_loss_is_a_floor_too() -> None:
    rule = LockRule(e4(1500), 0)
    expected = LevelMoved("s", "", Move.LOCKED, 0, 0, T, e4(1500))
    assert told(levels(locked(1500, rule)), known(rule=rule)) == [expected]


@pytest.mark.parametrize(
    ("mirrored", "rule", "because"),
    [
        (locked(2000), None, "a floor is told where no rule makes one"),
        (
            locked(7501),
            RULE,
            "a floor is told on a profit that these positions cannot have had",
        ),
        (
            Lock(LockStatus.LOCKED, e4(7400), e4(7500)),
            RULE,
            "a floor is told that its rule does not put there",
        ),
        (
            Lock(LockStatus.LOCKED, e4(750), e4(1499)),
            RULE,
            "a floor is told that its rule does not put there",
        ),
    ],
)
def test_a_floor_that_cannot_be_is_not_taken(mirrored, rule, because) -> None:
    assert told(levels(mirrored), known(rule=rule)) == [Unsound("s", because)]


@given(
    kept=st.none() | st.integers(1500, 7500),
    best=st.integers(-9_000, 9_000),
    shift=st.sampled_from([0, 0, 0, -1, 1, 10**9]),
)
def test_the_merged_floor_is_the_highest_sound_one_and_never_below_the_records(
    kept, best, shift
) -> None:
    """Whatever is told: sound is what the rule gives for a profit that could have been."""
    record = Lock() if kept is None else locked(kept)
    honest = locked(best)
    floor_e4 = honest.floor_e4 + shift
    sound = honest.status is LockStatus.LOCKED and not shift and best <= 7500
    verdicts = told(levels(Lock(LockStatus.LOCKED, floor_e4, e4(best))), known(record))

    floors = [record.floor_e4] if kept is not None else []
    merged = floors + [each.to_e4 for each in verdicts if isinstance(each, LevelMoved)]
    assert max(merged, default=None) == max(floors + [floor_e4] * sound, default=None)
    assert all(each >= record.floor_e4 for each in merged if kept is not None)


TRAILED = LevelMoved("s", "ce", Move.TRAILED, e4(130), e4(120), 1, e4(90))
BY_HAND = LevelMoved("s", "ce", Move.ADJUSTED, e4(130), e4(115), 1, e4(92))


@pytest.mark.parametrize(
    ("moves", "stop", "best", "moved"),
    [
        ((), "130", "100", None),
        ((), "0", "100", None),
        ((), "120", "90", ("130", "120")),
        ((TRAILED,), "125", "95", None),
        ((TRAILED,), "120", "90", None),
        ((TRAILED,), "110", "80", ("120", "110")),
        ((BY_HAND,), "110", "90", ("115", "110")),
        ((BY_HAND,), "120", "90", None),
    ],
)
def test_the_tighter_of_two_stops_stands(moves, stop, best, moved) -> None:
    """Counted on from where the record has it, a person's move included."""
    leg = MirroredLeg("ce", e4(stop), e4(best))
    expected = []
    if moved is not None:
        before, after = map(e4, moved)
        expected = [LevelMoved("s", "ce", Move.TRAILED, before, after, T, e4(best))]

    assert told(levels(Lock(), leg), known(legs=(view(SHORT, TRAIL, *moves),))) == expected


def test_a_stop_that_is_taken_is_where_a_restore_of_the_fact_puts_it() -> None:
    (moved,) = told(levels(Lock(), MirroredLeg("ce", e4(110), e4(80))), known(legs=(view(),)))

    assert view(SHORT, TRAIL, moved).stop_e4 == e4(110)


@pytest.mark.parametrize(
    ("position", "stop", "best", "because"),
    [
        (SHORT, "119", "90", "a stop of ce is told that its trail does not put there"),
        (SHORT, "40", "0", "ce has followed a price, it is told, that cannot have been"),
        (LONG, "24525.05", "24600", "ce has followed a price, it is told, that cannot have been"),
    ],
)
def test_a_stop_that_cannot_be_is_not_taken(position, stop, best, because) -> None:
    leg = MirroredLeg("ce", e4(stop), e4(best))

    assert told(levels(Lock(), leg), known(legs=(view(position),))) == [Unsound("s", because)]


LOOSENED = LevelMoved("s", "ce", Move.ADJUSTED, e4(130), e4(140), 1, e4(100))
AVERAGED = LevelMoved("s", "ce", Move.ARMED, e4(130), e4(133), 1, e4(100))


@pytest.mark.parametrize("moved", [LOOSENED, AVERAGED])
def test_a_stop_of_before_it_was_loosened_is_no_strangers(moved) -> None:
    """By hand or by a fill, while the mirror could not be written; any other is."""
    record = known(legs=(view(SHORT, TRAIL, moved),))
    older, strange = (MirroredLeg("ce", e4(stop), e4(100)) for stop in (130, 129))

    assert told(levels(Lock(), older), record) == []
    (unsound,) = told(levels(Lock(), strange), record)
    assert isinstance(unsound, Unsound)


def test_a_stop_where_the_record_has_none_is_believed_only_by_its_rule() -> None:
    bare = known(legs=(view(SHORT, LegRules()),), rules=LegRules())

    (unsound,) = told(levels(Lock(), MirroredLeg("ce", e4(120), e4(90))), bare)
    assert isinstance(unsound, Unsound)


@pytest.mark.parametrize(
    "leg",
    [
        view(SHORT.filled(Side.BUY, 75, e4(90))),
        replace(view(), leg_id="pe"),
    ],
    ids=["flat", "another"],
)
def test_what_is_told_of_a_leg_that_is_not_held_is_passed_over(leg) -> None:
    mirrored = levels(Lock(), MirroredLeg("ce", e4(120), e4(90)))

    assert told(mirrored, known(legs=(leg,))) == []


@given(
    side=st.sampled_from(Side),
    kept_at=st.integers(1, 300),
    best=st.integers(0, 400),
    shift=st.sampled_from([0, 0, 0, -1, 1]),
)
def test_the_merged_stop_is_the_tightest_sound_one_and_never_looser_than_the_records(
    side, kept_at, best, shift
) -> None:
    position = LegPosition("ce", CE, side).filled(side, 75, e4(100))
    fresh = arm(TRAIL, side, e4(100))
    record_e4 = catch_up(fresh, e4(kept_at))
    kept = view(
        position, TRAIL, LevelMoved("s", "ce", Move.TRAILED, 0, record_e4, 1, fresh.best_e4)
    )
    further = arm(TRAIL, side, e4(100))
    told_e4 = catch_up(further, e4(best)) + shift
    assume(told_e4 > 0)
    verdicts = told(
        levels(Lock(), MirroredLeg("ce", told_e4, further.best_e4)), known(legs=(kept,))
    )

    sign = 1 if side is Side.BUY else -1
    taken = [each.to_e4 for each in verdicts if isinstance(each, LevelMoved)]
    assert all(sign * (each - kept.stop_e4) > 0 for each in taken)
    if not shift and sign * (told_e4 - kept.stop_e4) > 0 and further.best_e4 > 0:
        assert taken == [told_e4]
    if shift:
        assert not taken


@given(
    side=st.sampled_from(Side),
    path=st.lists(st.integers(20, 180), min_size=1, max_size=20),
    cut=st.integers(0, 20),
)
def test_an_older_record_and_a_newer_mirror_make_the_stop_that_stood(side, path, cut) -> None:
    """Whatever prices came in between; what is mirrored is enough to know the stop again."""
    leg = WatchedLeg(LegPosition("ce", CE, side), TRAIL, 75)
    leg.take(LegPosition("ce", CE, side).filled(side, 75, e4(100)), 0, at_touch=False)
    armed("s", [leg])
    older = newer = view_of(leg, ruled_by_whole=False)
    for at, price in enumerate(path):
        leg.mark_e4 = e4(price)
        _, reason = leg.judge()
        if reason is not None:
            break
        newer = view_of(leg, ruled_by_whole=False)
        older = newer if at < cut else older
    mirrored = levels(Lock(), MirroredLeg("ce", newer.stop_e4, newer.followed_e4))
    moves = told(mirrored, known(legs=(older,)))

    assert [each.to_e4 for each in moves] == [newer.stop_e4] * (newer.stop_e4 != older.stop_e4)
    assert told(mirrored, known(legs=(newer,))) == []


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        (SHORT, 75 * e4(100)),
        (SHORT.filled(Side.BUY, 75, e4(90)), 75 * e4(100)),
        (LONG, 75 * (e4(24550) - e4(100))),
        (LegPosition("f", FUTURE, Side.BUY).filled(Side.BUY, 75, e4(100)), 75 * e4(100)),
    ],
)
def test_the_most_that_a_position_can_ever_have_gained(position, expected) -> None:
    assert most_e4([position]) == expected
