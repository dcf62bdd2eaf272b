"""Orders and legs that belong to no basket: made by hand, or not of our making at all."""

from __future__ import annotations

from msgspec import Struct, field

from daemon.domain.orders.reconcile import LOOSE
from daemon.domain.orders.words import Intent, Purpose
from daemon.messages import OrderAsked, PlaceByHand


def is_loose(strategy_id: str) -> bool:
    """Say whether legs of this strategy belong to no basket."""
    return strategy_id in LOOSE


def stands_alone(intent: Intent) -> bool:
    """Say whether an order is a child of neither basket nor exit: it rests until it is recalled."""
    by_hand = is_loose(intent.strategy_id) and intent.purpose is Purpose.ENTRY
    return by_hand or intent.purpose is Purpose.RESIDENT_STOP


def is_child(intent: Intent) -> bool:
    """Say whether an order is a child of a basket or an exit, whatever became of that."""
    return not is_loose(intent.strategy_id) and intent.purpose is not Purpose.RESIDENT_STOP


class Request(Struct):
    """An order by hand that has not left yet.

    Attributes:
        wanted: what is asked for.
        numbers: of the questions that wait for its answer.
        answer_ns: when they are answered, whether the broker has spoken or not.
    """

    wanted: PlaceByHand
    numbers: list[int]
    answer_ns: int


class Requests(Struct):
    """Orders by hand: what was asked for, and who waits to hear of it.

    Attributes:
        asked: by request id; a fold of facts.
        unfunded: by parent, what waits for its margin to be read; no restart keeps it.
        waiting: numbers of the questions that wait for the broker's answer, by intent id.
    """

    asked: dict[str, OrderAsked] = field(default_factory=dict)
    unfunded: dict[str, Request] = field(default_factory=dict)
    waiting: dict[str, list[int]] = field(default_factory=dict)
