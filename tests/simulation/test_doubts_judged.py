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
from daemon.messages import ExitOwed, ExitReason, ExitReplaced
from daemon.simulation.judging.doubts import too_many, too_soon
from daemon.simulation.judging.known import Known

S = 10**9
PLANNED = 300
OWED = ExitOwed("p", "s", ("pe",), ExitReason.KILL, 2)


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
    """A leg is left, a purchase of all of it was replaced, and its replacement bought half."""
    known = Known()
    lost, half = order("lost", Side.BUY, quantity), order("half", Side.BUY, quantity // 2)
    for fact in (
        *filled(order("sold", Side.SELL, quantity), 1),
        OWED,
        IntentRecorded(lost, 2),
        OutcomeUnknown("lost", "no answer", 3),
        ExitReplaced("lost", 4),
        *filled(half, 5),
    ):
        known.apply(fact)
    return known


@pytest.mark.parametrize("short", [200, 300, 500])  # 500: the broker filled what it had cancelled
def test_the_rest_is_bought_beside_what_was_replaced_up_to_what_was_short_at_first(short):
    known, rest = known_short(short), order("rest", Side.BUY, short // 2)
    assert not too_many(known, rest, {"lost"}, PLANNED)


@pytest.mark.parametrize("short", [300, 500])
def test_a_purchase_of_more_than_that_is_told(short):
    known, more = known_short(short), order("more", Side.BUY, short // 2 + 1)
    assert too_many(known, more, {"lost"}, PLANNED) == (
        f"more buys {short // 2 + 1}, {short} more will arrive, of {short // 2} short"
    )


def doubted(short, planned, *replaced_ns):
    """What is said of an exit of 100 units that is replaced after two minutes, beside others.

    Args:
        short: units of its leg.
        planned: units that the leg was to hold.
        replaced_ns: when each of the others, of 100 units as well and in doubt, was replaced.
    """
    known = Known()
    for fact in (*filled(order("sold", Side.SELL, short), 1), OWED):
        known.apply(fact)
    names = [f"x{n}" for n in range(len(replaced_ns) + 1)]
    for name in names:
        known.apply(IntentRecorded(order(name, Side.BUY, 100), 2))
        known.apply(OutcomeUnknown(name, "no answer", 3))
    for name, at_ns in zip(names, replaced_ns, strict=False):
        known.apply(ExitReplaced(name, at_ns))
    return known, (known.book.order(names[-1]), 120 * S, planned)


@pytest.mark.parametrize(
    ("short", "planned", "replaced_ns"),
    [(50, 50, ()), (200, 0, (5 * S,)), (100, 200, (5 * S,)), (100, 100, (0, 0))],
    ids=["the first", "as many as were short", "as many as were planned", "two minutes later"],
)
def test_as_many_units_as_were_short_are_replaced_within_two_minutes(short, planned, replaced_ns):
    known, last = doubted(short, planned, *replaced_ns)
    assert not too_soon(known, *last)


def test_more_than_was_short_replaced_within_two_minutes_is_told():
    known, last = doubted(200, 200, 1, 5 * S)
    assert too_soon(known, *last) == (
        "x2 is replaced, 100 units beside 200 within 120 s before, of 200 short"
    )


def test_what_was_replaced_and_has_filled_is_counted_no_more():
    known, last = doubted(200, 200, 1, 5 * S)
    known.apply(OrderUpdated("x0", "bx0", State.FILLED, 100, 100_000_000, 6))
    assert not too_soon(known, *last)
