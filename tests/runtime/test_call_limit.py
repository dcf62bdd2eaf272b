from __future__ import annotations

import asyncio

import pytest

from daemon.errors import PortSilent
from daemon.runtime.call_limit import limited
from daemon.runtime.words import Call
from tests.kit.disks import turns


async def test_a_call_that_outlasts_its_limit_is_told_of_once_and_goes_on():
    told = asyncio.get_running_loop().create_future()
    with limited(Call("broker", "place", 0), told.set_result):
        error = await told
        await turns()
    assert isinstance(error, PortSilent)
    assert str(error) == "broker has neither answered str within 0 s nor said why"


@pytest.mark.parametrize("within_s", [0, 90, None])
async def test_what_ends_before_is_not_told_of(within_s):
    """Nor where a call has no limit."""
    told: list[PortSilent] = []
    with limited(Call("broker", "place", within_s), told.append):
        pass
    await turns()
    assert told == []
