"""A story: a part of the daemon is left out, and somebody is told until he says that he knows."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
from msgspec.structs import replace

from daemon.actors.pnl_broadcaster import PnlBroadcaster
from daemon.actors.strategy_runner.runner import StrategyRunner
from daemon.messages import AlertAcknowledged, AlertCleared, AlertEscalated, AlertRaised
from daemon.settings import Alerts
from tests.app.test_service import STRADDLE, Running, assignment, running
from tests.kit.commands import told


async def asked(daemon: Running, method: str, path: str, **more: Any) -> Any:
    headers = {"Authorization": f"Bearer {daemon.token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as web,
        web.request(method, daemon.seen.url + path, **more) as answer,
    ):
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def test_an_alert_gets_louder_until_it_is_acknowledged_and_is_over_after_a_restart(
    tmp_path, monkeypatch
):
    def fall(self: PnlBroadcaster, message: object, now_ns: int) -> None:
        raise ValueError("no")

    given = assignment(tmp_path)
    given = replace(given, settings=replace(given.settings, alerts=Alerts(acknowledge_s=10)))
    with monkeypatch.context() as broken:
        broken.setattr(PnlBroadcaster, "handle", fall)
        async with running(given) as daemon:
            broken.setenv("ORDO_DAEMON__STATE_DIR", str(daemon.state_dir))
            broken.setenv("ORDO_WEB__PORT", daemon.seen.url.rpartition(":")[2])
            await daemon.seen.until(lambda: bool(daemon.seen.of(AlertEscalated)))
            shown = await asyncio.to_thread(told, "alerts")
            assert "critical" in shown.out
            assert "pnl_broadcaster fell too often and was left out" in shown.out

            (alert,) = (await asked(daemon, "GET", "/api/alerts"))["alerts"]
            assert (alert["code"], alert["acknowledged_by"]) == ("actor_disarmed", None)
            assert alert["level"] > 1
            path = f"/api/alerts/{alert['alert_id']}/acknowledge"
            await asked(daemon, "POST", path, json={}, headers={"X-Request-Id": "seen-1"})
            again = await asyncio.to_thread(told, "acknowledge", alert["alert_id"])
            assert again.out == "PAPER  alert-1 was acknowledged by operator before\n"
            assert len(daemon.seen.of(AlertAcknowledged)) == 1
            await daemon.stopped()

    async with running(given) as again:
        assert [fact.alert_id for fact in again.seen.of(AlertCleared)] == ["alert-1"]
        assert again.seen.of(AlertRaised) == []
        await again.stopped()


async def test_a_strategy_that_does_not_start_at_its_time_is_told_until_it_is_stopped(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(StrategyRunner, "_try", lambda *_: ())
    async with running(assignment(tmp_path)) as daemon:
        await daemon.seen.until(lambda: bool(daemon.seen.of(AlertRaised)))
        (raised,) = daemon.seen.of(AlertRaised)
        assert raised.condition.code == "start_missed"
        assert "did not start at 09:20:00" in raised.condition.sentence
        stop = f"/api/strategies/{STRADDLE.id}/stop"
        await asked(daemon, "POST", stop, json={}, headers={"X-Request-Id": "stop-1"})
        await daemon.seen.until(lambda: bool(daemon.seen.of(AlertCleared)))
        await daemon.stopped()
