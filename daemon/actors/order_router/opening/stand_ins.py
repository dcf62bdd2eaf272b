"""Stand-ins: what a replay of older days takes in place of a rule that no table has, told once."""

from __future__ import annotations

from daemon.actors.order_router.known.desk import Desk
from daemon.actors.turn import Turn
from daemon.domain.market.instruments import notes_for
from daemon.domain.market.notes import NoteKind
from daemon.domain.orders.basket import Basket
from daemon.messages import Noted


def tell(desk: Desk, turn: Turn, text: str, now_ns: int) -> None:
    """Tell of a stand-in, once a day."""
    if text not in desk.told:
        desk.told.add(text)
        turn.announce(Noted(NoteKind.UNKNOWN_TABLE, text, now_ns))


def tell_of_slices(desk: Desk, turn: Turn, basket: Basket, now_ns: int) -> None:
    """Tell of freeze quantities of another day that a basket is sliced by."""
    if desk.terms.strict or desk.day is None:
        return
    for leg in basket.legs:
        if leg.quantity > leg.freeze_quantity:
            for text in notes_for(leg.symbol, desk.day):
                tell(desk, turn, text, now_ns)
