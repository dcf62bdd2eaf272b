"""Random differences between the two books: what the broker can prove is taken in, to the unit.

More of them: `ORDO_DIFFERENCES=10000`.
"""

from __future__ import annotations

import os
from random import Random

import pytest

from daemon.domain.orders.reconcile import EXTERNAL
from daemon.domain.orders.states import is_final, is_open
from daemon.domain.orders.words import Side, State
from daemon.messages import BooksAgree, BooksDiffer
from tests.kit.router import (
    KEEP,
    READING,
    SYMBOLS,
    T0,
    S,
    Stage,
    enter,
    leg,
)
from tests.kit.scripted_broker import CLOSED, Placed

pytestmark = pytest.mark.untraced

SEEDS = range(int(os.environ.get("ORDO_DIFFERENCES", "300")))
PLACINGS = ("fill", "work", "part", "accept", "dumb", "dumbwork", "dumb 2", "lost", "mute")
LONG_S = 60.0


class Apart:
    """Two books that have gone apart by chance.

    Args:
        seed: which chance.
    """

    def __init__(self, seed: int) -> None:
        self.chance = chance = Random(seed)
        self.unexplained: dict[str, int] = {}
        self.stage = Stage([chance.choice(PLACINGS) for _ in range(4)] + ["work"], terms=READING)
        self.stage.run()
        legs = chance.sample(sorted(SYMBOLS), chance.randint(1, 4))
        entered = [leg(each, chance.randint(1, 4)) for each in legs]
        self.stage.tell(enter(*entered, at_ns=T0 + S, **KEEP))
        self.stage.run(chance.choice((0.005, 0.1, 3)))
        for _ in range(chance.randint(1, 6)):
            chance.choice((self.fill, self.end, self.stranger, self.moved))()
        if chance.random() < 0.5:
            self.stage.build()  # it was down meanwhile

    def fill(self) -> None:
        """What rests fills, in part or wholly, and nobody is told."""
        resting = self.stage.broker.resting()
        if resting:
            order = self.chance.choice(resting)
            rest = order.intent.quantity - order.filled
            self.stage.broker.fill(order, T0, self.chance.choice((rest, self.lots(rest))))

    def end(self) -> None:
        """What rests is taken out of the broker's book from elsewhere."""
        resting = self.stage.broker.resting()
        if resting:
            self.chance.choice(resting).state = State.CANCELLED

    def stranger(self) -> None:
        """Somebody else orders by the broker's own means."""
        quantity = 75 * self.chance.randint(1, 6)
        symbol, side = self.symbol(), self.chance.choice(tuple(Side))
        filled = self.chance.choice((0, quantity, self.lots(quantity)))
        self.stage.broker.stranger(symbol, side, quantity, filled)

    def moved(self) -> None:
        """Units stand there by no order at all, such as an assignment."""
        units, symbol = 75 * self.chance.choice((-2, -1, 1, 2)), self.symbol()
        self.unexplained[symbol] = self.unexplained.get(symbol, 0) + units
        beside = self.stage.broker.beside
        beside[symbol] = beside.get(symbol, 0) + units

    def symbol(self) -> str:
        return self.chance.choice(sorted(SYMBOLS.values()))

    def lots(self, most: int) -> int:
        """Some units, in lots, up to so many."""
        return 75 * self.chance.randint(1, most // 75)

    def differing(self) -> dict[str, int]:
        """By how much the broker is told to hold more, for each symbol that is told to differ."""
        told: dict[str, int] = {}
        for fact in self.stage.facts:
            if isinstance(fact, BooksDiffer):
                told[fact.symbol] = fact.theirs - fact.ours
            elif isinstance(fact, BooksAgree):
                del told[fact.symbol]
        return told


def stands_as(apart: Apart, order: Placed) -> bool:
    """Whether our book has an order as the broker has it."""
    known = [
        each
        for each in apart.stage.book()
        if order.number in each.broker_order_ids
        and each.intent.strategy_id == ("s" if order.intent.strategy_id else EXTERNAL)
    ]
    if not known:  # a stranger's that is over without a fill moved nothing
        return not order.intent.strategy_id and order.state in CLOSED and not order.filled
    (ours,) = known
    same = (ours.filled_quantity, ours.filled_value_e4) == (
        order.filled,
        order.filled * order.intent.price_e4,
    )
    return same and is_final(ours.state) == (order.state in CLOSED)


def test_whatever_happened_unheard_both_books_end_alike_or_the_difference_is_told():
    """A second look, from a restart, changes nothing more."""
    for seed in SEEDS:
        apart = Apart(seed)
        stage = apart.stage
        stage.run(LONG_S)
        assert all(stands_as(apart, each) for each in stage.broker.orders.values()), seed
        nets = {symbol: stage.book().net(symbol) for symbol in SYMBOLS.values()}
        apart_by = {
            symbol: stage.broker.net().get(symbol, 0) - net
            for symbol, net in nets.items()
            if stage.broker.net().get(symbol, 0) != net
        }
        unexplained = {symbol: units for symbol, units in apart.unexplained.items() if units}
        assert apart_by == unexplained, seed
        assert_told(apart, unexplained, seed)

        before = said(stage)
        stage.build()
        stage.run(LONG_S)
        assert said(stage) == before, seed
        assert_told(apart, unexplained, seed)


def said(stage: Stage) -> list[tuple[object, ...]]:
    """What our book says of every order."""
    return [
        (o.intent.intent_id, o.state, o.filled_quantity, o.filled_value_e4, o.broker_order_ids)
        for o in stage.book()
    ]


def assert_told(apart: Apart, unexplained: dict[str, int], seed: int) -> None:
    """A difference is told, unless an order on its way could still explain it."""
    told = apart.differing()
    on_the_way = {each.intent.symbol for each in apart.stage.book() if is_open(each.state)}
    assert {s: u for s, u in told.items() if unexplained.get(s) != u} == {}, seed
    assert unexplained.keys() - told.keys() <= on_the_way, seed
