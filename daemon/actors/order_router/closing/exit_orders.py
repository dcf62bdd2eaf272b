"""Exit orders: what the closing machine asks for leaves, waits its turn, or is answered here."""

from __future__ import annotations

from daemon.actors.order_router.broker.open_orders import open_orders
from daemon.actors.order_router.broker.sending import (
    Errand,
    Later,
    exits_on_their_way,
    is_under_kill,
    proven,
    remaining,
    send,
    to_take_back,
)
from daemon.actors.order_router.closing import markets
from daemon.actors.order_router.closing.holdings import EXIT_DEADLINE_NS, open_quantity
from daemon.actors.order_router.closing.withdrawals import make_way, waited_out
from daemon.actors.order_router.known.alarms import ClosingDue
from daemon.actors.order_router.known.desk import Desk
from daemon.actors.order_router.known.loose import is_loose
from daemon.actors.order_router.known.owed import Closing
from daemon.actors.turn import Turn
from daemon.domain.instants import day_of
from daemon.domain.market.notes import NoteKind
from daemon.domain.orders import hedges
from daemon.domain.orders.basket import BasketLeg
from daemon.domain.orders.flatten import PlaceExit
from daemon.domain.orders.heard import Order
from daemon.domain.orders.limits import Control, Parent
from daemon.domain.orders.refusals import PAGED, Answer
from daemon.domain.orders.words import Intent, OrderType, Purpose, Refusal, Side, State
from daemon.messages import ExitOverdue, Noted
from daemon.runtime.budget import Priority

_KINDS = {
    Control.COLLAR: Refusal.BAND,
    Control.QUANTITY: Refusal.FREEZE,
}
"""What our own gate's refusal of an exit means to the closing machine."""


def place(desk: Desk, turn: Turn, closing: Closing, word: PlaceExit, now_ns: int) -> None:
    """Send the order that the closing machine asks for, or have it wait; our gate may refuse it."""
    owed = closing.owed
    leg = desk.leg(owed.strategy_id, word.leg_id)
    assert leg is not None, "an exit is owed only for a leg that was entered"
    if word.side is Side.SELL:
        if hedges.guards(leg.symbol) and (
            markets.to_buy_back(desk, owed.strategy_id, leg.symbol)
            or _guards(desk, turn, closing, leg, now_ns)
        ):
            closing.held_ns.setdefault(word.leg_id, now_ns)
            return
        if 0 < len(to_take_back(desk)) >= desk.budget.room(now_ns, Priority.EXIT):
            free_ns = desk.budget.free_ns(now_ns, Priority.EXIT)
            _hold(desk, turn, closing, word.leg_id, (now_ns, free_ns))
            return
    intent = Intent(
        intent_id=desk.ids.next(),
        account=desk.terms.account,
        strategy_id=owed.strategy_id,
        leg_id=word.leg_id,
        symbol=leg.symbol,
        side=word.side,
        quantity=word.quantity,
        order_type=OrderType.LIMIT,
        price_e4=word.price_e4,
        purpose=Purpose.EXIT,
        parent=owed.exit_id,
        decided_ns=closing.held_ns.get(word.leg_id, now_ns),
        deadline_ns=now_ns + EXIT_DEADLINE_NS,
        product=leg.product,
    )
    to_close = abs(open_quantity(desk, closing, word.leg_id))
    others = remaining(exits_on_their_way(desk, owed.strategy_id, word.leg_id), word.side)
    parent = Parent(live=True, quantity=to_close, others_quantity=others)
    beside = waited_out(desk, turn, closing, intent, now_ns)
    held = send(desk, turn, Errand(intent, parent, again=True, beside=beside), now_ns)
    if held is None:
        return
    if isinstance(held, Later):
        _hold(desk, turn, closing, word.leg_id, (now_ns, held.at_ns))
    elif held.control is Control.SELF_TRADE:
        make_way(desk, turn, closing, intent, now_ns)
    else:
        kind = _KINDS.get(held.control, Refusal.UNSENT)
        answer = closing.machine.refused(word.leg_id, kind, word.quantity, now_ns)
        tell(turn, closing, answer, f"{leg.symbol}: {held.sentence}", now_ns)


