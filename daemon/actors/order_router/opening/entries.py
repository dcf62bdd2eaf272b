"""Entries: baskets are opened, filled leg by leg, completed or given up."""

from __future__ import annotations

from daemon.actors.order_router.broker import link, overdue
from daemon.actors.order_router.broker.open_orders import is_over
from daemon.actors.order_router.broker.reconciling import objection_to_entry as objection_of_books
from daemon.actors.order_router.broker.sending import (
    Errand,
    Held,
    Later,
    cancel,
    is_under_kill,
    judge,
    objection,
    send,
)
from daemon.actors.order_router.broker.unasked import said
from daemon.actors.order_router.known.alarms import BasketDue, LookUpDue
from daemon.actors.order_router.known.desk import Desk
from daemon.actors.order_router.opening import funds, promised, stand_ins
from daemon.actors.order_router.opening.held import CROSSED_NS, crossing, not_yet
from daemon.actors.order_router.opening.obstacles import (
    against,
    barred,
    delay,
    is_doubted,
    is_left_by_others,
    obstacle,
    unfinished,
)
from daemon.actors.order_router.opening.pricing import price_e4
from daemon.actors.order_router.opening.timing import (
    LEAVE_WITHIN_NS,
    decided_ns,
    late_ns,
    next_look_ns,
    rested_ns,
)
from daemon.actors.turn import Turn
from daemon.domain.instants import SECOND_NS
from daemon.domain.orders.basket import (
    Basket,
    BasketLeg,
    PlaceEntry,
    Progress,
    is_complete,
    missing,
)
from daemon.domain.orders.heard import Order
from daemon.domain.orders.limits import Parent
from daemon.domain.orders.margin import MarginLeg
from daemon.domain.orders.slices import slices
from daemon.domain.orders.words import Intent, OrderType, Purpose, Refusal, State
from daemon.messages import BasketEnded, BasketOpened

_NOT_FILLED = "not filled within the time for legging"

_CROSSED = "it would trade with an own order that may still fill, or with an exit that is owed"
_UNTOLD = "the broker did not say in time what margin it needs"

_RECALL_AGAIN_NS = SECOND_NS
"""Between two attempts to take back what an ended basket left in the broker's book."""


def begin(desk: Desk, turn: Turn, opened: BasketOpened, now_ns: int) -> None:
    """Open a basket and send what may go first, or say why not.

    A basket that may not be opened leaves no trace on the legs that it names: they may be held.
    One that is told twice is opened once.
    """
    basket = opened.basket
    if basket.basket_id in desk.known_baskets:
        return
    because = _forbidden(desk, opened, now_ns)
    if because:
        desk.known_baskets.add(basket.basket_id)
        over = ended(basket, because, now_ns)
        desk.apply(over)
        turn.announce(over)
        return
    desk.apply(opened)
    turn.announce(opened)
    stand_ins.tell_of_slices(desk, turn, basket, now_ns)
    proceed(desk, turn, basket, now_ns)
    _wake(desk, turn, basket, now_ns)


def proceed(desk: Desk, turn: Turn, basket: Basket, now_ns: int) -> None:
    """Send what is missing; end the basket once all is filled, too late, or refused."""
    progress = progress_of(desk, basket)
    if is_complete(basket, progress):
        give_up(desk, turn, basket, "", now_ns)
        return
    if now_ns >= late_ns(desk, basket):
        _end_late(desk, turn, basket, now_ns)
        return
    if _is_cut(desk, basket):
        _end_cut(desk, turn, basket, now_ns)
        return
    held = _foreseen(desk, basket, now_ns)
    if held is None and not _is_borne(desk, turn, basket, now_ns):
        return
    for entry in missing(basket, progress):
        held = held or _send(desk, turn, basket, entry, now_ns)
        if isinstance(held, Later):
            at_ns = min(held.at_ns, late_ns(desk, basket))
            desk.wakes.wake(turn, BasketDue(basket.basket_id, at_ns))
            return
        if held is not None:
            give_up(desk, turn, basket, held.sentence, now_ns)
            return


def due(desk: Desk, turn: Turn, basket: Basket, now_ns: int) -> None:
    """Take back what has rested too long at another price than now's; send what is missing.

    What would be asked at the same price keeps its turn at the exchange, and is asked about.
    """
    limits_e4 = {leg.leg_id: price_e4(desk, basket, leg, now_ns) for leg in basket.legs}
    for order in desk.book.children(basket.basket_id):
        if order.state is not State.WORKING or now_ns < rested_ns(order, basket):
            continue
        if order.price_e4 != limits_e4[order.intent.leg_id]:
            cancel(desk, turn, order, now_ns)
        else:
            look_up_ns = now_ns + desk.terms.answer_ns
            desk.wakes.wake(turn, LookUpDue(order.intent.intent_id, look_up_ns))
    proceed(desk, turn, basket, now_ns)
    _wake(desk, turn, basket, now_ns)


