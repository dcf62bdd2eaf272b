"""Sending: an intent passes the gate, is recorded, and only then asked of the broker."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from daemon.actors.order_router.broker import link, outlived
from daemon.actors.order_router.broker.open_orders import is_over, open_orders, still_held
from daemon.actors.order_router.broker.outside import to_sell
from daemon.actors.order_router.known.alarms import LookUpDue, ReadDue
from daemon.actors.order_router.known.desk import Desk
from daemon.actors.turn import Turn
from daemon.domain.instants import SECOND_NS
from daemon.domain.market.instruments import Kind
from daemon.domain.orders.heard import Order
from daemon.domain.orders.limits import Approved, Control, GateView, Parent, Reach, Refused, gate
from daemon.domain.orders.reconcile import EXTERNAL
from daemon.domain.orders.words import Intent, IntentRecorded, Pocket, Purpose, Side, State
from daemon.messages import Cancel, CancelAsked, Place
from daemon.runtime.budget import Priority, Wait
from daemon.runtime.words import Call

_PRIORITY = {
    Purpose.ENTRY: Priority.ENTRY,
    Purpose.EXIT: Priority.EXIT,
    Purpose.RESIDENT_STOP: Priority.ENTRY,
}

IN_DOUBT = (State.INTENDED, State.UNKNOWN)
"""Such orders may rest at the broker; one that is parked would have been seen there by then."""

_CANCEL_AGAIN_NS = 5 * SECOND_NS
"""A cancellation that was not answered by then is asked once more: twice does no harm."""


class Errand(Struct, frozen=True):
    """An intent on its way to the gate.

    Attributes:
        intent: the order.
        parent: the basket or obligation that it is a child of.
        again: an equal order a moment ago is meant: a slice, or another attempt.
        beside: own orders that it does not wait for any more, though it could trade with them.
    """

    intent: Intent
    parent: Parent
    again: bool
    beside: frozenset[str] = frozenset()


class Later(Struct, frozen=True):
    """An intent that may not leave yet; nothing is wrong with it.

    Attributes:
        at_ns: when to try again at the latest.
    """

    at_ns: int


Held = Refused | Later
"""Why an intent stays here."""


def send(desk: Desk, turn: Turn, errand: Errand, now_ns: int) -> Held | None:
    """Let an intent leave through the gate, or return why it stays."""
    intent, lane = errand.intent, _PRIORITY[errand.intent.purpose]
    view = _view(desk, errand, now_ns, rate_slot=desk.budget.room(now_ns, lane) > 0)
    approved = gate(intent, view, desk.terms.limits, now_ns)
    if isinstance(approved, Refused) and approved.control is not Control.RATE:
        return approved
    taken = desk.budget.take(now_ns, lane)
    if isinstance(taken, Wait):
        return Later(taken.until_ns)
    assert isinstance(approved, Approved), "the gate saw no slot where the budget has one"
    recorded = IntentRecorded(intent, now_ns)
    desk.apply(recorded)
    turn.record(recorded)
    turn.do(Call(desk.terms.broker, Place(approved)))
    link.leaves(desk, turn, intent.intent_id, now_ns)
    desk.wakes.wake(turn, LookUpDue(intent.intent_id, now_ns + desk.terms.answer_ns))
    if desk.terms.reconcile_ns:
        desk.wakes.wake(turn, ReadDue("account", now_ns + desk.terms.reconcile_ns))
    return None


def objection(desk: Desk, errand: Errand, now_ns: int) -> Refused | None:
    """Return what the gate would have against an intent that leaves later; no slot is taken.

    An own order in its way may be gone by then, and a slot free.
    """
    view = _view(desk, errand, now_ns, rate_slot=True)
    seen = gate(errand.intent, replace(view, working=(), doubtful=()), desk.terms.limits, now_ns)
    return seen if isinstance(seen, Refused) else None


def judge(desk: Desk, errand: Errand, now_ns: int) -> Refused | None:
    """Return what the gate would say to an intent now; nothing is sent and no slot is taken."""
    lane = _PRIORITY[errand.intent.purpose]
    view = _view(desk, errand, now_ns, rate_slot=desk.budget.room(now_ns, lane) > 0)
    seen = gate(errand.intent, view, desk.terms.limits, now_ns)
    return seen if isinstance(seen, Refused) else None


def cancel(desk: Desk, turn: Turn, order: Order, now_ns: int) -> None:
    """Ask that a resting order be taken out of the broker's book, unless that was asked already.

    Without a slot in the budget nothing is asked; whoever wants it gone asks again.
    """
    if not can_cancel(desk, order, now_ns):
        return
    intent_id = order.intent.intent_id
    taken = desk.budget.take(now_ns, Priority.EXIT)
    assert not isinstance(taken, Wait), "there was room for a cancellation"
    desk.cancelling[intent_id] = now_ns + _CANCEL_AGAIN_NS
    asked = CancelAsked(intent_id, now_ns)
    desk.apply(asked)
    turn.record(asked)
    turn.do(Call(desk.terms.broker, Cancel(intent_id, order.broker_order_id)))


def can_cancel(desk: Desk, order: Order, now_ns: int) -> bool:
    """Say whether an order's cancellation could be asked now, and is not under way."""
    return (
        order.state is State.WORKING
        and bool(order.broker_order_id)
        and not is_over(desk, order)
        and now_ns >= desk.cancelling.get(order.intent.intent_id, 0)
        and desk.budget.room(now_ns, Priority.EXIT) > 0
    )


