"""What is held in all accounts."""

import pytest
from msgspec.structs import replace

from daemon.actors.held import Held
from daemon.domain.orders.words import Side
from daemon.messages import LegExpired, LinkDied
from tests.kit.acting import CE, PE, clock, sold

SHORT = sold("ce")
LONG = replace(sold("pe"), side=Side.BUY, bought_quantity=150)
EXPIRED = LegExpired("s", "ce", CE, clock("15:30:00"))


@pytest.mark.parametrize(
    ("told", "symbols", "flat"),
    [
        ((), (), True),
        ((LinkDied(1),), (), True),
        ((SHORT,), (CE,), False),
        ((LONG,), (PE,), False),
        ((LONG, SHORT), (CE, PE), False),
        ((SHORT, sold("ce", bought="90")), (), True),
        ((SHORT, EXPIRED), (), True),
        ((SHORT, replace(SHORT, account="b"), sold("ce", bought="90")), (CE,), False),
    ],
)
def test_it_knows_what_is_held_and_whether_that_is_nothing(told, symbols, flat):
    held = Held()
    for fact in told:
        held.hear(fact)
    assert (held.symbols(), held.is_flat) == (symbols, flat)
