"""What two runs of one day are compared by: their ledgers, and the books of their exchanges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from daemon.domain.instants import SECOND_NS
from daemon.domain.orders.words import IntentRecorded, OrderUpdated
from daemon.domain.risk.moves import LevelMoved
from daemon.messages import (
    BasketOpened,
    DayMarked,
    EntryDecided,
    EpochBegan,
    ExitDecided,
    Fact,
    PositionChanged,
)
from daemon.storage.codec import decode_fact
from daemon.storage.journal import ENTRIES
from daemon.storage.sqlite import SqliteStore
from daemon.storage.store import Store
from daemon.storage.stored import Stored
from daemon.twin.file import SqliteFile
from daemon.twin.words import OrderReport, Trade

OWNER = "owner"
FRAME_NS = SECOND_NS
"""How far apart the frames of the generated market are."""


class Told(Struct, frozen=True):
    """One fact of a ledger, and the market instant under which it stands there."""

    fact: Fact
    at_ns: int


class Day(Struct, frozen=True):
    """A day as it was left: what our ledger tells, and what the exchange's own book tells."""

    ledger: tuple[Told, ...]
    orders: tuple[OrderReport, ...]
    trades: tuple[Trade, ...]

    def of(self, *kinds: type) -> list[Any]:
        """Return the facts of some types, oldest first."""
        return [told.fact for told in self.ledger if isinstance(told.fact, kinds)]

    @property
    def last_start_ns(self) -> int:
        """The market instant at which the last run began."""
        began: list[EpochBegan] = self.of(EpochBegan)
        return began[-1].at_ns


class Span(Struct, frozen=True):
    """Which part of a journal is compared.

    Attributes:
        after_ns: the market instant that it comes after; the frame of it is left out whole.
        without: strategies that are left out.
        unordered: frames within which neither order nor repetition counts.
    """

    after_ns: int
    without: frozenset[str]
    unordered: frozenset[int]


def read(state: Path, store: Store | None = None, book: Path | None = None) -> Day:
    """Return what a daemon left behind in its state folder.

    Args:
        state: that folder.
        store: where its ledger is; None: in that folder too.
        book: where the book of its exchange is; None: in that folder too.
    """
    rows = Stored(store or SqliteStore(state / "ledger.sqlite"), OWNER).rows()
    ledger = tuple(Told(decode_fact(row.body), row.at_ns) for row in rows)
    file = SqliteFile(book or state / "exchange.sqlite")
    try:
        saved = file.load()
    finally:
        file.close()
    return Day(ledger, tuple(saved.orders), tuple(saved.trades))


def cut_intents(day: Day) -> list[IntentRecorded]:
    """Return the intents that were committed and never reached the exchange.

    A kill fell between the commit and the request. Such an order is never sent again: it is looked
    for, parked and told, so what follows in its strategy is another story.
    """
    refused = {f.intent_id for f in day.of(OrderUpdated) if not f.broker_order_id}
    reached = {order.client_id for order in day.orders} | refused
    return [f for f in day.of(IntentRecorded) if f.intent.intent_id not in reached]


def cut_strategies(day: Day) -> frozenset[str]:
    """Return the strategies that such an order is of."""
    return frozenset(fact.intent.strategy_id for fact in cut_intents(day))


def sent_twice(day: Day) -> list[str]:
    """Return client order ids that the exchange met more than once."""
    counted = Counter(order.client_id for order in day.orders)
    return [client_id for client_id, count in counted.items() if count > 1]


def ours(day: Day) -> dict[str, int]:
    """Return what our book holds, by symbol; nothing where it is flat."""
    newest = {(f.strategy_id, f.leg_id): f for f in day.of(PositionChanged)}
    return _net((f.symbol, f.net_quantity) for f in newest.values())


def theirs(day: Day) -> dict[str, int]:
    """Return what the exchange's book holds, by symbol; nothing where it is flat."""
    return _net((trade.symbol, trade.side.sign * trade.quantity) for trade in day.trades)


def fills(day: Day, strategy_id: str) -> list[tuple[Any, ...]]:
    """Return how each leg of a strategy stood after every fill of it, in order."""
    return [
        (f.leg_id, f.symbol, f.bought_quantity, f.bought_value_e4, f.sold_quantity, f.sold_value_e4)
        for f in day.of(PositionChanged)
        if f.strategy_id == strategy_id
    ]


