"""To arm and disarm: every reason is told at once, the record goes first, and the file last."""

from __future__ import annotations

from datetime import date

import pytest

from daemon import kill
from daemon.control import LiveTerms, Refusal
from daemon.control.arming import Arming
from daemon.control.reads import Reads
from daemon.kill import Latch
from daemon.messages import AccountSeen, Declined, Done, SeeAccount
from daemon.messages.arming import AccountArmed, ArmAccount, DisarmAccount, SeeSession
from daemon.storage import arms
from tests.kit.control_port import MARKET_NS, Actors, open_port

DAY = date(2025, 11, 23)
SEEN = AccountSeen("second", "zerodha", True, "", (), (), (), (), 0, live=True)
LIVE = LiveTerms("live", {"paper": "paper", "second": "zerodha"})
ANSWERS = {
    SeeAccount: lambda _: SEEN,
    SeeSession: lambda _: "READY",
    ArmAccount: lambda _: Done("armed"),
    DisarmAccount: lambda _: Done(),
}


class Setting:
    """Scripted actors, and the verbs over them."""

    def __init__(self, folder, terms=LIVE, **answers) -> None:
        self.folder = folder
        self.actors = Actors(ANSWERS | answers.get("answers", {}), folder)
        self.arming = Arming(self.actors.line, Reads(self.actors.line), terms)


async def test_who_arms_is_recorded_with_the_day_and_why_and_the_file_stands(tmp_path):
    setting = Setting(tmp_path)
    done = await setting.arming.arm("second", "a try", "ann")

    armed = AccountArmed("second", DAY, "a try", "ann", MARKET_NS)
    assert done == Done("armed")
    assert setting.actors.asked[-1] == ("router:second", ArmAccount(armed))
    assert arms.of(tmp_path, "second") == arms.Arm("second", DAY, "a try", "ann", MARKET_NS)


async def test_every_reason_against_an_arm_is_told_at_once_and_nothing_is_armed(tmp_path):
    kill.pull(tmp_path, Latch("kill-1", "kill", "all", "", "enough", "ann", 5))
    kill.pull(tmp_path, Latch("pause-2", "pause", "account", "other", "", "ann", 5))
    terms = LiveTerms("paper", {}, lambda: ["clock: it jumps"])
    setting = Setting(tmp_path, terms, answers={SeeSession: lambda _: "NEEDS_LOGIN"})
    with pytest.raises(Refusal) as refused:
        await setting.arming.arm("second", "", "ann")

    assert refused.value.code == "cannot_arm"
    for said in ("runs on paper", "trades on paper", "NEEDS_LOGIN", "kill-1", "it jumps"):
        assert said in str(refused.value)
    assert "pause-2" not in str(refused.value)
    assert setting.actors.told(ArmAccount) == []
    assert not arms.lies_there(tmp_path, "second")


async def test_a_session_keeper_that_says_nothing_is_not_ready(tmp_path):
    silent = {SeeSession: lambda _: Declined("disarmed", "it fell too often")}
    with pytest.raises(Refusal, match="the session of second is unknown"):
        await Setting(tmp_path, answers=silent).arming.arm("second", "", "ann")


async def test_an_arm_that_the_disk_refuses_is_none(tmp_path):
    (tmp_path / "armed").write_text("in the way")
    setting = Setting(tmp_path)
    with pytest.raises(Refusal, match="second is not armed") as refused:
        await setting.arming.arm("second", "", "ann")

    assert refused.value.code == "arm_unwritten"
    unwritten = DisarmAccount("its arm could not be written", "ordo")
    assert setting.actors.asked[-1] == ("router:second", unwritten)


async def test_to_disarm_removes_the_file_and_tells_the_router_who_and_why(tmp_path):
    setting = Setting(tmp_path)
    await setting.arming.arm("second", "", "ann")
    done = await setting.arming.disarm("second", "enough", "ben")

    assert done == Done("second is disarmed; what it holds stays guarded")
    assert not arms.lies_there(tmp_path, "second")
    assert setting.actors.asked[-1] == ("router:second", DisarmAccount("enough", "ben"))


async def test_a_file_that_stays_is_told_though_the_router_knows(tmp_path):
    (tmp_path / "armed" / "second").mkdir(parents=True)
    setting = Setting(tmp_path)
    with pytest.raises(Refusal, match="its file stays") as refused:
        await setting.arming.disarm("second", "", "ben")

    assert refused.value.code == "arm_unwritten"
    assert setting.actors.told(DisarmAccount) == [DisarmAccount("a person disarmed it", "ben")]


@pytest.mark.parametrize("verb", ["arm", "disarm"])
async def test_an_account_that_is_not_there_is_named(tmp_path, verb):
    with pytest.raises(Refusal, match="no account third"):
        await getattr(Setting(tmp_path).arming, verb)("third", "", "ann")


async def test_over_the_control_port_an_administrator_arms_and_a_trader_disarms(tmp_path):
    async with open_port(tmp_path, ANSWERS) as port:
        trader, body = port.token("trader"), {"account": "second", "reason": "why"}
        refused, _, _ = await port.bare("POST", "/api/arm", json=body, headers=trader)
        status, told, _ = await port.ask("POST", "/api/arm", json=body)
        ended, _, _ = await port.bare("POST", "/api/disarm", json=body, headers=trader)

    assert (refused, status, told["code"], ended) == (403, 409, "cannot_arm", 200)
    assert [each.because for each in port.actors.told(DisarmAccount)] == ["why"]
