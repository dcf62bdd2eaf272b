"""Who waits for an order by hand, and what he is told.

An order that is asked for twice is sent once, and both who asked are told of it.
"""

from __future__ import annotations

from collections.abc import Iterable

from daemon.actors.order_router.known.desk import Desk
from daemon.actors.order_router.known.loose import Request
from daemon.actors.order_router.opening import funds, promised
from daemon.actors.turn import Turn
from daemon.domain.instants import day_of
from daemon.domain.orders.heard import Order
from daemon.domain.orders.limits import Control
from daemon.domain.orders.words import State
from daemon.messages import Declined, OrderAsked, Told
from daemon.runtime.words import Show


def heard(desk: Desk, turn: Turn, order: Order) -> None:
    """Answer whoever waits for the broker's word on an order; it has come."""
    if order.state is not State.INTENDED:
        answer(desk, turn, order.intent.intent_id)


def answer(desk: Desk, turn: Turn, intent_id: str) -> None:
    """Answer whoever waits for an order, with the order as it stands."""
    order = desk.book.order(intent_id)
    tell(turn, desk.requests.waiting.pop(intent_id, ()), order)


def late(desk: Desk, turn: Turn, what: str) -> None:
    """Answer whoever has waited long enough; an order whose margin nobody told does not leave."""
    request = desk.requests.unfunded.pop(what, None)
    if request is None:
        answer(desk, turn, what)
        return
    because = promised.waits_because(desk, what)
    because = because or "the broker did not say in time what margin it needs"
    funds.forget(desk, what)
    text = f"{because}; nothing was sent, try again"
    tell(turn, request.numbers, Declined(Control.MARGIN.value, text))


def join(turn: Turn, request: Request, number: int, asked: OrderAsked) -> None:
    """Have a request that is made twice wait for the one answer."""
    if _content(request.wanted.asked) != _content(asked):
        turn.do(Show(Told(number, _reused(asked))))
    else:
        request.numbers.append(number)


def tell_known(desk: Desk, turn: Turn, request: Request, known: Order, now_ns: int) -> None:
    """Answer a request whose id has sent an order before, with what became of that one.

    The id of an earlier day, or of another order, sends nothing and is told of no success: what is
    asked for now was not sent then. Nor was what is only to be tried.
    """
    asked, numbers = request.wanted.asked, request.numbers
    before, intent_id = desk.requests.asked.get(asked.request_id), known.intent.intent_id
    day = day_of(known.intent.decided_ns)
    if day != day_of(now_ns):
        tell(turn, numbers, _reused(asked, f"an order on {day}"))
    elif request.wanted.dry_run or before is None or _content(before) != _content(asked):
        tell(turn, numbers, _reused(asked))
    elif intent_id in desk.requests.waiting:
        desk.requests.waiting[intent_id].extend(numbers)
    else:
        tell(turn, numbers, known)


def _reused(asked: OrderAsked, what: str = "another order") -> Declined:
    text = f"{asked.request_id} asked for {what} before; take a new id"
    return Declined("request_reused", text)


def _content(asked: OrderAsked) -> tuple[object, ...]:
    return (
        asked.account,
        asked.symbol,
        asked.side,
        asked.quantity,
        asked.order_type,
        asked.price_e4,
        asked.trigger_e4,
        asked.product,
    )


def tell(turn: Turn, numbers: Iterable[int], told: object) -> None:
    """Answer several questions alike."""
    for number in numbers:
        turn.do(Show(Told(number, told)))
