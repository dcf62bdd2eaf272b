"""`docs/contract.md`, printed from the deck and the table of brokers."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import fill

from tests.contract.deck import BROKERS, DECK, Row
from tests.kit.plans import ROOT

PATH = ROOT / "docs" / "contract.md"
_WIDTH = 100
_HEAD = """\
# What every broker owes

Each card below is played against every broker that Ordo speaks to, by `tests/contract/`. A card
knows the port to a broker, behind its door, and the four outcomes of a write: accepted, refused,
unknown, confirmation wanted. It is judged twice: by what the port answers, and by the exchange's
own book behind the broker. After each card both must show the same orders, fills and positions.

A broker is on a bench: the same morning, the same exchange, and whatever makes a fault happen
there. Zerodha's is our client and our ticker before [its twin](twin.md), on loopback.
"""
_MIDDLE = """\
Card 8 goes past the port, which has no word for it: Ordo cancels an order and places another.

An answer is lost in every way that the bench of a broker knows:
"""
_FOOT = """\
## Another broker

It needs a class beside `tests/contract/zerodha_bench.py`, which opens an account there and makes
the six faults of `tests/contract/bench.py` happen, and a row in `tests/contract/deck.py`. Only an
optional card can be left out, where its fault is impossible, and the row says why. No card names a
broker.

Printed from `tests/contract/deck.py` by `tests/contract/`, which keep the two equal.
"""


def document() -> str:
    """Return the file."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield _HEAD
    yield f"| card | what a broker owes | {' | '.join(BROKERS)} |"
    yield f"|---|---|{'---|' * len(BROKERS)}"
    for card in DECK:
        optional = ", optional" if card.optional else ""
        cells = " | ".join(_cell(row, card.number) for row in BROKERS.values())
        yield f"| {card.number}. {card.name}{optional} | {card.sentence} | {cells} |"
    yield ""
    yield _MIDDLE
    for broker, row in BROKERS.items():
        yield f"- **{broker}**: {', '.join(row.bench.silences)}."
    yield ""
    yield "## What is left out\n"
    for broker, row in BROKERS.items():
        for number, why in row.skips.items():
            yield fill(f"- **{broker}, {number}**: {why}.", _WIDTH, subsequent_indent="  ")
    yield ""
    yield _FOOT


def _cell(row: Row, number: int) -> str:
    return "left out" if number in row.skips else "kept"
