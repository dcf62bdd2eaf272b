"""Resident stops: the wide stop of every short that wants one, kept in step with what is open.

It looks at what is open and at what rests after every message, like the closing machine, so a
restart goes on from the facts alone. More units get a stop more; where fewer are left, stops that
are too large are taken back, and what is missing then rests again. So for a while fewer units than
are open may rest, and never more: the gate counts a resting stop as an exit on its way. Once a stop
has filled, that is an exit of its leg like any other.
"""

from __future__ import annotations

from msgspec import Struct

from daemon.actors.order_router.broker import reconciling
from daemon.actors.order_router.broker.hours import next_opening_ns, trades
from daemon.actors.order_router.broker.sending import (
    Errand,
    Later,
    cancel,
    exits_on_their_way,
    remaining,
    send,
)
from daemon.actors.order_router.broker.unasked import is_unasked, said
from daemon.actors.order_router.closing import exits
from daemon.actors.order_router.closing.withdrawals import stops_of
from daemon.actors.order_router.known.alarms import ResidentDue
from daemon.actors.order_router.known.desk import Desk
from daemon.actors.turn import Turn
from daemon.domain.instants import SECOND_NS
from daemon.domain.market.notes import NoteKind
from daemon.domain.orders.basket import BasketLeg
from daemon.domain.orders.heard import Order
from daemon.domain.orders.limits import Control, Parent
from daemon.domain.orders.parents import RESIDENT
from daemon.domain.orders.resident import Level, level, surplus
from daemon.domain.orders.slices import slices
from daemon.domain.orders.words import Intent, OrderType, Purpose, Side, State
from daemon.domain.risk.legs import resident_base_e4
from daemon.domain.risk.words import ExitReason, LegRules
from daemon.messages import BasketOpened, ExitLegs, Noted

_LEAVE_WITHIN_NS = 2 * SECOND_NS
_PACE_NS = SECOND_NS
_AGAIN_NS = 5 * SECOND_NS
"""After a stop was taken back, and where none can leave yet."""
_AFTER_NO_NS = 60 * SECOND_NS
"""After the broker would not have one, or somebody else cancelled it or made it smaller."""
_LASTS_NS = 60 * SECOND_NS
"""What keeps a stop from resting for so long is told; prices and books are read anew before."""


class _Short(Struct, frozen=True):
    """A leg that wants a stop, and the entry that made it."""

    leg: BasketLeg
    opened: BasketOpened

    @property
    def key(self) -> tuple[str, str]:
        """Its strategy and its leg."""
        return self.opened.basket.strategy_id, self.leg.leg_id

    @property
    def parent(self) -> str:
        """What its stops are children of."""
        return f"{RESIDENT}{self.opened.basket.basket_id}"

    @property
    def rules(self) -> LegRules:
        """What the leg was entered with."""
        return self.opened.leg_rules.get(self.leg.leg_id, LegRules())


def keep(desk: Desk, turn: Turn, now_ns: int) -> None:
    """Bring what rests in step with what is open, as far as that can be done now."""
    if not desk.resident:
        return
    if not desk.session_open(now_ns):
        opens_ns = next_opening_ns(desk, now_ns)
        if opens_ns:
            desk.wakes.wake(turn, ResidentDue("opening", opens_ns))
        return
    for key, opened in desk.resident.items():
        leg = desk.leg(*key)
        assert leg is not None, "a leg that may want a stop was entered"
        if trades(desk, leg.symbol, now_ns):
            _keep(desk, turn, _Short(leg, opened), now_ns)
        elif opens_ns := next_opening_ns(desk, now_ns, leg.symbol):
            desk.wakes.wake(turn, ResidentDue(leg.symbol, opens_ns))


