"""Silence: a short that stands while the feed is silent is told, or left where the owner says so.

No entry leaves on a dead link, for its prices are stale to the gate. What is owed goes on by the
newest prices there were, as do exits by time and a kill.
"""

from __future__ import annotations

from daemon.actors.order_router import exits
from daemon.actors.order_router.alarms import SilenceDue
from daemon.actors.order_router.desk import Desk
from daemon.actors.turn import Turn
from daemon.domain.instants import SECOND_NS
from daemon.domain.market.notes import NoteKind
from daemon.domain.orders.reconcile import EXTERNAL
from daemon.domain.risk.words import ExitReason
from daemon.messages import ExitLegs, Noted

_LINK = "link"


def watch(desk: Desk, turn: Turn, now_ns: int) -> None:
    """Look again once the link has been dead for too long; a silence begins with the session."""
    if desk.link_alive:
        return
    opens_ns = max((first for first, _ in desk.sessions if first <= now_ns), default=0)
    since_ns = max(desk.link_died_ns, opens_ns)
    desk.wakes.wake(turn, SilenceDue(_LINK, max(since_ns + desk.terms.silence_ns, now_ns)))


def due(desk: Desk, turn: Turn, now_ns: int) -> None:
    """Tell of the shorts that nobody can watch, and leave them where that is the policy."""
    if desk.link_alive or not desk.session_open(now_ns):
        return
    if now_ns - desk.link_died_ns < desk.terms.silence_ns:
        watch(desk, turn, now_ns)  # it lived in between
        return
    for strategy_id, legs in _shorts(desk).items():
        unwatched = f"the feed is silent for {desk.terms.silence_ns / SECOND_NS:g} s and"
        unwatched = f"{unwatched} {strategy_id} is short {', '.join(legs)}"
        what = "it is left" if desk.terms.leaves_in_silence else "it is held; leave it by hand"
        turn.announce(Noted(NoteKind.STALE, f"{unwatched}: {what}", now_ns, strategy_id))
        if desk.terms.leaves_in_silence:
            held = tuple(leg for (owner, leg), _ in desk.holders() if owner == strategy_id)
            exits.begin(desk, turn, ExitLegs(strategy_id, held, ExitReason.STALE), now_ns)


def _shorts(desk: Desk) -> dict[str, list[str]]:
    """Return the legs that each strategy is short of; strangers' are left alone."""
    shorts: dict[str, list[str]] = {}
    for (strategy_id, leg_id), _ in desk.holders():
        if strategy_id != EXTERNAL and desk.book.position(strategy_id, leg_id).net_quantity < 0:
            shorts.setdefault(strategy_id, []).append(leg_id)
    return shorts
