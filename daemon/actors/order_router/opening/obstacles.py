"""Obstacles: what keeps an entry out and may pass; it waits for that, and is then decided anew."""

from __future__ import annotations

from msgspec.structs import replace

from daemon.actors.order_router.broker import link, shares
from daemon.actors.order_router.broker.holds import paused_because
from daemon.actors.order_router.broker.open_orders import open_orders
from daemon.actors.order_router.broker.reconciling import objection_to_entry as objection_of_books
from daemon.actors.order_router.broker.sending import IN_DOUBT
from daemon.actors.order_router.known.alarms import DelayOver
from daemon.actors.order_router.known.conduct import Delay
from daemon.actors.order_router.known.desk import Desk
from daemon.actors.order_router.known.halts import said
from daemon.actors.order_router.opening.permission import unarmed_because
from daemon.actors.turn import Turn
from daemon.domain.instants import SECOND_NS, day_of
from daemon.domain.orders.arming import unwilling
from daemon.domain.orders.basket import BasketLeg
from daemon.domain.orders.heard import Order
from daemon.domain.orders.words import Pocket
from daemon.messages import BasketEnded, WaitOver
from daemon.runtime.words import Publish

_PROMISED = "its margin is not free: entries before it have not left or been answered"
_DELAYED = "it did not get as far as the broker; it is tried again in a moment"
_FIRST_NS = SECOND_NS
_MOST_NS = 60 * SECOND_NS
"""How long an entry is put off that did not get as far as the broker: at first, and at most."""


def barred(desk: Desk, strategy_id: str, *, opted_in: bool) -> str:
    """Return why a strategy may not enter whatever may pass; empty: it may."""
    killed = desk.halts.killed_by(strategy_id)
    if killed is not None:
        return said(killed)
    if desk.terms.live and not opted_in:
        return unwilling(strategy_id)
    because = desk.conduct.stopped.get(strategy_id, "")
    if because:
        return f"{strategy_id} is stopped, {because}; start it again first"
    return _over_because(desk, strategy_id)


def _over_because(desk: Desk, strategy_id: str) -> str:
    """Return why the wait of an entry was ended for good today; empty: it was not.

    A decision that was on its way then is of that entry.
    """
    over = desk.conduct.over.get(strategy_id)
    if over is None or day_of(over.at_ns) != desk.day:
        return ""
    return f"the entry, which waited, is over for today: {over.because}"


def unfinished(desk: Desk, strategy_id: str) -> str:
    """Return what of a strategy is open or on its way, whatever its legs are called by now."""
    for (holder, leg_id), _ in desk.holders():
        if holder == strategy_id:
            return f"{leg_id} is still open from before"
    for order in desk.book.open_orders():
        intent = order.intent  # one of an earlier day lapsed with its day
        if intent.strategy_id == strategy_id and day_of(intent.decided_ns) == desk.day:
            return f"an order of {intent.leg_id} from before may still fill"
    under_way = (opened.basket.strategy_id for opened in desk.baskets.values())
    return "an entry from before is still under way" if strategy_id in under_way else ""


def obstacle(desk: Desk, strategy_id: str, now_ns: int, *pockets: Pocket) -> str:
    """Return what keeps entries of a strategy out for now; empty: nothing that may pass.

    Args:
        desk: of the account.
        strategy_id: whose.
        now_ns: the present instant.
        pockets: what is to be entered, where that is known.
    """
    paused = paused_because(desk)
    if paused:
        return f"entries are paused: {paused}"
    latched = desk.halts.over(strategy_id)
    if latched is not None:
        return said(latched)
    because = unarmed_because(desk, now_ns) or objection_of_books(desk, now_ns)
    because = because or link.broken_because(desk)
    return because or shares.objection(desk, *pockets) or _kept_back(desk, strategy_id, now_ns)


def delay(desk: Desk, turn: Turn, strategy_id: str, now_ns: int) -> None:
    """Keep a strategy out for a while whose entry did not get as far as the broker.

    Each time in a row that is longer, for a broker may not answer for hours.
    """
    before = desk.conduct.delayed.get(strategy_id)
    wait_ns = min(2 * before.wait_ns, _MOST_NS) if before is not None else _FIRST_NS
    desk.conduct.delayed[strategy_id] = Delay(now_ns + wait_ns, wait_ns)
    desk.wakes.wake(turn, DelayOver(strategy_id, now_ns + wait_ns))


def against(desk: Desk, leg: BasketLeg) -> tuple[Order, ...]:
    """Return the own orders that trade the contract of a leg the other way, and may fill yet."""
    return tuple(
        order
        for order in open_orders(desk)
        if order.intent.symbol == leg.symbol and order.intent.side is leg.side.opposite
    )


def is_doubted(desk: Desk, leg: BasketLeg) -> bool:
    """Say whether an own order might trade with a leg of which nobody knows whether it rests."""
    return any(order.state in IN_DOUBT for order in against(desk, leg))


def is_left_by_others(desk: Desk, leg: BasketLeg) -> bool:
    """Say whether an exit is owed that would trade with this entry; the exit goes first."""
    return any(
        desk.book.position(closing.owed.strategy_id, leg_id).net_quantity * leg.side.sign > 0
        for closing in desk.closings.values()
        for leg_id in closing.owed.leg_ids
        if (left := desk.leg(closing.owed.strategy_id, leg_id)) and left.symbol == leg.symbol
    )


def _kept_back(desk: Desk, strategy_id: str, now_ns: int) -> str:
    if strategy_id in desk.purse.put_off:
        return _PROMISED
    delayed = desk.conduct.delayed.get(strategy_id)
    return _DELAYED if delayed is not None and now_ns < delayed.again_ns else ""


def look(desk: Desk, turn: Turn, now_ns: int) -> None:
    """Tell each strategy whose entry waits once nothing keeps it out any more.

    A kill ends the wait for good, so that its release enters nothing; a pause does not.
    """
    waiting, freed = desk.conduct.waiting, desk.conduct.freed
    for strategy_id in sorted(waiting):
        killed = desk.halts.killed_by(strategy_id)
        if killed is not None:
            _end(desk, turn, waiting[strategy_id], said(killed), now_ns)
            waiting.pop(strategy_id, None)
        elif waiting[strategy_id].because == shares.wait(desk):
            continue  # what it enters is known to who decides alone, and that it is a share
        elif strategy_id not in freed and not obstacle(desk, strategy_id, now_ns):
            freed.add(strategy_id)
            turn.do(Publish(WaitOver(strategy_id)))


def end_wait(desk: Desk, turn: Turn, strategy_id: str, because: str, now_ns: int) -> str:
    """End the entry of a strategy that waits, for nobody wants it any more; say so, if one did."""
    waits = desk.conduct.waiting.get(strategy_id)
    if waits is None or day_of(waits.at_ns) != desk.day:
        return ""
    _end(desk, turn, waits, because, now_ns)
    return f"the entry of {strategy_id}, which waited, is given up: {waits.because}"


def _end(desk: Desk, turn: Turn, waits: BasketEnded, because: str, now_ns: int) -> None:
    """End an entry that waits; for one of an earlier day nobody waits any more."""
    if day_of(waits.at_ns) == desk.day:
        ended = replace(waits, because=because, at_ns=now_ns, waits=False)
        desk.apply(ended)
        turn.announce(ended)
