"""By hand: exits of a position or a part of it, single orders, and their cancellation.

An order by hand is recorded in one piece with who asked for it, and sent once under its request id,
whatever becomes of it. Its leg is the symbol, with `-carry` behind it where it is carried, its
strategy `manual`: no rule guards it, and that is shown. It is held to every control that an entry
is held to.
"""

from __future__ import annotations

from daemon.actors.order_router import waiting
from daemon.actors.order_router.broker import reconciling
from daemon.actors.order_router.broker.holds import paused_because
from daemon.actors.order_router.broker.open_orders import is_over
from daemon.actors.order_router.broker.sending import Errand, Later, judge, may_fill, send
from daemon.actors.order_router.closing import exits, markets
from daemon.actors.order_router.known.alarms import AnswerDue
from daemon.actors.order_router.known.desk import Desk, basket_of, legs_entered
from daemon.actors.order_router.known.halts import said
from daemon.actors.order_router.known.loose import Request
from daemon.actors.order_router.opening import entries, funds, obstacles
from daemon.actors.order_router.opening.permission import unarmed_because
from daemon.actors.turn import Turn
from daemon.domain.instants import SECOND_NS
from daemon.domain.money import units
from daemon.domain.orders.heard import Order
from daemon.domain.orders.limits import Control, Parent, Refused
from daemon.domain.orders.margin import MarginLeg
from daemon.domain.orders.reconcile import MANUAL
from daemon.domain.orders.states import is_open
from daemon.domain.orders.words import Intent, OrderType, Pocket, Product, Purpose, State
from daemon.domain.risk.words import ExitReason
from daemon.messages import (
    CancelByHand,
    Declined,
    Done,
    ExitByHand,
    ExitLegs,
    OrderAsked,
    PlaceByHand,
    Told,
)
from daemon.messages.asks import BOOK_UNREAD, NOTHING_HELD, UNKNOWN_LEG
from daemon.runtime.words import Show

_ANSWER_NS = 4 * SECOND_NS
"""How long the answer waits for the broker's: less than whoever asked has patience for."""
_LEAVE_WITHIN_NS = 2 * SECOND_NS
_DRY = ":dry"
_PROTECTED_STEP = 1
"""A market order is a limit at this step of the exit ladder."""


def parent_of(request_id: str) -> str:
    """Return what an order by hand is a child of."""
    return f"{MANUAL}:{request_id}"


def found(desk: Desk, request_id: str) -> Order | None:
    """Return the order of a request as it stands; None: it was never sent."""
    orders = desk.book.children(parent_of(request_id))
    return orders[0] if orders else None


def leave(desk: Desk, turn: Turn, wanted: ExitByHand, now_ns: int) -> Done | Declined:
    """Close a position, or so many lots of it."""
    strategy_id, leg_id, lots = wanted.strategy_id, wanted.leg_id, wanted.lots
    if lots < 0:
        return Declined("bad_lots", f"{lots} lots cannot be closed; name one or more, or 0 for all")
    holding = [leg for (owner, leg), _ in desk.holders() if owner == strategy_id]
    if leg_id and desk.leg(strategy_id, leg_id) is None:
        held = ", ".join(holding) or "nothing"
        return Declined(UNKNOWN_LEG, f"{strategy_id} has no leg {leg_id}; it holds {held}")
    legs = tuple(leg for leg in holding if leg_id in ("", leg))
    if lots:
        return _leave_part(desk, turn, wanted, legs, now_ns)
    entering = tuple(
        leg.leg_id
        for opened in desk.baskets.values()
        if opened.basket.strategy_id == strategy_id
        for leg in opened.basket.legs
        if leg_id in ("", leg.leg_id)
    )
    entered = tuple(leg for leg in legs_entered(desk, strategy_id) if leg_id in ("", leg))
    unfilled = may_fill(desk, Purpose.ENTRY, strategy_id, entered)
    kept = (order.intent.leg_id for order in unfilled)
    wanted_legs = tuple(dict.fromkeys((*legs, *entering, *kept)))
    because = f"left by {wanted.by}" + (f" ({wanted.reason})" if wanted.reason else "")
    ended = "" if leg_id else obstacles.end_wait(desk, turn, strategy_id, because, now_ns)
    if not wanted_legs:
        return Done(ended) if ended else _nothing_held(desk, wanted)
    if all(exits.is_leaving(desk, strategy_id, leg) for leg in wanted_legs):
        text = "it is being left already"
    else:
        whole = ExitLegs(strategy_id, wanted_legs, ExitReason.MANUAL, wanted.reason)
        exits.begin(desk, turn, whole, now_ns)
        text = f"leaving {', '.join(wanted_legs)}"
    return Done(text, _owed_because(desk, strategy_id, wanted_legs, now_ns))


