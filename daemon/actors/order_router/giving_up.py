"""Giving up: what is being entered goes no further, and what is filled of it is cleared up."""

from __future__ import annotations

from daemon.actors.order_router import entries, exits
from daemon.actors.order_router.desk import Desk
from daemon.actors.turn import Turn


def give_up_all(desk: Desk, turn: Turn, because: str, now_ns: int) -> None:
    """Give up every entry that is under way."""
    for opened in tuple(desk.baskets.values()):
        entries.give_up(desk, turn, opened.basket, because, now_ns)
        exits.clear_up(desk, turn, opened.basket, now_ns)
