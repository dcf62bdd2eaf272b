"""Hours: when the market of what a desk holds is open, and when orders for it are taken."""

from __future__ import annotations

from daemon.actors.order_router.known.desk import Desk
from daemon.domain.market import trading_hours


def trades(desk: Desk, symbol: str, now_ns: int) -> bool:
    """Say whether the market of a symbol is open now."""
    return trading_hours.trades(symbol, desk.sessions, now_ns)


def takes_orders(desk: Desk, symbol: str, now_ns: int) -> bool:
    """Say whether an order for a symbol may be filled now, in a closing auction too."""
    return trading_hours.takes_orders(symbol, desk.sessions, now_ns)


def next_opening_ns(desk: Desk, now_ns: int, symbol: str = "") -> int:
    """Return when the exchange, or one for a symbol, takes orders again today; 0: it does not."""
    return trading_hours.next_opening_ns(symbol, desk.sessions, now_ns)