def _leave_part(
    desk: Desk, turn: Turn, wanted: ExitByHand, legs: tuple[str, ...], now_ns: int
) -> Done | Declined:
    """Owe an exit of so many lots of each leg, once all of them allow it."""
    strategy_id = wanted.strategy_id
    if not legs:
        return _nothing_held(desk, wanted)
    nets = {leg: desk.book.position(strategy_id, leg).net_quantity for leg in legs}
    keeps: dict[str, int] = {}
    # Each leg is left by itself, and a long waits only for shorts that are being left already.
    for leg_id in sorted(legs, key=lambda leg: nets[leg] >= 0):
        no = _no_to_part(desk, strategy_id, leg_id, wanted.lots)
        if no is not None:
            return no
        leg = desk.leg(strategy_id, leg_id)
        assert leg is not None, "what holds something is known"
        keeps[leg_id] = abs(nets[leg_id]) - wanted.lots * leg.lot
    for leg_id, keep in keeps.items():
        part = ExitLegs(strategy_id, (leg_id,), ExitReason.MANUAL, wanted.reason)
        exits.begin(desk, turn, part, now_ns, keep)
    lots = "1 lot" if wanted.lots == 1 else f"{wanted.lots} lots"
    owed = _owed_because(desk, strategy_id, tuple(keeps), now_ns)
    return Done(f"leaving {lots} of {', '.join(keeps)}", owed)


def _nothing_held(desk: Desk, wanted: ExitByHand) -> Declined:
    """Say that nothing is held; by our own record alone where the broker's book is not read."""
    so = f"{wanted.strategy_id} holds nothing in {wanted.leg_id or 'any leg'}"
    unread = _unread_because(desk)
    if not unread:
        return Declined(NOTHING_HELD, so)
    return Declined(BOOK_UNREAD, f"{so} in our record; {unread}, so look at its own page as well")


def _unread_because(desk: Desk) -> str:
    """Return that the broker's book is not read, and why; empty: it is, or never will be."""
    if not desk.terms.reconcile_ns or (desk.reads.reconciled and not desk.reads.unread):
        return ""
    so = f"the broker's book of {desk.terms.account} "
    so += "cannot be read" if desk.reads.reconciled else "has not been read since the start"
    return f"{so}: {desk.reads.unread}" if desk.reads.unread else so


def _owed_because(desk: Desk, strategy_id: str, leg_ids: tuple[str, ...], now_ns: int) -> str:
    """Return why no order that leaves these legs can go out now; empty: it can."""
    reads, patience_ns = desk.reads, desk.terms.exit_limit_ns
    awaits = desk.terms.reconcile_ns and not reads.reconciled
    if awaits and (reads.awaited_ns is None or now_ns < reads.awaited_ns + patience_ns):
        unread = _unread_because(desk)
        return f"{unread}, which an exit waits for, up to {patience_ns // SECOND_NS} s"
    return markets.shut_because(desk, strategy_id, leg_ids, now_ns)


