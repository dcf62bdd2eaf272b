"""Sending: an intent passes the gate, is recorded, and only then asked of the broker."""

from __future__ import annotations

from msgspec import Struct

from daemon.actors.order_router.desk import Desk
from daemon.actors.turn import Turn
from daemon.domain.orders.limits import Approved, GateView, Parent, Reach, Refused, gate
from daemon.domain.orders.words import Intent, IntentRecorded, Purpose, State
from daemon.messages import Cancel, Place
from daemon.runtime.budget import Granted, Priority
from daemon.runtime.words import Call

_PRIORITY = {Purpose.ENTRY: Priority.ENTRY, Purpose.EXIT: Priority.EXIT}


class Errand(Struct, frozen=True):
    """An intent on its way to the gate.

    Attributes:
        intent: the order.
        parent: the basket or obligation that it is a child of.
        again: an equal order a moment ago is meant: a slice, or another attempt.
    """

    intent: Intent
    parent: Parent
    again: bool


def send(desk: Desk, turn: Turn, errand: Errand, now_ns: int) -> Refused | None:
    """Let an intent leave through the gate, or return why it stays."""
    intent = errand.intent
    has_slot = desk.budget.room(now_ns, _PRIORITY[intent.purpose]) > 0
    view = _view(desk, errand, now_ns, rate_slot=has_slot)
    approved = gate(intent, view, desk.terms.limits, now_ns)
    if not isinstance(approved, Approved):
        return approved
    taken = desk.budget.take(now_ns, _PRIORITY[intent.purpose])
    assert isinstance(taken, Granted), "the gate approved without a slot in the budget"
    recorded = IntentRecorded(intent, now_ns)
    desk.apply(recorded)
    turn.record(recorded)
    turn.do(Call(desk.terms.broker, Place(approved)))
    return None


def cancel(desk: Desk, turn: Turn, intent_id: str, now_ns: int) -> None:
    """Ask once that an order be taken out of the broker's book; its number must be known."""
    order = desk.book.order(intent_id)
    if order is None or not order.broker_order_id or intent_id in desk.cancelling:
        return
    if isinstance(desk.budget.take(now_ns, Priority.EXIT), Granted):
        desk.cancelling.add(intent_id)
        turn.do(Call(desk.terms.broker, Cancel(intent_id, order.broker_order_id)))


def _view(desk: Desk, errand: Errand, now_ns: int, *, rate_slot: bool) -> GateView:
    intent = errand.intent
    instrument = desk.contract(intent.symbol)
    ticks = desk.ticks_e4(intent.symbol)
    low_e4 = high_e4 = 0
    if instrument is not None:
        prospect = desk.prospect(instrument, intent.side)
        low_e4, high_e4 = prospect.low_e4, prospect.high_e4
    mine = [o for o in desk.book.open_orders() if o.intent.account == intent.account]
    return GateView(
        instrument=instrument,
        session_open=desk.session_open(now_ns),
        ticks_e4=ticks,
        low_e4=low_e4,
        high_e4=high_e4,
        account=_reach(desk, intent.symbol, None),
        strategy=_reach(desk, intent.symbol, intent.strategy_id),
        rate_slot=rate_slot,
        recent=tuple(desk.recent_intents),
        working=tuple(o.intent for o in mine if o.state is State.WORKING),
        doubtful=tuple(o.intent for o in mine if o.state is not State.WORKING),
        fresh={intent.symbol: desk.link_alive and bool(ticks)},
        parent=errand.parent,
        strategy_sane=True,
        closable_quantity=_closable(desk, intent),
        again=errand.again,
    )


def _reach(desk: Desk, symbol: str, strategy_id: str | None) -> Reach:
    low, high = desk.book.possible_exposure(symbol, strategy_id)
    elsewhere = 0
    for other in desk.book.symbols(strategy_id):
        instrument = desk.contract(other)
        if other != symbol and instrument is not None:
            least, most = desk.book.possible_exposure(other, strategy_id)
            elsewhere += -(-max(abs(least), abs(most)) // instrument.lot)
    return Reach(low, high, elsewhere)


def _closable(desk: Desk, intent: Intent) -> int:
    """Units that this side may close: what is proven open, less the exits on their way."""
    net = desk.book.position(intent.strategy_id, intent.leg_id).net_quantity
    open_quantity = max(-net * intent.side.sign, 0)
    on_their_way = sum(
        order.remaining_quantity
        for order in desk.book.open_orders()
        if order.intent.purpose is Purpose.EXIT
        and (order.intent.strategy_id, order.intent.leg_id) == (intent.strategy_id, intent.leg_id)
    )
    return open_quantity - on_their_way
