"""Exits: an obligation each, worked by the closing machine until the broker's evidence is flat."""

from __future__ import annotations

from daemon.actors.order_router.broker import lookups, outlived, outside, overdue
from daemon.actors.order_router.broker.sending import cancel
from daemon.actors.order_router.broker.unasked import said
from daemon.actors.order_router.closing import exit_orders, markets
from daemon.actors.order_router.closing.holdings import holding, is_met, surplus
from daemon.actors.order_router.closing.withdrawals import recall_by_hand, withdraw
from daemon.actors.order_router.known.alarms import ClosingDue, ExitLate
from daemon.actors.order_router.known.desk import Desk, legs_entered
from daemon.actors.order_router.known.owed import LATE, UNREAD, Closing
from daemon.actors.order_router.opening import entries
from daemon.actors.turn import Turn
from daemon.domain.instants import SECOND_NS
from daemon.domain.market.notes import NoteKind
from daemon.domain.orders.basket import Basket, OnFail
from daemon.domain.orders.flatten import CancelExit, PlaceExit, is_flat, waiting
from daemon.domain.orders.heard import Order
from daemon.domain.orders.words import Refusal, State
from daemon.domain.risk.words import ExitReason
from daemon.messages import ExitFinished, ExitLegs, ExitOverdue, ExitOwed, Noted

_LOOK_AGAIN_NS = SECOND_NS


def begin(desk: Desk, turn: Turn, wanted: ExitLegs, now_ns: int, keep: int = 0) -> None:
    """Take an exit on as an obligation; legs that are already being left are passed over.

    Args:
        desk: of the account.
        turn: what is done.
        wanted: the legs, and why.
        now_ns: the present instant.
        keep: units of each leg that stay; 0: all is left, whatever of it was to stay before.
    """
    strategy_id = wanted.strategy_id
    legs = tuple(
        leg_id
        for leg_id in dict.fromkeys((*wanted.leg_ids, *(() if keep else _unfilled(desk, wanted))))
        if not is_leaving(desk, strategy_id, leg_id) and desk.leg(strategy_id, leg_id) is not None
    )
    if not legs:
        return
    _end_partial(desk, turn, strategy_id, legs, now_ns)
    exit_id = f"{desk.terms.account}:exit:{desk.exits_owed + 1}"
    owed = ExitOwed(exit_id, strategy_id, legs, wanted.reason, now_ns, keep, because=wanted.because)
    desk.apply(owed)
    turn.announce(owed)
    baskets = () if keep else desk.baskets.values()  # who leaves a part may go on entering
    entering = [o.basket for o in baskets if o.basket.strategy_id == strategy_id]
    for basket in entering:
        entries.give_up(desk, turn, basket, f"left by {wanted.reason}", now_ns)
    desk.wakes.wake(turn, ExitLate(exit_id, now_ns + desk.terms.exit_limit_ns))
    proceed(desk, turn, exit_id, now_ns)
    for basket in entering:
        clear_up(desk, turn, basket, now_ns)


def _unfilled(desk: Desk, wanted: ExitLegs) -> list[str]:
    """Return what an entry that keeps what it gets may still fill, where all that is held leaves.

    It would be a short beside which its hedges are sold.
    """
    owner = wanted.strategy_id
    held = {leg for (of, leg), _ in desk.holders() if of == owner}
    if not held <= {*wanted.leg_ids, *_leaving(desk, owner)}:
        return []
    return legs_entered(desk, owner)


def _leaving(desk: Desk, strategy_id: str) -> set[str]:
    owed = (c.owed for c in desk.closings.values() if c.owed.strategy_id == strategy_id)
    return {leg_id for each in owed if not each.keep for leg_id in each.leg_ids}


def is_leaving(desk: Desk, strategy_id: str, leg_id: str) -> bool:
    """Say whether all of a leg is being left."""
    return any(not owed.keep for owed in owing(desk, strategy_id, (leg_id,)))


def owing(desk: Desk, strategy_id: str, leg_ids: tuple[str, ...]) -> tuple[ExitOwed, ...]:
    """Return what is owed of any of these legs, exits of a part included."""
    return tuple(
        closing.owed
        for closing in desk.closings.values()
        if closing.owed.strategy_id == strategy_id and set(closing.owed.leg_ids) & set(leg_ids)
    )