def _no_to_part(desk: Desk, strategy_id: str, leg_id: str, lots: int) -> Declined | None:
    leg = desk.leg(strategy_id, leg_id)
    assert leg is not None, "what holds something is known"
    net = desk.book.position(strategy_id, leg_id).net_quantity
    if exits.owing(desk, strategy_id, (leg_id,)):
        return Declined("leaving", f"an exit of {leg_id} is on its way; wait until it is done")
    if any(opened.basket.strategy_id == strategy_id for opened in desk.baskets.values()):
        return Declined("entering", f"{strategy_id} is being entered; leave all of it, or wait")
    if lots * leg.lot > abs(net):
        return Declined("too_many_lots", f"{leg_id} holds {abs(net) // leg.lot} lots, not {lots}")
    if net < 0 and net % leg.lot:
        held = f"{leg_id} is short {-net} units, which are not whole lots of {leg.lot}"
        return Declined("odd_lots", f"{held}; leave all of it")
    if may_fill(desk, Purpose.ENTRY, strategy_id, (leg_id,)):
        return Declined(
            "entering", f"an order could add to {leg_id}; cancel it, or leave all of it"
        )
    return None


def place(desk: Desk, turn: Turn, number: int, wanted: PlaceByHand, now_ns: int) -> None:
    """Send one order, once under its request id; answer when the broker has, or after a while."""
    asked = wanted.asked
    request = Request(wanted, [number], now_ns + _ANSWER_NS)
    known = found(desk, asked.request_id)
    if known is not None:
        waiting.tell_known(desk, turn, request, known, now_ns)
        return
    if not desk.terms.asks_margin:
        _place(desk, turn, request, now_ns)
        return
    parent = parent_of(asked.request_id) + (_DRY if wanted.dry_run else "")
    unfunded = desk.requests.unfunded.get(parent)
    if unfunded is not None:
        waiting.join(turn, unfunded, number, asked)
        return
    errand = _errand(desk, asked, "", now_ns)
    no = errand if isinstance(errand, Declined) else _declined(judge(desk, errand, now_ns))
    if no is not None:
        turn.do(Show(Told(number, no)))
        return
    assert isinstance(errand, Errand), "what was not declined is an errand"
    intent = errand.intent
    leg = MarginLeg(intent.symbol, intent.side, intent.quantity, intent.price_e4, intent.product)
    desk.requests.unfunded[parent] = request
    funds.ask(desk, turn, parent, (leg,), now_ns)
    desk.wakes.wake(turn, AnswerDue(parent, request.answer_ns))


def funded(desk: Desk, turn: Turn, parent: str, because: str, now_ns: int) -> None:
    """Send an order whose margin is there, or say why it stays."""
    request = desk.requests.unfunded.pop(parent, None)
    funds.forget(desk, parent)
    if request is None:
        return
    if because:
        waiting.tell(turn, request.numbers, Declined(Control.MARGIN.value, because))
        return
    _place(desk, turn, request, now_ns)


def _place(desk: Desk, turn: Turn, request: Request, now_ns: int) -> None:
    """Send one order, and have its answer wait for the broker's."""
    wanted, numbers = request.wanted, request.numbers
    intent_id = desk.ids.next() if not wanted.dry_run else ""
    errand = _errand(desk, wanted.asked, intent_id, now_ns)
    no = errand if isinstance(errand, Declined) else _sent(desk, turn, errand, wanted, now_ns)
    if no is not None:
        waiting.tell(turn, numbers, no)
        return
    assert isinstance(errand, Errand), "an order was sent"
    intent = errand.intent
    if wanted.dry_run:
        what = f"{intent.side} {intent.quantity} {intent.symbol} at {units(intent.price_e4)}"
        waiting.tell(turn, numbers, Done(f"would be sent: {what}"))
        return
    desk.requests.waiting[intent.intent_id] = numbers
    desk.wakes.wake(turn, AnswerDue(intent.intent_id, request.answer_ns))


