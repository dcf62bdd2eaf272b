"""What follows from a margin that was read: the entry that waits for it goes on, or ends."""

from __future__ import annotations

from daemon.actors.order_router import by_hand
from daemon.actors.order_router.closing import exits
from daemon.actors.order_router.known.desk import Desk, basket_of
from daemon.actors.order_router.opening import entries, funds
from daemon.actors.order_router.opening.obstacles import delay
from daemon.actors.turn import Turn
from daemon.messages import MarginRead, MarginUnread


def heard(desk: Desk, turn: Turn, told: MarginRead | MarginUnread, now_ns: int) -> None:
    """Let an entry that was asked about go on, or end it; one that is over is passed over.

    Where the broker does not say, it waits and is decided anew.
    """
    parent = desk.purse.parent(told.parent)
    because = funds.heard(desk, turn, told, now_ns)
    basket = basket_of(desk, parent)
    if because is None:
        return
    if basket is None:
        by_hand.funded(desk, turn, parent, because, now_ns)
        return
    if isinstance(told, MarginUnread):
        delay(desk, turn, basket.strategy_id, now_ns)
        entries.put_off(desk, turn, basket, because, now_ns)
    elif because:
        entries.give_up(desk, turn, basket, because, now_ns)
    else:
        entries.proceed(desk, turn, basket, now_ns)
    exits.clear_up(desk, turn, basket, now_ns)
