"""A whole daemon with sinks: what it decides waits for none of them."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import aiohttp
import pytest
from msgspec.structs import replace

from daemon import kill
from daemon.app.given.assignment import Assignment, RecordedDays
from daemon.app.machine.host import Host
from daemon.app.machine.telemetry import bare
from daemon.app.service import Service
from daemon.app.shown.outbox import outboxes_of
from daemon.app.shown.sink_port import SinkPort
from daemon.errors import SettingsError
from daemon.messages import AlertRaised, PositionChanged
from daemon.messages.modes import ON_PAPER
from daemon.runtime.clock import MonotonicClock
from daemon.runtime.pace import Pace
from daemon.settings import EventKind, SinkSettings
from daemon.storage.memory import MemoryLedger
from tests.app.test_service import SPEED, Seen, assignment, in_position, running
from tests.kit.receiver import HANGS, REFUSING, TAKEN, Posted, Receiver, receiving


def told(folder, receiver: Receiver | None, **more: Any) -> Assignment:
    """A daemon that tells a receiver of orders and fills."""
    given = assignment(folder)
    secret = folder / "secret"
    secret.write_text("a-long-enough-secret\n")
    secret.chmod(0o600)
    sink = SinkSettings(
        id="pager",
        url=receiver.url if receiver is not None else "http://127.0.0.1:1/",
        **{"secret_file": secret, "events": (EventKind.ORDER, EventKind.FILL), **more},
    )
    return replace(given, settings=replace(given.settings, sinks=(sink,)))


async def test_a_sink_that_never_answers_delays_no_decision_and_no_order(tmp_path):
    async with (
        receiving(HANGS) as receiver,
        running(told(tmp_path, receiver, timeout_ms=60_000)) as daemon,
    ):
        await daemon.seen.until(in_position(daemon.seen))
        await receiver.until(1)
        await daemon.stopped()

    fills = daemon.seen.of(PositionChanged)
    assert len({fact.leg_id for fact in fills}) == 2
    assert {each.headers["ordo-attempt"] for each in receiver.posted} == {"1"}


async def test_orders_and_fills_reach_a_receiver_in_their_order_and_health_tells_of_it(tmp_path):
    async with (
        receiving() as receiver,
        running(told(tmp_path, receiver)) as daemon,
        aiohttp.ClientSession() as web,
    ):
        bearer = {"Authorization": f"Bearer {daemon.token}"}
        await receiver.until(6)
        answer = await web.get(daemon.seen.url + "/api/admin/health", headers=bearer)
        (health,) = (await answer.json())["sinks"]

    events = [json.loads(each.body) for each in receiver.posted[:6]]
    numbers = [event["number"] for event in events]
    assert numbers == sorted(set(numbers))
    assert {event["kind"] for event in events} == {"order", "fill"}
    assert [event["fact"] for event in events][:2] == ["IntentRecorded", "IntentRecorded"]
    assert (health["id"], health["kind"], health["ok"]) == ("pager", "webhook", True)
    assert (health["dead"], health["failed_because"]) == (0, None)


async def test_a_day_that_opens_has_what_is_still_not_taken_told_anew(tmp_path, monkeypatch):
    opened = []

    def begin_day(port):
        opened.append(port)

    monkeypatch.setattr(SinkPort, "begin_day", begin_day)
    async with receiving() as receiver, running(told(tmp_path, receiver)) as daemon:
        await daemon.seen.until(in_position(daemon.seen))
        await daemon.stopped()

    assert len(opened) == 1


async def test_dead_letters_are_given_again_through_the_control_port(tmp_path):
    async with (
        receiving(REFUSING) as receiver,
        running(told(tmp_path, receiver, tries=1)) as daemon,
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {daemon.token}"}) as web,
    ):
        url = daemon.seen.url
        await receiver.until(6)
        receiver.answers = [TAKEN]
        given, body = 0, {}
        while not given:
            answer = await web.post(f"{url}/api/outbox/replay", json={"sink": "pager"})
            body = await answer.json()
            given = body["count"]
        seen = len(receiver.posted)
        await receiver.until(seen + 1)
        unknown = await web.post(f"{url}/api/outbox/replay", json={"sink": "other"})
        problem = await unknown.json()

    assert (answer.status, body["ok"], body["count"] > 0) == (200, True, True)
    assert (unknown.status, problem["code"]) == (404, "unknown_letter")


async def test_a_webhook_without_a_secret_keeps_from_starting_and_latches_nothing(tmp_path):
    given = told(tmp_path, None, secret_file=None)
    service = Service(given, Seen(), Pace(MonotonicClock(), SPEED), lambda *_: None)

    with pytest.raises(SettingsError, match="the sink pager has no secret to sign with"):
        await service.run()
    assert kill.standing(given.state_dir) == ()


async def test_a_replay_tells_nobody(tmp_path):
    given = told(tmp_path, None)
    replayed = replace(given, played=RecordedDays(given.played.market))

    outboxes = outboxes_of(replayed, Host(), bare(), ON_PAPER, print)
    async with outboxes.kept(MemoryLedger("owner"), lambda: 0):
        assert outboxes.seen() == ()


async def test_who_is_paged_hears_that_the_ledger_failed_and_of_each_kill_after_it(tmp_path):
    """It is this page that asks for the restart; the next start gives it again, from the record."""
    async with receiving() as receiver:
        given = told(tmp_path, receiver, events=(EventKind.ALERT, EventKind.KILL))
        async with running(given) as daemon, aiohttp.ClientSession() as web:
            bearer = {"Authorization": f"Bearer {daemon.token}"}
            await daemon.seen.until(in_position(daemon.seen))
            with closing(sqlite3.connect(given.state_dir / "ledger.sqlite")) as backup:
                backup.execute("BEGIN IMMEDIATE")
                await daemon.seen.until(lambda: bool(daemon.seen.of(AlertRaised)))
            asked = {"scope": "all", "reason": "the disk"}
            await web.post(daemon.seen.url + "/api/kill", json=asked, headers=bearer)
            await until(receiver, lambda: any(b" is flat" in each.body for each in receiver.posted))
            answer = await web.get(daemon.seen.url + "/api/admin/health", headers=bearer)
            (health,) = (await answer.json())["sinks"]
            await daemon.stopped()
        first, *kills = past = [_event(each) for each in receiver.posted]
        async with running(given) as daemon:
            texts = {each["text"] for each in past}
            await until(
                receiver,
                lambda: texts <= {_event(each)["text"] for each in receiver.posted[len(past) :]},
            )
            await daemon.stopped()

    assert (first["kind"], first["code"], first["severity"]) == (
        *("alert", "ledger_failed"),
        "critical",
    )
    assert {each["kind"] for each in kills} == {"kill"}
    assert all(each["id"].startswith("emergency-") for each in past)
    assert not health["ok"]
    assert health["failed_because"].startswith("the ledger failed: ")
    later = {each["text"]: each for each in map(_event, receiver.posted[len(past) :])}
    for each in past:
        again = later[each["text"]]
        assert again["number"] > 0
        assert {**again, "id": "", "number": 0} == {**each, "id": ""}


async def until(receiver: Receiver, so: Callable[[], bool]) -> None:
    """Wait until something is so of what a receiver was posted."""
    async with asyncio.timeout(30):
        while not so():
            await receiver.until(len(receiver.posted) + 1)


def _event(posted: Posted) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(posted.body)
    return event
