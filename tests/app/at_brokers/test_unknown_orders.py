"""What a broker shows of our own making and the record does not know holds entries at the start."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from daemon.app.at_brokers.unknown_orders import UnknownOrders
from daemon.domain.orders.book import Book
from daemon.domain.orders.ids import IntentId
from daemon.domain.orders.reconcile import external, external_id
from daemon.domain.orders.shown import AccountRead, BrokerOrder, BrokerPosition
from daemon.domain.orders.words import Product, Side, State
from daemon.kill import LatchUnwritten
from daemon.messages import (
    AccountUnread,
    BooksDiffer,
    LegExpired,
    PositionChanged,
    ReadAccount,
    Scope,
)
from daemon.messages.cells import Cell
from daemon.runtime.words import Surroundings

OURS, LATER = str(IntentId(1, 1)), str(IntentId(7, 1))
NIFTY = "NIFTY-2026-03-10-22900-CE"


def shown(client_id: str, number: str = "1", state: State = State.FILLED, filled: int = 65) -> Any:
    return BrokerOrder(client_id, number, NIFTY, Side.SELL, 65, state, filled, filled * 1_000_000)


def read(*orders: BrokerOrder, held: int = 0) -> AccountRead:
    positions = (BrokerPosition(NIFTY, held),) if held else ()
    return AccountRead(orders, positions, 5)


def recorded(intent_id: str) -> tuple[Any, ...]:
    return external(intent_id, "paper", shown(intent_id), 1)


class Start:
    """The first readings of an account behind a record."""

    def __init__(self, *facts: object, refuses: bool = False) -> None:
        self.answers: list[Any] = []
        self.pulled: list[tuple[Any, ...]] = []
        self.said: list[str] = []
        self.refuses = refuses
        account: Any = SimpleNamespace(id="paper", terms=SimpleNamespace(broker="paper:paper"))
        brakes: Any = SimpleNamespace(pause=self._pause)
        unknown = UnknownOrders([(account, Cell("paper"))], facts, lambda: brakes, self.said.append)
        ports = {"paper:paper": self._port, "jobs": self._port}
        self.around = unknown.around(Surroundings(ports, self.said.append))

    async def _port(self, _: object) -> Any:
        return (self.answers.pop(0),)

    async def _pause(self, *told: Any) -> Any:
        self.pulled.append(told)
        if self.refuses:
            raise LatchUnwritten("killed cannot be written")
        return SimpleNamespace(latch_id="pause-1")

    async def hears(self, *answers: object) -> None:
        self.answers += answers
        for answer in answers:
            assert await self.around.ports["paper:paper"](ReadAccount()) == (answer,)


async def test_an_order_of_our_own_form_that_no_record_knows_latches_entries_and_says_so():
    start = Start(*recorded(OURS))
    await start.hears(read(shown(OURS), shown(LATER, "2")))

    ((scope, name, because, by),) = start.pulled
    assert (scope, name, by) == (Scope.ACCOUNT, "paper", "ordo")
    assert f"does not know, {LATER}:" in because
    assert start.said == [f"ALERT {because}; entries of paper wait for `ordo rearm pause-1`"]


async def test_what_was_taken_in_as_a_strangers_is_known_from_then_on():
    taken_in = external_id(Book(), "2", 5)
    start = Start(*external(taken_in, "paper", shown(LATER, "2"), 1))
    await start.hears(read(shown(LATER, "2"), held=-65))
    assert start.pulled == []


@pytest.mark.parametrize(
    "order",
    [shown("a person's"), shown(LATER, state=State.REJECTED, filled=0)],
)
async def test_what_is_a_persons_or_never_stood_holds_nothing(order):
    start = Start(*recorded(OURS))
    await start.hears(read(order, held=-65))
    assert start.pulled == []


async def test_the_first_reading_alone_counts_and_one_that_failed_is_none():
    start = Start()
    await start.hears(AccountUnread("no session", 3), read(), read(shown(LATER)))
    assert start.pulled == []

    start = Start()
    await start.hears(AccountUnread("no session", 3), read(shown(LATER)))
    assert len(start.pulled) == 1


async def test_a_reading_that_lacks_shares_of_earlier_days_alone_is_one():
    start = Start()
    await start.hears(AccountUnread("no answer", 3, sharesless=read(shown(LATER))), read())
    assert len(start.pulled) == 1


async def test_what_is_held_where_no_order_was_ever_known_holds_entries_until_it_was_told():
    start = Start()
    await start.hears(read(held=-65))
    ((_, _, because, _),) = start.pulled
    assert because.startswith(f"the broker holds {NIFTY}, and this record has never known")

    told = Start(BooksDiffer("paper", NIFTY, 0, -65, 2))
    await told.hears(read(held=-65))
    assert told.pulled == []


CARRIED = PositionChanged("condor", "ce", NIFTY, Side.SELL, 0, 0, 65, 1, 2, product=Product.CARRY)
EXPIRED = LegExpired("condor", "ce", NIFTY, 3)
TOLD = BooksDiffer("paper", NIFTY, 0, -65, 2, Product.CARRY)


def overnight(units: int = -65, product: Product = Product.CARRY, symbol: str = NIFTY) -> Any:
    return AccountRead((), (BrokerPosition(symbol, units, product),), 5)


@pytest.mark.parametrize("facts", [(), (CARRIED, EXPIRED), (replace(CARRIED, account="other"),)])
async def test_a_carried_short_that_no_record_knows_latches_entries(facts):
    """A copy is older than its sale, and no list shows that order on a later day."""
    start = Start(*recorded(OURS), *facts)
    await start.hears(overnight())

    ((scope, name, because, _),) = start.pulled
    assert (scope, name) == (Scope.ACCOUNT, "paper")
    assert because.startswith(f"the broker holds {NIFTY} carry since an earlier day, short, and")


@pytest.mark.parametrize(
    ("facts", "reading"),
    [
        ((CARRIED,), overnight()),
        ((replace(CARRIED, account="paper"),), overnight()),
        ((TOLD,), overnight()),
        ((), overnight(units=65)),
        ((), overnight(product=Product.INTRADAY)),
        ((), overnight(symbol="INFY")),
        ((), overnight(symbol="MCX:CRUDEOIL26MARFUT")),
        ((), replace(overnight(), orders=(shown("a person's"),))),
    ],
    ids=[
        *("a leg holds it", "of this account", "it was told", "a long", "of the day", "a share"),
        *("of another market", "sold today"),
    ],
)
async def test_what_is_known_or_no_short_of_an_earlier_day_holds_nothing(facts, reading):
    start = Start(*recorded(OURS), *facts)
    await start.hears(reading)
    assert start.pulled == []


async def test_an_intraday_short_of_the_record_that_the_broker_carried_over_is_known():
    start = Start(*recorded(OURS), replace(CARRIED, product=Product.INTRADAY))
    await start.hears(overnight())
    assert start.pulled == []


async def test_what_was_told_of_an_intraday_position_tells_of_no_carried_short():
    start = Start(*recorded(OURS), replace(TOLD, product=Product.INTRADAY))
    await start.hears(overnight())
    assert len(start.pulled) == 1


async def test_more_than_a_few_are_counted():
    start = Start()
    await start.hears(read(*(shown(str(IntentId(7, n)), str(n)) for n in range(1, 6))))
    ((_, _, because, _),) = start.pulled
    assert " and 2 more: " in because


async def test_where_the_disk_refuses_the_latch_a_person_is_told_that_it_holds_for_this_run():
    start = Start(refuses=True)
    await start.hears(read(shown(LATER)))
    (said,) = start.said
    assert said.startswith("ALERT paper takes no entries in this run")
    assert said.endswith("killed cannot be written")


async def test_other_ports_are_left_alone():
    start = Start()
    start.answers.append(read(shown(LATER)))
    await start.around.ports["jobs"](ReadAccount())
    assert start.pulled == []
