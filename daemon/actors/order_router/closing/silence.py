"""Silence: what stands while the feed is silent is told, or left where the owner says so.

That is what is short, and a future or share that is long: a long option alone is left as it is.

No entry leaves on a dead link, for its prices are stale to the gate. What is owed goes on by the
newest prices there were, as do exits by time and a kill.
"""

from __future__ import annotations

from daemon.actors.order_router.broker.hours import next_opening_ns, takes_orders
from daemon.actors.order_router.closing import exits
from daemon.actors.order_router.known.alarms import SilenceDue
from daemon.actors.order_router.known.desk import Desk
from daemon.actors.turn import Turn
from daemon.domain.instants import SECOND_NS, day_of
from daemon.domain.market.calendar import knows_hours
from daemon.domain.market.instruments import parts_of
from daemon.domain.market.notes import NoteKind
from daemon.domain.orders.reconcile import EXTERNAL
from daemon.domain.risk.words import ExitReason
from daemon.messages import ExitLegs, Noted

_LINK = "link"


def watch(desk: Desk, turn: Turn, now_ns: int) -> None:
    """Look again once the link has been dead for too long; a silence begins with the session.

    Before a session opens that is the one to come: nobody else would look once it has begun.
    """
    opens_ns = next((first for first, last in desk.sessions if now_ns <= last), None)
    if desk.link_alive or opens_ns is None:
        return
    since_ns = max(desk.link_died_ns, opens_ns)
    desk.wakes.wake(turn, SilenceDue(_LINK, max(since_ns + desk.terms.silence_ns, now_ns)))


def due(desk: Desk, turn: Turn, now_ns: int) -> None:
    """Tell of what nobody can watch; leave it where that is the policy and the hours are known."""
    if desk.link_alive:
        return
    if now_ns - desk.link_died_ns < desk.terms.silence_ns or not desk.session_open(now_ns):
        watch(desk, turn, now_ns)  # it lived in between, or the session is yet to open
        return
    # On a day that no table knows the market may be shut: an exit would sell on another day.
    leaves = desk.terms.leaves_in_silence and knows_hours(day_of(now_ns))
    for strategy_id, unwatched in _unwatched(desk, now_ns).items():
        silent = f"the feed is silent for {desk.terms.silence_ns / SECOND_NS:g} s"
        text = f"{silent} and {strategy_id} is {unwatched}"
        what = "it is left" if leaves else "it is held; leave it by hand"
        turn.announce(Noted(NoteKind.STALE, f"{text}: {what}", now_ns, strategy_id))
        if leaves:
            held = tuple(leg for (owner, leg), _ in desk.holders() if owner == strategy_id)
            exits.begin(desk, turn, ExitLegs(strategy_id, held, ExitReason.STALE), now_ns)


def _unwatched(desk: Desk, now_ns: int) -> dict[str, str]:
    """Return what nobody can watch of each strategy, in words; strangers' is left alone."""
    found: dict[str, dict[str, list[str]]] = {}
    for (strategy_id, leg_id), pocket in desk.holders():
        is_short = desk.book.position(strategy_id, leg_id).net_quantity < 0
        if strategy_id != EXTERNAL and (is_short or _is_at_stake(desk, pocket.symbol, now_ns)):
            sides = found.setdefault(strategy_id, {"short": [], "long": []})
            sides["short" if is_short else "long"].append(leg_id)
    return {
        strategy_id: " and ".join(
            f"{side} {', '.join(legs)}" for side, legs in sides.items() if legs
        )
        for strategy_id, sides in found.items()
    }


def _is_at_stake(desk: Desk, symbol: str, now_ns: int) -> bool:
    """Say whether a long of it is held to a stop that matters today.

    What an option can lose was its premium. Shares whose market is over for the day stand still:
    an exit would wait for another day, and sell them then though prices come again.
    """
    parts = parts_of(symbol)
    if parts is not None and parts.kind.is_option:
        return False
    return takes_orders(desk, symbol, now_ns) or bool(next_opening_ns(desk, now_ns, symbol))
