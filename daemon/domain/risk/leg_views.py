"""One leg for those who show it, or ask whether it is guarded."""

from __future__ import annotations

from msgspec import Struct

from daemon.domain.money import sum_known
from daemon.domain.orders.words import Side
from daemon.domain.risk.legs import followed_e4
from daemon.domain.risk.pnl import NO_MARK, known_unrealised_e4, realised_e4
from daemon.domain.risk.watched import WatchedLeg


class LegView(Struct, frozen=True):
    """What is to be seen of a leg; prices and amounts in `_e4`.

    Attributes:
        leg_id: the leg of its strategy.
        symbol: of what.
        side: which way it was entered.
        net_quantity: units held, below zero for a short.
        entry_e4: the average entry price; 0 before the first fill.
        mark_e4: what it is valued at; the last known where it has none now; `NO_MARK`: never any.
        fresh: whether the mark counts now.
        seen_ns: when its prices were last heard of; 0: never.
        realised_e4: profit of what is closed.
        unrealised_e4: profit of what is open, at the mark; None: it never had any.
        stop_e4: 0 where there is none.
        target_e4: 0 where there is none.
        ruled: a stop of its own or of the whole strategy holds it.
        owed: an exit is on its way.
        unjudged: it is held by rules of the whole alone, and while another open leg has no price
            nothing of the whole is judged.
        followed_e4: up to where the stop has followed its price; 0 before the first fill.
        left_e4: stops that were loosened, as far as the record tells that was read.
    """

    leg_id: str
    symbol: str
    side: Side
    net_quantity: int
    entry_e4: int
    mark_e4: int
    fresh: bool
    seen_ns: int
    realised_e4: int
    unrealised_e4: int | None
    stop_e4: int
    target_e4: int
    ruled: bool
    owed: bool
    unjudged: bool = False
    followed_e4: int = 0
    left_e4: frozenset[int] = frozenset()

    @property
    def pnl_e4(self) -> int | None:
        """Realised and unrealised; None: what is open never had a mark."""
        return sum_known((self.realised_e4, self.unrealised_e4))


def view_of(leg: WatchedLeg, *, ruled_by_whole: bool, whole_judged: bool = True) -> LegView:
    """Return what others may see of a leg.

    Args:
        leg: the leg.
        ruled_by_whole: a stop of its strategy holds it.
        whole_judged: every open leg has a mark.
    """
    position, levels = leg.position, leg.levels
    stop_e4 = levels.stop_e4 if levels else 0
    fresh = leg.mark_e4 != NO_MARK
    mark_e4 = leg.mark_e4 if fresh else leg.last_mark_e4
    return LegView(
        leg_id=leg.leg_id,
        symbol=leg.symbol,
        side=position.side,
        net_quantity=leg.net_quantity,
        entry_e4=position.entry_e4,
        mark_e4=mark_e4,
        fresh=fresh,
        seen_ns=leg.seen_ns,
        realised_e4=realised_e4(position),
        unrealised_e4=known_unrealised_e4(position, mark_e4),
        stop_e4=stop_e4,
        target_e4=levels.target_e4 if levels else 0,
        ruled=ruled_by_whole or stop_e4 > 0,
        owed=leg.owed,
        unjudged=fresh and ruled_by_whole and not (leg.owed or stop_e4 or whole_judged),
        followed_e4=followed_e4(levels) if levels else 0,
        left_e4=frozenset(leg.left_e4),
    )
