"""The paper broker: speaks to the exchange twin as any broker is spoken to.

It is the only place where the twin's words meet ours; each side keeps its own book.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date

from daemon.domain.market.frames import Frame
from daemon.domain.orders.limits import Approved
from daemon.domain.orders.margin import MarginLeg
from daemon.domain.orders.words import (
    OrderAccepted,
    OrderRefused,
    OrderUpdated,
    OutcomeUnknown,
    Product,
    Refusal,
    Side,
    State,
)
from daemon.messages import (
    AccountRead,
    BrokerOrder,
    BrokerPosition,
    CancelAnswered,
    LoggedIn,
    MarginRead,
    OrderNotFound,
    Settled,
)
from daemon.ports.broker import Answer, Counted, Found, Read
from daemon.twin import words
from daemon.twin.exchange import Exchange

_STATES = {
    words.Status.WORKING: State.WORKING,
    words.Status.FILLED: State.FILLED,
    words.Status.CANCELLED: State.CANCELLED,
    words.Status.REJECTED: State.REJECTED,
}


class Paper:
    """One account at the exchange twin.

    Args:
        exchange: the twin.
        now_ns: tells market time.
    """

    def __init__(self, exchange: Exchange, now_ns: Callable[[], int]) -> None:
        self.exchange = exchange
        self._now_ns = now_ns

    async def place(self, approved: Approved) -> Sequence[Answer]:
        """Ask for an order; the fills that it met at once follow the answer."""
        intent = approved.intent
        request = words.TwinOrder(
            client_id=intent.intent_id,
            symbol=intent.symbol,
            side=words.Side(intent.side.value),
            quantity=intent.quantity,
            order_type=words.OrderType(intent.order_type.value),
            price_e4=intent.price_e4,
            decided_ns=intent.decided_ns,
            trigger_e4=intent.trigger_e4,
            product=intent.product.value,
        )
        answer = self.exchange.place(request, self._now_ns())
        return (_placed(intent.intent_id, answer), *self._news(answer.at_ns))

    async def cancel(self, intent_id: str, broker_order_id: str) -> Sequence[Answer]:
        """Ask that an order be taken out of the book."""
        answer = self.exchange.cancel(broker_order_id, self._now_ns())
        done = isinstance(answer, words.Cancelled)
        text = "" if isinstance(answer, words.Cancelled) else answer.text
        answered = CancelAnswered(intent_id, done, text, answer.at_ns)
        return (answered, *self._news(answer.at_ns))

    async def find(self, intent_id: str) -> Sequence[Found]:
        """Look an order up by our own id."""
        now_ns = self._now_ns()
        self.exchange.advance(now_ns)
        reports = self.exchange.orders_by_client_id(intent_id)
        return tuple(_updated(each, now_ns) for each in reports) or (
            OrderNotFound(intent_id, now_ns),
        )

    async def log_in(self, generation: int) -> Sequence[LoggedIn]:
        """Log in; the twin lets everybody in."""
        return (LoggedIn(generation, self._now_ns()),)

    async def read(self) -> Sequence[Read]:
        """Read the twin's whole book: the orders of its day, and what is held."""
        now_ns = self._now_ns()
        happened = self._news(now_ns)
        orders = tuple(map(_shown, self.exchange.orders()))
        held = (
            BrokerPosition(each.symbol, each.net_quantity, Product(each.product))
            for each in self.exchange.positions()
        )
        return (*happened, AccountRead(orders, tuple(held), now_ns))

    async def margin(self, parent: str, legs: Sequence[MarginLeg]) -> Sequence[Counted]:
        """Let the twin count what these legs need by its own model, and what is free."""
        now_ns = self._now_ns()
        happened = self._news(now_ns)
        wanted = [
            words.Wanted(
                *(leg.symbol, words.Side(leg.side.value), leg.quantity, leg.price_e4),
                product=leg.product.value,
            )
            for leg in legs
        ]
        required_e4 = self.exchange.needed_for(wanted)
        available_e4 = self.exchange.funds().available_e4
        return (*happened, MarginRead(parent, required_e4, available_e4, now_ns))

    def on_frame(self, frame: Frame, now_ns: int) -> Sequence[OrderUpdated]:
        """Let the twin see a frame, and return what it filled."""
        events = self.exchange.on_frame(frame, now_ns)
        return _reports(events, now_ns) if events else ()

    def advance(self, now_ns: int) -> Sequence[OrderUpdated]:
        """Let the twin's day go on without a frame, and return what lapsed."""
        return _reports(self.exchange.advance(now_ns), now_ns)

    def settle(
        self, day: date, values_e4: Mapping[str, int], now_ns: int
    ) -> Sequence[OrderUpdated | Settled]:
        """Let the twin settle what expires on a day; its orders lapse before it is settled.

        Args:
            day: the expiry day.
            values_e4: the settlement value of each underlying, in `_e4`.
            now_ns: after the close.
        """
        events = self.exchange.settle(day, values_e4, now_ns)
        over = tuple(told for event in events if (told := _settled(event)) is not None)
        return (*_reports(events, now_ns), *over)

    def _news(self, at_ns: int) -> Sequence[OrderUpdated]:
        """Return what has happened, told at an instant that may be yet to come.

        The exchange's own clock stays where it is: messages that leave together travel side by
        side, and none of them waits for the answer to another.
        """
        return _reports(self.exchange.advance(self._now_ns()), at_ns)


