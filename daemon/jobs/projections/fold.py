"""The fold: from records, one after the other, to rows that change. It reads and writes nothing.

What an order came to is the book's word, what a trade came to that of the fold of the report; so
neither table can differ from the two.
"""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Any

import msgspec
from msgspec import Struct

from daemon.domain.market.instruments import parts_of
from daemon.domain.money import divide_half_even
from daemon.domain.orders.book import Book
from daemon.domain.orders.words import Intent, IntentRecorded, OrderFact
from daemon.domain.risk.moves import LevelMoved
from daemon.jobs.projections import schema
from daemon.jobs.projections.schema import TOLD
from daemon.jobs.trades import LegTrade, Trades, is_written_off
from daemon.messages import BasketOpened, DayOpened, EntryDecided, Fact
from daemon.storage.codec import Row, decode_fact
from daemon.storage.tables.words import Cells, Changes, Table

_CELLS = frozenset({int, bool, type(None)})
_NUL = "\0"


class _Trade(Struct):
    """A trade as its row tells it.

    Attributes:
        number: of the record that began it, by which it is known.
        trade: what the report tells of it.
        context: what it was entered on, and is held to.
        stop_e4: where its stop stands; None: it has had none.
        newest: number and instant of the record that it rests on.
    """

    number: int
    trade: LegTrade
    context: Cells
    stop_e4: int | None = None
    newest: tuple[int, int] = (0, 0)

    @property
    def is_held(self) -> bool:
        """Whether it was entered and is not over."""
        return self.trade.entry_ns > 0 and not self.trade.exit_ns


class _Strategy(Struct):
    """A strategy in one account.

    Attributes:
        whose: the account and the strategy.
        trades: what each leg bought and sold.
        opened: its newest basket; None: it has had none.
        entry: what decided that.
        known: its trades, by the identity of what `trades` keeps of each.
        of_leg: the trade that each leg is in.
        of_order: the trade that each order is of.
    """

    whose: Cells
    trades: Trades
    opened: BasketOpened | None = None
    entry: Cells = {}
    known: dict[int, _Trade] = {}
    of_leg: dict[str, _Trade] = {}
    of_order: dict[str, _Trade] = {}


