"""What is asked from outside: each question and each command has one answer.

An answer is shown once all that the turn records is durable.
"""

from __future__ import annotations

from typing import Any

from daemon.actors.order_router import arms, by_hand, latches
from daemon.actors.order_router.broker import overdue
from daemon.actors.order_router.broker.holds import paused_because
from daemon.actors.order_router.broker.open_orders import open_orders
from daemon.actors.order_router.broker.sending import remaining
from daemon.actors.order_router.closing import killing
from daemon.actors.order_router.closing.withdrawals import stops_of
from daemon.actors.order_router.known.desk import Desk
from daemon.actors.order_router.remains import remains
from daemon.actors.turn import Turn
from daemon.domain.orders.words import Side, State
from daemon.messages import (
    AccountSeen,
    CancelAll,
    CancelByHand,
    Declined,
    Done,
    ExitByHand,
    HeldSeen,
    KillStaged,
    PlaceByHand,
    PullLatch,
    ReleaseLatch,
    SeeAccount,
    SeeKill,
    SeeOpen,
    SeeOrders,
    Told,
)
from daemon.messages.arming import ArmAccount, DisarmAccount
from daemon.runtime.budget import Priority
from daemon.runtime.words import Show


def answer(desk: Desk, turn: Turn, number: int, about: Any, now_ns: int) -> None:
    """Do what is asked, and answer; an order's answer waits for the broker's."""
    if isinstance(about, PlaceByHand):
        by_hand.place(desk, turn, number, about, now_ns)
        return
    tell(turn, number, _answer(desk, turn, about, now_ns))


def tell(turn: Turn, number: int, told: object) -> None:
    """Answer a question; who asked takes it by its number."""
    turn.do(Show(Told(number, told)))


def _answer(desk: Desk, turn: Turn, about: Any, now_ns: int) -> object:
    match about:
        case PullLatch(latched):
            latches.pull(desk, turn, latched, now_ns)
            return Done()
        case ReleaseLatch(latch_id, by):
            stood = latches.release(desk, turn, latch_id, by, now_ns)
            return Done("" if stood else f"no latch {latch_id} stood here")
        case ArmAccount(armed):
            return arms.arm(desk, turn, armed)
        case DisarmAccount(because, by):
            was = arms.disarm(desk, turn, because, by, now_ns)
            return Done("" if was else f"{desk.terms.account} was not armed")
        case CancelAll():
            count = latches.cancel_all(desk, turn, about, now_ns)
            return Done(f"{count} orders are being taken back")
        case ExitByHand():
            return by_hand.leave(desk, turn, about, now_ns)
        case CancelByHand():
            return by_hand.cancel(desk, turn, about, now_ns)
        case _:
            return _seen(desk, about, now_ns)


def _seen(desk: Desk, about: Any, now_ns: int) -> object:
    match about:
        case SeeKill(latch_id):
            return _kill(desk, latch_id, now_ns)
        case SeeOpen(strategy_id):
            return remains(desk, strategy_id)
        case SeeOrders():
            return tuple(desk.book)
        case SeeAccount():
            return _account(desk, now_ns)
    raise AssertionError(f"the router was asked {about!r}")


def _kill(desk: Desk, latch_id: str, now_ns: int) -> KillStaged | Declined:
    staged = killing.told(desk, latch_id, now_ns)
    if staged is None:
        return Declined("unknown_kill", f"no kill {latch_id} was pulled in {desk.terms.account}")
    return staged


def _account(desk: Desk, now_ns: int) -> AccountSeen:
    """Return the account as it stands; flat legs are shown on the day that they were traded."""
    orders = open_orders(desk)
    legs = {key: None for key, _ in desk.holders()}
    for intent_id in sorted(desk.todays):
        order = desk.book.order(intent_id)
        if order is not None and order.filled_quantity:
            legs.setdefault((order.intent.strategy_id, order.intent.leg_id))
    return AccountSeen(
        account=desk.terms.account,
        broker=desk.terms.broker.partition(":")[0],
        reconciled=desk.reads.reconciled,
        paused=paused_because(desk),
        latches=tuple(desk.halts.latches.values()),
        held=tuple(_held(desk, *key) for key in sorted(legs)),
        differing=tuple(map(str, sorted(desk.reads.differing))),
        exits_owed=tuple(desk.closings),
        working=len(orders),
        entries_left=desk.budget.room(now_ns, Priority.ENTRY),
        exits_left=desk.budget.room(now_ns, Priority.EXIT),
        live=desk.terms.live,
        armed=desk.halts.armed,
        unread=desk.reads.unread,
        overdue=overdue.last(desk) if overdue.is_overdue(desk, now_ns) else "",
    )


def _held(desk: Desk, strategy_id: str, leg_id: str) -> HeldSeen:
    leg, position = desk.leg(strategy_id, leg_id), desk.traded(strategy_id, leg_id)
    assert leg is not None, "a leg that was traded is known"
    stops = [o for o in stops_of(desk, strategy_id, (leg_id,)) if o.state is State.WORKING]
    return HeldSeen(
        account=desk.terms.account,
        strategy_id=strategy_id,
        leg_id=leg_id,
        symbol=leg.symbol,
        product=leg.product,
        net_quantity=position.net_quantity,
        bought_quantity=position.bought_quantity,
        bought_value_e4=position.bought_value_e4,
        sold_quantity=position.sold_quantity,
        sold_value_e4=position.sold_value_e4,
        resident_quantity=remaining(tuple(stops), Side.BUY),
        resident_trigger_e4=min((order.trigger_e4 for order in stops), default=0),
    )
