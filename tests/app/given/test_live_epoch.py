"""From which epoch on a daemon's orders are told from those of another one in the same account."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from daemon.app.machine.host import Host
from daemon.app.watching.live import least_epoch
from daemon.domain.instants import DAY_NS
from daemon.domain.orders.ids import CHANCE_BITS, IntentId, drawn
from daemon.runtime.clock import VirtualClock

NOW = 20_000 * DAY_NS


def trading(*brokers: str) -> Any:
    return SimpleNamespace(accounts=[SimpleNamespace(broker=broker) for broker in brokers])


@pytest.mark.parametrize(
    ("brokers", "least"),
    [
        (("paper", "paper"), 1),
        (("zerodha",), drawn(NOW, CHANCE_BITS)),
        (("paper", "zerodha"), drawn(NOW, CHANCE_BITS)),
    ],
)
def test_at_a_broker_an_epoch_is_drawn_and_on_paper_runs_are_counted(brokers, least):
    host = Host(wall=VirtualClock(NOW), chance=lambda bits: bits)
    assert least_epoch(trading(*brokers), host, {}) == least


def test_on_paper_runs_are_counted_behind_those_that_the_exchange_knows_of():
    """A ledger that began anew beside it knows of none of them."""
    sent = SimpleNamespace(request=SimpleNamespace(client_id=str(IntentId(9, 1))))
    orders = [SimpleNamespace(client_id=each) for each in (str(IntentId(4, 2)), "a person's")]
    book: Any = SimpleNamespace(load=lambda: SimpleNamespace(orders=orders, arrivals=[]))
    late: Any = SimpleNamespace(load=lambda: SimpleNamespace(orders=orders, arrivals=[sent]))
    assert least_epoch(trading("paper"), Host(), {"a": book}) == 5
    assert least_epoch(trading("paper"), Host(), {"a": book, "b": late}) == 10


def test_a_machine_has_chance_of_its_own():
    assert len({Host().chance(CHANCE_BITS) for _ in range(8)}) > 1