def to_take_back(desk: Desk) -> tuple[Order, ...]:
    """Return the entries under a kill whose cancellation was never asked, those that sell first."""
    if not desk.halts.kills:
        return ()
    found = (
        order
        for order in open_orders(desk)
        if order.state is State.WORKING
        and bool(order.broker_order_id)
        and order.intent.intent_id not in desk.cancelling
        and is_under_kill(desk, order)
    )
    return tuple(sorted(found, key=lambda order: order.intent.side is Side.BUY))


def is_under_kill(desk: Desk, order: Order) -> bool:
    """Say whether an order is an entry that a kill takes back."""
    entry = order.intent.purpose is Purpose.ENTRY
    return entry and desk.halts.kills_in(order.intent.strategy_id)


def cancel_answered(desk: Desk, intent_id: str, now_ns: int) -> None:
    """Give the broker's book time to tell what became of the order before it is asked again."""
    if intent_id in desk.cancelling:
        desk.cancelling[intent_id] = now_ns + 2 * desk.terms.lookup_ns


def exits_on_their_way(desk: Desk, strategy_id: str, leg_id: str) -> tuple[Order, ...]:
    """Return a leg's exits that may still fill, doubtful ones included unless one was replaced.

    A resident stop is one of them, until an exit leaves beside it.
    """
    return tuple(
        order
        for order in open_orders(desk)
        if order.intent.purpose is not Purpose.ENTRY
        and (order.intent.strategy_id, order.intent.leg_id) == (strategy_id, leg_id)
        and (_surely_rests(order) or order.intent.intent_id not in desk.replaced)
    )


def may_fill(
    desk: Desk, purpose: Purpose, strategy_id: str, leg_ids: tuple[str, ...]
) -> tuple[Order, ...]:
    """Return the orders of legs, sent for one purpose, that may still fill; by intent id."""
    return tuple(
        order
        for order in open_orders(desk)
        if order.intent.purpose is purpose
        and order.intent.strategy_id == strategy_id
        and order.intent.leg_id in leg_ids
    )


def _surely_rests(order: Order) -> bool:
    return order.state is State.WORKING and order.intent.purpose is Purpose.EXIT


def proven(desk: Desk, leg: tuple[str, str], pocket: Pocket, net: int) -> int:
    """Return the units of a leg that may be closed; fewer where the broker's book shows fewer.

    Our book is the evidence of the fills. What the broker does not show, and an exit of an earlier
    day may have closed, is not closed again; nor is what outlived its day. What two readings of the
    positions both lack is not sold, and a kill of the account closes no more than what the broker
    shows. Of what is not of our making nothing but readings tells, so there the newest one
    suffices: units that no order explained, and that were closed, may show with their order later.
    What exits of other legs were sent for before is theirs.

    Args:
        desk: of the account.
        leg: strategy and leg.
        pocket: what the leg holds; of another product nothing is proof of it.
        net: units of the leg by our book; below zero short.
    """
    if not net:
        return 0
    net = still_held(desk, leg, pocket, net)
    gap = outlived.shown_gap(desk, pocket)
    if gap is None and (net > 0 or desk.halts.closes_all()):
        gap = desk.reads.shown_gap(pocket, 0 if leg[0] == EXTERNAL else desk.terms.verify_ns)
    if gap is None:
        return net
    sign = 1 if net > 0 else -1
    shown = (desk.book.within(pocket).net + gap) * sign
    theirs = _sent_before(desk, leg, pocket, Side.SELL if net > 0 else Side.BUY)
    if leg[0] == EXTERNAL:  # what is missing is not of our making: our fills are their own evidence
        theirs = max(theirs, _ours_beside(desk, pocket, sign))
    return sign * min(abs(net), max(shown - theirs, 0))


