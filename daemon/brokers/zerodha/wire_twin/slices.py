"""An order above the freeze quantity, cut by the broker where the client asks for that.

It is answered with 200 even where slices fail: each says what became of it. The parent is a number
and no order. Source: Kite Connect 3, orders; the broker's own sample answers.
"""

from __future__ import annotations

from msgspec.structs import replace

from daemon.brokers.zerodha.wire_twin.asked import Asked
from daemon.brokers.zerodha.wire_twin.desk import Desk
from daemon.brokers.zerodha.wire_twin.words import Data, Denied


def placed(desk: Desk, asked: Asked) -> Data:
    """Take an order in slices, and return their numbers; one that needs none is taken as it is.

    Raises:
        Denied: it needs none, and is refused.
    """
    contract = asked.listing.contract
    most = contract.freeze_quantity // contract.lot * contract.lot
    if asked.quantity <= most:
        return {"order_id": desk.place(asked)}
    parent = desk.books.number()
    marked = replace(asked, marks=("autoslice", f"autoslice:{parent}"))
    left, children = asked.quantity, []
    while left:
        quantity = min(most, left)
        left -= quantity
        children.append(_slice(desk, replace(marked, quantity=quantity)))
    return {"order_id": parent, "children": children}


def _slice(desk: Desk, asked: Asked) -> Data:
    try:
        return {"order_id": desk.place(asked)}
    except Denied as denied:
        told = {"code": denied.status, "error_type": denied.kind, "message": str(denied)}
        return {"error": told | {"data": None}}
