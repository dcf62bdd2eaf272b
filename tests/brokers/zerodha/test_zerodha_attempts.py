"""A log-in without a person is tried once for each reason and morning, and never after a no."""

from __future__ import annotations

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.brokers.zerodha import attempts
from daemon.brokers.zerodha.attempts import Attempts, NotYet, Reason, Stopped, attempt
from daemon.domain.instants import DAY_NS, SECOND_NS, at
from daemon.errors import WireGarbled
from daemon.telemetry.redaction import Secret

DAY = date(2026, 8, 18)
ENDED, DIED, ASKED = Reason
SIX, DUE, TEN = (at(DAY, time(*each)) for each in ((6,), (7, 40), (10,)))
PUT_IN = (1, 2, 3)
TRIED = Attempts(SIX + DAY_NS, (ENDED,))


@pytest.mark.parametrize(
    ("held", "reason", "now_ns", "decided"),
    [
        (Attempts(), ENDED, TEN, TRIED),
        (Attempts(), DIED, TEN, Attempts(SIX + DAY_NS, (DIED,))),
        (Attempts(), ENDED, SIX - 1, Attempts(SIX, (ENDED,))),
        (Attempts(), ENDED, SIX, NotYet(DUE)),
        (Attempts(), DIED, DUE - 1, NotYet(DUE)),
        (Attempts(), ENDED, DUE, TRIED),
        (TRIED, DIED, TEN, Attempts(SIX + DAY_NS, (ENDED, DIED))),
        (TRIED, ENDED, TEN, Stopped(attempts._TRIED, DUE + DAY_NS)),
        (TRIED, ENDED, SIX + DAY_NS, NotYet(DUE + DAY_NS)),
        (TRIED, ENDED, DUE + DAY_NS, Attempts(SIX + 2 * DAY_NS, (ENDED,))),
        (Attempts(refused=PUT_IN), ENDED, TEN + 9 * DAY_NS, Stopped(attempts._REFUSED, 0)),
        (Attempts(refused=PUT_IN), DIED, SIX, Stopped(attempts._REFUSED, 0)),
        (TRIED, ASKED, TEN, TRIED),
        (Attempts(), ASKED, SIX, Attempts()),
        (Attempts(refused=PUT_IN), ASKED, TEN, Attempts(refused=PUT_IN)),
    ],
)
def test_an_attempt_is_decided_by_what_was_tried_and_when(held, reason, now_ns, decided):
    assert attempt(held, reason, now_ns, PUT_IN) == decided


@pytest.mark.parametrize("put_in_ns", [(1, TEN + 1, 3), (1, TEN - 1, 3), (1, 2, 0), (1, 1, 3)])
def test_credentials_that_were_put_in_anew_are_worth_another_attempt_whatever_the_clock(put_in_ns):
    """The clock may have stood ahead when they were refused, and when they were put in first."""
    held = Attempts(refused=(1, TEN, 3))

    assert attempt(held, ENDED, TEN + 9, (1, TEN, 3)) == Stopped(attempts._REFUSED, 0)
    assert attempt(held, ENDED, TEN + 9, put_in_ns) == replace(TRIED, refused=held.refused)


def test_a_no_that_an_earlier_version_kept_stands_until_credentials_are_put_in_after_it():
    held = attempts.recalled(Secret(f'{{"until_ns":0,"tried":[],"refused_ns":{TEN}}}'))

    assert attempt(held, ENDED, TEN + 9, (1, TEN, 3)) == Stopped(attempts._REFUSED, 0)
    assert attempt(held, ENDED, TEN + 9, (1, TEN + 1, 3)) == replace(TRIED, refused_ns=TEN)
    assert attempt(held, ASKED, TEN + 9, (1, TEN, 3)) == held


MOMENTS = st.lists(st.tuples(st.integers(0, 5 * DAY_NS), st.sampled_from(Reason)), max_size=60)


@given(MOMENTS)
def test_by_itself_it_sends_no_more_than_two_between_two_mornings(
    moments,
):
    """A daemon that is restarted without an end asks at any moment, and keeps what it tried."""
    held, sent = Attempts(), []
    by_itself = [each for each in moments if each[1] is not ASKED]
    for after_ns, reason in sorted(by_itself, key=lambda each: each[0]):
        decided = attempt(held, reason, TEN + after_ns, PUT_IN)
        if isinstance(decided, Attempts):
            held = attempts.recalled(attempts.kept(decided))
            sent.append((held.until_ns, reason))

    assert len(sent) == len(set(sent))


@given(MOMENTS)
def test_after_a_no_nothing_is_sent_but_for_a_code_whatever_happens(moments):
    held = Attempts(refused=PUT_IN)

    assert not [
        reason
        for after_ns, reason in moments
        if reason is not ASKED
        and isinstance(attempt(held, reason, TEN + after_ns, PUT_IN), Attempts)
    ]


def test_what_was_tried_is_kept_as_one_text_and_read_back():
    held = Attempts(5, (DIED,), 7, PUT_IN)

    assert attempts.recalled(attempts.kept(held)) == held
    assert attempts.recalled(None) == Attempts()
    for bad in ("", "[]", '{"until_ns":"x"}', '{"more":1}'):
        with pytest.raises(WireGarbled):
            attempts.recalled(Secret(bad))


def test_the_log_in_of_the_next_morning_is_due_after_sessions_have_ended():
    assert attempts.next_ns(SIX - SECOND_NS) == DUE
    assert attempts.next_ns(SIX) == DUE + DAY_NS
