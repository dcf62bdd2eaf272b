"""A strategy that was declared over HTTP outlives kill -9, from its declaration to its removal."""

from __future__ import annotations

from typing import Any

from tests.kit.daemon_process import DaemonProcess, Reply, running

PACE = ("--speed", "20")
ALL, MINE = "/api/strategies", "/api/strategies/mine"
LEG = {"side": "sell", "lots": 1, "strike": {"atm": 0}, "stop": {"percent": 40.5}}
PLAN: dict[str, Any] = {
    "id": "mine",
    "underlying": "NIFTY",
    "entry": {"at": "09:16:00"},
    "exit": {"at": "15:10:00"},
    "legs": [{**LEG, "id": "ce", "instrument": "CE"}, {**LEG, "id": "pe", "instrument": "PE"}],
}


def remove(process: DaemonProcess) -> Reply:
    return process.ask("DELETE", MINE)


def refused(reply: Reply) -> str:
    assert (reply.status, reply.document["code"]) == (409, "strategy_busy")
    return str(reply.document["detail"])


def test_a_declared_strategy_is_the_same_after_every_kill_until_it_is_removed(held):
    with running(held, *PACE) as process:
        process.wait_ready()
        declared = process.post(ALL, PLAN, request_id="declare-1")
        before = process.get(MINE).document
        assert (declared.status, before["source"], before["taking"]) == (201, "declared", False)
    with running(held, *PACE) as process:
        process.wait_ready()
        again = process.post(ALL, PLAN, request_id="declare-1")
        assert (again.status, again.body) == (201, declared.body)
        assert process.get(MINE).document == before
        assert process.post(ALL, PLAN).document["code"] == "strategy_known"
        process.post(f"{MINE}/start")
        process.wait_event("BasketEnded", strategy_id="mine", complete=True)
        assert "takes entries" in refused(remove(process))
        process.post(f"{MINE}/stop")
        assert "ce holds -65" in refused(remove(process))
    with running(held, *PACE) as process:
        process.wait_ready()
        assert "pe holds -65" in refused(process.ask("PUT", MINE, PLAN))
        assert process.post(f"{MINE}/exit").status == 200
        process.wait_event("ExitFinished", strategy_id="mine")
        assert process.ask("PUT", MINE, {**PLAN, "exit": {"at": "15:00:00"}}).status == 200
        assert process.get(MINE).document["declaration"]["exit"] == {"at": "15:00:00"}
        assert remove(process).status == 200
        assert process.get(MINE).status == 404
    with running(held, *PACE) as process:
        process.wait_ready()
        assert process.get(MINE).status == 404
        assert process.post(ALL, PLAN).status == 201
        assert process.get(MINE).document["taking"] is False
        process.post(f"{MINE}/start")
        assert process.get(MINE).document["status"] == "entered today"
        shown = process.get("/api/status").document["strategies"]
        assert [each["strategy_id"] for each in shown] == ["nifty-short-straddle", "mine"]
