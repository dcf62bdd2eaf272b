"""The page of failures: told by hand, and under each story what happened as its test saw it.

With ORDO_WRITE_WALKS=1 in the environment what happened is written; without, it is compared.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from daemon.actors.alert_keeper.conditions import Conditions
from daemon.domain.orders.words import OrderAccepted, OrderUpdated, State
from daemon.domain.risk.moves import LevelMoved
from daemon.messages import (
    BasketOpened,
    DayMarked,
    DayOpened,
    EntryDecided,
    EpochBegan,
    OrderAsked,
    SessionReady,
)
from daemon.messages.control import BookRead
from daemon.twin.exchange import Exchange
from tests.kit.plans import ROOT
from tests.kit.several import at
from tests.kit.trace_words import said, time_of
from tests.kit.walk_page import WRITE

PAGE = ROOT / "docs" / "failures.md"
STORIES = "tests/stories/test_failures.py"
PARTS = ("**What happened.**", "**What a naive bot does.**", "**What Ordo did.**")
_BESIDE = (
    *(BasketOpened, DayMarked, DayOpened, EntryDecided, LevelMoved),
    *(BookRead, OrderAccepted, OrderAsked, SessionReady),
)
"""Facts that are of every day, and tell nothing about a failure."""
_SECTION = re.compile(r"^## (?P<title>.+?)$(?P<body>.+?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_SHOWN = re.compile(rf"^Shown by `{re.escape(STORIES)}::(?P<test>\w+)`\.$", re.MULTILINE)
_EVIDENCE = re.compile(r"^```text\n(?P<lines>.*?)^```$", re.MULTILINE | re.DOTALL)


class Section(Struct, frozen=True):
    """One failure on the page.

    Attributes:
        title: of it.
        body: everything below the title.
        tests: the tests it says it is shown by.
        evidence: what happened, as printed; a text for each block.
    """

    title: str
    body: str
    tests: tuple[str, ...]
    evidence: tuple[str, ...]


def sections() -> list[Section]:
    """Return the failures that the page tells, in order."""
    return [
        Section(
            found["title"],
            found["body"],
            tuple(_SHOWN.findall(found["body"])),
            tuple(_EVIDENCE.findall(found["body"])),
        )
        for found in _SECTION.finditer(PAGE.read_text(encoding="utf-8"))
    ]


def evidence(facts: Iterable[object], exchange: Exchange, since: str) -> str:
    """Return what was recorded from a time of day on, who was told, and what the exchange has."""
    lines = [*_recorded(facts, at(since)), *_had(exchange)]
    return "".join(f"{line}\n" for line in lines)


def assert_told(test: str, happened: str) -> None:
    """Hold what a test saw against the page, or write it there."""
    (section,) = (each for each in sections() if each.tests == (test,))
    if os.environ.get(WRITE) == "1":
        body = _EVIDENCE.sub(lambda _: f"```text\n{happened}```", section.body)
        text = PAGE.read_text(encoding="utf-8").replace(section.body, body)
        PAGE.write_text(text, encoding="utf-8")
        return
    assert section.evidence == (happened,), (
        f"docs/failures.md no longer tells what happens under {section.title!r}; read what "
        f"changed, and if that is meant, write it anew: {WRITE}=1 .venv/bin/python -m pytest "
        f"{STORIES}"
    )


def _recorded(facts: Iterable[object], since_ns: int) -> Iterator[str]:
    conditions, known = Conditions(), set[tuple[str, str]]()
    for fact in facts:
        conditions.hear(fact)
        new = [each for key, each in conditions.standing.items() if key not in known]
        known |= conditions.standing.keys()
        at_ns = getattr(fact, "at_ns", 0)
        if isinstance(fact, EpochBegan) and fact.epoch > 1:
            yield "the daemon was cut off here, and started anew"
        elif at_ns >= since_ns and not (isinstance(fact, _BESIDE) or _is_received(fact)):
            yield f"{time_of(at_ns)} {type(fact).__name__}: {said(fact)}".removesuffix(": ")
            yield from (f"    a person is told, {each.severity}: {each.sentence}" for each in new)


def _is_received(fact: object) -> bool:
    """Say whether a fact tells of an order only that it stands in the book."""
    if not isinstance(fact, OrderUpdated):
        return False
    return fact.state is State.WORKING and not fact.filled_quantity


def _had(exchange: Exchange) -> Iterator[str]:
    yield "the exchange has:"
    for order in exchange.orders():
        what = f"{order.side} {order.quantity} {order.symbol}"
        yield f"    {what}, {order.status}, {order.filled_quantity} of it filled"
    held = [each for each in exchange.positions() if each.net_quantity]
    yield from (f"    held: {each.net_quantity:+d} {each.symbol}" for each in held)
    if not held:
        yield "    held: nothing"
