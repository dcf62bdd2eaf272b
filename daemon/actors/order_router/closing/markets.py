"""Markets: what of that which is being left can be left now, and why the rest cannot.

Shares close before derivatives, and an option that is held is sold after the shorts beside it.
"""

from __future__ import annotations

from collections.abc import Iterable

from daemon.actors.order_router.broker.hours import next_opening_ns, takes_orders
from daemon.actors.order_router.broker.sending import exits_on_their_way, proven
from daemon.actors.order_router.known.alarms import ClosingDue
from daemon.actors.order_router.known.desk import Desk
from daemon.actors.turn import Turn
from daemon.domain.market.trading_hours import closed_until
from daemon.domain.orders import hedges
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


def to_buy_back(desk: Desk, strategy_id: str, beside: str) -> tuple[str, ...]:
    """Return the legs of a strategy that are short and being left: an option beside them waits.

    One that the broker does not show is not bought back, nor is one that cannot be ordered from
    here, so nothing waits for it; of another underlying none is beside the option.
    """
    found: list[str] = []
    for owed in (closing.owed for closing in desk.closings.values()):
        for leg_id in owed.leg_ids if owed.strategy_id == strategy_id else ():
            key, leg = (strategy_id, leg_id), desk.leg(strategy_id, leg_id)
            net = desk.book.position(*key).net_quantity
            if leg is None or net >= 0 or not is_ordered(desk, leg.symbol):
                continue
            if hedges.underlying(leg.symbol) != hedges.underlying(beside):
                continue
            if proven(desk, key, leg.pocket, net):
                found.append(leg_id)
    return tuple(found)


def because(desk: Desk, key: tuple[str, str], now_ns: int) -> str:
    """Return why a leg cannot be left now, to follow what is held of it; empty: it can."""
    barred, waits = barred_because(desk, key, now_ns), _waits_because(desk, key)
    return barred or (f" ({waits})" if waits else "")


def barred_because(desk: Desk, key: tuple[str, str], now_ns: int) -> str:
    """Return why no order for a leg is taken now, to follow what is held of it; empty: it is."""
    symbol = _symbol(desk, key)
    if not is_ordered(desk, symbol):
        return f" (it {_UNORDERED})"
    if takes_orders(desk, symbol, now_ns):
        return ""
    return f" ({closed_until(symbol, desk.sessions, now_ns)})"


def shut_because(desk: Desk, strategy_id: str, leg_ids: Iterable[str], now_ns: int) -> str:
    """Return why none of some legs can be left now; empty: one of them can."""
    keys = [(strategy_id, leg_id) for leg_id in leg_ids]
    symbols = [_symbol(desk, key) for key in keys]
    if not any(is_ordered(desk, symbol) for symbol in symbols):
        return f"{', '.join(symbols)} {_UNORDERED}"
    taken = [key for key in keys if takes_orders(desk, _symbol(desk, key), now_ns)]
    if not taken:
        return closed_until(symbols[0], desk.sessions, now_ns)
    waits = {_waits_because(desk, key) for key in taken}
    return "" if "" in waits else waits.pop()


def _waits_because(desk: Desk, key: tuple[str, str]) -> str:
    """Return which shorts are bought back before a leg is sold; empty: it waits for none."""
    symbol = _symbol(desk, key)
    guards = desk.book.position(*key).net_quantity > 0 and hedges.guards(symbol)
    shorts = to_buy_back(desk, key[0], symbol) if guards else ()
    if not shorts:
        return ""
    are = "is" if len(shorts) == 1 else "are"
    return f"it waits until {' and '.join(shorts)} {are} bought back"


def _symbol(desk: Desk, key: tuple[str, str]) -> str:
    leg = desk.leg(*key)
    assert leg is not None, "what is left or held was entered"
    return leg.symbol