def _reports(events: Iterable[words.Event], at_ns: int) -> tuple[OrderUpdated, ...]:
    return tuple(_updated(event, at_ns) for event in events if isinstance(event, words.OrderReport))


def settled(trade: words.Trade) -> Settled:
    """Return a settlement of the exchange's as a router hears of it."""
    product = Product(trade.product)
    return Settled(trade.symbol, trade.quantity, trade.price_e4, trade.at_ns, product=product)


def _settled(event: words.Event) -> Settled | None:
    match event:
        case words.Trade(settlement=True):
            return settled(event)
        case words.FinalPrice(symbol, price_e4, at_ns, product):
            return Settled(symbol, 0, price_e4, at_ns, product=Product(product))
    return None


def _updated(report: words.OrderReport, at_ns: int) -> OrderUpdated:
    return OrderUpdated(
        intent_id=report.client_id,
        broker_order_id=report.order_id,
        state=_STATES[report.status],
        filled_quantity=report.filled_quantity,
        filled_value_e4=report.filled_value_e4,
        at_ns=max(report.at_ns, at_ns),
        kind=Refusal(report.reason.value) if report.reason else None,
        text=report.text,
    )


def _shown(report: words.OrderReport) -> BrokerOrder:
    price_e4, trigger_e4 = _asked_e4(report)
    return BrokerOrder(
        client_id=report.client_id,
        broker_order_id=report.order_id,
        symbol=report.symbol,
        side=Side(report.side.value),
        quantity=report.quantity,
        state=_STATES[report.status],
        filled_quantity=report.filled_quantity,
        filled_value_e4=report.filled_value_e4,
        text=report.text,
        product=Product(report.product),
        price_e4=price_e4,
        trigger_e4=trigger_e4,
    )


def _asked_e4(report: words.OrderReport) -> tuple[int, int]:
    """Return at which limit and trigger an order works, which somebody may have changed."""
    if report.status is not words.Status.WORKING:
        return 0, 0
    return report.price_e4, report.trigger_e4


def _placed(intent_id: str, answer: words.PlaceAnswer) -> Answer:
    match answer:
        case words.Accepted(order_id, at_ns):
            return OrderAccepted(intent_id, order_id, at_ns)
        case words.Refused(reason, text, at_ns):
            return OrderRefused(intent_id, Refusal(reason.value), text, at_ns)
        case words.NoAnswer(text, at_ns):
            return OutcomeUnknown(intent_id, text, at_ns)