def tell(turn: Turn, closing: Closing, answer: Answer, what: str, now_ns: int) -> None:
    """Tell of a refused exit, once for each answer to it: page a person, or leave a note."""
    if answer in closing.told:
        return
    closing.told.add(answer)
    owed, because = closing.owed, f"{what}; {answer}"
    if answer in PAGED:
        turn.announce(ExitOverdue(owed.exit_id, owed.strategy_id, because, now_ns))
    else:
        turn.record(Noted(NoteKind.REFUSED, because, now_ns, owed.strategy_id))


def _guards(desk: Desk, turn: Turn, closing: Closing, leg: BasketLeg, now_ns: int) -> bool:
    """Say whether an option guards shorts which nobody buys back yet.

    Those are what entries that go no further may still sell, waited for no longer than an exit may
    take, and what has just filled of them: that is owed in the same turn.
    """
    strategy_id = closing.owed.strategy_id
    patience = hedges.Patience(desk.terms.verify_ns, desk.terms.exit_limit_ns)
    since_ns = closing.held_ns.get(leg.leg_id, now_ns)
    waits = now_ns - since_ns < patience.doubt_ns and _is_short(desk, closing, leg.symbol)
    for sale in _sales(desk, closing, leg.symbol):
        closing.awaited.add(sale.intent.leg_id)
        intent_id = sale.intent.intent_id
        until_ns = patience.until_ns(sale, since_ns, desk.taken_back.get(intent_id))
        if intent_id in closing.told:
            continue
        if now_ns < until_ns:
            waits = True
            desk.wakes.wake(turn, ClosingDue(closing.owed.exit_id, until_ns))
        else:
            closing.told.add(intent_id)
            text = hedges.sentence(sale)
            turn.announce(Noted(NoteKind.REFUSED, text, now_ns, strategy_id))
    return waits


def _is_short(desk: Desk, closing: Closing, beside: str) -> bool:
    """Say whether a short beside a contract is to go, and no exit of it is owed yet.

    What a hedge waited for is guarded by it once it has filled, though it be wanted.
    """
    strategy_id = closing.owed.strategy_id
    killed = desk.halts.kills_in(strategy_id)
    owed = {leg for c in desk.closings.values() for leg in _legs_of(c)}
    return any(
        key[0] == strategy_id
        and hedges.underlying(pocket.symbol) == hedges.underlying(beside)
        and key not in owed
        and (killed or key[1] in closing.awaited or not _stays(desk, key))
        and (net := desk.book.position(*key).net_quantity) < 0
        and markets.is_ordered(desk, pocket.symbol)
        and proven(desk, key, pocket, net)
        for key, pocket in desk.holders()
    )


def _stays(desk: Desk, key: tuple[str, str]) -> bool:
    return is_loose(key[0]) or key in desk.entered


def _sales(desk: Desk, closing: Closing, beside: str) -> tuple[Order, ...]:
    """Return the entries that may still open a short beside a contract, and are not to.

    What is entered on is wanted, as is an order by hand, unless it is taken back.
    """
    strategy_id = closing.owed.strategy_id
    orders = (
        order
        for order in open_orders(desk)
        if not _is_wanted(desk, closing, order)
        and (order.state is State.WORKING or day_of(order.intent.decided_ns) == desk.day)
    )
    return hedges.opening_sales(
        orders,
        strategy_id,
        beside,
        lambda leg_id: desk.book.position(strategy_id, leg_id).net_quantity,
    )


def _is_wanted(desk: Desk, closing: Closing, order: Order) -> bool:
    intent = order.intent
    if is_under_kill(desk, order):
        return False
    if is_loose(intent.strategy_id):
        return intent.intent_id not in desk.taken_back and intent.leg_id not in closing.owed.leg_ids
    return intent.parent in desk.baskets


def _legs_of(closing: Closing) -> list[tuple[str, str]]:
    return [(closing.owed.strategy_id, leg_id) for leg_id in closing.owed.leg_ids]


def _hold(
    desk: Desk, turn: Turn, closing: Closing, leg_id: str, from_until_ns: tuple[int, int]
) -> None:
    """Have an exit wait for a slot in the budget, from one instant until another at the latest."""
    now_ns, until_ns = from_until_ns
    closing.held_ns.setdefault(leg_id, now_ns)
    desk.wakes.wake(turn, ClosingDue(closing.owed.exit_id, until_ns))
