"""Whatever a broker does with what it is asked: no more is closed than is open, and all is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.domain.instants import SECOND_NS
from daemon.domain.orders.doubt import OLD_NS
from daemon.domain.orders.words import (
    ConfirmationWanted,
    OrderAccepted,
    OrderRefused,
    OrderUpdated,
    OutcomeUnknown,
    Pocket,
    Refusal,
    Side,
    State,
)
from daemon.messages import BrokerOrder, Cancel
from tests.guardian.test_guardian_closer import CALL, Account, entered

pytestmark = pytest.mark.untraced

FATES = (
    "fills",
    "rests",
    "is lost",
    "is asked about",
    "arrives late",
    "is refused",
    "fills unheard",
)
NOWHERE = {"is lost", "is asked about"}
"""Nothing is placed, and nobody says so."""
LATE_ROUNDS = 4
"""Longer than two readings lie apart, so that another order may have left meanwhile."""
AGES_ROUNDS = 2 * OLD_NS // SECOND_NS
"""In so many even an order that was never seen is waited for no more, and the next has left."""


class Exchange:
    """An account whose broker treats each order as its fate has it; when none is left, it fills.

    Args:
        lots: held at first; below zero short.
        fates: of the orders, in turn.
    """

    def __init__(self, lots: int, fates: list[str]) -> None:
        side = Side.BUY if lots > 0 else Side.SELL
        units = 65 * lots
        self.account = Account(*entered("E1", CALL, side, quantity=abs(units)), held={CALL: units})
        self.fates = list(fates)
        self.late: list[tuple[int, object]] = []
        self.resting: list[tuple[int, object]] = []
        self.rounds = 0
        self.sent: set[str] = set()

    @property
    def net(self) -> int:
        return self.account.held[Pocket(CALL)]

    def step(self) -> bool:
        """Go one round on; return whether all was shown flat twice."""
        self.rounds += 1
        for due, wanted in [each for each in self.late if each[0] <= self.rounds]:
            self.late.remove((due, wanted))
            self._book(wanted, State.FILLED)
        for due, wanted in [each for each in self.resting if each[0] <= self.rounds]:
            self.resting.remove((due, wanted))
            if self._take_out(wanted.intent_id) is not None:
                self._book(wanted, State.FILLED)
        done = self.account.round()
        for asked in done.asked:
            told = self._cancelled(asked) if isinstance(asked, Cancel) else self._placed(asked)
            self.account.answer(*told)
        return done.flat

    def _placed(self, asked) -> tuple[object, ...]:
        wanted = asked.approved.intent
        assert wanted.intent_id not in self.sent, "nothing is sent twice"
        self.sent.add(wanted.intent_id)
        at_ns, fate = self.account.now_ns, self.fates.pop(0) if self.fates else "fills"
        accepted = OrderAccepted(wanted.intent_id, f"B{wanted.intent_id}", at_ns)
        match fate:
            case "fills":
                return accepted, self._book(wanted, State.FILLED)
            case "rests":
                self.resting.append((self.rounds + LATE_ROUNDS, wanted))
                return accepted, self._book(wanted, State.WORKING)
            case "is refused":
                return (OrderRefused(wanted.intent_id, Refusal.BAND, "no", at_ns),)
            case "is asked about":
                return (ConfirmationWanted(wanted.intent_id, "q1", "is that meant?", at_ns),)
            case "arrives late":
                self.late.append((self.rounds + LATE_ROUNDS, wanted))
            case "fills unheard":
                self._book(wanted, State.FILLED)
        return (OutcomeUnknown(wanted.intent_id, "no answer", at_ns),)

    def _cancelled(self, asked: Cancel) -> tuple[object, ...]:
        if (shown := self._take_out(asked.intent_id)) is not None:
            self.account.orders = (*self.account.orders, replace(shown, state=State.CANCELLED))
        return ()

    def _take_out(self, intent_id: str) -> BrokerOrder | None:
        """Take an order that rests out of the exchange's book; None: it does not rest there."""
        rests = [
            each
            for each in self.account.orders
            if (each.client_id, each.state) == (intent_id, State.WORKING)
        ]
        self.account.orders = tuple(each for each in self.account.orders if each not in rests)
        return rests[0] if rests else None

    def _book(self, wanted, state: State) -> OrderUpdated:
        """Have an order in the exchange's book; what fills moves the position."""
        filled = wanted.quantity if state is State.FILLED else 0
        self.account.held[Pocket(CALL)] += wanted.side.sign * filled
        number, value_e4 = f"B{wanted.intent_id}", filled * wanted.price_e4
        shown = BrokerOrder(
            wanted.intent_id, number, CALL, wanted.side, wanted.quantity, state, filled, value_e4
        )
        self.account.orders = (*self.account.orders, shown)
        return OrderUpdated(wanted.intent_id, number, state, filled, value_e4, self.account.now_ns)


@settings(deadline=None, max_examples=60)
@given(lots=st.integers(1, 40), fates=st.lists(st.sampled_from(FATES), max_size=8))
def test_a_long_is_never_sold_beyond_flat_and_what_stays_of_it_is_told_as_in_doubt(lots, fates):
    exchange = Exchange(lots, fates)
    flat = False
    for _ in range(80):
        flat = exchange.step()
        assert exchange.net >= 0
    lost = bool(NOWHERE.intersection(fates))
    assert (flat and exchange.net == 0) or lost
    if exchange.net:
        assert any("in doubt" in text for text in exchange.account.round().left)


@settings(deadline=None, max_examples=40)
@given(lots=st.integers(1, 40), fates=st.lists(st.sampled_from(FATES), max_size=6))
def test_a_short_is_bought_back_whatever_was_lost_and_too_much_of_it_once_at_most(lots, fates):
    """Only of what was bought too much, and sold again, may a sale in doubt leave something."""
    exchange = Exchange(-lots, fates)
    flat = False
    for _ in range(80 + AGES_ROUNDS * sum(fate in NOWHERE for fate in fates)):
        flat = exchange.step()
        assert exchange.net <= 65 * lots
    assert exchange.net >= 0
    assert exchange.net == 0 or {"arrives late", *NOWHERE}.intersection(fates)
    assert flat == (exchange.net == 0)
