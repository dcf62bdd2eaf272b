"""Exits: an obligation each, worked by the closing machine until the broker's evidence is flat."""

from __future__ import annotations

from daemon.actors.order_router import entries
from daemon.actors.order_router.alarms import ClosingDue, ExitLate
from daemon.actors.order_router.desk import Closing, Desk
from daemon.actors.order_router.sending import Errand, cancel, send
from daemon.actors.turn import Turn
from daemon.domain.instants import SECOND_NS
from daemon.domain.orders.flatten import CancelExit, Holding, PlaceExit, Resting, is_flat
from daemon.domain.orders.limits import Control, Parent
from daemon.domain.orders.words import (
    Intent,
    OrderRefused,
    OrderType,
    Purpose,
    Refusal,
    Side,
    State,
)
from daemon.domain.risk.words import ExitReason
from daemon.messages import ExitFinished, ExitLegs, ExitOverdue, ExitOwed
from daemon.runtime.words import Alarm

_EXIT_DEADLINE_NS = 3_600 * SECOND_NS

_KINDS = {
    Control.RATE: Refusal.RATE,
    Control.COLLAR: Refusal.BAND,
    Control.QUANTITY: Refusal.FREEZE,
}
"""What our own gate's refusal of an exit means to the closing machine."""


def begin(desk: Desk, turn: Turn, wanted: ExitLegs, now_ns: int) -> None:
    """Take an exit on as an obligation; legs that are already being left are passed over."""
    leaving = {
        leg_id
        for closing in desk.closings.values()
        if closing.owed.strategy_id == wanted.strategy_id
        for leg_id in closing.owed.leg_ids
    }
    legs = tuple(leg_id for leg_id in wanted.leg_ids if leg_id not in leaving)
    if not legs:
        return
    exit_id = f"{desk.terms.account}:exit:{desk.exits_owed + 1}"
    owed = ExitOwed(exit_id, wanted.strategy_id, legs, wanted.reason, now_ns)
    desk.apply(owed)
    turn.announce(owed)
    for opened in tuple(desk.baskets.values()):
        basket = opened.basket
        if basket.strategy_id == wanted.strategy_id:
            entries.give_up(desk, turn, basket, f"left by {wanted.reason}", now_ns)
    turn.do(Alarm(now_ns + desk.terms.exit_limit_ns, ExitLate(exit_id)))
    proceed(desk, turn, exit_id, now_ns)


def proceed(desk: Desk, turn: Turn, exit_id: str, now_ns: int, *, wake: bool = True) -> None:
    """Do what a closing needs now; finish it once all is flat."""
    closing = desk.closings.get(exit_id)
    if closing is None:
        return
    holdings = tuple(_holding(desk, closing, leg_id) for leg_id in closing.owed.leg_ids)
    if is_flat(holdings) and not _entering(desk, turn, closing, now_ns):
        owed = closing.owed
        finished = ExitFinished(exit_id, owed.strategy_id, owed.leg_ids, now_ns)
        desk.apply(finished)
        turn.announce(finished)
        return
    if not desk.session_open(now_ns):
        return
    for word in closing.machine.next(holdings, now_ns):
        match word:
            case PlaceExit():
                _send(desk, turn, closing, word, now_ns)
            case CancelExit(intent_id):
                cancel(desk, turn, intent_id, now_ns)
    if wake:
        wakes_ns = closing.machine.wakes_ns(holdings, now_ns)
        if wakes_ns:
            turn.do(Alarm(wakes_ns, ClosingDue(exit_id)))


def refused(desk: Desk, turn: Turn, fact: OrderRefused, now_ns: int) -> None:
    """Let the closing machine answer a refusal by its table."""
    order = desk.book.order(fact.intent_id)
    closing = desk.closings.get(order.intent.parent) if order else None
    if order is None or closing is None:
        return
    intent = order.intent
    answer = closing.machine.refused(intent.leg_id, fact.kind, intent.quantity, now_ns)
    because = f"{intent.symbol}: {fact.kind} {fact.text}; {answer}"
    turn.record(ExitOverdue(intent.parent, intent.strategy_id, because, now_ns))


