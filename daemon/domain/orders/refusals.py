"""What a refusal of an exit leads to, as a table: an answer for each reason, and its patience."""

from __future__ import annotations

from enum import StrEnum

from daemon.domain.instants import SECOND_NS
from daemon.domain.orders.words import Refusal


class Answer(StrEnum):
    """What a refused exit leads to."""

    REPRICE = "step inside our own band"
    HALVE = "halve the slice"
    SHORTS_FIRST = "buy the shorts back first"
    ASK_KEEPER = "ask the session keeper"
    WAIT_SLOT = "wait for a slot"
    PAGE = "page a person"
    SEND_AGAIN = "page a person, and send it again"
    AWAIT_MARKET = "page a person, and ask now and then"


ANSWERS: dict[Refusal, Answer] = {
    Refusal.BAND: Answer.REPRICE,
    Refusal.TICK: Answer.REPRICE,
    Refusal.FREEZE: Answer.HALVE,
    Refusal.MARGIN: Answer.SHORTS_FIRST,
    Refusal.SESSION: Answer.ASK_KEEPER,
    Refusal.RATE: Answer.WAIT_SLOT,
    Refusal.CLOSED: Answer.AWAIT_MARKET,
    Refusal.LOT: Answer.PAGE,
    Refusal.INSTRUMENT: Answer.PAGE,
    Refusal.UNSENT: Answer.SEND_AGAIN,
    Refusal.OTHER: Answer.PAGE,
}
UNREASONED = frozenset({Refusal.UNSENT, Refusal.OTHER})
"""Noes that tell nothing of the order: nobody knows the reason, or the broker never saw it."""

WAITS_NS: dict[Answer, int] = {
    Answer.REPRICE: 0,
    Answer.HALVE: 0,
    Answer.SHORTS_FIRST: SECOND_NS,
    Answer.ASK_KEEPER: 5 * SECOND_NS,
    Answer.WAIT_SLOT: SECOND_NS,
    Answer.PAGE: 5 * SECOND_NS,
    Answer.SEND_AGAIN: SECOND_NS,
    Answer.AWAIT_MARKET: 5 * SECOND_NS,
}
"""How long to wait after a first no; in nanoseconds."""
SELDOM_NS: dict[Answer, int] = {
    Answer.SHORTS_FIRST: 4 * SECOND_NS,
    Answer.WAIT_SLOT: 4 * SECOND_NS,
    Answer.PAGE: 16 * SECOND_NS,
    Answer.SEND_AGAIN: 4 * SECOND_NS,
    Answer.AWAIT_MARKET: 32 * SECOND_NS,
}
"""What is asked more and more seldom, up to so long: a broker counts its noes among a day's orders.

What ends by itself is asked for often enough to be there when it does, and so is what no broker
has seen.
"""
PAGED = frozenset({Answer.PAGE, Answer.SEND_AGAIN, Answer.AWAIT_MARKET})
"""The answers of which a person is to know at once."""