class Fold:
    """Folds one owner's records.

    Args:
        home: the account of facts that name none.
    """

    def __init__(self, home: str) -> None:
        self._home = home
        self._changes = Changes()
        self._books: dict[str, Book] = {}
        self._strategies: dict[tuple[str, str], _Strategy] = {}
        self._entries: dict[str, Cells] = {}
        self._opened: DayOpened | None = None
        self._changed: dict[int, tuple[_Strategy, _Trade]] = {}

    def take(self, row: Row) -> None:
        """Take one record in, in their order.

        Raises:
            StoreError: it is none of this version.
        """
        fact = decode_fact(row.body)
        common = {
            **self._whose(fact),
            "number": row.number,
            "at_ns": getattr(fact, "at_ns", row.at_ns),
            "kind": row.kind,
            "actor": row.actor,
            "body": row.body.decode(),
        }
        self._trade(fact, common)
        for into in TOLD[type(fact)]:
            cells = common if into.of is None else common | into.of(fact)
            renamed = {to: getattr(fact, name) for to, name in into.fields.items()}
            self._put(into.table, cells | renamed | into.given, fact)
        if isinstance(fact, OrderFact) and common["account"] is not None:
            self._order(fact, common)
        if isinstance(fact, BasketOpened | IntentRecorded):
            self._name_instruments(fact, common)

    def drained(self) -> Changes:
        """Return the rows that have changed since they were asked for."""
        for strategy, each in self._changed.values():
            strategy.trades.charge(each.trade)
            number, at_ns = each.newest
            cells = strategy.whose | {"number": number, "at_ns": at_ns, "trade": each.number}
            cells |= {"stop_e4": each.stop_e4, "exit_ns": each.trade.exit_ns or None}
            cells |= each.context
            self._put(schema.TRADES, cells, each.trade)
        changes, self._changes, self._changed = self._changes, Changes(), {}
        return changes

    def _whose(self, fact: Fact) -> Cells:
        """Return the account and the strategy of a fact; None and empty: everybody's."""
        intent = fact.intent if isinstance(fact, IntentRecorded) else self._intent(_intent_id(fact))
        if intent is not None:
            return self._strategy(intent.account, intent.strategy_id).whose
        account = getattr(fact, "account", None)
        of = fact.basket if isinstance(fact, BasketOpened) else fact
        return {
            "account": account if account is None else account or self._home,
            "strategy_id": getattr(of, "strategy_id", ""),
        }

    def _intent(self, intent_id: str) -> Intent | None:
        """Return what was intended with an order; None: it is in no book."""
        found = (book.order(intent_id) for book in self._books.values())
        return next((order.intent for order in found if order is not None), None)

    def _trade(self, fact: Fact, common: Cells) -> None:
        """Find the trades that are otherwise for a fact, and the one that it is about."""
        if isinstance(fact, EntryDecided):
            entry = {"entry_signal": common["number"], "basis_e4": fact.basis_e4}
            self._entries[fact.strategy_id] = entry
        if isinstance(fact, DayOpened):
            for strategy in self._strategies.values():
                self._take(strategy, fact, common)
            if self._opened is not None and self._opened.day < fact.day:
                self._let_go()
            self._opened = fact
        elif common["account"] is not None and common["strategy_id"]:
            strategy = self._strategy(common["account"], common["strategy_id"])
            self._take(strategy, fact, common)

    def _strategy(self, account: str, strategy_id: str) -> _Strategy:
        """Return a strategy in an account, followed from its first fact on."""
        strategy = self._strategies.get((account, strategy_id))
        if strategy is None:
            whose = {"account": account, "strategy_id": strategy_id}
            strategy = _Strategy(whose, Trades(strategy_id))
            strategy.trades.take(self._opened)
            self._strategies[account, strategy_id] = strategy
        return strategy

    def _take(self, strategy: _Strategy, fact: Fact, common: Cells) -> None:
        if isinstance(fact, BasketOpened):
            strategy.opened, strategy.entry = fact, self._entries.get(fact.basket.strategy_id, {})
            strategy.of_leg.clear()
        changed = [self._known(strategy, each, common) for each in strategy.trades.take(fact)]
        if changed and isinstance(fact, IntentRecorded):  # else it is of a trade that was let go
            (strategy.of_order[fact.intent.intent_id],) = changed
        about = strategy.of_order.get(_intent_id(fact))
        if isinstance(fact, LevelMoved):
            about = strategy.of_leg.get(fact.leg_id)
        if about is not None:
            common["trade"] = about.number
            if isinstance(fact, LevelMoved):
                about.stop_e4 = fact.to_e4
                changed.append(about)
        for each in changed:
            if each.trade.entry_ns:
                each.newest = common["number"], common["at_ns"]
                self._changed[each.number] = strategy, each

    def _let_go(self) -> None:
        """Keep small, or not at all, what was over before a day began."""
        for book in self._books.values():
            book.put_away()
        for strategy in self._strategies.values():
            strategy.trades.let_go()
            held = [each for each in strategy.known.values() if each.is_held]
            strategy.known = {id(each.trade): each for each in (*held, *strategy.of_leg.values())}
            strategy.of_order = {
                intent_id: each
                for intent_id, each in strategy.of_order.items()
                if id(each.trade) in strategy.known
            }

    def _known(self, strategy: _Strategy, trade: LegTrade, common: Cells) -> _Trade:
        """Return a trade, with its context where this begins it."""
        known = strategy.known.get(id(trade))
        if known is None:
            known = _Trade(common["number"], trade, _context(strategy, trade))
            strategy.known[id(trade)] = strategy.of_leg[trade.leg_id] = known
        return known

    def _order(self, fact: OrderFact, common: Cells) -> None:
        """Tell how an order stands, and what was filled of it since."""
        book = self._books.setdefault(common["account"], Book())
        intent_id = _intent_id(fact)
        before, order = book.order(intent_id), book.apply(fact)
        if order is None or order == before:
            return
        unknown = {"filled_value_e4": None} if is_written_off(order.intent) else {}
        cells = common | {"intent_id": intent_id} | unknown
        self._put(schema.ORDERS, cells, order, order.intent)
        quantity, value_e4 = order.filled_quantity, order.filled_value_e4
        if before is not None:
            quantity -= before.filled_quantity
            value_e4 -= before.filled_value_e4
        if quantity or value_e4:
            price_e4 = divide_half_even(value_e4, quantity) if quantity else None
            filled = {"quantity": quantity, "value_e4": value_e4, "price_e4": price_e4}
            if unknown:
                filled |= {"value_e4": None, "price_e4": None}
            self._put(schema.FILLS, common | filled, fact, order.intent)

    def _name_instruments(self, fact: BasketOpened | IntentRecorded, common: Cells) -> None:
        """Tell of what was, or is to be, traded."""
        legs = fact.basket.legs if isinstance(fact, BasketOpened) else (fact.intent,)
        for leg in legs:
            parts = parts_of(leg.symbol)
            cells = {"number": common["number"], "at_ns": common["at_ns"]}
            self._put(schema.INSTRUMENTS, cells, leg, parts)

    def _put(self, table: Table, cells: Cells, *sources: object) -> None:
        """Put cells into a row, and of the rest what the sources have by the name of a column."""
        row = {name: _plain(cells[name]) for name in table.columns if name in cells}
        for source in sources:
            for name in table.columns:
                if name not in row and hasattr(source, name):
                    row[name] = _plain(getattr(source, name))
        self._changes.put(table, row)


def _context(strategy: _Strategy, trade: LegTrade) -> Cells:
    """Return what a trade was entered on, and what it is held to."""
    opened = strategy.opened
    if opened is None:
        return {}
    rules = {"leg": opened.leg_rules.get(trade.leg_id), "whole": opened.rules}
    return {
        **strategy.entry,
        "basket_id": opened.basket.basket_id,
        "version": opened.version,
        "rules": msgspec.json.encode(rules).decode(),
    }


def _intent_id(fact: Fact) -> str:
    """Return the order that a fact is about; empty: none."""
    if isinstance(fact, IntentRecorded):
        return fact.intent.intent_id
    return str(getattr(fact, "intent_id", ""))


def _plain(value: Any) -> Any:
    """Return a value as a cell."""
    if type(value) in _CELLS:
        return value
    if type(value) is str:  # what a broker wrote may hold what PostgreSQL takes into no text
        return value.replace(_NUL, "\N{REPLACEMENT CHARACTER}") if _NUL in value else value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return msgspec.json.encode(value).decode()
    return value
