from __future__ import annotations

import pytest

from daemon.domain.orders.words import Side


@pytest.mark.parametrize("side", Side)
def test_the_opposite_side_has_the_other_sign_and_leads_back(side):
    assert side.opposite.sign == -side.sign
    assert side.opposite.opposite == side


def test_buying_adds_to_a_position():
    assert Side.BUY.sign == 1