def give_up(desk: Desk, turn: Turn, basket: Basket, because: str, now_ns: int) -> None:
    """End a basket and take back what is still on its way.

    The caller unwinds what is filled, where there is a reason to and the plan says so.
    """
    funds.forget(desk, basket.basket_id)
    because = because and because + overdue.unheard(desk, basket.basket_id, now_ns)
    over = ended(basket, because, now_ns)
    desk.apply(over)
    turn.announce(over)
    recall(desk, turn, basket.basket_id, now_ns)


def _end_late(desk: Desk, turn: Turn, basket: Basket, now_ns: int) -> None:
    """End a basket whose time is over; one of which nothing could leave is decided anew."""
    left = desk.book.children(basket.basket_id)
    because = "" if left else _held_up(desk, turn, basket, now_ns)
    if because:
        put_off(desk, turn, basket, because, now_ns)
    else:
        give_up(desk, turn, basket, _NOT_FILLED, now_ns)


def _held_up(desk: Desk, turn: Turn, basket: Basket, now_ns: int) -> str:
    """Return what kept an entry from leaving that was nothing of its own; empty: nothing."""
    others = promised.waits_because(desk, basket.basket_id)
    if others:
        funds.put_off(desk, basket.basket_id, basket.strategy_id)
        return others
    if basket.basket_id in desk.purse.asked:
        delay(desk, turn, basket.strategy_id, now_ns)
        return _UNTOLD
    if any(against(desk, leg) or is_left_by_others(desk, leg) for leg in basket.legs):
        delay(desk, turn, basket.strategy_id, now_ns)
        return _CROSSED
    return obstacle(desk, basket.strategy_id, now_ns)


def put_off(desk: Desk, turn: Turn, basket: Basket, because: str, now_ns: int) -> None:
    """End a basket of which nothing has left; it is decided anew once nothing keeps it out."""
    funds.forget(desk, basket.basket_id)
    over = ended(basket, because, now_ns, waits=True)
    desk.apply(over)
    turn.announce(over)


def _end_cut(desk: Desk, turn: Turn, basket: Basket, now_ns: int) -> None:
    """End an entry an order of which never left, once it is known whether the others did.

    One of which nothing left is tried again in a while.
    """
    children = desk.book.children(basket.basket_id)
    if any(order.state is State.INTENDED for order in children):
        return
    unsent = next(filter(_never_left, children))
    because = f"{unsent.intent.symbol}: {said(unsent)}"
    if all(map(_never_left, children)):
        delay(desk, turn, basket.strategy_id, now_ns)
        put_off(desk, turn, basket, because, now_ns)
    else:
        give_up(desk, turn, basket, because, now_ns)


def _is_cut(desk: Desk, basket: Basket) -> bool:
    return any(map(_never_left, desk.book.children(basket.basket_id)))


def _never_left(order: Order) -> bool:
    return order.state is State.REFUSED and order.refusal is Refusal.UNSENT


def recall(desk: Desk, turn: Turn, parent: str, now_ns: int) -> None:
    """Cancel what an ended basket or exit has in the broker's book, until nothing is there.

    A kill takes entries back by itself, in its turn.
    """
    children = desk.book.children(parent)
    resting = [o for o in children if o.state is State.WORKING and not is_over(desk, o)]
    for order in resting:
        if not is_under_kill(desk, order):
            cancel(desk, turn, order, now_ns)
    if resting:
        desk.wakes.wake(turn, BasketDue(parent, now_ns + _RECALL_AGAIN_NS))


def progress_of(desk: Desk, basket: Basket) -> dict[str, Progress]:
    """Return what is filled and on its way, by leg."""
    filled = dict.fromkeys((leg.leg_id for leg in basket.legs), 0)
    pending = dict(filled)
    for order in desk.book.children(basket.basket_id):
        filled[order.intent.leg_id] += order.filled_quantity
        pending[order.intent.leg_id] += order.remaining_quantity
    return {leg_id: Progress(filled[leg_id], pending[leg_id]) for leg_id in filled}


