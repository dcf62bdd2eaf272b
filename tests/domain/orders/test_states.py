from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.orders.states import (
    BOOK_WORDS,
    TABLE,
    Evidence,
    after,
    diagram,
    is_final,
    is_open,
)
from daemon.domain.orders.words import State

RISING = [
    State.INTENDED,
    State.UNKNOWN,
    State.PARKED,
    State.REFUSED,
    State.WORKING,
    State.REJECTED,
    State.CANCELLED,
    State.FILLED,
]
LEAST = {
    Evidence.UNKNOWN: State.UNKNOWN,
    Evidence.PARKED: State.PARKED,
    Evidence.REFUSED: State.REFUSED,
    Evidence.ACCEPTED: State.WORKING,
    Evidence.WORKING: State.WORKING,
    Evidence.REJECTED: State.REJECTED,
    Evidence.CANCELLED: State.CANCELLED,
    Evidence.FILLED: State.FILLED,
}


def fold(evidence):
    state = State.INTENDED
    for heard in evidence:
        state = after(state, heard)
    return state


@pytest.mark.parametrize(("state", "evidence"), list(product(State, Evidence)))
def test_the_stronger_of_state_and_evidence_stands(state, evidence):
    """Each cell of the table is the maximum in the stated order."""
    expected = max(state, LEAST[evidence], key=RISING.index)
    assert after(state, evidence) == expected


def test_the_table_has_a_row_for_each_state_and_no_idle_cell():
    """A cell that leads back to its own state is left out, and FILLED has none at all."""
    assert set(TABLE) == set(State)
    assert [s for s, row in TABLE.items() if s in row.values()] == []
    assert TABLE[State.FILLED] == {}


@given(st.lists(st.sampled_from(Evidence)), st.randoms(use_true_random=False))
def test_evidence_in_any_order_and_any_number_ends_in_the_same_state(evidence, random):
    """The fold is commutative and idempotent."""
    shuffled = evidence + [heard for heard in evidence if random.random() < 0.5]
    random.shuffle(shuffled)
    assert fold(evidence) == fold(shuffled)


def test_only_a_word_of_the_brokers_leads_out_of_parked():
    """Absence is never terminal."""
    ours = {Evidence.UNKNOWN, Evidence.PARKED}
    assert set(Evidence) - ours == set(TABLE[State.PARKED])
    assert {State.PARKED} == {after(State.PARKED, heard) for heard in ours}


def test_an_order_is_open_until_the_broker_ended_it():
    """Unknown and parked orders may still add fills."""
    still_open = {State.INTENDED, State.UNKNOWN, State.PARKED, State.WORKING}
    assert still_open == {state for state in State if is_open(state)}
    assert set(State) - still_open == {state for state in State if is_final(state)}


def test_the_brokers_book_speaks_of_four_states():
    """Each of them is evidence for itself."""
    assert {s: after(State.INTENDED, e) for s, e in BOOK_WORDS.items()} == {
        s: s for s in BOOK_WORDS
    }
    assert len(BOOK_WORDS) == 4


def test_the_drawn_diagram_is_the_table():
    """The page in docs shows what the code does."""
    page = Path(__file__).parents[3] / "docs" / "orders-states.md"
    assert f"```mermaid\n{diagram()}```" in page.read_text()