def _ours_beside(desk: Desk, pocket: Pocket, sign: int) -> int:
    """Return the units that legs of our own hold in a pocket on that side."""
    nets = (
        desk.book.position(*key).net_quantity * sign
        for key, held in desk.holders()
        if held == pocket and key[0] != EXTERNAL
    )
    return sum(net for net in nets if net > 0)


def _sent_before(desk: Desk, leg: tuple[str, str], pocket: Pocket, side: Side) -> int:
    """Return the units that exits of other legs in a pocket, sent before this leg's, may trade."""
    mine = exits_on_their_way(desk, *leg)
    first = min((order.intent.intent_id for order in mine), default="")
    before = {
        (order.intent.strategy_id, order.intent.leg_id)
        for order in open_orders(desk)
        if order.intent.pocket == pocket
        and order.intent.purpose is not Purpose.ENTRY
        and (not first or order.intent.intent_id < first)
    }
    return sum(remaining(exits_on_their_way(desk, *other), side) for other in before - {leg})


def remaining(orders: tuple[Order, ...], side: Side) -> int:
    """Return the units that these orders may still trade on one side."""
    return sum(order.remaining_quantity for order in orders if order.intent.side is side)


def _view(desk: Desk, errand: Errand, now_ns: int, *, rate_slot: bool) -> GateView:
    intent = errand.intent
    instrument = desk.contract(intent.symbol)
    ticks = desk.prices.ticks_e4(intent.symbol, now_ns)
    low_e4 = high_e4 = 0
    if instrument is not None:
        prospect = desk.prospect(instrument, intent.side)
        low_e4, high_e4 = prospect.low_e4, prospect.high_e4
    mine = [o for o in open_orders(desk) if o.intent.account == intent.account]
    if intent.purpose is not Purpose.ENTRY:  # no order of a stranger's holds up an exit
        mine = [o for o in mine if o.intent.strategy_id != EXTERNAL]
        mine = [o for o in mine if o.intent.intent_id not in errand.beside]
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
        working=tuple(o.as_it_rests for o in mine if o.state is State.WORKING),
        doubtful=tuple(o.intent for o in mine if o.state in IN_DOUBT),
        fresh={intent.symbol: desk.link_alive and bool(ticks)},
        parent=errand.parent,
        link_open=desk.calls.breaker.admits(now_ns),
        strategy_sane=_is_guarded(desk, intent),
        closable_quantity=_closable(desk, intent),
        again=errand.again,
    )


def _reach(desk: Desk, symbol: str, strategy_id: str | None) -> Reach:
    """Return what may come about; shares count in no lots, for a limit in rupees holds them."""
    low, high = desk.book.possible_exposure(symbol, strategy_id)
    elsewhere = 0
    for other in desk.book.symbols(strategy_id):
        instrument = desk.contract(other)
        if other == symbol or instrument is None or instrument.kind is Kind.EQUITY:
            continue
        least, most = desk.book.possible_exposure(other, strategy_id)
        elsewhere += -(-max(abs(least), abs(most)) // instrument.lot)
    return Reach(low, high, elsewhere)


def _is_guarded(desk: Desk, intent: Intent) -> bool:
    """Say whether what this order sells is held by a stop of its own or of its strategy."""
    opened = desk.baskets.get(intent.parent)
    if opened is None or intent.side is Side.BUY:
        return True
    own, whole = opened.leg_rules.get(intent.leg_id), opened.rules
    stops = (whole.combined_premium_stop, whole.stop_e4, whole.stop_premium_percent_e4)
    return any(stops) or (own is not None and own.stop is not None)


def _closable(desk: Desk, intent: Intent) -> int:
    """Units that this side may close: what is proven open, less the exits on their way."""
    held = desk.book.position(intent.strategy_id, intent.leg_id).net_quantity
    net = proven(desk, (intent.strategy_id, intent.leg_id), intent.pocket, held)
    exits = exits_on_their_way(desk, intent.strategy_id, intent.leg_id)
    theirs = to_sell(desk, (intent.strategy_id, intent.leg_id), intent.pocket) if net > 0 else 0
    return max(-net * intent.side.sign, 0) - remaining(exits, intent.side) - theirs
