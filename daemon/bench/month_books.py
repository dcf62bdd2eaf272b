"""The two books of a day, side by side: what was recorded of our orders, and the exchange's own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date

from msgspec import Struct, field

from daemon.domain.instants import day_of
from daemon.domain.orders.book import Book
from daemon.domain.orders.parents import SETTLEMENT
from daemon.domain.orders.words import IntentRecorded, OrderFact
from daemon.twin.words import Trade

Traded = Mapping[str, tuple[int, int]]
"""Units and their value in `_e4`, both below zero where sold: by order, or by what was settled."""


class Day(Struct):
    """What the trades of a day, and of all days so far, add up to in one account.

    Attributes:
        traded: the trades of the day.
        held: units by symbol after it; nothing that is flat.
    """

    traded: Traded = field(default_factory=dict)
    held: Mapping[str, int] = field(default_factory=dict)

    def differences(self, theirs: Day) -> list[str]:
        """Return a sentence for all that the other book tells otherwise."""
        told = [
            f"{key}: ours {self.traded.get(key)}, theirs {theirs.traded.get(key)}"
            for key in sorted(self.traded.keys() | theirs.traded.keys())
            if self.traded.get(key) != theirs.traded.get(key)
        ]
        if self.held != theirs.held:
            told.append(f"held: ours {dict(self.held)}, theirs {dict(theirs.held)}")
        return told


class OurBooks:
    """Our book of each account, folded from the facts as they are recorded.

    An order lives for a day, so only what is held outlives a close.

    Args:
        accounts: their ids.
    """

    def __init__(self, accounts: Iterable[str]) -> None:
        self._held: dict[str, Counter[str]] = {account: Counter() for account in accounts}
        self._owners: dict[str, str] = {}
        self._books: dict[str, Book] = {}

    def hear(self, fact: OrderFact) -> None:
        """Take in what was recorded of an order."""
        if isinstance(fact, IntentRecorded):
            self._owners[fact.intent.intent_id] = fact.intent.account
            intent_id = fact.intent.intent_id
        else:
            intent_id = fact.intent_id
        account = self._owners.get(intent_id)
        if account is not None:
            self._books.setdefault(account, Book()).apply(fact)

    def close(self) -> dict[str, Day]:
        """Return the day of each account, and begin the next one."""
        days = {account: self._day(account) for account in self._held}
        self._owners.clear()
        self._books.clear()
        return days

    def _day(self, account: str) -> Day:
        traded: dict[str, tuple[int, int]] = {}
        held = self._held[account]
        for order in self._books.get(account, ()):
            intent, sign = order.intent, order.intent.side.sign
            if order.filled_quantity:
                settled = intent.parent.startswith(SETTLEMENT)
                key = intent.parent if settled else intent.intent_id
                _add(traded, key, sign * order.filled_quantity, sign * order.filled_value_e4)
                held[intent.symbol] += sign * order.filled_quantity
        return Day(traded, _open(held))


def their_day(trades: Iterable[Trade], day: date) -> Day:
    """Return a day by the exchange's own book.

    Args:
        trades: all that it ever made in the account.
        day: which day.
    """
    traded: dict[str, tuple[int, int]] = {}
    held = Counter[str]()
    for trade in trades:
        quantity = trade.side.sign * trade.quantity
        held[trade.symbol] += quantity
        if day_of(trade.at_ns) == day:
            key = f"{SETTLEMENT}{trade.symbol}" if trade.settlement else trade.client_id
            _add(traded, key, quantity, quantity * trade.price_e4)
    return Day(traded, _open(held))


def _add(traded: dict[str, tuple[int, int]], key: str, quantity: int, value_e4: int) -> None:
    known = traded.get(key, (0, 0))
    traded[key] = known[0] + quantity, known[1] + value_e4


def _open(held: Mapping[str, int]) -> dict[str, int]:
    return {symbol: quantity for symbol, quantity in held.items() if quantity}
