"""What the guardian takes back before an exit leaves, and how long the exit waits for it."""

from __future__ import annotations

import pytest

from daemon.domain.instants import SECOND_NS
from daemon.domain.orders.words import (
    IntentRecorded,
    OrderParked,
    OrderType,
    OutcomeUnknown,
    Purpose,
    Side,
    State,
)
from daemon.guardian.witness import VERIFY_NS
from daemon.messages import ExitReplaced
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
BEFORE = NOON - 60 * SECOND_NS
VERIFY_S = VERIFY_NS // SECOND_NS
BOUGHT = [(CALL, BUY, 65)]
STOP = intent(
    "S1",
    CALL,
    BUY,
    purpose=Purpose.RESIDENT_STOP,
    parent="stop",
    order_type=OrderType.STOP_LIMIT,
    price_e4=2_100_000,
    trigger_e4=2_000_000,
)
MEANT = (IntentRecorded(STOP, BEFORE),)
UNKNOWN = (*MEANT, OutcomeUnknown("S1", "no answer", BEFORE))
PARKED = (*UNKNOWN, OrderParked("S1", BEFORE))


def guarded(*facts: object) -> Account:
    """A short with a resident stop."""
    return Account(*entered("E1", CALL, SELL), *facts, held={CALL: -65})


@pytest.mark.parametrize("of_the_stop", [MEANT, UNKNOWN, PARKED])
def test_a_short_is_bought_back_beside_a_stop_of_which_nobody_knows_whether_it_rests(of_the_stop):
    """The daemon may have ended between the record of the stop and its request."""
    account = guarded(*of_the_stop)
    rounds = [account.round() for _ in range(VERIFY_S + 1)]
    assert [exits(done) for done in rounds] == [*([[]] * VERIFY_S), BOUGHT]
    assert [fact.intent_id for fact in of(rounds[-1], ExitReplaced)] == ["S1"]
    because = f"S1, a resident stop of 65 {CALL}, is not known to be gone"
    assert f"{because}; another order leaves, and both may fill" in rounds[-1].told
    later = [account.round() for _ in range(60)]
    assert not any(of(done, ExitReplaced) for done in later)


def test_a_short_is_bought_back_beside_a_stop_that_does_not_go_and_that_is_asked_to_go_again():
    account = guarded(*MEANT)
    account.orders = (shown("S1", CALL, BUY, State.WORKING),)
    rounds = [account.round() for _ in range(7)]
    assert [exits(done) for done in rounds] == [*([[]] * VERIFY_S), BOUGHT, *([[]] * 4)]
    assert [second for second, done in enumerate(rounds) if "S1" in cancels(done)] == [0, 5]


def test_what_such_a_stop_fills_beside_the_exit_is_sold_at_once():
    account = guarded(*MEANT)
    account.orders = (shown("S1", CALL, BUY, State.WORKING),)
    asked = [each for _ in range(VERIFY_S + 1) for each in account.round().asked]
    account.fill(asked[-1])
    account.orders = (shown("S1", CALL, BUY, State.FILLED, 65),)
    account.held = dict.fromkeys(account.held, 65)
    assert exits(account.round()) == [(CALL, SELL, 65)]


def test_nothing_is_flat_while_such_a_stop_rests():
    account = guarded(*MEANT)
    account.orders = (shown("S1", CALL, BUY, State.WORKING),)
    asked = [each for _ in range(VERIFY_S + 1) for each in account.round().asked]
    account.fill(asked[-1])
    assert not any(account.round().flat for _ in range(10))
    account.orders = (shown("S1", CALL, BUY, State.CANCELLED),)
    assert any(account.round().flat for _ in range(10))


def test_a_stop_that_is_gone_in_time_is_not_left_beside():
    account = guarded(*MEANT)
    account.orders = (shown("S1", CALL, BUY, State.WORKING),)
    assert cancels(account.round()) == ["S1"]
    account.orders = (shown("S1", CALL, BUY, State.CANCELLED),)
    done = account.round()
    assert exits(done) == BOUGHT
    assert not of(done, ExitReplaced)


@pytest.mark.parametrize("is_shown", [False, True])
def test_a_stop_is_waited_for_where_an_order_that_cannot_be_understood_may_be_it(is_shown):
    account = guarded(*MEANT)
    account.odd = "order 99, which is not ours, cannot be understood"
    account.orders = (shown("S1", CALL, BUY, State.WORKING),) if is_shown else ()
    sent = [leaves for _ in range(60) for leaves in exits(account.round())]
    assert sent == (BOUGHT if is_shown else [])


def test_an_exit_waits_no_longer_for_an_own_order_across_that_does_not_go():
    """It would trade with it at once, which the exchange keeps it from."""
    entry = intent("E2", CALL, SELL, strategy_id="strangle")
    account = guarded(IntentRecorded(entry, BEFORE))
    account.orders = (shown("E2", CALL, SELL, State.WORKING),)
    rounds = [account.round() for _ in range(VERIFY_S + 1)]
    assert cancels(rounds[0]) == ["E2"]
    assert [exits(done) for done in rounds] == [*([[]] * VERIFY_S), BOUGHT]
    assert "would trade with the own order E2" in rounds[0].left[0]


def test_what_is_in_the_way_is_waited_for_from_where_it_was_asked_to_go():
    """As many cancellations as the budget lets out leave at once; the last one follows."""
    resting = [intent(f"P{n}", PUT, BUY, strategy_id=f"other {n}") for n in range(8)]
    entry = intent("Z9", CALL, BUY, strategy_id="strangle")
    account = Account(
        *entered("E1", CALL, BUY),
        *(IntentRecorded(each, BEFORE) for each in (*resting, entry)),
        held={CALL: 65},
    )
    account.orders = tuple(
        shown(each.intent_id, each.symbol, BUY, State.WORKING) for each in (*resting, entry)
    )
    rounds = [account.round() for _ in range(VERIFY_S + 2)]
    assert ["Z9" in cancels(done) for done in rounds] == [False, True, False, False]
    assert [exits(done) for done in rounds] == [*([[]] * (VERIFY_S + 1)), [(CALL, SELL, 65)]]


def test_a_stop_is_waited_for_from_where_it_was_asked_to_go():
    parent = "paper:exit:1"
    old = [intent(f"A{n}", PUT, BUY, purpose=Purpose.EXIT, parent=parent) for n in range(8)]
    account = guarded(*(IntentRecorded(each, BEFORE) for each in old), *MEANT)
    account.orders = tuple(
        shown(each.intent_id, each.symbol, BUY, State.WORKING) for each in (*old, STOP)
    )
    rounds = [account.round() for _ in range(VERIFY_S + 2)]
    assert ["S1" in cancels(done) for done in rounds] == [False, True, False, False]
    assert [exits(done) for done in rounds] == [*([[]] * (VERIFY_S + 1)), BOUGHT]
