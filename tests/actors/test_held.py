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
    ("told", "symbols", "short"),
    [
        ((), (), False),
        ((LinkDied(1),), (), False),
        ((SHORT,), (CE,), True),
        ((LONG,), (PE,), False),
        ((LONG, SHORT), (CE, PE), True),
        ((SHORT, sold("ce", bought="90")), (), False),
        ((SHORT, EXPIRED), (), False),
        ((SHORT, replace(SHORT, account="b"), sold("ce", bought="90")), (CE,), True),
    ],
)
def test_it_knows_what_is_held_and_whether_anybody_is_short(told, symbols, short):
    held = Held()
    for fact in told:
        held.hear(fact)
    assert (held.symbols(), held.is_short) == (symbols, short)
