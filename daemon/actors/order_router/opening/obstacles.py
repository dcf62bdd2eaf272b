"""Obstacles: what keeps an entry out and may pass; it waits for that, and is then decided anew."""

from __future__ import annotations

from msgspec.structs import replace

from daemon.actors.order_router.broker import link
from daemon.actors.order_router.broker.holds import paused_because
from daemon.actors.order_router.broker.reconciling import objection_to_entry as objection_of_books
from daemon.actors.order_router.known.desk import Desk
from daemon.actors.order_router.known.halts import said
from daemon.actors.order_router.opening.permission import unarmed_because
from daemon.actors.turn import Turn
from daemon.domain.instants import day_of
from daemon.domain.orders.arming import unwilling
from daemon.messages import BasketEnded, WaitOver
from daemon.runtime.words import Publish

_PROMISED = "its margin is not free: entries before it have not left or been answered"
_UNKNOWN = "its margin is not known; the broker is asked again in a moment"


def barred(desk: Desk, strategy_id: str, *, opted_in: bool) -> str:
    """Return why a strategy may not enter whatever may pass; empty: it may."""
    killed = desk.halts.killed_by(strategy_id)
    if killed is not None:
        return said(killed)
    if desk.terms.live and not opted_in:
        return unwilling(strategy_id)
    because = desk.conduct.stopped.get(strategy_id, "")
    return f"{strategy_id} is stopped, {because}; start it again first" if because else ""


def obstacle(desk: Desk, strategy_id: str, now_ns: int) -> str:
    """Return what keeps entries of a strategy out for now; empty: nothing that may pass."""
    paused = paused_because(desk)
    if paused:
        return f"entries are paused: {paused}"
    latched = desk.halts.over(strategy_id)
    if latched is not None:
        return said(latched)
    because = unarmed_because(desk, now_ns) or objection_of_books(desk, now_ns)
    because = because or link.broken_because(desk)
    return because or _unfunded(desk, strategy_id, now_ns)


def _unfunded(desk: Desk, strategy_id: str, now_ns: int) -> str:
    if strategy_id in desk.purse.put_off:
        return _PROMISED
    unknown = desk.purse.unknown.get(strategy_id)
    return _UNKNOWN if unknown is not None and now_ns < unknown.again_ns else ""


def look(desk: Desk, turn: Turn, now_ns: int) -> None:
    """Tell each strategy whose entry waits once nothing keeps it out any more.

    A kill ends the wait for good, so that its release enters nothing; a pause does not.
    """
    waiting, freed = desk.conduct.waiting, desk.conduct.freed
    for strategy_id in sorted(waiting):
        killed = desk.halts.killed_by(strategy_id)
        if killed is not None:
            _end(desk, turn, waiting.pop(strategy_id), said(killed), now_ns)
        elif strategy_id not in freed and not obstacle(desk, strategy_id, now_ns):
            freed.add(strategy_id)
            turn.do(Publish(WaitOver(strategy_id)))


def _end(desk: Desk, turn: Turn, waits: BasketEnded, because: str, now_ns: int) -> None:
    """End an entry that waits; for one of an earlier day nobody waits any more."""
    if day_of(waits.at_ns) == desk.day:
        ended = replace(waits, because=because, at_ns=now_ns, waits=False)
        desk.apply(ended)
        turn.announce(ended)