def _end_partial(
    desk: Desk, turn: Turn, strategy_id: str, leg_ids: tuple[str, ...], now_ns: int
) -> None:
    """End the exits of a part of these legs: all is left now, their orders on the way included."""
    for owed in owing(desk, strategy_id, leg_ids):
        _finish(desk, turn, owed, now_ns)


def _finish(desk: Desk, turn: Turn, owed: ExitOwed, now_ns: int) -> None:
    closed, held = _closed(desk, owed) if owed.keep else (0, 0)
    finished = ExitFinished(owed.exit_id, owed.strategy_id, owed.leg_ids, now_ns, closed, held)
    desk.apply(finished)
    turn.announce(finished)


def _closed(desk: Desk, owed: ExitOwed) -> tuple[int, int]:
    """Return how many units the exit of a part has closed, and how many stay."""
    closed = sum(order.filled_quantity for order in desk.book.children(owed.exit_id))
    nets = [desk.book.position(owed.strategy_id, leg_id).net_quantity for leg_id in owed.leg_ids]
    return closed, sum(map(abs, nets))


def resume(desk: Desk, turn: Turn, exit_id: str, now_ns: int) -> None:
    """Go on with a closing after a restart, or on a new day.

    One that is owed since an instant yet to come, by a clock that stood ahead, is owed since now.
    """
    opened_ns = desk.sessions[0][0] if desk.sessions else 0
    began_ns = max(min(desk.closings[exit_id].owed.at_ns, now_ns), opened_ns)
    late_ns = began_ns + desk.terms.exit_limit_ns
    desk.wakes.wake(turn, ExitLate(exit_id, max(late_ns, now_ns + _LOOK_AGAIN_NS)))
    proceed(desk, turn, exit_id, now_ns)


def proceed(desk: Desk, turn: Turn, exit_id: str, now_ns: int) -> None:
    """Do what a closing needs now; finish it once all is flat."""
    closing = desk.closings.get(exit_id)
    if closing is None:
        return
    shut = markets.are_closed(desk, closing.owed, now_ns)
    if not shut:
        withdraw(desk, turn, closing, now_ns)
        outside.tell_waiting(desk, turn, closing, now_ns)
        outlived.tell_unshown(desk, turn, closing, now_ns)
    holdings = tuple(holding(desk, closing, leg_id, now_ns) for leg_id in closing.owed.leg_ids)
    if is_flat(holdings) and is_met(desk, closing):
        _finish(desk, turn, closing.owed, now_ns)
        return
    if shut:
        markets.await_opening(desk, turn, closing.owed, now_ns)
        return
    if _awaits_reading(desk, turn, closing, now_ns):
        return
    for leg_id in closing.owed.leg_ids:
        for beyond in surplus(desk, closing, leg_id):
            cancel(desk, turn, beyond, now_ns)
    for word in closing.machine.next(holdings, now_ns):
        match word:
            case PlaceExit():
                exit_orders.place(desk, turn, closing, word, now_ns)
            case CancelExit(intent_id):
                order = desk.book.order(intent_id)
                assert order is not None, "what rests was recorded"
                closing.held_ns[order.intent.leg_id] = now_ns  # what replaces it is decided now
                cancel(desk, turn, order, now_ns)
    for each in waiting(holdings):
        if each.net_quantity and not each.closing_quantity:
            closing.held_ns.setdefault(each.leg_id, now_ns)
    recall_by_hand(desk, turn, closing, now_ns)
    wakes_ns = closing.machine.wakes_ns(holdings, now_ns) or now_ns + _LOOK_AGAIN_NS
    desk.wakes.wake(turn, ClosingDue(exit_id, wakes_ns))


def _awaits_reading(desk: Desk, turn: Turn, closing: Closing, now_ns: int) -> bool:
    """Say whether an exit waits for a reading, the first since the start, and not for too long.

    What is held by our book may have been closed by hand meanwhile.
    """
    reads, owed = desk.reads, closing.owed
    if not desk.terms.reconcile_ns or reads.reconciled:
        return _awaits_another(desk, turn, closing, now_ns)
    if reads.awaited_ns is None:
        reads.awaited_ns = now_ns
    until_ns = reads.awaited_ns + desk.terms.exit_limit_ns
    if now_ns < until_ns:
        desk.wakes.wake(turn, ClosingDue(owed.exit_id, until_ns))
        return True
    if UNREAD not in closing.told:
        closing.told.add(UNREAD)
        text = f"{', '.join(owed.leg_ids)} are left though the broker's book is not read since the"
        told = f"{text} start; look there whether they were closed by hand meanwhile"
        turn.announce(Noted(NoteKind.REFUSED, told, now_ns, owed.strategy_id))
    return False


