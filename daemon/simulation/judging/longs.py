"""Which longs are sold too soon: beside shorts, or beside what may yet open one; judged."""

from __future__ import annotations

from collections.abc import Mapping

from daemon.domain.instants import SECOND_NS
from daemon.domain.market.instruments import parts_of
from daemon.domain.orders.reconcile import LOOSE
from daemon.domain.orders.words import Intent, Purpose, Side, State
from daemon.simulation.judging.known import Known

_GONE_NS = 2 * SECOND_NS
"""From when its cancellation was asked a sale is waited for no longer than this."""
_EXIT_NS = 10 * SECOND_NS
"""From when an exit is owed it waits for no sale longer than this."""


def sold_before_a_short(known: Known, intent: Intent, nets: Mapping[tuple[str, str], int]) -> str:
    """Say which short of the same strategy and underlying goes before a long that is sold.

    Args:
        known: what the facts say.
        intent: the sale of the long.
        nets: units that the exchange shows, by symbol and product.
    """
    strategy_id = intent.strategy_id
    if not _guards(intent):
        return ""
    for leg_id, pocket in (*known.owed_legs(strategy_id), *known.unwanted_legs(strategy_id)):
        held = known.book.position(strategy_id, leg_id).net_quantity
        if held < 0 and nets.get(pocket, 0) < 0 and _beside(pocket.symbol, intent):
            return f"{intent.symbol} is sold before {pocket} is bought back"
    return ""


def sold_beside_a_sale(known: Known, intent: Intent, at_ns: int) -> str:
    """Say which entry may still open a short that a long guards which is sold.

    It does where it is not known to be over, and its basket goes no further. It is waited for until
    it is parked, and for so long. What somebody orders by hand once the exit is owed is wanted,
    until he takes it back.

    Args:
        known: what the facts say.
        intent: the sale of the long.
        at_ns: when it is decided.
    """
    owed = known.owed.get(intent.parent)
    if owed is None or not _guards(intent):
        return ""
    if not 0 <= at_ns - owed.at_ns < _EXIT_NS:
        return ""
    for order in known.book.open_orders():
        other = order.intent
        opens = other.purpose is Purpose.ENTRY and other.side is Side.SELL
        if not opens or other.strategy_id != intent.strategy_id or other.parent in known.entering:
            continue
        by_hand = other.strategy_id in LOOSE and other.intent_id not in known.asked_ns
        if not _beside(other.symbol, intent) or (by_hand and other.decided_ns > owed.at_ns):
            continue
        asked_ns = known.asked_ns.get(other.intent_id, at_ns)
        is_waited_out = order.state is State.WORKING and at_ns - asked_ns >= _GONE_NS
        if order.state is not State.PARKED and not is_waited_out:
            return f"{intent.symbol} is sold, and {other.intent_id} may still sell {other.symbol}"
    return ""


def _guards(intent: Intent) -> bool:
    """Say whether what is sold guarded shorts: an option did, no future and no share."""
    parts = parts_of(intent.symbol)
    return parts is not None and parts.kind.is_option


def _beside(symbol: str, intent: Intent) -> bool:
    """Say whether a contract is of the underlying of an option."""
    parts, long = parts_of(symbol), parts_of(intent.symbol)
    return parts is not None and long is not None and parts.underlying == long.underlying
