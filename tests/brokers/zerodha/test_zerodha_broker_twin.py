"""Our account at the twin of Zerodha: what no card of the contract asks of every broker."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from daemon.domain.instants import SECOND_NS
from daemon.domain.money import E4
from daemon.domain.orders.margin import MarginLeg
from daemon.domain.orders.words import Side
from daemon.messages import LoggedIn, StepWanted
from tests.kit.kite_at_twin import AtTwin
from tests.kit.wire_twin import CALL, LOT, twin


@pytest.fixture
async def at() -> AsyncIterator[AtTwin]:
    async with twin() as client, AtTwin.open(client) as made:
        assert isinstance((await made.broker.log_in(1))[0], LoggedIn)
        yield made


async def test_what_legs_need_is_told_beside_what_is_free(at):
    leg = MarginLeg(CALL, Side.SELL, LOT, 200 * E4)
    (told,) = await at.broker.margin("entry", [leg])

    assert 0 < told.required_e4 < told.available_e4 == 1_000_000 * E4


async def test_a_person_s_token_makes_a_session_and_counts_once(at):
    at.twin.host.advance(SECOND_NS)
    await at.bring()
    brought = at.kept.find("request_token")
    (told,) = await at.broker.log_in(2)
    at.kept.keep("request_token", brought)
    (again,) = await at.broker.log_in(3)

    assert isinstance(told, LoggedIn)
    assert isinstance(again, StepWanted)
    assert at.refused == []
