"""What is left: what is open or may still fill, or can never be closed from here, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from daemon.domain.orders import reconcile
from daemon.domain.orders.heard import Order
from daemon.domain.orders.shown import AccountRead
from daemon.domain.orders.words import Product, State
from daemon.guardian.books import Books, Leg
from daemon.guardian.orders import contract_of, is_ordered


def closable(read: AccountRead) -> tuple[AccountRead, list[str]]:
    """Return a reading without what is never ordered from here, and a sentence for each of that."""
    beyond = [
        f"{net:+d} {pocket} is held, and is never ordered from here"
        for pocket, net in reconcile.positions(read).items()
        if not is_ordered(pocket.symbol)
    ]
    positions = tuple(each for each in read.positions if is_ordered(each.symbol))
    return replace(read, positions=positions), beyond


def unshown(books: Books, shares: Mapping[Leg, int]) -> Iterator[str]:
    """Yield what legs carry by our book and the broker shows nowhere, a sentence each.

    Nothing can be closed of that; shares may lie under another name after a night.

    Args:
        books: of the account.
        shares: the units of each leg that the broker shows.
    """
    for leg, pocket in books.pockets.items():
        net = books.net(leg) - shares.get(leg, 0)
        if net and pocket.product is Product.CARRY:
            what = f"{' '.join(leg)} holds {net:+d} {pocket} by our book"
            yield f"{what}, and the broker shows none of it: look for it there"


def still_open(read: AccountRead, now_ns: int) -> Iterator[str]:
    """Yield what the broker's book shows as held, or at rest, a sentence each."""
    for pocket, net in reconcile.positions(read).items():
        is_known = contract_of(pocket.symbol, now_ns) is not None
        so = "" if is_known else ", and cannot be ordered from here: close it at the broker"
        yield f"{net:+d} {pocket} is held{so}"
    for shown in read.orders:
        if shown.state is State.WORKING:
            yield f"{shown.side} {shown.quantity} {shown.symbol} rests"


def in_doubt(order: Order) -> str:
    """Return what an order that rests in no book may still do."""
    intent = order.intent
    leaves = order.state is State.INTENDED  # in this very round: older ones are in doubt by now
    so = "leaves now" if leaves else f"is in doubt ({order.state}) and may still fill"
    return f"{intent.intent_id}, {intent.side} {order.remaining_quantity} {intent.symbol}, {so}"
