from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.runtime.breaker import (
    TRANSITIONS,
    Allowed,
    Breaker,
    BreakerPolicy,
    Event,
    Phase,
    Refused,
)

POLICY = BreakerPolicy(failures=3, cool_down_ns=30, probe_timeout_ns=10)


def opened(at_ns: int = 0) -> Breaker:
    """A breaker that has just opened."""
    breaker = Breaker(POLICY)
    fail(breaker, at_ns, POLICY.failures)
    return breaker


def fail(breaker: Breaker, at_ns: int, times: int) -> None:
    for _ in range(times):
        breaker.failed(at_ns, passed(breaker, at_ns))


def passed(breaker: Breaker, at_ns: int) -> Allowed:
    answer = breaker.allow(at_ns)
    assert isinstance(answer, Allowed)
    return answer


def test_it_starts_closed_and_lets_everybody_pass() -> None:
    """Many calls may be under way at once while the link works."""
    breaker = Breaker()
    assert {type(breaker.allow(0)) for _ in range(100)} == {Allowed}
    assert breaker.phase is Phase.CLOSED


def test_the_default_opens_after_five_failures_for_thirty_seconds() -> None:
    """The figures that a broker is met with unless its settings say otherwise."""
    breaker = Breaker()
    fail(breaker, 7, 4)
    assert breaker.phase is Phase.CLOSED
    fail(breaker, 7, 1)
    assert breaker.allow(8) == Refused(until_ns=7 + 30_000_000_000)


def test_asking_whether_it_admits_moves_nothing() -> None:
    """It says what `allow` would do, be that the probe."""
    breaker = opened(at_ns=5)
    assert [breaker.admits(at_ns) for at_ns in (4, 5, 34, 35)] == [False, False, False, True]
    assert breaker.phase is Phase.OPEN
    passed(breaker, 35)
    assert [breaker.admits(at_ns) for at_ns in (44, 45)] == [False, True]
    assert Breaker(POLICY).admits(0)


@pytest.mark.parametrize(("phase", "waits"), [(Phase.OPEN, 30), (Phase.HALF_OPEN, 10)])
def test_what_was_believed_before_a_restart_is_believed_after_it(phase, waits) -> None:
    """The wait goes on from when it began; a probe that was out is waited for."""
    breaker = Breaker(POLICY)
    before = passed(breaker, 0)
    breaker.restore(phase, since_ns=100)
    assert breaker.allow(101) == Refused(until_ns=100 + waits)
    breaker.succeeded(102, before)
    assert breaker.phase is phase


def test_a_success_in_between_starts_the_count_again() -> None:
    """Only failures in a row open it; a peer's refusal counts as a success of the link."""
    breaker = Breaker(POLICY)
    fail(breaker, 0, 2)
    breaker.succeeded(0, passed(breaker, 0))
    fail(breaker, 0, 2)
    assert breaker.phase is Phase.CLOSED


@pytest.mark.parametrize(
    ("now_ns", "expected"), [(100, Refused(130)), (129, Refused(130)), (130, Allowed(2))]
)
def test_open_refuses_until_the_cool_down_is_over(now_ns: int, expected) -> None:
    """The instant that a refusal names is the first that lets somebody pass."""
    assert opened(100).allow(now_ns) == expected


def test_half_open_lets_one_probe_through_and_nobody_else() -> None:
    """Of four that come at once, one is the probe."""
    breaker = opened()
    answers = [breaker.allow(30) for _ in range(4)]
    assert answers == [Allowed(2), Refused(40), Refused(40), Refused(40)]
    assert breaker.phase is Phase.HALF_OPEN


def test_a_probe_that_succeeds_closes_it() -> None:
    """Everybody passes again, and the count of failures starts at none."""
    breaker = opened()
    breaker.succeeded(31, passed(breaker, 30))
    fail(breaker, 32, 2)
    assert breaker.phase is Phase.CLOSED