def filled(desk: Desk, turn: Turn, order: Order, now_ns: int) -> None:
    """Leave the leg of a stop that fills: that is an exit, and what stays open of it is closed."""
    intent = order.intent
    opened = desk.resident.get((intent.strategy_id, intent.leg_id))
    if intent.purpose is not Purpose.RESIDENT_STOP or opened is None:
        return
    legs = [intent.leg_id]
    if opened.rules.all_on_leg_stop:
        legs += [key[1] for key, _ in desk.holders() if key[0] == intent.strategy_id]
    wanted = ExitLegs(intent.strategy_id, tuple(legs), ExitReason.RESIDENT_STOP)
    exits.begin(desk, turn, wanted, now_ns)


def refused(desk: Desk, turn: Turn, order: Order, now_ns: int) -> None:
    """Tell of a stop that the broker would not have, or that somebody else cancelled."""
    intent = order.intent
    key = (intent.strategy_id, intent.leg_id)
    opened, leg = desk.resident.get(key), desk.leg(*key)
    if intent.purpose is not Purpose.RESIDENT_STOP or opened is None or leg is None:
        return
    short = _Short(leg, opened)
    if short.parent == intent.parent and _wanted(desk, short):
        why = f"{order.refusal}, " if order.refusal else ""
        _tell_none(desk, turn, short, f"{why}{said(order)}", now_ns)