def _forbidden(desk: Desk, opened: BasketOpened, now_ns: int) -> str:
    """Return why an entry that nothing keeps waiting may not be made; empty: it may."""
    basket = opened.basket
    because = barred(desk, basket.strategy_id, opted_in=opened.live)
    because = because or objection_of_books(desk, now_ns, *(leg.pocket for leg in basket.legs))
    if because:
        return because
    if now_ns >= basket.deadline_ns:
        return "its time for legging was over before it began"
    return unfinished(desk, basket.strategy_id)


def ended(basket: Basket, because: str, now_ns: int, *, waits: bool = False) -> BasketEnded:
    """Return the end of an entry: complete, unless there is a reason why not."""
    return BasketEnded(
        basket.basket_id,
        basket.strategy_id,
        complete=not because,
        because=because,
        at_ns=now_ns,
        waits=waits,
    )


def _wake(desk: Desk, turn: Turn, basket: Basket, now_ns: int) -> None:
    """Look at a basket again when its oldest order has rested long enough, or its time is up."""
    if basket.basket_id not in desk.baskets:
        return
    at_ns = next_look_ns(desk, basket, now_ns)
    desk.wakes.wake(turn, BasketDue(basket.basket_id, at_ns))


def _tried(desk: Desk, basket: Basket, leg: BasketLeg) -> tuple[Order, ...]:
    """Return what was sent of a leg so far."""
    children = desk.book.children(basket.basket_id)
    return tuple(order for order in children if order.intent.leg_id == leg.leg_id)


def _foreseen(desk: Desk, basket: Basket, now_ns: int) -> Held | None:
    """Return what stands against any leg of a basket of which nothing has left yet.

    A short that the gate will refuse, or that an order in doubt might trade with, is to stop the
    basket before its hedges are bought. Of what would leave now nothing does while one order of it
    would trade with another entry.
    """
    if desk.book.children(basket.basket_id):
        return None
    if link.broken_because(desk):
        return Later(late_ns(desk, basket))
    for leg in basket.legs:
        entry = PlaceEntry(leg, slices(leg.quantity, leg.freeze_quantity, leg.lot)[0])
        held = not_yet(desk, basket, leg, now_ns)
        held = held or objection(desk, _errand(desk, basket, entry, "", now_ns), now_ns)
        if held is not None:
            return held
    for entry in missing(basket, progress_of(desk, basket)):
        seen = judge(desk, _errand(desk, basket, entry, "", now_ns), now_ns)
        held = crossing(desk, seen, entry.leg, now_ns)
        if held is not None:
            return held
    doubted = any(is_doubted(desk, leg) for leg in basket.legs)
    return Later(now_ns + CROSSED_NS) if doubted else None


def _is_borne(desk: Desk, turn: Turn, basket: Basket, now_ns: int) -> bool:
    """Say whether the account bears a basket; once an order of it has left, it does."""
    if desk.book.children(basket.basket_id):
        return True
    legs = tuple(
        MarginLeg(e.symbol, e.side, e.quantity, price_e4(desk, basket, e, now_ns), e.product)
        for e in basket.legs
    )
    return funds.is_borne(desk, turn, basket.basket_id, legs, now_ns)


def _send(desk: Desk, turn: Turn, basket: Basket, entry: PlaceEntry, now_ns: int) -> Held | None:
    held = not_yet(desk, basket, entry.leg, now_ns)
    if held is not None:
        return held
    held = send(desk, turn, _errand(desk, basket, entry, desk.ids.next(), now_ns), now_ns)
    return crossing(desk, held, entry.leg, now_ns) or held


def _errand(desk: Desk, basket: Basket, entry: PlaceEntry, intent_id: str, now_ns: int) -> Errand:
    leg = entry.leg
    tried = _tried(desk, basket, leg)
    intent = Intent(
        intent_id=intent_id,
        account=desk.terms.account,
        strategy_id=basket.strategy_id,
        leg_id=leg.leg_id,
        symbol=leg.symbol,
        side=leg.side,
        quantity=entry.quantity,
        order_type=OrderType.LIMIT,
        price_e4=price_e4(desk, basket, leg, now_ns),
        purpose=Purpose.ENTRY,
        parent=basket.basket_id,
        decided_ns=decided_ns(basket, tried, now_ns),
        deadline_ns=now_ns + LEAVE_WITHIN_NS,
        product=leg.product,
    )
    come = progress_of(desk, basket)[leg.leg_id]
    parent = Parent(
        live=basket.basket_id in desk.baskets,
        quantity=leg.quantity,
        others_quantity=come.filled_quantity + come.pending_quantity,
    )
    return Errand(intent, parent, again=bool(tried))
