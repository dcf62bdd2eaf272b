"""The life of an order: one table from evidence to state.

Everything that changes the state of an order stands in `TABLE`. Evidence only ever strengthens what
is known, in the order INTENDED < UNKNOWN < PARKED < REFUSED < WORKING < REJECTED < CANCELLED <
FILLED, so hearing it late, twice or in another order ends in the same state. A refused *answer*
never reached a book, therefore any word of the broker's book outweighs it; an order reported as
cancelled that proves executed was executed. Absence is not evidence within the day: until then only
a word of the broker's leads out of PARKED. Orders are good for their day, so the broker's book of a
later one ends as CANCELLED what it shows neither itself nor by a position.
"""

from __future__ import annotations

from enum import StrEnum

from daemon.domain.orders.words import State


class Evidence(StrEnum):
    """What was heard of an order, and from whom."""

    UNKNOWN = "unknown"  # ours: no answer that can be trusted, or a question in its place
    PARKED = "parked"  # ours: the look-up window passed
    REFUSED = "refused"  # the broker's answer
    ACCEPTED = "accepted"  # the broker's answer
    WORKING = "working"  # the broker's book, and so are the rest
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    FILLED = "filled"


TABLE: dict[State, dict[Evidence, State]] = {
    State.INTENDED: {
        Evidence.UNKNOWN: State.UNKNOWN,
        Evidence.PARKED: State.PARKED,
        Evidence.REFUSED: State.REFUSED,
        Evidence.ACCEPTED: State.WORKING,
        Evidence.WORKING: State.WORKING,
        Evidence.REJECTED: State.REJECTED,
        Evidence.CANCELLED: State.CANCELLED,
        Evidence.FILLED: State.FILLED,
    },
    State.UNKNOWN: {
        Evidence.PARKED: State.PARKED,
        Evidence.REFUSED: State.REFUSED,
        Evidence.ACCEPTED: State.WORKING,
        Evidence.WORKING: State.WORKING,
        Evidence.REJECTED: State.REJECTED,
        Evidence.CANCELLED: State.CANCELLED,
        Evidence.FILLED: State.FILLED,
    },
    State.PARKED: {
        Evidence.REFUSED: State.REFUSED,
        Evidence.ACCEPTED: State.WORKING,
        Evidence.WORKING: State.WORKING,
        Evidence.REJECTED: State.REJECTED,
        Evidence.CANCELLED: State.CANCELLED,
        Evidence.FILLED: State.FILLED,
    },
    State.REFUSED: {
        Evidence.ACCEPTED: State.WORKING,
        Evidence.WORKING: State.WORKING,
        Evidence.REJECTED: State.REJECTED,
        Evidence.CANCELLED: State.CANCELLED,
        Evidence.FILLED: State.FILLED,
    },
    State.WORKING: {
        Evidence.REJECTED: State.REJECTED,
        Evidence.CANCELLED: State.CANCELLED,
        Evidence.FILLED: State.FILLED,
    },
    State.REJECTED: {
        Evidence.CANCELLED: State.CANCELLED,
        Evidence.FILLED: State.FILLED,
    },
    State.CANCELLED: {
        Evidence.FILLED: State.FILLED,
    },
    State.FILLED: {},
}
"""From state and evidence to the next state; evidence that is not in the row changes nothing."""

BOOK_WORDS: dict[State, Evidence] = {
    State.WORKING: Evidence.WORKING,
    State.REJECTED: Evidence.REJECTED,
    State.CANCELLED: Evidence.CANCELLED,
    State.FILLED: Evidence.FILLED,
}
"""The states that a broker's book may report, as evidence."""

_FINAL = frozenset({State.REFUSED, State.REJECTED, State.CANCELLED, State.FILLED})


def after(state: State, evidence: Evidence) -> State:
    """Return the state of an order once this is heard too."""
    return TABLE[state].get(evidence, state)


def is_final(state: State) -> bool:
    """Return whether the broker's own evidence ended the order.

    Stronger evidence may still correct which end it was.
    """
    return state in _FINAL


def is_open(state: State) -> bool:
    """Return whether the order may still add fills, as far as we know."""
    return state not in _FINAL


def diagram() -> str:
    """Return the table as a Mermaid state diagram, one arrow for each pair of states."""
    lines = ["stateDiagram-v2", "    [*] --> INTENDED"]
    for state, row in TABLE.items():
        for target in dict.fromkeys(row.values()):
            heard = ", ".join(evidence for evidence, to in row.items() if to is target)
            lines.append(f"    {state} --> {target}: {heard}")
    lines += [f"    {state} --> [*]" for state in TABLE if is_final(state)]
    return "\n".join(lines) + "\n"
