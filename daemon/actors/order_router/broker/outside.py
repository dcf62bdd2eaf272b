"""Closed outside: strangers' fills that meet what our legs hold, and their orders that may.

A fill closes the leg for which it was meant, as far as anybody can tell: his own units first, then
the leg that was entered first. An exit of ours that filled while nobody knew of his order has
traded the same units again: his fill is that leg's all the same, and what is beyond flat by that is
closed at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from daemon.actors.order_router.known.desk import Desk
from daemon.actors.order_router.known.owed import Closing
from daemon.actors.order_router.known.readings import lasting
from daemon.actors.turn import Turn
from daemon.domain.instants import day_of
from daemon.domain.market.notes import NoteKind
from daemon.domain.orders.heard import Order
from daemon.domain.orders.outside import (
    TWICE,
    Held,
    closed_by,
    handed_on,
    held_against,
    his_own,
    may_sell,
)
from daemon.domain.orders.reconcile import EXTERNAL, is_strangers
from daemon.domain.orders.words import Intent, IntentRecorded, Pocket, Purpose, Side
from daemon.messages import Noted

_WAITS = "strangers"
"""Among what was told of a closing: that it waits for an order that is not ours."""


def hand_on(
    desk: Desk, turn: Turn, order: Order, before: Order | None, now_ns: int
) -> tuple[Intent, ...]:
    """Hand on to legs of ours what a stranger's order has filled; nothing of any other order.

    Args:
        desk: of the account.
        turn: what is done.
        order: as it stands.
        before: as it stood before this fill; None: it was not known.
        now_ns: the present instant.

    Returns:
        The intents by which legs of ours were closed.
    """
    side, pocket = order.intent.side, order.intent.pocket
    if not is_strangers(order.intent):
        return ()
    held = (*_held(desk, pocket)[side], *sorted(_sent_unaware(desk, pocket, side, now_ns)))
    intents: list[Intent] = []
    for share in closed_by(_own(desk, pocket), order, before, held):
        facts = handed_on(order, share, (desk.ids.next(), desk.ids.next()), now_ns)
        for fact in facts:
            desk.apply(fact)
            turn.record(fact)
        recorded = facts[0]
        assert isinstance(recorded, IntentRecorded), "an intent is recorded before its fill"
        intents.append(recorded.intent)
        ended = desk.book.order(recorded.intent.intent_id)
        assert ended is not None, "it was recorded"
        turn.announce(desk.position_changed(ended, now_ns))
        beyond = desk.book.position(*share.leg).net_quantity * side.sign > 0
        _tell(turn, order, recorded.intent, now_ns, beyond=beyond)
    return tuple(intents)


def to_sell(desk: Desk, leg: tuple[str, str], pocket: Pocket) -> int:
    """Return the units of a long leg that strangers' resting orders may sell.

    They are not sold beside them, for both may fill. What is short is bought back beside such an
    order: the worst of that is a long.
    """
    if not desk.book.symbols(EXTERNAL):
        return 0
    today = (o for o in desk.book.open_orders() if day_of(o.intent.decided_ns) == desk.day)
    return may_sell(_own(desk, pocket), today, _held(desk, pocket)[Side.SELL], leg, pocket)


def tell_waiting(desk: Desk, turn: Turn, closing: Closing, now_ns: int) -> None:
    """Tell of a long that is not sold because an order that is not ours may sell it."""
    owed = closing.owed
    for leg_id in owed.leg_ids if _WAITS not in closing.told else ():
        known = desk.leg(owed.strategy_id, leg_id)
        assert known is not None, "an exit is owed only for a leg that was entered"
        units = to_sell(desk, (owed.strategy_id, leg_id), known.pocket)
        if units:
            closing.told.add(_WAITS)
            what = f"the exit of {leg_id} waits: an order that is not ours may sell {units} of it"
            text = f"{what}; cancel that at the broker, or pull the kill"
            turn.announce(Noted(NoteKind.OUTSIDE, text, now_ns, owed.strategy_id))


def knows_more(desk: Desk, read_ns: int) -> bool:
    """Say whether a start would know more by a reading than by the one that was recorded last.

    By the later one more exits of ours are older than all that it could first tell of, or what has
    long been shown beside our book is another. So much is never known by one of another day, or of
    a clock that was set back since.

    Args:
        desk: of the account.
        read_ns: when the reading was made.
    """
    reads, terms = desk.reads, desk.terms
    recorded_ns = reads.recorded_ns
    if day_of(read_ns) != day_of(recorded_ns) or read_ns < recorded_ns:
        return True
    since_ns, until_ns = recorded_ns - terms.answer_ns, read_ns - terms.answer_ns
    traded = (order for order in desk.book if order.filled_quantity and _weight(order))
    is_older = any(since_ns <= order.at_ns < until_ns for order in traded)
    return is_older or lasting(reads, terms.verify_ns) != reads.recorded_gaps


def _own(desk: Desk, pocket: Pocket) -> int:
    """Return the units of the owner's own in a pocket; below zero short."""
    return his_own(desk.book, pocket, desk.reads.beside(pocket, desk.terms.verify_ns))


def _held(desk: Desk, pocket: Pocket) -> dict[Side, list[Held]]:
    return held_against(desk.book, desk.holders(), desk.since_ns, pocket)


def _sent_unaware(desk: Desk, pocket: Pocket, side: Side, now_ns: int) -> Iterator[Held]:
    """Yield what exits of ours have traded on this side since the reading before.

    What a stranger's fill was set against already is passed over; so is, once a reading was made,
    what bears an instant yet to come: a run whose clock stood ahead sent that before this start.
    """
    reads = desk.reads
    made_ns = reads.newest.at_ns if reads.newest else reads.recorded_ns or reads.before_ns
    known_ns = made_ns - desk.terms.answer_ns
    traded: Counter[tuple[str, str]] = Counter()
    for order in desk.book:
        intent = order.intent
        if (intent.pocket, intent.side) != (pocket, side) or order.at_ns < known_ns:
            continue
        if reads.newest and order.at_ns > now_ns:
            continue
        weight = _weight(order)
        if weight:
            traded[intent.strategy_id, intent.leg_id] += weight * order.filled_quantity
    for leg, quantity in traded.items():
        yield Held(desk.since_ns[leg], leg, quantity, exited=True)


def _weight(order: Order) -> int:
    """Return 1 for an exit of ours, -1 for a stranger's fill that was set against one; else 0."""
    intent = order.intent
    if intent.purpose is Purpose.ENTRY or intent.strategy_id == EXTERNAL:
        return 0
    return 1 if any(order.broker_order_ids) else -(order.text == TWICE)


def _tell(turn: Turn, order: Order, intent: Intent, now_ns: int, *, beyond: bool) -> None:
    """Tell a person what was made of an order that is not ours."""
    number = order.broker_order_id or "of no number"
    did = "sold" if intent.side is Side.SELL else "bought"
    text = f"an order that is not ours, {number}, {did} {intent.quantity} {intent.symbol}"
    what = f"{text}: so many of {intent.leg_id} are closed by that"
    if beyond:
        what = f"{text}, as an exit of {intent.leg_id} did: what is beyond flat is closed at once"
    turn.announce(Noted(NoteKind.OUTSIDE, what, now_ns, intent.strategy_id))
