"""The actor: which message leads to which decision."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from daemon.actors.order_router import entries, exits, lookups
from daemon.actors.order_router.alarms import BasketDue, ClosingDue, ExitLate, LookUpDue
from daemon.actors.order_router.desk import Desk, Terms
from daemon.actors.order_router.settlements import settlement
from daemon.actors.turn import Turn
from daemon.domain.market.frames import Frame
from daemon.domain.orders.basket import Basket, OnFail
from daemon.domain.orders.ids import IntentIds
from daemon.domain.orders.words import (
    OrderAccepted,
    OrderRefused,
    OrderUpdated,
    OutcomeUnknown,
    Purpose,
    State,
)
from daemon.messages import (
    CancelAnswered,
    DayEnded,
    DayOpened,
    EnterLegs,
    EntriesPaused,
    ExitLegs,
    LinkDied,
    LinkRevived,
    OrderNotFound,
    PauseEntries,
    Settled,
)
from daemon.runtime.budget import Budget
from daemon.runtime.words import NOTHING, Effect, Started

Heard = OrderAccepted | OrderRefused | OutcomeUnknown | OrderUpdated
HEARS = (Frame, DayOpened, DayEnded, LinkDied, LinkRevived)


class OrderRouter:
    """Routes the orders of one account."""

    def __init__(
        self, terms: Terms, ids: IntentIds, budget: Budget, facts: Iterable[object] = ()
    ) -> None:
        self._desk = Desk(terms, ids, budget)
        self._desk.restore(facts)

    def handle(self, message: object, now_ns: int) -> Sequence[Effect]:
        """Decide on one message."""
        desk = self._desk
        if type(message) is Frame:
            desk.see(message)
            if not desk.closings and not desk.baskets:
                return NOTHING
        turn = Turn()
        self._decide(turn, message, now_ns)
        return turn.done()

    def _decide(self, turn: Turn, message: object, now_ns: int) -> None:
        desk = self._desk
        match message:
            case Frame():
                self._go_on(turn, now_ns)
            case OrderAccepted() | OrderRefused() | OutcomeUnknown() | OrderUpdated():
                self._hear(turn, message, now_ns)
            case EnterLegs(opened):
                if entries.begin(desk, turn, opened, now_ns):
                    self._clear_up(turn, opened.basket, now_ns)
            case ExitLegs():
                exits.begin(desk, turn, message, now_ns)
            case BasketDue(basket_id):
                basket = desk.basket(basket_id)
                if basket is not None:
                    entries.due(desk, turn, basket, now_ns)
                    self._clear_up(turn, basket, now_ns)
            case ClosingDue(exit_id):
                exits.proceed(desk, turn, exit_id, now_ns)
            case ExitLate(exit_id):
                exits.late(desk, turn, exit_id, now_ns)
            case LookUpDue(intent_id):
                lookups.due(desk, turn, intent_id)
            case OrderNotFound(intent_id):
                lookups.not_found(desk, turn, intent_id, now_ns)
            case CancelAnswered(intent_id):
                desk.cancelling.discard(intent_id)
            case _:
                self._take_notice(turn, message, now_ns)

    def _take_notice(self, turn: Turn, message: object, now_ns: int) -> None:
        desk = self._desk
        match message:
            case DayOpened(day, sessions):
                desk.day, desk.sessions = day, sessions
                desk.recent_frames.clear()
            case DayEnded():
                desk.sessions = ()
            case LinkDied():
                desk.link_alive = False
                desk.recent_frames.clear()
            case LinkRevived():
                desk.link_alive = True
            case Settled():
                self._settle(turn, message, now_ns)
            case PauseEntries(because):
                paused = EntriesPaused(because, now_ns)
                desk.apply(paused)
                turn.announce(paused)
            case Started():
                self._resume(turn, now_ns)
            case _:
                raise AssertionError(f"the router was told {message!r}")

    def _resume(self, turn: Turn, now_ns: int) -> None:
        """Set the alarms of whatever was under way before a restart."""
        for basket_id in tuple(self._desk.baskets):
            self._decide(turn, BasketDue(basket_id), now_ns)
        for exit_id in tuple(self._desk.closings):
            exits.proceed(self._desk, turn, exit_id, now_ns)
        for order in self._desk.book.open_orders():
            if order.state is not State.WORKING:
                lookups.begin(self._desk, turn, order.intent.intent_id, now_ns)

    def _go_on(self, turn: Turn, now_ns: int) -> None:
        """Look at what is under way with the prices of a new frame."""
        for opened in tuple(self._desk.baskets.values()):
            entries.proceed(self._desk, turn, opened.basket, now_ns)
            self._clear_up(turn, opened.basket, now_ns)
        for exit_id in tuple(self._desk.closings):
            exits.proceed(self._desk, turn, exit_id, now_ns, wake=False)

    def _hear(self, turn: Turn, fact: Heard, now_ns: int) -> None:
        """Take the broker's word on an order in, and what follows for its parent."""
        desk = self._desk
        intent_id = fact.intent_id
        before = desk.book.order(intent_id)
        desk.apply(fact)
        turn.record(fact)
        order = desk.book.order(intent_id)
        if order is None or before is None:
            return
        if isinstance(fact, OutcomeUnknown):
            lookups.begin(desk, turn, intent_id, now_ns)
        if order.filled_quantity != before.filled_quantity:
            turn.announce(desk.position_changed(order, now_ns))
        if isinstance(fact, OrderRefused) or order.state is State.REJECTED:
            self._hear_no(turn, fact, now_ns)
        self._go_on_with(turn, order.intent.parent, now_ns)
        if order.intent.purpose is Purpose.ENTRY and order.intent.parent not in desk.baskets:
            self._leave_the_unwanted(turn, order.intent.strategy_id, order.intent.leg_id, now_ns)

    def _hear_no(self, turn: Turn, fact: Heard, now_ns: int) -> None:
        desk = self._desk
        assert isinstance(fact, OrderRefused | OrderUpdated), "only an answer says no"
        order = desk.book.order(fact.intent_id)
        assert order is not None, "a refusal is of an order that was recorded"
        text = fact.text
        basket = desk.basket(order.intent.parent)
        if basket is not None:
            entries.give_up(desk, turn, basket, f"{order.intent.symbol}: {text}", now_ns)
            self._clear_up(turn, basket, now_ns)
        elif isinstance(fact, OrderRefused):
            exits.refused(desk, turn, fact, now_ns)

    def _go_on_with(self, turn: Turn, parent: str, now_ns: int) -> None:
        basket = self._desk.basket(parent)
        if basket is not None:
            entries.proceed(self._desk, turn, basket, now_ns)
            self._clear_up(turn, basket, now_ns)
        else:
            exits.proceed(self._desk, turn, parent, now_ns)

    def _clear_up(self, turn: Turn, basket: Basket, now_ns: int) -> None:
        """Unwind the filled legs of a basket that was just given up, where its plan says so."""
        desk = self._desk
        if basket.basket_id in desk.baskets or basket.on_fail is OnFail.KEEP:
            return
        progress = entries.progress_of(desk, basket)
        if not all(progress[leg.leg_id].filled_quantity >= leg.quantity for leg in basket.legs):
            legs = tuple(leg.leg_id for leg in basket.legs)
            exits.unwind(desk, turn, basket.strategy_id, legs, now_ns)

    def _settle(self, turn: Turn, settled: Settled, now_ns: int) -> None:
        """Book what the exchange settled: each leg that held it is closed at that price."""
        for fact in settlement(self._desk, settled, now_ns):
            self._desk.apply(fact)
            turn.record(fact)
            if isinstance(fact, OrderUpdated):
                order = self._desk.book.order(fact.intent_id)
                assert order is not None, "a settlement is recorded before it is filled"
                turn.announce(self._desk.position_changed(order, now_ns))
        for exit_id in tuple(self._desk.closings):
            exits.proceed(self._desk, turn, exit_id, now_ns)

    def _leave_the_unwanted(self, turn: Turn, strategy_id: str, leg_id: str, now_ns: int) -> None:
        """A fill that came after its leg was left, or after its basket failed, is closed."""
        desk = self._desk
        if not desk.is_held(strategy_id, leg_id):
            exits.unwind(desk, turn, strategy_id, (leg_id,), now_ns)
