"""What a refusal of an exit leads to is a table, and it is whole."""

from __future__ import annotations

from daemon.domain.orders.refusals import ANSWERS, PAGED, SELDOM_NS, WAITS_NS, Answer
from daemon.domain.orders.words import Refusal


def test_no_refusal_is_without_an_answer():
    assert set(ANSWERS) == set(Refusal)
    assert set(ANSWERS.values()) == set(Answer)


def test_every_answer_has_its_patience_which_only_grows():
    assert set(WAITS_NS) == set(Answer)
    assert all(most_ns > WAITS_NS[answer] for answer, most_ns in SELDOM_NS.items())


def test_whatever_a_person_is_paged_for_is_asked_more_and_more_seldom():
    """He needs a while, and a broker counts its noes among a day's orders."""
    assert set(SELDOM_NS) >= PAGED
