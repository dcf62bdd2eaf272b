"""A flush is measured where it had something to store."""

from __future__ import annotations

from daemon.domain.chain import GENESIS, Head
from daemon.storage.timed import TimedLedger
from tests.kit.scripted import Notebook


class Chained(Notebook):
    """A ledger whose chain grows by what a flush stores; each flush takes 3 ms."""

    def __init__(self) -> None:
        super().__init__()
        self.now_ns = 0
        self.head = GENESIS

    def flush(self) -> None:
        super().flush()
        self.now_ns += 3_000_000
        self.head = Head(self.durable, b"x" * 32)


def test_only_a_flush_with_something_to_store_is_measured():
    inner, seen = Chained(), []
    timed = TimedLedger(inner, lambda: inner.now_ns, seen.append)
    timed.flush()
    assert (timed.round_trip_ns, seen) == (None, [])

    timed.append(["fact"], None, 0)
    timed.flush()
    timed.flush()
    assert (timed.round_trip_ns, seen) == (3_000_000, [0.003])


def test_all_else_is_the_ledgers_own():
    inner = Chained()
    timed = TimedLedger(inner, lambda: 0, print)
    timed.take("tick")
    timed.append(["fact"], None, 0)

    assert (inner.ticks, timed.facts()) == (["tick"], ["fact"])
