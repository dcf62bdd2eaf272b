import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.domain.orders.book import Book
from daemon.domain.orders.limits import Approved, Control, Limits, Reach, Refused, gate
from daemon.domain.orders.words import IntentRecorded, OrderUpdated, Purpose, Side, State
from tests.kit.asked import CALL, INTENT, NOW, VIEW, gated

ENTRY = Purpose.ENTRY


def test_the_first_control_that_objects_is_told():
    """One refusal, with the control's name and a sentence."""
    refused = gated(ENTRY, {"session_open": False, "rate_slot": False})
    sentence = f"the exchange does not trade {CALL.symbol} now"
    assert refused == Refused(Control.TRADABILITY, sentence)


def test_a_contract_that_is_not_in_the_master_is_not_traded():
    """Whatever the purpose."""
    for purpose in Purpose:
        refused = gated(purpose, {"instrument": None})
        assert refused.control is Control.TRADABILITY


def test_a_view_of_another_contract_is_a_defect():
    """The gate never judges one contract by the figures of another."""
    with pytest.raises(AssertionError):
        gated(ENTRY, {"symbol": "NIFTY-2026-11-23-24550-PE"})


def test_only_the_gate_approves():
    """An approval cannot be made, moved to another intent, or read from outside."""
    approved = gated(ENTRY, {})
    assert approved.intent == INTENT
    assert approved == gated(ENTRY, {})
    assert hash(approved) == hash(gated(ENTRY, {}))
    assert approved != gated(ENTRY, {"quantity": 130})
    assert approved.seal != "seal"
    with pytest.raises(TypeError, match="only"):
        Approved(INTENT, None)
    with pytest.raises(TypeError, match="only"):
        replace(approved, intent=replace(INTENT, quantity=1300))
    with pytest.raises(TypeError):
        Approved(INTENT)


@given(
    st.lists(st.tuples(st.sampled_from(Side), st.integers(1, 4), st.booleans()), max_size=30),
    st.integers(1, 6),
)
def test_what_passes_never_takes_possible_exposure_past_its_cap(orders, cap):
    """Whatever of it is filled, and with nothing of it ever answered."""
    book, limits = Book(), Limits(max_instrument_lots=cap)
    for number, (side, lots, filled) in enumerate(orders):
        quantity = lots * CALL.lot
        intent = replace(INTENT, intent_id=f"OR{number}", side=side, quantity=quantity)
        reach = Reach(*book.possible_exposure(CALL.symbol), 0)
        if isinstance(gate(intent, replace(VIEW, account=reach), limits, NOW), Approved):
            book.apply(IntentRecorded(intent, NOW))
            state = State.FILLED if filled else State.WORKING
            done = quantity if filled else 0
            book.apply(OrderUpdated(intent.intent_id, str(number), state, done, done, NOW))
        worst = max(map(abs, book.possible_exposure(CALL.symbol)))
        assert worst <= cap * CALL.lot
