"""Each card is played against each broker, on a bench of its own."""

from __future__ import annotations

import pytest

from tests.contract.asking import assert_equal_books
from tests.contract.deck import BROKERS, DECK, Card


@pytest.mark.parametrize(
    "card", DECK, ids=lambda card: f"{card.number:02}-{card.name.replace(' ', '-')}"
)
@pytest.mark.parametrize("broker", BROKERS)
async def test_a_broker_keeps_what_the_card_says_and_shows_the_book_that_the_exchange_has(
    broker: str, card: Card
):
    row = BROKERS[broker]
    if card.number in row.skips:
        pytest.skip(f"{broker}: {row.skips[card.number]}")
    async with row.bench.opened() as bench:
        await card.play(bench)
        await assert_equal_books(bench)