def _awaits_another(desk: Desk, turn: Turn, closing: Closing, now_ns: int) -> bool:
    """Say whether an exit waits for another reading of what outlived its day."""
    until_ns = outlived.awaited_ns(desk, closing)
    if now_ns < until_ns:
        desk.wakes.wake(turn, ClosingDue(closing.owed.exit_id, until_ns))
    return now_ns < until_ns


def proceed_all(desk: Desk, turn: Turn, now_ns: int) -> None:
    """Go on with every closing: what one has done may be what another waits for."""
    for exit_id in tuple(desk.closings):
        proceed(desk, turn, exit_id, now_ns)


def refused(desk: Desk, turn: Turn, order: Order, now_ns: int) -> None:
    """Let the closing machine answer a no of the broker's by its table.

    An exchange that says FREEZE to a single lot cannot be met by halving.
    """
    intent = order.intent
    closing = desk.closings.get(intent.parent)
    if closing is None:
        return
    closing.held_ns.pop(intent.leg_id, None)
    machine, leg_id, kind = closing.machine, intent.leg_id, order.refusal or Refusal.OTHER
    leg, left = desk.leg(intent.strategy_id, leg_id), intent.quantity - order.filled_quantity
    if kind is Refusal.FREEZE and leg is not None and left <= leg.lot:
        kind = Refusal.OTHER
    if order.state is State.CANCELLED:
        answer = machine.cancelled(leg_id, left, now_ns, kind)
        exit_orders.tell(turn, closing, answer, f"{intent.symbol}: {said(order)}", now_ns)
        return
    answer = machine.refused(leg_id, kind, intent.quantity, now_ns)
    exit_orders.tell(
        turn, closing, answer, f"{intent.symbol}: {order.refusal or kind} {order.text}", now_ns
    )


def late(desk: Desk, turn: Turn, exit_id: str, now_ns: int) -> None:
    """Tell a person, once a day, of an exit not finished in its time; ask what its orders did."""
    closing = desk.closings.get(exit_id)
    if closing is None:
        return
    owed = closing.owed
    if LATE not in closing.told:
        closing.told.add(LATE)
        left = ", ".join(
            f"{leg_id} {net:+d}{markets.because(desk, (owed.strategy_id, leg_id), now_ns)}"
            for leg_id in owed.leg_ids
            if (net := desk.book.position(owed.strategy_id, leg_id).net_quantity)
        )
        because = f"still open: {left}" if left else "orders of it are still on their way"
        because += overdue.unheard(desk, exit_id, now_ns)
        turn.announce(ExitOverdue(exit_id, owed.strategy_id, because, now_ns))
    if not desk.sessions:
        return
    for order in desk.book.open_orders():
        intent = order.intent
        ours = intent.strategy_id == owed.strategy_id and intent.leg_id in owed.leg_ids
        if ours and order.state is State.WORKING:
            lookups.ask(desk, turn, intent.intent_id)
    desk.wakes.wake(turn, ExitLate(exit_id, now_ns + desk.terms.exit_limit_ns))


def unwind(desk: Desk, turn: Turn, strategy_id: str, leg_ids: tuple[str, ...], now_ns: int) -> None:
    """Leave legs that nobody wants open."""
    filled = tuple(
        leg_id for leg_id in leg_ids if desk.book.position(strategy_id, leg_id).net_quantity
    )
    if filled:
        begin(desk, turn, ExitLegs(strategy_id, filled, ExitReason.UNWIND), now_ns)


def clear_up(desk: Desk, turn: Turn, basket: Basket, now_ns: int) -> None:
    """Unwind the filled legs of a basket that was given up, where its plan says so."""
    if basket.basket_id in desk.baskets or basket.on_fail is OnFail.KEEP:
        return
    progress = entries.progress_of(desk, basket)
    if not all(progress[leg.leg_id].filled_quantity >= leg.quantity for leg in basket.legs):
        legs = tuple(leg.leg_id for leg in basket.legs)
        unwind(desk, turn, basket.strategy_id, legs, now_ns)
