"""The trading floor: clock, matching, reports and saving, which every call on the exchange shares.

Whatever changes an order passes through `_report`, whatever trades through `_trade`; both reach
the book, then the outbox, and `_commit` saves them in one transaction before the call returns.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from daemon.domain.instants import DAY_NS, SECOND_NS, day_of, start_of
from daemon.domain.market.frames import Quote
from daemon.domain.market.instruments import Instrument
from daemon.twin import matching
from daemon.twin.book import after_fill
from daemon.twin.faults import Call, Fault, FaultKind, Faults
from daemon.twin.file import Arrival, Changes, TwinFile
from daemon.twin.latency import Latency
from daemon.twin.matching import Quotes
from daemon.twin.rules import RATE_WINDOWS, MarketRules, SlidingLog, known, tradable
from daemon.twin.statements import Statements
from daemon.twin.words import Event, OrderReport, Side, Status, Trade

MESSAGES_KEPT_NS = 60 * SECOND_NS
WORTHS_SAVED_EVERY_NS = 300 * SECOND_NS
"""So often is saved what everything is worth: a price moves with every frame, a base of the day
before by far less than the band around it is wide."""
_CASH, _CLOCK = "cash_e4", "clock_ns"
_TOLD = {None: 1, FaultKind.DUPLICATE: 2, FaultKind.OMIT: 0}


class Terms(Struct, frozen=True):
    """What an account on paper is opened with.

    Attributes:
        rules: the dated rules of the market.
        cash_e4: its cash; a file that already holds an account keeps its own.
        latency: how long messages take.
        faults: what goes wrong by plan.
        windows: how many messages are let in, in which spans.
    """

    rules: MarketRules
    cash_e4: int
    latency: Latency = Latency()
    faults: Faults = Faults()
    windows: tuple[tuple[int, int], ...] = RATE_WINDOWS


class Floor(Statements):
    """The shared half of the exchange.

    Args:
        terms: what the account is opened with.
        file: where it is kept; what it holds is taken in.

    Raises:
        StoreError: the file cannot be read, or holds a contract that no rule knows.
    """

    def __init__(self, terms: Terms, file: TwinFile) -> None:
        saved = file.load()
        super().__init__(terms.rules, saved.counters.get(_CASH, terms.cash_e4))
        self._terms = terms
        self._file = file
        self._counters = {_CASH: self._cash_e4} | saved.counters
        self._log = SlidingLog(saved.messages, terms.windows)
        self._arrivals = {arrival.number: arrival for arrival in saved.arrivals}
        self._outbox: list[Event] = []
        self._messages: list[int] = []
        self._sent: list[Arrival] = []
        self._landed: list[int] = []
        self._dirty = False
        self._idle = True
        self._since_ns = 0  # what was quoted before matches nothing; 0: everything may match
        self._silent = False
        self._midnight_ns = 0
        self._worths_due_ns = 0
        self._worths_e4: dict[str, int] | None = None
        self._quotes = Quotes(saved.worths_e4)
        self._restore(saved.orders, saved.trades)

    def _restore(self, orders: list[OrderReport], trades: list[Trade]) -> None:
        self._clock_ns = self._counters.get(_CLOCK, 0)
        self._book.restore(orders, trades)
        last_ns = {trade.symbol: trade.at_ns for trade in trades}
        last_ns.update((order.symbol, order.arrived_ns) for order in self._resting())
        held = {each.symbol for each in self._book.positions.values() if each.net_quantity}
        for symbol in sorted(held.union(self._book.symbols())):
            self._learn(symbol, day_of(last_ns[symbol]))
        for symbol in {symbol for symbol, _ in self._book.unsettled} - held:
            found = known(self._rules, symbol, day_of(last_ns[symbol]))
            if found is None:
                self._book.end(symbol)
            else:
                self._contracts[symbol] = found
        if self._clock_ns:
            self._begin_day()
        self._commit()

    def _set_clock(self, now_ns: int) -> None:
        """Move the exchange's own clock on, never back, and read the frames laid down."""
        self._clock_ns = max(self._clock_ns, now_ns)
        self._read_quotes()
        if self._clock_ns >= self._midnight_ns:
            self._begin_day()

    def _read_quotes(self) -> None:
        """Read the frames laid down, and see to it that their prices outlive this process."""
        self._quotes.merge()
        if self._quotes.at_ns > self._worths_due_ns:
            self._worths_due_ns = self._quotes.at_ns + WORTHS_SAVED_EVERY_NS
            self._worths_e4 = self._quotes.worths_e4()
            self._dirty = True

    def _begin_day(self) -> None:
        """Let the orders of earlier days lapse and forget what those days ended.

        A contract that was over before this day and never settled is nobody's any more.
        """
        start_ns = start_of(day_of(self._clock_ns))
        self._midnight_ns = start_ns + DAY_NS
        self._lapse(order for order in self._resting() if order.arrived_ns < start_ns)
        self._book.forget_before(start_ns)
        today = day_of(start_ns)
        self._quotes.keep_worths(lambda symbol: tradable(self._rules, symbol, today) is not None)
        for symbol in dict.fromkeys(symbol for symbol, _ in self._book.unsettled):
            expiry = self._contract(symbol).expiry
            if expiry is not None and expiry < today:
                self._book.end(symbol)

    def _lapse(self, orders: Iterable[OrderReport]) -> None:
        for order in list(orders):
            self._report(
                msgspec.structs.replace(
                    order,
                    status=Status.CANCELLED,
                    resting=False,
                    at_ns=self._clock_ns,
                    text="lapsed: an order is good for its session only",
                )
            )

    def _count(self, name: str) -> int:
        """Return the next number of a kind; it is saved with the call."""
        self._dirty = True
        self._counters[name] = number = self._counters.get(name, 0) + 1
        return number

    def _strike(self, call: Call) -> Fault | None:
        return self._terms.faults.of(call, self._count(call))

    def _arrival_ns(self) -> int:
        """Return when a message that leaves now reaches the exchange."""
        return self._clock_ns + self._terms.latency.for_order(self._count("message"))

    def _report(self, order: OrderReport) -> None:
        """Write an order's newest state and tell it, as far as no fault forbids."""
        self._book.put(order)
        fault = self._strike(Call.REPORT)
        self._outbox.extend([order] * _TOLD[fault.kind if fault is not None else None])

    def _trade(self, trade: Trade) -> None:
        """Write a trade and tell it."""
        self._book.add(trade)
        self._outbox.append(trade)

    def _trade_id(self) -> str:
        return self._day_number(self._count("trade"))

    def _day_number(self, number: int) -> str:
        """Return a number with the exchange's day before it, such as 2024010200000001."""
        day = day_of(self._clock_ns).isoformat().replace("-", "")
        return f"{day}{number:08d}"

    def _match(self, symbol: str, *, ranged: bool) -> None:
        """Trigger and fill what the newest frame allows in one symbol."""
        quote = self._quotes.get(symbol)
        at_ns, shown_ns = self._quotes.at_ns, self._quotes.shown_ns
        ready = [order for order in self._book.resting(symbol) if order.decided_ns <= shown_ns]
        if quote is None or not ready:
            return
        instrument = self._contract(symbol)
        if not self._rules.is_open(instrument, at_ns):
            return
        if self._since_ns and self._is_bygone(symbol):
            return
        limits = [
            order
            for order in (self._triggered(order, quote, ranged=ranged) for order in ready)
            if matching.can_trade(order)
        ]
        for side in Side:
            self._fill([order for order in limits if order.side == side], side, instrument)

    def _is_bygone(self, symbol: str) -> bool:
        """Return whether the newest quote of a symbol is none of now: a silence lies between."""
        quotes = self._quotes
        since_ns = max(self._since_ns, quotes.at_ns) if self._silent else self._since_ns
        return quotes.quoted_ns[symbol] < since_ns

    def _triggered(self, order: OrderReport, quote: Quote, *, ranged: bool) -> OrderReport:
        if matching.can_trade(order) or not matching.triggers(order, quote, ranged=ranged):
            return order
        at_ns = max(self._quotes.at_ns, order.arrived_ns)
        after = msgspec.structs.replace(order, triggered=True, at_ns=at_ns)
        self._report(after)
        return after

    def _fill(self, orders: list[OrderReport], side: Side, instrument: Instrument) -> None:
        """Let orders of one side take what the touch offers."""
        offer = self._quotes.offer(instrument.symbol, side, instrument.lot) if orders else None
        if offer is None:
            return
        for fill in matching.fills(orders, offer):
            order = self._book.orders[fill.order_id]
            trade = Trade(
                trade_id=self._trade_id(),
                order_id=order.order_id,
                client_id=order.client_id,
                symbol=order.symbol,
                side=side,
                quantity=fill.quantity,
                price_e4=fill.price_e4,
                at_ns=max(self._quotes.at_ns, order.arrived_ns),
                product=order.product,
            )
            self._quotes.consume(order.symbol, side, fill.quantity)
            self._trade(trade)
            self._report(after_fill(order, trade))

    def _drain(self) -> list[Event]:
        events, self._outbox = self._outbox, []
        return events

    def _commit(self) -> None:
        """Save what this call changed, whole, and see whether frames still matter."""
        if self._dirty:
            self._counters[_CLOCK] = self._clock_ns
            self._file.save(
                Changes(
                    orders=list(self._book.changed.values()),
                    trades=list(self._book.traded),
                    messages=list(self._messages),
                    sent=list(self._sent),
                    landed=list(self._landed),
                    counters=dict(self._counters),
                    floor_ns=self._clock_ns - MESSAGES_KEPT_NS,
                    worths_e4=self._worths_e4,
                )
            )
            self._worths_e4 = None
            for saved in (self._book.changed, self._book.traded, self._messages):
                saved.clear()
            self._sent.clear()
            self._landed.clear()
            self._dirty = False
        self._idle = not (self._outbox or self._arrivals or self._book.symbols())
