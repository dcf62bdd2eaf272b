"""The parents of booked intents, and the ids that no strategy and no account may have for them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from daemon.domain.orders import parents
from daemon.domain.orders.late import gives_back, is_handed_on
from daemon.domain.orders.outside import is_outside
from tests.kit.facts import INTENT

BEGINNINGS = [each for name, each in vars(parents).items() if name.isupper() and name != "TAKEN"]


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_every_word_that_such_a_parent_begins_with_is_taken(beginning):
    assert beginning.endswith(":")
    assert beginning.partition(":")[0] in parents.TAKEN


def test_the_entry_of_a_strategy_under_such_a_word_would_pass_for_booked():
    """Its fills counted as those of another trade, and nothing closed what it held."""
    entry = replace(INTENT, parent="late:2026-03-09")
    assert gives_back(entry)
    assert is_handed_on(entry)
    assert is_outside(replace(INTENT, parent="outside:2026-03-09"))
