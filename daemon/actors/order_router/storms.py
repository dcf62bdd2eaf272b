"""Storms: a strategy that enters, or is refused, too often is stopped until a person starts it.

Its exits go on as ever. Orders by hand are each a person's word, and are not counted.
"""

from __future__ import annotations

from daemon.actors.order_router.closing import exits
from daemon.actors.order_router.known.conduct import ORDO
from daemon.actors.order_router.known.desk import Desk
from daemon.actors.order_router.known.loose import is_loose
from daemon.actors.order_router.opening import entries
from daemon.actors.turn import Turn
from daemon.domain.instants import SECOND_NS
from daemon.domain.market.notes import NoteKind
from daemon.domain.orders.basket import Basket
from daemon.domain.orders.heard import Order
from daemon.domain.orders.words import Purpose, Refusal
from daemon.messages import Noted, StrategyStopped


def repeated(desk: Desk, turn: Turn, basket: Basket, now_ns: int) -> None:
    """Count an entry that was decided; stop a strategy that decides too many."""
    strategy_id = basket.strategy_id
    if desk.conduct.entries.hit((strategy_id,), basket.basket_id, now_ns):
        rate = desk.terms.repeats
        within = f"{rate.within_ns // (60 * SECOND_NS)} minutes"
        _stop(desk, turn, strategy_id, f"more than {rate.most} entries in {within}", now_ns)


def refused(desk: Desk, turn: Turn, order: Order, now_ns: int) -> None:
    """Count a refusal; stop a strategy that is refused too often for one reason.

    Where an exit is priced beside the band, its ladder answers that as the market moves: no
    strategy decided that price. What never left was refused by nobody: what keeps it from leaving
    is told by itself, and is no fault of one strategy.
    """
    strategy_id, kind = order.intent.strategy_id, order.refusal
    leaving = order.intent.purpose is not Purpose.ENTRY
    if is_loose(strategy_id) or kind in (None, Refusal.UNSENT):
        return
    if leaving and kind is Refusal.BAND:
        return
    if desk.conduct.refusals.hit((strategy_id, kind), order.intent.intent_id, now_ns):
        rate = desk.terms.refusals
        within = f"{rate.within_ns / SECOND_NS:g} s"
        because = f"{rate.most + 1} refusals for {kind} in {within}, the last: {order.text}"
        _stop(desk, turn, strategy_id, because, now_ns)


def _stop(desk: Desk, turn: Turn, strategy_id: str, because: str, now_ns: int) -> None:
    """Take no more entries of a strategy, and none of those under way any further."""
    if strategy_id in desk.conduct.stopped:
        return
    stopped = StrategyStopped(strategy_id, ORDO, now_ns, because)
    desk.apply(stopped)
    turn.announce(stopped)
    text = f"{strategy_id} is stopped, {because}; start it again once you know why"
    turn.announce(Noted(NoteKind.REFUSED, text, now_ns, strategy_id))
    for opened in tuple(desk.baskets.values()):
        if opened.basket.strategy_id == strategy_id:
            entries.give_up(desk, turn, opened.basket, f"it is stopped: {because}", now_ns)
            exits.clear_up(desk, turn, opened.basket, now_ns)
