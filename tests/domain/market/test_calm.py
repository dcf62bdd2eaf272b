"""Calm frames are noted, all others judged; both ways must agree, whatever comes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.instants import SECOND_NS
from daemon.domain.market.calm import Calm
from daemon.domain.market.freshness import Link, alive
from daemon.domain.market.intake import Arrival, Intake, dies_at_ns, judge

OPEN_NS, CLOSE_NS = 1_000 * SECOND_NS, 20_000 * SECOND_NS
SESSIONS = ((OPEN_NS, CLOSE_NS),)
GAPS_NS = st.one_of(
    st.sampled_from([0, SECOND_NS, 60 * SECOND_NS, 61 * SECOND_NS, 119 * SECOND_NS]),
    st.integers(-5 * SECOND_NS, 400 * SECOND_NS),
)
ARRIVALS = st.lists(st.tuples(GAPS_NS, st.integers(0, 12)), max_size=120)
LINKS = st.builds(
    Link,
    st.sampled_from([0, SECOND_NS, 60 * SECOND_NS]),
    st.sampled_from([0, 0, 30 * SECOND_NS]),
)


@given(LINKS, st.integers(1, 8), ARRIVALS)
def test_noting_calm_frames_leaves_the_same_intake_as_judging_each(
    link: Link, memory: int, arrivals: list[tuple[int, int]]
) -> None:
    judged = Intake(link, memory)
    calm = Calm(judged)
    at_ns = OPEN_NS - 100 * SECOND_NS
    for gap_ns, fingerprint in arrivals:
        at_ns += gap_ns
        verdict = judge(judged, Arrival(at_ns, fingerprint), SESSIONS)
        judged = verdict.intake
        if calm.is_usual(at_ns, fingerprint):
            assert verdict.dropped is None
            assert verdict.notes == ()
        else:
            calm.settle(judge(calm.intake(), Arrival(at_ns, fingerprint), SESSIONS).intake)
    assert judged == calm.intake()


@given(LINKS, ARRIVALS)
def test_a_link_lives_at_least_as_long_as_calm_says(
    link: Link, arrivals: list[tuple[int, int]]
) -> None:
    calm, at_ns = Calm(Intake(link)), OPEN_NS
    for gap_ns, fingerprint in arrivals:
        at_ns += abs(gap_ns)
        if not calm.is_usual(at_ns, fingerprint):
            calm.settle(judge(calm.intake(), Arrival(at_ns, fingerprint), SESSIONS).intake)
    may_die_ns = calm.may_die_ns()
    taken = calm.intake()
    assert may_die_ns == 0 or alive(taken.link, may_die_ns - 1)
    assert may_die_ns == 0 or dies_at_ns(taken) == 0 or may_die_ns <= dies_at_ns(taken)


def test_a_long_run_of_calm_frames_is_taken_in_piece_by_piece() -> None:
    calm = Calm(Intake(Link(60 * SECOND_NS), 8))
    first = judge(calm.intake(), Arrival(OPEN_NS, 1), SESSIONS)
    calm.settle(first.intake)

    usual = [calm.is_usual(OPEN_NS + n * 30 * SECOND_NS, n + 1) for n in range(1, 600)]

    assert all(usual)
    assert calm.intake().last_ns == OPEN_NS + 599 * 30 * SECOND_NS


def test_the_shortest_silence_says_how_soon_prices_may_be_dead() -> None:
    calm = Calm(judge(Intake(Link(60 * SECOND_NS)), Arrival(OPEN_NS, 0), SESSIONS).intake)

    dies_after_s = []
    for after_s in (30, 75, 95):
        assert calm.is_usual(OPEN_NS + after_s * SECOND_NS, 0)
        dies_after_s.append(calm.stale_ns // SECOND_NS)

    assert dies_after_s == [90, 90, 60]


def test_a_frame_without_a_fingerprint_is_never_a_repeat() -> None:
    calm = Calm(judge(Intake(Link(SECOND_NS)), Arrival(OPEN_NS, 0), SESSIONS).intake)

    assert calm.is_usual(OPEN_NS + SECOND_NS, 0)
    assert calm.is_usual(OPEN_NS + 2 * SECOND_NS, 0)


def test_nothing_is_known_of_a_link_before_its_first_frame() -> None:
    assert Calm(Intake(Link(SECOND_NS))).may_die_ns() == 0
