"""Is this position guarded right now? Every reason why it is not, or none.

A pause or a latch is not a reason: it stops entries, and exits go on.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Unguarded(StrEnum):
    """Why an open position is not guarded."""

    NO_RULE = "no_rule"
    NO_ENTRY_PRICE = "no_entry_price"
    NOT_SUBSCRIBED = "not_subscribed"
    LINK_DEAD = "link_dead"
    INDEX_SILENT = "index_silent"
    NO_PRICE = "no_price"
    OTHER_UNPRICED = "other_unpriced"
    NOT_WATCHED = "not_watched"
    ORDERS_CLOSED = "orders_closed"
    EXIT_OVERDUE = "exit_overdue"

    @property
    def sentence(self) -> str:
        """What to tell a person."""
        return _SENTENCES[self]


_SENTENCES = {
    Unguarded.NO_RULE: "no stop of its own and none of its strategy holds it",
    Unguarded.NO_ENTRY_PRICE: "its entry price is not known, so no level can be set",
    Unguarded.NOT_SUBSCRIBED: "no prices are asked for it",
    Unguarded.LINK_DEAD: "the link that brings its prices is dead",
    Unguarded.INDEX_SILENT: "neither its index nor what is held of it is told any more",
    Unguarded.NO_PRICE: "it has no price to be judged by",
    Unguarded.OTHER_UNPRICED: "another leg has no price, and only rules of the whole hold this one",
    Unguarded.NOT_WATCHED: "the watchdog has not looked at it in time",
    Unguarded.ORDERS_CLOSED: "no exit can be sent to its broker",
    Unguarded.EXIT_OVERDUE: "an exit is owed and past its deadline",
}


class Unpriced(Struct, frozen=True, tag=True):
    """Units are held of what nothing prices, so nothing of the whole strategy can be judged.

    Attributes:
        strategy_id: whose.
        leg_id: which leg of it.
        symbol: of what.
        at_ns: the market instant of the frame that it is told on.
    """

    strategy_id: str
    leg_id: str
    symbol: str
    at_ns: int

    @property
    def sentence(self) -> str:
        """What to tell a person."""
        return f"{self.symbol} has no price to be judged by: the strategy is not guarded"


class Watch(Struct, frozen=True, gc=False):
    """What is known about one open position's guard.

    Attributes:
        ruled: a stop of its own or of its strategy holds it.
        entry_e4: its average entry price; 0 where unknown.
        subscribed: its prices are asked for.
        link_alive: the link that brings them beats.
        priced: it has a mark.
        looked_ns: when the watchdog last judged it.
        orders_open: an exit could be sent now; paused and latched accounts still send exits.
        exit_overdue: an exit is owed and its deadline has passed.
        unjudged: rules of the whole alone hold it, and are not judged, for want of another's mark.
        index_silent: neither its index nor what is held of that is told, while other prices come.
    """

    ruled: bool
    entry_e4: int
    subscribed: bool
    link_alive: bool
    priced: bool
    looked_ns: int
    orders_open: bool
    exit_overdue: bool = False
    unjudged: bool = False
    index_silent: bool = False


def unguarded_because(watch: Watch, now_ns: int, patience_ns: int) -> tuple[Unguarded, ...]:
    """Return every reason why a position is not guarded; empty: it is.

    Args:
        watch: what is known.
        now_ns: on the same clock as `looked_ns`.
        patience_ns: how old the watchdog's last look may be, inclusive.
    """
    holds = (
        (Unguarded.NO_RULE, not watch.ruled),
        (Unguarded.NO_ENTRY_PRICE, watch.entry_e4 <= 0),
        (Unguarded.NOT_SUBSCRIBED, not watch.subscribed),
        (Unguarded.LINK_DEAD, not watch.link_alive),
        (Unguarded.INDEX_SILENT, watch.index_silent),
        (Unguarded.NO_PRICE, not watch.priced),
        (Unguarded.OTHER_UNPRICED, watch.unjudged),
        (Unguarded.NOT_WATCHED, now_ns - watch.looked_ns > patience_ns),
        (Unguarded.ORDERS_CLOSED, not watch.orders_open),
        (Unguarded.EXIT_OVERDUE, watch.exit_overdue),
    )
    return tuple(reason for reason, held in holds if held)
