"""Admission: what the exchange checks before a request reaches its book, in a fixed order.

Rate, contract, session, lot, freeze, tick, band, margin: the first that objects is the answer. A
request that passes leaves as the order it will be in the book; nothing is written here.
"""

from __future__ import annotations

import msgspec

from daemon.domain.instants import day_of
from daemon.domain.market.instruments import Instrument, Kind
from daemon.domain.money import units
from daemon.twin import rules
from daemon.twin.floor import Floor
from daemon.twin.rules import Why
from daemon.twin.words import Change, OrderReport, OrderType, Reason, Status, TwinOrder

TOO_MANY: Why = (Reason.RATE, "too many messages: at most 10 in a second and 400 in a minute")


class Admission(Floor):
    """The checking half of the exchange."""

    def _let_in(self) -> bool:
        """Return whether the rate bears one more message, and count it if so."""
        admitted = self._log.admits(self._clock_ns)
        if admitted:
            self._log.add(self._clock_ns)
            self._messages.append(self._clock_ns)
        return admitted

    def _numbered(self, order: OrderReport) -> OrderReport:
        """Give a new order its number and its turn."""
        number = self._count("order")
        return msgspec.structs.replace(
            order,
            order_id=self._day_number(number),
            priority=self._count("priority"),
        )

    def _checked(self, draft: OrderReport) -> OrderReport | Why:
        """Return a new order as the exchange takes it, or why it does not."""
        if not self._let_in():
            return TOO_MANY
        instrument = self._open_contract(draft.symbol)
        if isinstance(instrument, tuple):
            return instrument
        band = self.band_of(draft.symbol)
        if draft.order_type == OrderType.MARKET and draft.price_e4 == 0:
            free_e4 = rules.protection(draft.side, self._quotes.get(draft.symbol), instrument)
            if free_e4 == 0:
                return Reason.OTHER, f"no price of {draft.symbol} to protect a market order with"
            price_e4 = rules.within(free_e4, band, instrument.tick_e4)
            draft = msgspec.structs.replace(draft, price_e4=price_e4)
        why = rules.of_contract(draft, instrument, day_of(self._clock_ns))
        why = why or rules.of_band(draft.price_e4, band)
        return why or self._of_margin(draft) or draft

    def _changed(self, order_id: str, change: Change, at_ns: int) -> OrderReport | Why:
        """Return a working order as a change makes it, or why the change is refused."""
        order = self._standing(order_id)
        if isinstance(order, tuple):
            return order
        instrument = self._open_contract(order.symbol)
        if isinstance(instrument, tuple):
            return instrument
        draft = msgspec.structs.replace(
            order,
            quantity=change.quantity or order.quantity,
            price_e4=change.price_e4 or order.price_e4,
            trigger_e4=change.trigger_e4 or order.trigger_e4,
            decided_ns=change.decided_ns,
            arrived_ns=at_ns,
            at_ns=at_ns,
        )
        if draft.open_quantity <= 0:
            return Reason.OTHER, f"{order.filled_quantity} units of it are filled already"
        if draft.price_e4 != order.price_e4 or draft.quantity > order.quantity:
            draft = msgspec.structs.replace(draft, priority=self._count("priority"))
        why = rules.of_contract(draft, instrument, day_of(self._clock_ns))
        why = why or rules.of_band(draft.price_e4, self.band_of(order.symbol))
        return why or self._of_margin(draft) or draft

    def _standing(self, order_id: str) -> OrderReport | Why:
        """Let a message about an order in, and return the order while it can still be changed."""
        if not self._let_in():
            return TOO_MANY
        order = self._book.orders.get(order_id)
        if order is None:
            return Reason.OTHER, f"there is no order {order_id}"
        if order.status != Status.WORKING:
            return Reason.OTHER, f"order {order_id} is {order.status}"
        return order

    def _open_contract(self, symbol: str) -> Instrument | Why:
        """Return a contract that trades now, or why it does not."""
        day = day_of(self._clock_ns)
        instrument = rules.tradable(self._rules, symbol, day)
        if instrument is None:
            return Reason.INSTRUMENT, f"{symbol} is not traded on {day}"
        if not self._rules.is_open(instrument, self._clock_ns):
            return Reason.CLOSED, f"{symbol} does not trade now"
        self._contracts[symbol] = instrument
        return instrument

    def band_of(self, symbol: str) -> tuple[int, int] | None:
        """Return what is taken now; None where there is no price or no band.

        Of a derivative it lies around the mean of the last prices, else around the price of now.
        Where the newest quote says none it lies around that of the newest one that does, be it of
        the day before, as a base price is.
        """
        day = day_of(self._clock_ns)
        reference_e4 = self._quotes.worth_e4(symbol)
        if reference_e4 == 0:
            return None
        instrument = rules.known(self._rules, symbol, day)
        if instrument is not None and instrument.kind is not Kind.EQUITY:
            reference_e4 = self._quotes.averaged_e4(symbol, self._clock_ns) or reference_e4
        return self._rules.band(symbol, reference_e4, day)

    def _of_margin(self, draft: OrderReport) -> Why | None:
        """Return whether an order needs more margin than is free; one that needs less may pass."""
        needed_e4 = self._used(without=draft.order_id, extra=draft)
        free_e4 = self._cash_e4 + self._book.realised_e4
        if needed_e4 <= free_e4 or needed_e4 <= self._used(without=draft.order_id):
            return None
        needed, free = units(needed_e4), units(free_e4)
        return Reason.MARGIN, f"it takes the margin to {needed} rupees, and {free} are there"


def drafted(request: TwinOrder, at_ns: int) -> OrderReport:
    """Return a request as an order that has no number yet."""
    return OrderReport(
        order_id="",
        client_id=request.client_id,
        symbol=request.symbol,
        side=request.side,
        quantity=request.quantity,
        order_type=request.order_type,
        price_e4=request.price_e4,
        trigger_e4=request.trigger_e4,
        decided_ns=request.decided_ns,
        arrived_ns=at_ns,
        at_ns=at_ns,
        status=Status.WORKING,
        filled_quantity=0,
        filled_value_e4=0,
        triggered=False,
        resting=True,
        priority=0,
        product=request.product,
    )


def rejected(order: OrderReport, reason: Reason, text: str) -> OrderReport:
    """Return an order that the exchange turned down after it had arrived."""
    return msgspec.structs.replace(
        order, status=Status.REJECTED, resting=False, reason=reason, text=text
    )