def _keep(desk: Desk, turn: Turn, short: _Short, now_ns: int) -> None:
    """Take back what rests for more than is open; send what is missing."""
    strategy_id, leg_id = short.key
    resting = stops_of(desk, strategy_id, (leg_id,))
    wanted = _wanted(desk, short)
    if wanted and short.rules.stop is None:  # as entries of before may want it
        _tell_none(desk, turn, short, "its leg has no stop of its own", now_ns)
        wanted = 0
    at_ns = 0
    for order in surplus(sorted(resting, key=_is_sure), wanted):
        cancel(desk, turn, order, now_ns)
        at_ns = now_ns + _PACE_NS
    missing = wanted - remaining(resting, Side.BUY)
    if missing >= short.leg.lot:
        at_ns = _place(desk, turn, short, missing // short.leg.lot * short.leg.lot, now_ns)
    else:
        desk.unrested.pop(short.key, None)
    if at_ns:
        desk.wakes.wake(turn, ResidentDue(f"{strategy_id}:{leg_id}", at_ns))


def _is_sure(order: Order) -> bool:
    """Say whether an order can be taken back; one in doubt cannot, so it is reckoned with first."""
    return order.state is State.WORKING


def _wanted(desk: Desk, short: _Short) -> int:
    """Return of how many units stops are to rest; what is being left has none."""
    strategy_id, leg_id = short.key
    leaving = exits.owing(desk, strategy_id, (leg_id,))
    if leaving or desk.halts.kills_in(strategy_id) or (strategy_id, leg_id) not in desk.entered:
        return 0
    return max(-desk.book.position(strategy_id, leg_id).net_quantity, 0)


def _place(desk: Desk, turn: Turn, short: _Short, missing: int, now_ns: int) -> int:
    """Send what is missing; return when to look again, 0: when something happens."""
    leg = short.leg
    next_ns = _next_ns(desk, short, now_ns)
    if now_ns < next_ns:
        return next_ns
    books = reconciling.objection(desk, leg.pocket)
    at = f"{Control.BOOKS}, {books}" if books else _level(desk, short, now_ns)
    if isinstance(at, str):
        return _wait(desk, turn, short, at, now_ns)
    desk.unrested.pop(short.key, None)
    for quantity in slices(missing, leg.freeze_quantity, leg.lot):
        intent = _intent(desk, short, quantity, at, now_ns)
        held = send(desk, turn, Errand(intent, _parent(desk, short), again=True), now_ns)
        if isinstance(held, Later):
            return held.at_ns
        if held is not None:
            _tell_none(desk, turn, short, f"{held.control}, {held.sentence}", now_ns)
            return now_ns + _AGAIN_NS
    if at.is_near:
        text = f"the stop of {leg.symbol} rests near our own: the band of the exchange ends there"
        _tell(desk, turn, short, text, now_ns)
    return 0


def _wait(desk: Desk, turn: Turn, short: _Short, because: str, now_ns: int) -> int:
    """Return when to look again; tell what has kept a stop from resting for too long."""
    since_ns = desk.unrested.setdefault(short.key, now_ns)
    if now_ns - since_ns >= _LASTS_NS:
        _tell_none(desk, turn, short, because, now_ns)
    return now_ns + _AGAIN_NS


def _next_ns(desk: Desk, short: _Short, now_ns: int) -> int:
    """Return when another stop of a leg may leave, by what became of those before it.

    Nothing waits for one that bears an instant yet to come, as after a run whose clock stood ahead.
    """
    stops = (o for o in desk.book.children(short.parent) if o.intent.leg_id == short.leg.leg_id)
    heard = (order for order in stops if order.at_ns <= now_ns)
    return max((order.at_ns + _waits_ns(desk, order) for order in heard), default=0)


def _waits_ns(desk: Desk, order: Order) -> int:
    is_smaller = order.quantity < order.intent.quantity
    if order.state in (State.REFUSED, State.REJECTED) or is_smaller or is_unasked(desk, order):
        return _AFTER_NO_NS
    return _AGAIN_NS if order.state is State.CANCELLED else _PACE_NS


def _level(desk: Desk, short: _Short, now_ns: int) -> Level | str:
    """Return where the stop of a leg is to rest, or why that cannot be told."""
    leg, opened = short.leg, short.opened
    instrument = desk.contract(leg.symbol)
    traded = desk.traded(*short.key)
    if instrument is None:
        return "it is not in today's list of contracts"
    if desk.prices.fresh(leg.symbol, now_ns) is None:
        return "its price is stale"
    assert traded.sold_quantity, "what is short was sold"
    entry_e4 = -(-traded.sold_value_e4 // traded.sold_quantity)
    own_e4 = resident_base_e4(short.rules, entry_e4)
    return level(own_e4, opened.basket.resident_percent_e4, desk.prospect(instrument, Side.BUY))


def _intent(desk: Desk, short: _Short, quantity: int, at: Level, now_ns: int) -> Intent:
    strategy_id, leg_id = short.key
    return Intent(
        intent_id=desk.ids.next(),
        account=desk.terms.account,
        strategy_id=strategy_id,
        leg_id=leg_id,
        symbol=short.leg.symbol,
        side=Side.BUY,
        quantity=quantity,
        order_type=OrderType.STOP_LIMIT,
        price_e4=at.limit_e4,
        purpose=Purpose.RESIDENT_STOP,
        parent=short.parent,
        decided_ns=now_ns,
        deadline_ns=now_ns + _LEAVE_WITHIN_NS,
        trigger_e4=at.trigger_e4,
        product=short.leg.product,
    )


def _parent(desk: Desk, short: _Short) -> Parent:
    """Return what bounds a stop: no more may be on its way than its leg is short."""
    net = desk.book.position(*short.key).net_quantity
    others = remaining(exits_on_their_way(desk, *short.key), Side.BUY)
    return Parent(live=short.key in desk.entered, quantity=-net, others_quantity=others)


def _tell_none(desk: Desk, turn: Turn, short: _Short, because: str, now_ns: int) -> None:
    text = f"no stop of {short.leg.symbol} rests at the broker: {because}"
    _tell(desk, turn, short, text, now_ns)


def _tell(desk: Desk, turn: Turn, short: _Short, text: str, now_ns: int) -> None:
    """Tell once a day how it stands with a stop; what follows a comma may be new each time."""
    known = text.partition(",")[0]
    if known not in desk.told:
        desk.told.add(known)
        strategy_id, _ = short.key
        turn.announce(Noted(NoteKind.REFUSED, text, now_ns, strategy_id))
