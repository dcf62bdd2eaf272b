from __future__ import annotations

import pytest

from daemon.errors import StoreError
from daemon.runtime.words import Origin
from daemon.storage.announcing import AnnouncingLedger
from tests.kit.scripted import Fact, Notebook, Word

ORIGIN = Origin("router", 7, 6)


class Told:
    """A ledger on a stage, with what it told."""

    def __init__(self, inner: Notebook) -> None:
        self.log: list[str] = []
        self.ledger = AnnouncingLedger(
            inner,
            lambda recorded: self.log.append(f"entered {recorded.fact.text}"),
            lambda all_: self.log.append("durable " + " ".join(each.fact.text for each in all_)),
        )

    def enter(self, *texts: str) -> None:
        self.ledger.append([Fact(text) for text in texts], ORIGIN, 5)


def test_each_fact_is_told_as_it_is_entered_and_again_once_it_is_durable():
    told = Told(Notebook())
    told.enter("a", "b")
    told.enter("c")
    told.ledger.flush()

    assert told.log == ["entered a", "entered b", "entered c", "durable a b c"]


def test_a_flush_without_news_tells_nothing():
    told = Told(Notebook())
    told.enter("a")
    told.ledger.flush()
    told.ledger.flush()

    assert told.log == ["entered a", "durable a"]


def test_what_is_entered_during_a_flush_is_told_by_the_next():
    class Growing(Notebook):
        def flush(self) -> None:
            super().flush()
            if self.flushes == 1:
                told.enter("late")

    told = Told(Growing())
    told.enter("a")
    told.ledger.flush()
    told.ledger.flush()

    assert told.log == ["entered a", "entered late", "durable a", "durable late"]


def test_what_could_not_be_stored_is_not_told_as_durable():
    class Broken(Notebook):
        def flush(self) -> None:
            raise StoreError("disk full")

    told = Told(Broken())
    told.enter("a")
    with pytest.raises(StoreError):
        told.ledger.flush()

    assert told.log == ["entered a"]


def test_everything_else_is_the_ledgers_own():
    inner = Notebook()
    told = Told(inner)
    told.enter("a")
    told.ledger.take(Word("tick"))

    assert (inner.ticks, list(told.ledger.facts())) == ([Word("tick")], [Fact("a")])
