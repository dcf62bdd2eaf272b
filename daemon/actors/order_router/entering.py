"""Entering: what becomes of a decision to enter, from the moment that the router is told of it."""

from __future__ import annotations

from daemon.actors.order_router import storms
from daemon.actors.order_router.known.desk import Desk
from daemon.actors.order_router.opening import entries
from daemon.actors.order_router.opening.obstacles import barred, obstacle
from daemon.actors.turn import Turn
from daemon.messages import BasketOpened


def take(desk: Desk, turn: Turn, opened: BasketOpened, now_ns: int) -> None:
    """Let an entry wait while it is kept out; else begin it, or refuse it for good."""
    if _waits(desk, turn, opened, now_ns):
        return
    storms.repeated(desk, turn, opened.basket, now_ns)
    entries.begin(desk, turn, opened, now_ns)


def _waits(desk: Desk, turn: Turn, opened: BasketOpened, now_ns: int) -> bool:
    """Say whether an entry waits, and tell it; nothing of it is begun.

    What is forbidden for good does not wait.
    """
    basket = opened.basket
    known = basket.basket_id in desk.known_baskets
    if known or barred(desk, basket.strategy_id, opted_in=opened.live):
        return False
    pockets = (leg.pocket for leg in basket.legs)
    because = obstacle(desk, basket.strategy_id, now_ns, *pockets)
    if because:
        desk.known_baskets.add(basket.basket_id)
        over = entries.ended(basket, because, now_ns, waits=True)
        desk.apply(over)
        turn.announce(over)
    return bool(because)