def fills_until(day: Day, strategy_id: str, until_ns: int) -> list[tuple[Any, ...]]:
    """Return the fills of a strategy in the frames before an instant."""
    early = Day(
        tuple(told for told in day.ledger if told.at_ns // FRAME_NS < until_ns // FRAME_NS), (), ()
    )
    return fills(early, strategy_id)


def exits(day: Day, strategy_id: str) -> list[tuple[Any, ...]]:
    """Return which legs of a strategy were left, why, and at what profit, in order."""
    return [
        (f.leg_ids, f.reason, f.pnl_e4) for f in day.of(ExitDecided) if f.strategy_id == strategy_id
    ]


def moves(day: Day, strategy_id: str) -> list[tuple[Any, ...]]:
    """Return how the levels of a strategy moved, in order."""
    return [
        (f.leg_id, f.move, f.from_e4, f.to_e4, f.best_e4)
        for f in day.of(LevelMoved)
        if f.strategy_id == strategy_id
    ]


def strategies(day: Day) -> tuple[str, ...]:
    """Return the strategies that entered anything."""
    return tuple(dict.fromkeys(f.strategy_id for f in day.of(EntryDecided)))


def started_in(day: Day) -> frozenset[int]:
    """Return the frames in which a run began."""
    return frozenset(began.at_ns // FRAME_NS for began in day.of(EpochBegan))


def journal(day: Day, span: Span) -> dict[str, list[str]]:
    """Return what the journal would enter of each strategy, as comparable lines.

    Ids are replaced by what they belong to. Instants are told to the frame: a run that was entered
    again decides on its first picture a nanosecond after the frame that this shows once more. A
    day's lowest and highest profit are left out: they are of the run, not of the day. Within a
    frame that a crash fell into neither order nor repetition counts: what would have come as two
    answers is found by the restart in one reading, and a decision that was cut off from what
    follows it is taken again, the same.
    """
    parents = _parents(day)
    found: dict[str, list[tuple[int, str]]] = {}
    for told in day.ledger:
        frame, fact = told.at_ns // FRAME_NS, told.fact
        strategy_id = _strategy(fact, parents)
        is_early = frame <= span.after_ns // FRAME_NS
        if is_early or strategy_id in span.without or not ENTRIES[type(fact)].when(fact):
            continue
        line, lines = (frame, _line(fact)), found.setdefault(strategy_id, [])
        if frame not in span.unordered or line not in lines:
            lines.append(line)
    for lines in found.values():
        lines.sort(key=lambda line: (line[0], line[1] if line[0] in span.unordered else ""))
    return {strategy_id: [line for _, line in lines] for strategy_id, lines in found.items()}


def _line(fact: Any) -> str:
    kind = type(fact)
    left_out = {*ENTRIES[kind].without, *_IDS, *_OF_THE_RUN.get(kind, ())}
    values = {
        name: _plain(name, value)
        for name, value in msgspec.to_builtins(fact).items()
        if name not in left_out
    }
    return f"{kind.__name__} {sorted(values.items(), key=str)}"


_IDS = ("intent_id", "exit_id")
_OF_THE_RUN: dict[type, tuple[str, ...]] = {DayMarked: ("low", "high")}


def _plain(name: str, value: Any) -> Any:
    """Return a value without ids, its instants told to the frame."""
    if isinstance(value, dict):
        kept = {k: _plain(k, v) for k, v in value.items() if k not in (*_IDS, "parent")}
        return repr(sorted(kept.items()))
    if isinstance(value, list):
        return repr([_plain(name, each) for each in value])
    return value // FRAME_NS if name.endswith("_ns") else repr(value)


def _parents(day: Day) -> dict[str, str]:
    """Return the strategy of each order."""
    return {f.intent.intent_id: f.intent.strategy_id for f in day.of(IntentRecorded)}


def _strategy(fact: Any, parents: dict[str, str]) -> str:
    """Return the strategy that a fact is of; empty: of none."""
    match fact:
        case IntentRecorded(intent):
            return intent.strategy_id
        case BasketOpened(basket):
            return basket.strategy_id
    own: str = getattr(fact, "strategy_id", "")
    return own or parents.get(getattr(fact, "intent_id", ""), "")


def _net(units: Iterable[tuple[str, int]]) -> dict[str, int]:
    net: Counter[str] = Counter()
    for symbol, quantity in units:
        net[symbol] += quantity
    return {symbol: quantity for symbol, quantity in net.items() if quantity}


def percentile(figures: Sequence[float], percent: int) -> float:
    """Return the smallest figure that so many percent of all do not exceed; 0: there are none."""
    ranked = sorted(figures)
    return ranked[max(-(-len(ranked) * percent // 100) - 1, 0)] if ranked else 0.0


def assert_traded_alike(undisturbed: Day, crashed: Day) -> None:
    """Hold fills, exits and levels of a day of crashes against those of one without.

    A strategy whose order a crash kept from the exchange goes its own way from there.
    """
    cut = cut_strategies(crashed)
    assert strategies(crashed) == strategies(undisturbed)
    for name in strategies(undisturbed):
        for of in (fills, exits, moves):
            wanted = of(undisturbed, name)
            assert wanted, (name, of.__name__)
            if name not in cut:
                assert of(crashed, name) == wanted, (name, of.__name__)
