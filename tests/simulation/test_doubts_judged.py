"""What may be bought too much while purchases in doubt are replaced, as the judge has it."""

import pytest

from daemon.domain.orders.words import (
    Intent,
    IntentRecorded,
    OrderAccepted,
    OrderType,
    OrderUpdated,
    OutcomeUnknown,
    Purpose,
    Side,
    State,
)
from daemon.messages import ExitReplaced
from daemon.simulation.doubts import too_many
from daemon.simulation.known import Known

PLANNED = 300


def order(intent_id, side, quantity):
    purpose = Purpose.ENTRY if side is Side.SELL else Purpose.EXIT
    of = ("paper", "s", "pe", "NIFTY-PE")
    return Intent(intent_id, *of, side, quantity, OrderType.LIMIT, 1_000_000, purpose, "p", 1, 2)


def filled(intent, at_ns):
    value_e4 = intent.quantity * 1_000_000
    done = (State.FILLED, intent.quantity, value_e4, at_ns)
    yield IntentRecorded(intent, at_ns)
    yield OrderAccepted(intent.intent_id, f"b{intent.intent_id}", at_ns)
    yield OrderUpdated(intent.intent_id, f"b{intent.intent_id}", *done)


def known_short(quantity):
    """A leg is short, a purchase of all of it was replaced, and its replacement bought half."""
    known = Known()
    lost, half = order("lost", Side.BUY, quantity), order("half", Side.BUY, quantity // 2)
    for fact in (
        *filled(order("sold", Side.SELL, quantity), 1),
        IntentRecorded(lost, 2),
        OutcomeUnknown("lost", "no answer", 3),
        ExitReplaced("lost", 4),
        *filled(half, 5),
    ):
        known.apply(fact)
    return known


@pytest.mark.parametrize("short", [200, 300, 500])  # 500: the broker filled what it had cancelled
def test_the_rest_is_bought_beside_what_was_replaced_up_to_what_was_short_then(short):
    known, rest = known_short(short), order("rest", Side.BUY, short // 2)
    assert not too_many(known, rest, {"lost"}, PLANNED)


@pytest.mark.parametrize("short", [300, 500])
def test_a_purchase_of_more_than_that_is_told(short):
    known, more = known_short(short), order("more", Side.BUY, short // 2 + 1)
    assert too_many(known, more, {"lost"}, PLANNED) == (
        f"more buys {short // 2 + 1}, {short} more will arrive, of {short // 2} short"
    )