def test_a_probe_that_fails_opens_it_for_another_cool_down() -> None:
    """Reckoned from the failure, not from the probe's start."""
    breaker = opened()
    breaker.failed(35, passed(breaker, 30))
    assert breaker.allow(36) == Refused(65)


def test_a_probe_that_never_answers_is_replaced() -> None:
    """After its time-out one other passes, and what the first says then no longer counts."""
    breaker = opened()
    silent = passed(breaker, 30)
    second = passed(breaker, 40)
    breaker.failed(41, silent)
    assert breaker.allow(41) == Refused(50)
    breaker.succeeded(42, second)
    assert breaker.phase is Phase.CLOSED


@pytest.mark.parametrize("told", [Breaker.succeeded, Breaker.failed])
def test_what_is_told_of_an_earlier_turn_changes_nothing(told) -> None:
    """A call from before the opening neither ends the probe nor closes the breaker."""
    breaker = Breaker(POLICY)
    slow = passed(breaker, 0)
    fail(breaker, 0, 3)
    told(breaker, 1, slow)
    assert breaker.allow(2) == Refused(30)
    passed(breaker, 30)
    told(breaker, 31, slow)
    assert breaker.allow(32) == Refused(40)


def test_a_clock_that_steps_back_makes_no_wait_longer() -> None:
    """An hour back, the cool-down is over after its own length."""
    breaker = opened(3_600)
    assert breaker.allow(0) == Refused(30)
    assert breaker.allow(30) == Allowed(2)


def test_the_table_leads_out_of_every_phase_and_reaches_each() -> None:
    """No phase is a trap, none is unreachable, and waiting alone always leads to a probe."""
    assert {source for source, _ in TRANSITIONS} == set(Phase)
    assert set(TRANSITIONS.values()) == set(Phase)
    waited = {TRANSITIONS[phase, Event.WAITED] for phase in (Phase.OPEN, Phase.HALF_OPEN)}
    assert waited == {Phase.HALF_OPEN}


HASTY = BreakerPolicy(failures=1, cool_down_ns=2, probe_timeout_ns=10)
"""A cool-down shorter than the probe's time-out, so that a second probe would find the first."""

STEPS = st.lists(
    st.tuples(st.sampled_from(["ask", "succeed", "fail"]), st.integers(0, 5), st.integers(0, 9)),
    max_size=120,
)


@given(STEPS)
def test_under_any_interleaving_never_two_probes_are_in_flight(steps) -> None:
    """Whoever asks and whatever is told, late or out of order: one probe until it is told of."""
    breaker, now_ns = Breaker(HASTY), 0
    calls: list[Allowed] = []
    probes: dict[int, int] = {}
    for verb, gap_ns, pick in steps:
        now_ns += gap_ns
        if verb == "ask":
            probing = breaker.phase is not Phase.CLOSED
            answer = breaker.allow(now_ns)
            if isinstance(answer, Allowed):
                calls.append(answer)
                probes |= {len(calls) - 1: now_ns} if probing else {}
        elif calls:
            index = pick % len(calls)
            tell = breaker.succeeded if verb == "succeed" else breaker.failed
            tell(now_ns, calls[index])
            probes.pop(index, None)
        in_flight = [at for at in probes.values() if now_ns - at < HASTY.probe_timeout_ns]
        assert len(in_flight) <= 1


@given(STEPS)
def test_a_refusal_names_the_first_instant_that_passes(steps) -> None:
    """From any state: a nanosecond before it is refused alike, at it a call passes."""
    breaker, now_ns, calls = Breaker(HASTY), 0, []
    for verb, gap_ns, pick in steps:
        now_ns += gap_ns
        if verb == "ask":
            calls += [a for a in [breaker.allow(now_ns)] if isinstance(a, Allowed)]
        elif calls:
            tell = breaker.succeeded if verb == "succeed" else breaker.failed
            tell(now_ns, calls[pick % len(calls)])
    answer = breaker.allow(now_ns)
    if isinstance(answer, Refused):
        assert breaker.allow(answer.until_ns - 1) == answer
        assert isinstance(breaker.allow(answer.until_ns), Allowed)
