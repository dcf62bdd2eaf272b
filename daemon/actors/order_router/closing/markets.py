"""Markets: what of that which is being left can be left now. Shares close before derivatives."""

from __future__ import annotations

from collections.abc import Iterable

from daemon.actors.order_router.broker.hours import next_opening_ns, takes_orders
from daemon.actors.order_router.broker.sending import exits_on_their_way
from daemon.actors.order_router.known.alarms import ClosingDue
from daemon.actors.order_router.known.desk import Desk
from daemon.actors.turn import Turn
from daemon.domain.market.trading_hours import closed_until
from daemon.messages import ExitOwed

_UNORDERED = "cannot be ordered from here: close it at the broker"


def is_ordered(desk: Desk, symbol: str) -> bool:
    """Say whether an order for a symbol can be made at all; before the first day it may be.

    No table knows the contract of what is in none of our products, or is not traded by Ordo.
    """
    return desk.day is None or desk.contract(symbol) is not None


def are_closed(desk: Desk, owed: ExitOwed, now_ns: int) -> bool:
    """Say whether no order would be taken now for what an exit has to close, or has on its way.

    Where there is no such thing left, for any of its legs.
    """
    keys = [(owed.strategy_id, leg_id) for leg_id in owed.leg_ids]
    left = [
        key
        for key in keys
        if desk.book.position(*key).net_quantity or exits_on_their_way(desk, *key)
    ]
    return not any(takes_orders(desk, _symbol(desk, key), now_ns) for key in left or keys)


def await_opening(desk: Desk, turn: Turn, owed: ExitOwed, now_ns: int) -> None:
    """Have an exit wait for the first of its markets that opens again today.

    Another day takes it up by itself.
    """
    symbols = (_symbol(desk, (owed.strategy_id, leg_id)) for leg_id in owed.leg_ids)
    openings = (next_opening_ns(desk, now_ns, symbol) for symbol in symbols)
    opens_ns = min(filter(None, openings), default=0)
    if opens_ns:
        desk.wakes.wake(turn, ClosingDue(owed.exit_id, opens_ns))


def because(desk: Desk, key: tuple[str, str], now_ns: int) -> str:
    """Return why a leg cannot be left now, to follow what is held of it; empty: it can."""
    symbol = _symbol(desk, key)
    if not is_ordered(desk, symbol):
        return f" (it {_UNORDERED})"
    if takes_orders(desk, symbol, now_ns):
        return ""
    return f" ({closed_until(symbol, desk.sessions, now_ns)})"


def shut_because(desk: Desk, strategy_id: str, leg_ids: Iterable[str], now_ns: int) -> str:
    """Return why none of some legs can be left now; empty: an order for one of them is taken."""
    symbols = [_symbol(desk, (strategy_id, leg_id)) for leg_id in leg_ids]
    if not any(is_ordered(desk, symbol) for symbol in symbols):
        return f"{', '.join(symbols)} {_UNORDERED}"
    if any(takes_orders(desk, symbol, now_ns) for symbol in symbols):
        return ""
    return closed_until(symbols[0], desk.sessions, now_ns)


def _symbol(desk: Desk, key: tuple[str, str]) -> str:
    leg = desk.leg(*key)
    assert leg is not None, "what is left or held was entered"
    return leg.symbol
