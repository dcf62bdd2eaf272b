"""Settlements: positions that the exchange closes by itself when their contract expires.

They enter the book as an intent that was filled at once, so that the book stays the one account of
every unit; no request ever left for them. So does what expired at a price that nobody told: its
units are written off, and no fill of a leg is made of that.
"""

from __future__ import annotations

from datetime import date

from msgspec.structs import replace

from daemon.actors.order_router.known.desk import Desk
from daemon.actors.turn import Turn
from daemon.domain.instants import SECOND_NS
from daemon.domain.market.instruments import parse_symbol
from daemon.domain.market.notes import NoteKind
from daemon.domain.orders.parents import SETTLEMENT, UNSEEN, WRITTEN_OFF
from daemon.domain.orders.unsent import filled_unsent
from daemon.domain.orders.words import (
    Intent,
    OrderType,
    Pocket,
    Purpose,
    Side,
)
from daemon.messages import Basis, LegExpired, Noted, Settled

_TAKEN = {
    Basis.LAST: "its last price",
    Basis.MEAN: "the mean of its last half hour",
    Basis.FORWARD: "the forward that its options imply",
}
_WHY = {
    Basis.LAST: "its closing value was not recorded",
    Basis.MEAN: "its closing value was not recorded",
    Basis.FORWARD: "it has no price of its own at its close",
}


def settle(desk: Desk, turn: Turn, settled: Settled, now_ns: int) -> None:
    """Book what the exchange settled: each leg that held it is closed at that price."""
    held = desk.book.within(settled.pocket).net
    if abs(held) != settled.quantity:
        text = f"{settled.quantity} {settled.pocket} were settled, and {held:+d} were held"
        turn.announce(Noted(NoteKind.REFUSED, text, now_ns))
    for key, pocket in desk.holders():
        if pocket != settled.pocket:
            continue
        if settled.basis is not Basis.CLOSE:
            _tell_price(desk, turn, settled, now_ns)
        intent = _closing(desk, key, settled, now_ns)
        _book(desk, turn, intent, "settled by the exchange")
        order = desk.book.order(intent.intent_id)
        assert order is not None, "a settlement is recorded before it is filled"
        turn.announce(desk.position_changed(order, now_ns))


def write_off(desk: Desk, turn: Turn, now_ns: int) -> None:
    """Free the legs whose contract was over before today and was never settled."""
    for key, (symbol, product) in desk.holders():
        expiry = _expiry(symbol)
        if desk.day is None or expiry is None or expiry >= desk.day:
            continue
        take_off(desk, turn, (key, Pocket(symbol, product)), WRITTEN_OFF, now_ns)
        text = f"{symbol} expired on {expiry}; its settlement value is unknown"
        turn.announce(Noted(NoteKind.REFUSED, text, now_ns, key[0]))


def take_off(
    desk: Desk, turn: Turn, held: tuple[tuple[str, str], Pocket], parent: str, now_ns: int
) -> None:
    """Take all that a leg holds off our book, at a price that nobody knows.

    Args:
        desk: of the account.
        turn: what is done.
        held: the leg, and what it holds.
        parent: how the parent of that begins: it has expired, or was closed while nobody saw it.
        now_ns: the present instant.
    """
    key, (symbol, product) = held
    intent = _closing(desk, key, Settled(symbol, 0, 0, now_ns, product=product), now_ns)
    _book(desk, turn, replace(intent, parent=f"{parent}{symbol}"), "written off")
    expired = LegExpired(*key, symbol, now_ns, outside=parent == UNSEEN)
    desk.apply(expired)
    turn.announce(expired)


def _expiry(symbol: str) -> date | None:
    """Return when a contract expires; what a broker calls by a name of its own does not."""
    try:
        return parse_symbol(symbol).expiry
    except ValueError:
        return None


def _tell_price(desk: Desk, turn: Turn, settled: Settled, now_ns: int) -> None:
    """Tell once a day of each underlying that it is not settled at its closing value."""
    minutes = settled.aged_ns // (60 * SECOND_NS)
    underlying = parse_symbol(settled.symbol).underlying
    aged = f", {minutes} minutes before its close"
    why = aged if settled.aged_ns else f": {_WHY[settled.basis]}"
    text = f"{underlying} is settled at {_TAKEN[settled.basis]}{why}"
    if text not in desk.told:
        desk.told.add(text)
        kind = NoteKind.STALE if settled.aged_ns else NoteKind.BASIS
        turn.announce(Noted(kind, text, now_ns))


def _closing(desk: Desk, key: tuple[str, str], settled: Settled, now_ns: int) -> Intent:
    """Return what closes all that a leg holds."""
    strategy_id, leg_id = key
    net = desk.book.position(strategy_id, leg_id).net_quantity
    return Intent(
        intent_id=desk.ids.next(),
        account=desk.terms.account,
        strategy_id=strategy_id,
        leg_id=leg_id,
        symbol=settled.symbol,
        side=Side.BUY if net < 0 else Side.SELL,
        quantity=abs(net),
        order_type=OrderType.LIMIT,
        price_e4=settled.price_e4,
        purpose=Purpose.EXIT,
        parent=f"{SETTLEMENT}{settled.symbol}",
        decided_ns=now_ns,
        deadline_ns=now_ns,
        product=settled.product,
    )


def _book(desk: Desk, turn: Turn, intent: Intent, text: str) -> None:
    for fact in filled_unsent(intent, intent.quantity * intent.price_e4, text):
        desk.apply(fact)
        turn.record(fact)
