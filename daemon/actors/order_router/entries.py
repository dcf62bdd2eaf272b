"""Entries: baskets are opened, filled leg by leg, completed or given up."""

from __future__ import annotations

from daemon.actors.order_router.alarms import BasketDue
from daemon.actors.order_router.desk import Desk
from daemon.actors.order_router.sending import Errand, cancel, send
from daemon.actors.turn import Turn
from daemon.domain.instants import SECOND_NS
from daemon.domain.money import ceil_to, floor_to, percent_of
from daemon.domain.orders.basket import (
    Basket,
    BasketLeg,
    PlaceEntry,
    Progress,
    is_complete,
    missing,
)
from daemon.domain.orders.limits import Control, Parent, Refused
from daemon.domain.orders.words import Intent, OrderType, Purpose, Side, State
from daemon.messages import BasketEnded, BasketOpened
from daemon.runtime.words import Alarm

_LEAVE_WITHIN_NS = 2 * SECOND_NS
"""An entry that could not leave by then rests on prices that nobody looked at."""


def begin(desk: Desk, turn: Turn, opened: BasketOpened, now_ns: int) -> bool:
    """Open a basket and send what may go first, or say why not; return whether it was opened."""
    basket = opened.basket
    because = _forbidden(desk, basket)
    if because:
        # Not opened at all: what it would replace is still open, and stays guarded as it is.
        _end(desk, turn, basket, because, now_ns)
        return False
    desk.apply(opened)
    turn.announce(opened)
    wakes_ns = min(now_ns + basket.reprice_ns, basket.deadline_ns)
    turn.do(Alarm(wakes_ns, BasketDue(basket.basket_id)))
    proceed(desk, turn, basket, now_ns)
    return True


def proceed(desk: Desk, turn: Turn, basket: Basket, now_ns: int) -> None:
    """Send what is missing; end the basket once all is filled or a refusal forbids it."""
    progress = progress_of(desk, basket)
    if is_complete(basket, progress):
        _end(desk, turn, basket, "", now_ns)
        return
    wanted = missing(basket, progress)
    for entry in wanted:
        refused = _send(desk, turn, basket, entry, now_ns)
        if refused is not None and refused.control is not Control.RATE:
            give_up(desk, turn, basket, refused.sentence, now_ns)
            return


def due(desk: Desk, turn: Turn, basket: Basket, now_ns: int) -> None:
    """Price anew what has rested too long; give up what is past its deadline."""
    if now_ns >= basket.deadline_ns:
        give_up(desk, turn, basket, "not filled within the time for legging", now_ns)
        return
    withdraw(desk, turn, basket.basket_id, now_ns)
    proceed(desk, turn, basket, now_ns)
    wakes_ns = min(now_ns + basket.reprice_ns, basket.deadline_ns)
    turn.do(Alarm(wakes_ns, BasketDue(basket.basket_id)))


def give_up(desk: Desk, turn: Turn, basket: Basket, because: str, now_ns: int) -> None:
    """Take back what is not filled; the caller unwinds what is, where the plan says so."""
    withdraw(desk, turn, basket.basket_id, now_ns)
    _end(desk, turn, basket, because, now_ns)


def withdraw(desk: Desk, turn: Turn, parent: str, now_ns: int) -> None:
    """Cancel every order of a parent that rests in the broker's book."""
    for order in desk.book.children(parent):
        if order.state is State.WORKING:
            cancel(desk, turn, order.intent.intent_id, now_ns)


def progress_of(desk: Desk, basket: Basket) -> dict[str, Progress]:
    """Return what is filled and on its way, by leg."""
    filled = dict.fromkeys((leg.leg_id for leg in basket.legs), 0)
    pending = dict(filled)
    for order in desk.book.children(basket.basket_id):
        filled[order.intent.leg_id] += order.filled_quantity
        pending[order.intent.leg_id] += order.remaining_quantity
    return {leg_id: Progress(filled[leg_id], pending[leg_id]) for leg_id in filled}


def _forbidden(desk: Desk, basket: Basket) -> str:
    if desk.paused:
        return f"entries are paused: {desk.paused}"
    for leg in basket.legs:
        if desk.book.position(basket.strategy_id, leg.leg_id).net_quantity:
            return f"{leg.leg_id} is still open from before"
    return ""


def _end(desk: Desk, turn: Turn, basket: Basket, because: str, now_ns: int) -> None:
    ended = BasketEnded(
        basket.basket_id,
        basket.strategy_id,
        complete=not because,
        because=because,
        at_ns=now_ns,
    )
    desk.apply(ended)
    turn.announce(ended)


def _tried(desk: Desk, basket: Basket, leg: BasketLeg) -> bool:
    return any(o.intent.leg_id == leg.leg_id for o in desk.book.children(basket.basket_id))


def _send(desk: Desk, turn: Turn, basket: Basket, entry: PlaceEntry, now_ns: int) -> Refused | None:
    leg = entry.leg
    price_e4 = _price_e4(desk, basket, leg)
    if not price_e4:
        return Refused(Control.STALE, f"{leg.symbol} has no quote to enter at")
    again = _tried(desk, basket, leg)
    intent = Intent(
        intent_id=desk.ids.next(),
        account=desk.terms.account,
        strategy_id=basket.strategy_id,
        leg_id=leg.leg_id,
        symbol=leg.symbol,
        side=leg.side,
        quantity=entry.quantity,
        order_type=OrderType.LIMIT,
        price_e4=price_e4,
        purpose=Purpose.ENTRY,
        parent=basket.basket_id,
        decided_ns=now_ns if again else basket.decided_ns,
        deadline_ns=now_ns + _LEAVE_WITHIN_NS,
    )
    come = progress_of(desk, basket)[leg.leg_id]
    parent = Parent(
        live=basket.basket_id in desk.baskets,
        quantity=leg.quantity,
        others_quantity=come.filled_quantity + come.pending_quantity,
    )
    return send(desk, turn, Errand(intent, parent, again), now_ns)


def _price_e4(desk: Desk, basket: Basket, leg: BasketLeg) -> int:
    """A limit as far through the touch as the plan's buffer says, on tick and inside the band."""
    instrument = desk.contract(leg.symbol)
    if instrument is None:
        return 0
    prospect = desk.prospect(instrument, leg.side)
    if not prospect.touch_e4:
        return 0
    through_e4 = percent_of(prospect.touch_e4, basket.buffer_percent_e4)
    if leg.side is Side.BUY:
        price_e4 = ceil_to(prospect.touch_e4 + through_e4, leg.tick_e4)
        return min(price_e4, prospect.high_e4 or price_e4)
    price_e4 = floor_to(prospect.touch_e4 - through_e4, leg.tick_e4)
    return max(price_e4, prospect.low_e4, leg.tick_e4)
