from __future__ import annotations

from datetime import time

import pytest

from daemon.domain.market.session_parts import Part, SessionKind, make_a_day

EARLY = Part(SessionKind.PRE_OPEN, time(9), time(9, 8))
MAIN = Part(SessionKind.CONTINUOUS, time(9, 15), time(15, 30))
EVENING = Part(SessionKind.MUHURAT, time(18, 15), time(19, 15))


@pytest.mark.parametrize(
    ("parts", "can"),
    [
        ((MAIN,), True),
        ((EARLY, MAIN, EVENING), True),
        ((), False),
        ((EARLY,), False),
        ((MAIN, EARLY), False),
        ((MAIN, MAIN), False),
        ((Part(SessionKind.SPECIAL, time(10), time(9)),), False),
        ((Part(SessionKind.SPECIAL, time(10), time(10)),), False),
    ],
)
def test_a_day_has_its_parts_one_after_the_other_and_trades_in_one_of_them(parts, can):
    assert make_a_day(parts) is can
