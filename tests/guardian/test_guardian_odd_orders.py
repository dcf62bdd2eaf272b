"""The guardian beside an order in the broker's book that nobody can understand."""

from __future__ import annotations

import pytest

from daemon.domain.orders.words import (
    IntentRecorded,
    OrderAccepted,
    OutcomeUnknown,
    Purpose,
    Side,
    State,
)
from daemon.messages import CancelAsked, ExitOwed, ExitReason, ExitReplaced
from tests.guardian.test_guardian_closer import (
    CALL,
    NOON,
    PUT,
    Account,
    cancels,
    entered,
    exits,
    intent,
    of,
    shown,
)

BUY, SELL = Side.BUY, Side.SELL
ODD = "order 99, which is not ours, cannot be understood: it counts 0.5 units"


def beside_an_odd_order(*facts: object, held: dict[str, int]) -> Account:
    account = Account(*facts, held=held)
    account.odd = ODD
    return account


def test_what_is_held_is_closed_and_is_not_flat_before_that_order_is_understood():
    account = beside_an_odd_order(
        *entered("E1", CALL, SELL), *entered("E2", PUT, BUY), held={CALL: -65, PUT: 65}
    )
    for leaves in ((CALL, BUY, 65), (PUT, SELL, 65)):
        done = account.round()
        assert exits(done) == [leaves]
        account.fill(done.asked[0])
    rounds = [account.round() for _ in range(10)]
    assert [exits(done) for done in rounds] == [[]] * 10
    assert not any(done.flat for done in rounds)
    assert rounds[-1].left == [f"what cannot be understood may still fill: {ODD}"]

    account.odd = ""
    rounds = [account.round() for _ in range(3)]
    assert [done.flat for done in rounds] == [False, False, True]


def test_what_that_order_has_filled_is_closed_as_what_no_order_explains():
    account = beside_an_odd_order(held={CALL: -65})
    sent = [leaves for _ in range(4) for leaves in exits(account.round())]
    assert sent == [(CALL, BUY, 65)]


def test_a_purchase_in_doubt_is_not_replaced_for_it_may_be_that_order_with_its_id_lost():
    """Once all can be understood again, two equal readings show whether it is there."""
    account = beside_an_odd_order(*entered("E1", CALL, SELL), held={CALL: -65})
    (asked,) = account.round().asked
    account.answer(OutcomeUnknown(asked.approved.intent.intent_id, "no answer", account.now_ns))
    rounds = [account.round() for _ in range(300)]
    assert [exits(done) for done in rounds] == [[]] * 300
    assert any("is in doubt" in text for text in rounds[-1].left)

    account.odd = ""
    rounds = [account.round() for _ in range(3)]
    assert [len(of(done, ExitReplaced)) for done in rounds] == [0, 0, 1]
    assert exits(rounds[-1]) == [(CALL, BUY, 65)]


@pytest.mark.parametrize("side", [BUY, SELL])
def test_no_exit_leaves_beside_one_that_rests_and_is_not_shown_and_all_else_is_closed(side):
    """Its record may be the odd one; by the number that it has it is taken back all the same."""
    rests = intent("X1", CALL, side, purpose=Purpose.EXIT, parent="paper:exit:1", decided_ns=NOON)
    account = beside_an_odd_order(
        *entered("E1", CALL, side.opposite),
        *entered("E2", PUT, SELL),
        ExitOwed("paper:exit:1", "straddle", ("ce",), ExitReason.TIME, NOON),
        IntentRecorded(rests, NOON),
        OrderAccepted("X1", "BX1", NOON),
        held={CALL: -65 * side.sign, PUT: -65},
    )
    first = account.round()
    assert exits(first) == [(PUT, BUY, 65)]
    assert cancels(first) == ["X1"]
    account.fill(next(each for each in first.asked if hasattr(each, "approved")))
    rounds = [account.round() for _ in range(12)]
    assert [exits(done) for done in rounds] == [[]] * 12
    assert {fact.intent_id for done in rounds for fact in of(done, CancelAsked)} == {"X1"}

    account.odd = ""
    account.orders = (shown("X1", CALL, side, State.CANCELLED),)
    assert exits(account.round()) == [(CALL, side, 65)]
