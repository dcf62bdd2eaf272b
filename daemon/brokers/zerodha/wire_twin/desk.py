"""The broker's desk: takes orders to the exchange, and keeps their books as its clients see them.

It speaks to the exchange in the exchange's words, and makes Zerodha's records of what comes back.
It has no clock: it stands at the instant that it was last turned to. What is to be done later (an
order's end, a request that arrives late) is done when it is turned past that instant.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date

import msgspec

from daemon.brokers.zerodha.wire_twin import records
from daemon.brokers.zerodha.wire_twin.asked import AT_MARKET, STOPS, Asked, limit_of
from daemon.brokers.zerodha.wire_twin.books import Books
from daemon.brokers.zerodha.wire_twin.contracts import Contracts
from daemon.brokers.zerodha.wire_twin.records import Kept
from daemon.brokers.zerodha.wire_twin.tape import Tape
from daemon.brokers.zerodha.wire_twin.words import Denied, refused, wrong
from daemon.domain.instants import SECOND_NS, day_of
from daemon.domain.market.frames import Frame
from daemon.domain.money import E4
from daemon.twin.exchange import Exchange
from daemon.twin.words import (
    Change,
    Event,
    OrderReport,
    Refused,
    Side,
    Status,
    TwinOrder,
)

MODIFICATIONS = 25
"""So often an order can be modified."""
ORDERS = 5_000
"""So many orders can be asked for on a day; those that are refused count."""
_MINUTE_NS = 60 * SECOND_NS

_BROKERS_PERCENT_E4 = 3 * E4
"""How far from the touch a changed order is protected where the client leaves it to the broker."""


class Desk:
    """One account.

    Attributes:
        exchange: the twin.
        contracts: all that is listed today.
        tape: the prices of the day.
        books: orders, trades and what is held.

    Args:
        exchange: opened just now.
        listed: tells what is listed on a day.
    """

    def __init__(self, exchange: Exchange, listed: Callable[[date], Iterable[str]]) -> None:
        self.exchange = exchange
        self.contracts = Contracts((), date.min)
        self.tape = Tape()
        self.books = Books(self.tape.last_e4)
        self._listed = listed
        self._now_ns = 0
        self._day = date.min
        self._due: list[tuple[int, int, Callable[[], object]]] = []
        self._count = self._taken = 0

    @property
    def now_ns(self) -> int:
        """The instant that it stands at."""
        return self._now_ns

    def turn(self, now_ns: int) -> None:
        """Let time pass up to an instant, and do what was due on the way."""
        while self._due and self._due[0][0] <= now_ns:
            due_ns, _, act = heapq.heappop(self._due)
            self._set_clock(due_ns)
            act()
        self._set_clock(now_ns)

    def after(self, delay_ns: int, act: Callable[[], object]) -> None:
        """Do something so much later."""
        self._count += 1
        heapq.heappush(self._due, (self._now_ns + delay_ns, self._count, act))

    def on_frame(self, frame: Frame, now_ns: int) -> Sequence[Event]:
        """Let the exchange see a frame, and book what it filled."""
        self.turn(now_ns)
        self.tape.take(frame)
        return self.books.take(self.exchange.on_frame(frame, now_ns))

    def advance(self, now_ns: int) -> Sequence[Event]:
        """Let a day begin."""
        self.turn(now_ns)
        return self.books.take(self.exchange.advance(now_ns))

    def settle(self, day: date, values_e4: Mapping[str, int], now_ns: int) -> Sequence[Event]:
        """Let the exchange settle what expires, and book it."""
        self.turn(now_ns)
        return self.books.take(self.exchange.settle(day, values_e4, now_ns))

    def place(self, asked: Asked, before: Kept | None = None) -> str:
        """Take an order, and return its number.

        Args:
            asked: the order.
            before: the order as it was taken earlier; None: it is new.

        Raises:
            Denied: it is refused before it is an order.
        """
        self._taken += 1
        if self._taken > ORDERS:
            raise wrong("Maximum allowed order requests exceeded.")
        contract = asked.listing.contract
        request = TwinOrder(
            client_id=asked.tag,
            symbol=contract.symbol,
            side=asked.side,
            quantity=asked.quantity,
            order_type=asked.at_exchange,
            price_e4=limit_of(asked, self.tape.quote_of(contract.symbol)),
            decided_ns=self.exchange.quoted_ns(),
            trigger_e4=asked.trigger_e4,
        )
        answer = self.exchange.place(request, self._now_ns)
        if isinstance(answer, Refused):
            raise refused(answer, contract, asked.quantity)
        events = self.exchange.advance(self._now_ns)
        report = next(each for each in events if isinstance(each, OrderReport))
        kept = records.begun(asked, report, before)
        number = kept.order_id
        self.books.add(kept)
        self.books.take(events)
        if asked.validity == "IOC":
            self._end(number)
        elif asked.validity == "TTL":
            self.after(asked.minutes * _MINUTE_NS, lambda: self._end(number))
        return number

    def modify(self, order_id: str, variety: str, asked: Asked) -> str:
        """Change an order to what is now asked, and return its number.

        Raises:
            Denied: the exchange refuses it, or it was changed too often.
        """
        kept = self.books.order(order_id, variety)
        before, contract = kept.asked, asked.listing.contract
        if kept.changes >= MODIFICATIONS:
            raise wrong("Maximum allowed order modifications exceeded.")
        price_e4 = limit_of(asked, self.tape.quote_of(contract.symbol)) or self._protected_e4(asked)
        trigger_e4 = asked.trigger_e4
        was_stop = before.order_type in STOPS and not kept.report.triggered
        if was_stop and asked.order_type not in STOPS:
            trigger_e4 = self._triggering_e4(asked.side, price_e4, contract.symbol)
        change = Change(self.exchange.quoted_ns(), asked.quantity, price_e4, trigger_e4)
        answer = self.exchange.modify(kept.report.order_id, change, self._now_ns)
        if isinstance(answer, Refused):
            raise self._standing(kept, answer, "modified", asked.quantity)
        records.passed(kept, records.CHANGING)
        kept.changes += 1
        kept.asked = asked
        self.books.take(self.exchange.advance(self._now_ns), changed=order_id)
        return order_id

    def cancel(self, order_id: str, variety: str) -> str:
        """Take an order out of the book, and return its number.

        Raises:
            Denied: it is over.
        """
        kept = self.books.order(order_id, variety)
        answer = self.exchange.cancel(kept.report.order_id, self._now_ns)
        if isinstance(answer, Refused):
            raise self._standing(kept, answer, "cancelled", kept.asked.quantity)
        records.passed(kept, records.CANCELLING)
        self.books.take(self.exchange.advance(self._now_ns))
        return order_id

    def _set_clock(self, now_ns: int) -> None:
        self._now_ns = max(self._now_ns, now_ns)
        day = day_of(self._now_ns)
        if day == self._day:
            return
        self.books.take(self.exchange.advance(self._now_ns))  # what was good for a day lapses
        self._day = day
        symbols = list(self._listed(day))
        if symbols:  # the file of the last session stands over a day without one
            self.contracts = Contracts(symbols, day)
        self.books.begin_day()
        self._taken = 0

    def _end(self, order_id: str) -> None:
        """Take out what is left of an order whose time is over."""
        kept = self.books.find(order_id)
        if kept is not None and kept.report.status is Status.WORKING:
            self.exchange.cancel(kept.report.order_id, self._now_ns)
            self.books.take(self.exchange.advance(self._now_ns))

    def _standing(self, kept: Kept, answer: Refused, what: str, quantity: int) -> Denied:
        """Return why an order cannot be changed or cancelled."""
        if kept.report.status is Status.WORKING:
            return refused(answer, kept.asked.listing.contract, quantity)
        status = records.status_of(kept.report)
        return wrong(f"Order cannot be {what} as it is in the status {status}.")

    def _protected_e4(self, asked: Asked) -> int:
        """Return where an order that becomes one at the market is protected by the broker."""
        if asked.order_type not in AT_MARKET:
            return 0
        own = msgspec.structs.replace(asked, protection=_BROKERS_PERCENT_E4)
        return limit_of(own, self.tape.quote_of(asked.listing.contract.symbol))

    def _triggering_e4(self, side: Side, price_e4: int, symbol: str) -> int:
        """Return the trigger by which a stop that becomes a limit is triggered at once."""
        last_e4 = self.tape.last_e4(symbol) or price_e4
        return min(price_e4, last_e4) if side is Side.BUY else max(price_e4, last_e4)
