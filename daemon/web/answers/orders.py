"""Orders by hand: one for each account that is named, sent once under the request's id."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from daemon.control import Refusal
from daemon.control.line import NO_ANSWER
from daemon.domain.orders.words import OrderType, State
from daemon.messages import Done, OrderAsked
from daemon.web.admission.guards import ASKED
from daemon.web.answers.asks import OrderBody, amount_e4
from daemon.web.problems import Problem
from daemon.web.table import Answer, Call
from daemon.web.told.deed_shapes import DoneTold
from daemon.web.told.shapes import OrderAnswer, PlacedTold
from daemon.web.told.telling import done_told, reason_of

_NO = frozenset({State.REFUSED, State.REJECTED})
_NEEDED = {
    OrderType.LIMIT: (True, False),
    OrderType.STOP_LIMIT: (True, True),
    OrderType.MARKET: (False, False),
}
"""Of each type of order: whether it has a price, and whether it has a trigger."""


async def place(call: Call) -> Answer:
    """Send an order in each account.

    Raises:
        Problem: it cannot be, or every account refused it alike.
    """
    body: OrderBody = call.body
    names = body.accounts or tuple(call.house.control.line.names.routers)[:1]
    _check(body, names)
    for name in names:
        call.house.control.line.router(name)  # all of them are known before anything is sent
    rows = await asyncio.gather(*(_placed(call, body, name) for name in names))
    call.request[ASKED].order_id = ",".join(row.order_id for row in rows if row.order_id)
    answer = OrderAnswer(
        call.request_id, tuple(rows), mode=call.house.modes.of_all(row.account for row in rows)
    )
    codes = {row.code for row in rows}
    if len(codes) > 1:
        return Answer(HTTPStatus.MULTI_STATUS, answer, final=NO_ANSWER not in codes)
    if rows[0].code:
        raise Problem(rows[0].code, rows[0].reason, more={"results": answer.results})
    return Answer(HTTPStatus.OK, answer)


async def cancel(call: Call) -> DoneTold:
    """Take an order out of the book."""
    order_id = call.path["order_id"]
    cancelled = await call.house.control.hands.cancel(order_id, call.who.name)
    return done_told(cancelled, call.house.modes.of(cancelled.account))


def _check(body: OrderBody, names: tuple[str, ...]) -> None:
    """Refuse an order that cannot be, whatever the market.

    Raises:
        Problem: with the key that is at fault.
    """
    priced, triggered = _NEEDED[body.order_type]
    for key, given, needed in (
        ("price", body.price is not None, priced),
        ("trigger_price", body.trigger_price is not None, triggered),
    ):
        if given != needed:
            says = "needs one" if needed else "takes none"
            sentence = f"an order of type {body.order_type} {says} - at `$.{key}`"
            raise Problem("invalid", sentence)
    if len(set(names)) < len(names):
        raise Problem("invalid", "an account is named more than once - at `$.accounts`")


async def _placed(call: Call, body: OrderBody, name: str) -> PlacedTold:
    """Return what became of the order in one account; what was sent before is not sent again."""
    control, broker = call.house.control, call.house.brokers.get(name, "")
    mode = call.house.modes.of(name)
    asked = OrderAsked(
        request_id=call.request_id,
        account=name,
        symbol=body.symbol,
        side=body.side,
        quantity=body.quantity,
        order_type=body.order_type,
        price_e4=amount_e4(body.price, "price"),
        trigger_e4=amount_e4(body.trigger_price, "trigger_price"),
        tag=body.tag,
        by=call.who.name,
        at_ns=control.line.now_ns(),
        product=body.product,
    )
    try:
        placed = await control.hands.order(asked, dry_run=body.dry_run)
    except Refusal as refusal:
        return PlacedTold(name, broker, "DECLINED", "", "", str(refusal), refusal.code, mode=mode)
    if isinstance(placed, Done):
        return PlacedTold(name, broker, "PASSED", "", "", placed.text, "", mode=mode)
    return PlacedTold(
        account=name,
        broker=broker,
        status=placed.state.value,
        order_id=placed.intent.intent_id,
        broker_order_id=placed.broker_order_id,
        reason=reason_of(placed),
        code="order_refused" if placed.state in _NO else "",
        mode=mode,
    )
