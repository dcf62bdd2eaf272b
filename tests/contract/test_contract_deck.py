"""The deck and its table: nothing is left out in silence, and the page tells just this."""

from __future__ import annotations

import os

import pytest

from tests.contract.bench import Impossible
from tests.contract.deck import BROKERS, DECK
from tests.contract.page import PATH, document
from tests.kit.error_pages import WRITE


def test_cards_are_numbered_from_one_on_and_each_is_one_sentence():
    assert [card.number for card in DECK] == list(range(1, len(DECK) + 1))
    assert len({card.name for card in DECK}) == len(DECK)
    for card in DECK:
        assert card.sentence.endswith("."), card.name
        assert "\n" not in card.sentence, card.name


def test_a_broker_leaves_out_optional_cards_alone_and_says_why():
    optional = {card.number for card in DECK if card.optional}
    for row in BROKERS.values():
        assert row.skips.keys() <= optional
        assert all(row.skips.values())


@pytest.mark.parametrize(
    ("broker", "number"), [(name, card) for name, row in BROKERS.items() for card in row.skips]
)
async def test_what_is_left_out_could_not_be_played(broker, number):
    (card,) = (each for each in DECK if each.number == number)
    async with BROKERS[broker].bench.opened() as bench:
        with pytest.raises(Impossible):
            await card.play(bench)


def test_every_card_is_played_against_some_broker():
    for card in DECK:
        assert any(card.number not in row.skips for row in BROKERS.values())


def test_the_page_is_printed_from_the_deck():
    if os.environ.get(WRITE):
        PATH.write_text(document(), encoding="utf-8")

    assert PATH.read_text(encoding="utf-8") == document(), f"{WRITE}=1 prints it anew"