def cancel(desk: Desk, turn: Turn, wanted: CancelByHand, now_ns: int) -> Done | Declined:
    """Take one order out of the broker's book; of a basket that is being entered all of it."""
    order = desk.book.order(wanted.intent_id)
    if order is None:
        return Declined("unknown_order", f"no order {wanted.intent_id} is known")
    if not is_open(order.state):
        return Declined("not_open", f"{wanted.intent_id} is {order.state}")
    if is_over(desk, order):
        return Declined("not_open", f"{wanted.intent_id} is over with its day; it may have filled")
    if order.intent.purpose is not Purpose.ENTRY:
        return Declined("is_exit", f"{wanted.intent_id} closes a position; it would leave again")
    basket = basket_of(desk, order.intent.parent)
    if basket is not None:
        entries.give_up(desk, turn, basket, f"cancelled by {wanted.by}", now_ns)
        exits.clear_up(desk, turn, basket, now_ns)
        return Done(f"the entry {basket.basket_id} is given up")
    if order.state is not State.WORKING:
        return Declined("in_doubt", f"{wanted.intent_id} is {order.state}: nobody knows its number")
    entries.recall(desk, turn, order.intent.parent, now_ns)
    return Done(f"{wanted.intent_id} is being taken back")


def _sent(
    desk: Desk, turn: Turn, errand: Errand, wanted: PlaceByHand, now_ns: int
) -> Declined | None:
    """Let an order leave, and record with it who asked; or return why it stays."""
    if wanted.dry_run:
        return _declined(judge(desk, errand, now_ns))
    held = send(desk, turn, errand, now_ns)
    if isinstance(held, Later):
        return Declined("message_rate", "the account's orders come too fast; wait for a slot")
    if held is not None:
        return _declined(held)
    desk.apply(wanted.asked)
    turn.record(wanted.asked)
    return None


def _declined(refused: Refused | None) -> Declined | None:
    return Declined(refused.control.value, refused.sentence) if refused is not None else None


def _errand(desk: Desk, asked: OrderAsked, intent_id: str, now_ns: int) -> Errand | Declined:
    """Return the order on its way to the gate, or what keeps it from getting there."""
    latched = desk.halts.over(MANUAL)
    if latched is not None:
        return Declined("halted", said(latched))
    because = unarmed_because(desk, now_ns)
    if because:
        return Declined("not_armed", because)
    paused = paused_because(desk)
    if paused:
        return Declined("paused", f"entries are paused: {paused}")
    pocket = _pocket(desk, asked)
    because = reconciling.objection_to_entry(desk, now_ns, pocket)
    if because:
        return Declined("books_differ", because)
    price_e4 = asked.price_e4
    if asked.order_type is OrderType.MARKET:
        price_e4 = _protected_e4(desk, asked, now_ns)
        if not price_e4:
            return Declined("no_price", f"{asked.symbol} has no fresh price to be protected by")
    stop = asked.order_type is OrderType.STOP_LIMIT
    intent = Intent(
        intent_id=intent_id,
        account=desk.terms.account,
        strategy_id=MANUAL,
        leg_id=pocket.leg_id,
        symbol=asked.symbol,
        side=asked.side,
        quantity=asked.quantity,
        order_type=OrderType.STOP_LIMIT if stop else OrderType.LIMIT,
        price_e4=price_e4,
        purpose=Purpose.ENTRY,
        parent=parent_of(asked.request_id),
        decided_ns=now_ns,
        deadline_ns=now_ns + _LEAVE_WITHIN_NS,
        trigger_e4=asked.trigger_e4 if stop else 0,
        product=pocket.product,
    )
    parent = Parent(live=True, quantity=asked.quantity, others_quantity=0)
    return Errand(intent, parent, again=False)


def _pocket(desk: Desk, asked: OrderAsked) -> Pocket:
    """Return what an order trades, as the broker keeps it.

    One that names no product has that of what it closes, or else is left on the same day.
    """
    if asked.product is not None:
        return Pocket(asked.symbol, asked.product)
    for pocket in (Pocket(asked.symbol, product) for product in Product):
        if desk.book.position(MANUAL, pocket.leg_id).net_quantity * asked.side.sign < 0:
            return pocket
    return Pocket(asked.symbol)


def _protected_e4(desk: Desk, asked: OrderAsked, now_ns: int) -> int:
    """Return the limit that protects a market order: a step of the ladder through the touch."""
    instrument = desk.contract(asked.symbol)
    if instrument is None or desk.prices.fresh(asked.symbol, now_ns) is None:
        return 0
    prospect = desk.prospect(instrument, asked.side)
    return desk.terms.ladder.price(_PROTECTED_STEP, asked.side, prospect) or 0
