"""The clerk: which requests were answered, and how, so that none acts twice."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from daemon.actors import request_clerk
from daemon.actors.request_clerk import RequestClerk
from daemon.domain.instants import DAY_NS
from daemon.messages import (
    AbandonRequest,
    Ask,
    ClaimRequest,
    Declined,
    Done,
    FinishRequest,
    RequestAnswered,
    RequestBegun,
    Told,
)
from daemon.runtime.words import Commit, Show, Started, Tell

ANSWERED = RequestAnswered("one", "digest", 200, "{}", 5)
BEGUN = RequestBegun("one", "digest", 5)
CLAIM = ClaimRequest("one", "digest", 5, once=False)
ONCE = ClaimRequest("one", "digest", 5, once=True)


def told(clerk: RequestClerk, about: object, number: int = 1):
    return clerk.handle(Ask(number, about), 0)


def code(effects) -> str:
    (shown,) = effects
    assert isinstance(shown.view.answer, Declined)
    return shown.view.answer.code


def finished(clerk: RequestClerk, number: int = 9):
    """Bring the answer in, and let it become durable."""
    (commit,) = told(clerk, FinishRequest(ANSWERED), number)
    (tell,) = commit.then
    return clerk.handle(tell.message, 0)


def test_the_first_claim_may_act_at_once():
    assert told(RequestClerk("clerk"), CLAIM) == (Show(Told(1, Done())),)


def test_a_claim_that_must_not_act_twice_may_act_once_it_is_recorded():
    assert told(RequestClerk("clerk"), ONCE) == (Commit((BEGUN,), (Show(Told(1, Done())),)),)


def test_an_answer_is_told_to_nobody_before_it_is_durable():
    clerk = RequestClerk("clerk")
    told(clerk, CLAIM)

    assert told(clerk, FinishRequest(ANSWERED), 2) == (
        Commit((ANSWERED,), (Tell("clerk", ANSWERED),)),
    )
    assert told(clerk, CLAIM, 3) == ()


def test_whoever_waits_is_told_the_answer_with_the_one_who_brought_it():
    clerk = RequestClerk("clerk")
    told(clerk, CLAIM, 1)

    assert told(clerk, CLAIM, 2) == ()
    assert finished(clerk, 3) == (Show(Told(2, ANSWERED)), Show(Told(3, ANSWERED)))


def test_whoever_comes_later_is_told_the_answer():
    clerk = RequestClerk("clerk")
    told(clerk, CLAIM)
    finished(clerk)

    assert told(clerk, CLAIM, 4) == (Show(Told(4, ANSWERED)),)


def test_what_was_recorded_is_known_after_a_restart():
    clerk = RequestClerk("clerk", [object(), BEGUN, ANSWERED])

    assert told(clerk, CLAIM) == (Show(Told(1, ANSWERED)),)


def test_what_was_begun_and_not_answered_does_not_act_again():
    assert code(told(RequestClerk("clerk", [BEGUN]), ONCE)) == "request_begun"


@pytest.mark.parametrize("facts", [[], [ANSWERED], [BEGUN]])
def test_an_id_is_for_one_request(facts):
    clerk = RequestClerk("clerk", facts)
    told(clerk, CLAIM)

    assert code(told(clerk, ClaimRequest("one", "other", 5, once=False))) == "request_reused"


def test_what_is_abandoned_may_be_claimed_anew():
    clerk = RequestClerk("clerk")
    told(clerk, CLAIM, 1)
    told(clerk, CLAIM, 2)

    assert code(told(clerk, AbandonRequest("one"), 0)) == "request_unfinished"
    assert told(clerk, CLAIM, 3) == (Show(Told(3, Done())),)


def test_what_must_not_act_twice_stays_begun_when_it_is_abandoned():
    clerk = RequestClerk("clerk")
    told(clerk, ONCE, 1)
    told(clerk, ONCE, 2)

    assert code(told(clerk, AbandonRequest("one"), 0)) == "request_begun"
    assert code(told(clerk, ONCE, 3)) == "request_begun"


def test_to_abandon_what_nobody_claimed_changes_nothing():
    assert told(RequestClerk("clerk"), AbandonRequest("one"), 0) == ()


def test_an_answer_whose_claim_was_forgotten_by_a_fall_is_recorded_all_the_same():
    clerk = RequestClerk("clerk", [BEGUN])

    assert finished(clerk, 3) == (Show(Told(3, ANSWERED)),)
    assert clerk.handle(ANSWERED, 0) == ()


def test_a_request_is_forgotten_after_a_day():
    clerk = RequestClerk("clerk", [ANSWERED])
    almost = ClaimRequest("one", "digest", 5 + DAY_NS - 1, once=False)
    over = ClaimRequest("one", "digest", 5 + DAY_NS, once=False)

    assert told(clerk, almost) == (Show(Told(1, ANSWERED)),)
    assert told(clerk, over) == (Show(Told(1, Done())),)


def test_a_restart_does_not_remember_what_was_over_by_then():
    newer = RequestAnswered("two", "digest", 200, "{}", 5 + DAY_NS)
    clerk = RequestClerk("clerk", [ANSWERED, newer])

    assert told(clerk, CLAIM) == (Show(Told(1, Done())),)


def test_only_so_many_are_remembered_and_none_is_dropped_for_another(monkeypatch):
    monkeypatch.setattr(request_clerk, "MOST", 1)
    clerk = RequestClerk("clerk", [ANSWERED])

    assert code(told(clerk, ClaimRequest("two", "digest", 5, once=True))) == "too_many"
    assert told(clerk, CLAIM) == (Show(Told(1, ANSWERED)),)


def test_only_so_many_wait_for_one_answer(monkeypatch):
    monkeypatch.setattr(request_clerk, "WAITING", 1)
    clerk = RequestClerk("clerk")
    told(clerk, CLAIM, 1)
    told(clerk, CLAIM, 2)

    assert code(told(clerk, CLAIM, 3)) == "too_many"


def test_the_clerk_sets_no_alarm_and_hears_nothing_else():
    clerk = RequestClerk("clerk")

    assert clerk.handle(Started(), 0) == ()
    with pytest.raises(AssertionError):
        clerk.handle("strange", 0)


@pytest.mark.parametrize("restarts", [False, True])
def test_what_was_refused_for_now_may_act_again_under_its_id(restarts):
    """Those who waited for its answer are told the refusal; whoever comes later acts."""
    later = replace(ANSWERED, status=409, again=True)
    clerk = RequestClerk("clerk")
    told(clerk, ONCE)
    told(clerk, ONCE, 2)
    (commit,) = told(clerk, FinishRequest(later), 9)
    assert clerk.handle(commit.then[0].message, 0) == (
        Show(Told(2, later)),
        Show(Told(9, later)),
    )
    if restarts:
        clerk = RequestClerk("clerk", [BEGUN, later])

    assert code(told(clerk, replace(ONCE, digest="another"))) == "request_reused"
    assert told(clerk, ONCE) == (Commit((BEGUN,), (Show(Told(1, Done())),)),)
    (commit,) = told(clerk, FinishRequest(ANSWERED), 9)
    clerk.handle(commit.then[0].message, 0)
    assert told(clerk, ONCE) == (Show(Told(1, ANSWERED)),)


def test_a_request_that_acts_again_and_is_cut_off_is_begun():
    table = [BEGUN, replace(ANSWERED, again=True), BEGUN]
    assert code(told(RequestClerk("clerk", table), ONCE)) == "request_begun"
