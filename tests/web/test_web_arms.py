"""Arms in the status: whose account may be entered today, as far as record and folder agree."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from daemon.messages import SeeAccount
from daemon.messages.arming import AccountArmed
from daemon.storage import arms
from tests.kit.control_port import MARKET_NS, open_port
from tests.kit.seen import ACCOUNT, ANSWERS

TODAY, YESTERDAY = date(2025, 11, 23), date(2025, 11, 22)


async def armed(tmp_path, recorded: date | None, filed: date | None) -> object:
    """What the status tells of the arm of an account, by the day that each of both has."""
    arm = recorded and AccountArmed("paper", recorded, "one lot", "ann", MARKET_NS)
    if filed is not None:
        arms.put(tmp_path, arms.Arm("paper", filed, "one lot", "ann", MARKET_NS))
    account = replace(ACCOUNT, live=True, armed=arm)
    async with open_port(tmp_path, {**ANSWERS, SeeAccount: lambda _: account}) as port:
        _, told, _ = await port.ask("GET", "/api/status")
    assert told["accounts"][0]["mode"] == "live"
    return told["accounts"][0]["armed"]


async def test_an_arm_is_told_with_the_day_that_it_ends_with_and_whose_word_it_is(tmp_path):
    assert await armed(tmp_path, TODAY, TODAY) == {
        "day": "2025-11-23",
        "by": "ann",
        "reason": "one lot",
        "at": "2025-11-23T09:30:51+05:30",
    }


@pytest.mark.parametrize(
    ("recorded", "filed"),
    [(None, None), (None, TODAY), (TODAY, None), (TODAY, YESTERDAY), (YESTERDAY, YESTERDAY)],
)
async def test_an_arm_that_lets_no_entry_out_is_told_as_none(tmp_path, recorded, filed):
    assert await armed(tmp_path, recorded, filed) is None