def late(desk: Desk, turn: Turn, exit_id: str, now_ns: int) -> None:
    """Tell a person of an exit that is not finished in its time."""
    closing = desk.closings.get(exit_id)
    if closing is None:
        return
    left = ", ".join(
        f"{leg_id} {net:+d}"
        for leg_id in closing.owed.leg_ids
        if (net := desk.book.position(closing.owed.strategy_id, leg_id).net_quantity)
    )
    because = f"still open: {left}" if left else "orders of it are still on their way"
    turn.announce(ExitOverdue(exit_id, closing.owed.strategy_id, because, now_ns))


def unwind(desk: Desk, turn: Turn, strategy_id: str, leg_ids: tuple[str, ...], now_ns: int) -> None:
    """Leave legs that nobody wants open: of a basket that failed, or filled after their exit."""
    filled = tuple(
        leg_id for leg_id in leg_ids if desk.book.position(strategy_id, leg_id).net_quantity
    )
    if filled:
        begin(desk, turn, ExitLegs(strategy_id, filled, ExitReason.UNWIND), now_ns)


def _holding(desk: Desk, closing: Closing, leg_id: str) -> Holding:
    strategy_id = closing.owed.strategy_id
    net = desk.book.position(strategy_id, leg_id).net_quantity
    leg = desk.leg(strategy_id, leg_id)
    assert leg is not None, "an exit is owed only for a leg that was entered"
    exits = [
        order
        for order in desk.book.open_orders()
        if order.intent.purpose is Purpose.EXIT
        and (order.intent.strategy_id, order.intent.leg_id) == (strategy_id, leg_id)
    ]
    resting = tuple(
        Resting(order.intent.intent_id, order.intent.price_e4, order.intent.decided_ns)
        for order in exits
        if order.state is State.WORKING
    )
    step = closing.machine.step(leg_id)
    side = Side.BUY if net < 0 else Side.SELL
    return Holding(
        leg_id=leg_id,
        net_quantity=net,
        closing_quantity=sum(order.remaining_quantity for order in exits),
        resting=resting,
        lot=leg.lot,
        freeze_quantity=leg.freeze_quantity,
        price_e4=_price_e4(desk, leg.symbol, side, step),
        next_price_e4=_price_e4(desk, leg.symbol, side, step + 1),
    )


def _price_e4(desk: Desk, symbol: str, side: Side, step: int) -> int:
    instrument = desk.contract(symbol)
    if instrument is None:
        return 0
    return desk.terms.ladder.price(step, side, desk.prospect(instrument, side)) or 0


def _entering(desk: Desk, turn: Turn, closing: Closing, now_ns: int) -> bool:
    """Say whether entries of these legs may still fill; cancel those that can be."""
    owed = closing.owed
    entering = [
        order
        for order in desk.book.open_orders()
        if order.intent.purpose is Purpose.ENTRY
        and order.intent.strategy_id == owed.strategy_id
        and order.intent.leg_id in owed.leg_ids
    ]
    for order in entering:
        cancel(desk, turn, order.intent.intent_id, now_ns)
    return bool(entering)


def _send(desk: Desk, turn: Turn, closing: Closing, word: PlaceExit, now_ns: int) -> None:
    owed = closing.owed
    leg = desk.leg(owed.strategy_id, word.leg_id)
    assert leg is not None, "an exit is owed only for a leg that was entered"
    intent = Intent(
        intent_id=desk.ids.next(),
        account=desk.terms.account,
        strategy_id=owed.strategy_id,
        leg_id=word.leg_id,
        symbol=leg.symbol,
        side=word.side,
        quantity=word.quantity,
        order_type=OrderType.LIMIT,
        price_e4=word.price_e4,
        purpose=Purpose.EXIT,
        parent=owed.exit_id,
        decided_ns=now_ns,
        deadline_ns=now_ns + _EXIT_DEADLINE_NS,
    )
    open_quantity = abs(desk.book.position(owed.strategy_id, word.leg_id).net_quantity)
    others = sum(
        order.remaining_quantity
        for order in desk.book.children(owed.exit_id)
        if order.intent.leg_id == word.leg_id
    )
    parent = Parent(live=True, quantity=open_quantity, others_quantity=others)
    objection = send(desk, turn, Errand(intent, parent, again=True), now_ns)
    if objection is not None:
        kind = _KINDS.get(objection.control, Refusal.OTHER)
        answer = closing.machine.refused(word.leg_id, kind, word.quantity, now_ns)
        because = f"{leg.symbol}: {objection.sentence}; {answer}"
        turn.record(ExitOverdue(owed.exit_id, owed.strategy_id, because, now_ns))
