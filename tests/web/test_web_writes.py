"""Writes under a request id: they act once, and a repeat is answered with the same bytes."""

from __future__ import annotations

import asyncio

import pytest

from daemon import kill
from daemon.domain.instants import DAY_NS
from daemon.messages import (
    AdjustByHand,
    Declined,
    Done,
    ExitByHand,
    PullLatch,
    RequestAnswered,
    RequestBegun,
    TakeEntries,
)
from daemon.web import once
from tests.kit.control_port import open_port

EXIT = "/api/strategies/straddle/exit"
KILL = {"scope": "all", "reason": "a test"}
ID = {"X-Request-Id": "one"}


def exits(_: ExitByHand) -> Done:
    return Done("an exit is owed")


async def bytes_of(port, method, path, **more):
    headers = {**port.admin, **ID, **more.pop("headers", {})}
    url = port.served.url + path
    async with port.client.request(method, url, headers=headers, **more) as response:
        return response.status, await response.read(), response.content_type


async def test_the_same_id_acts_once_and_answers_the_same_bytes(tmp_path):
    async with open_port(tmp_path, {ExitByHand: exits}) as port:
        first = await bytes_of(port, "POST", EXIT, json={"lots": 1})
        again = await bytes_of(port, "POST", EXIT, json={"lots": 1})

    assert (
        first
        == again
        == (200, b'{"ok":true,"text":"an exit is owed","mode":"paper"}', "application/json")
    )
    assert len(port.actors.told(ExitByHand)) == 1


async def test_the_same_id_acts_once_across_a_restart(tmp_path):
    async with open_port(tmp_path, {ExitByHand: exits}) as port:
        first = await bytes_of(port, "POST", EXIT, json={"lots": 1})
        port.actors.restart()
        again = await bytes_of(port, "POST", EXIT, json={"lots": 1})

    assert first == again
    assert len(port.actors.told(ExitByHand)) == 1


async def test_a_refusal_is_repeated_too(tmp_path):
    answers = {ExitByHand: lambda _: Declined("no_position", "nothing is held")}
    async with open_port(tmp_path, answers) as port:
        first = await bytes_of(port, "POST", EXIT, json={})
        port.actors.answers[ExitByHand] = exits
        again = await bytes_of(port, "POST", EXIT, json={})

    assert first == again
    assert (first[0], first[2]) == (409, "application/problem+json")


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize(("code", "status"), [("no_price", 409), ("reduce_only", 503)])
async def test_a_refusal_for_now_is_none_for_the_day(tmp_path, code, status, restarts):
    """Nothing was done, so a repeat under the same id acts: once."""
    async with open_port(tmp_path, {ExitByHand: lambda _: Declined(code, "not yet")}) as port:
        first = await bytes_of(port, "POST", EXIT, json={})
        port.actors.answers[ExitByHand] = exits
        if restarts:
            port.actors.restart()
        again = await bytes_of(port, "POST", EXIT, json={})
        third = await bytes_of(port, "POST", EXIT, json={})

    assert (first[0], again[0]) == (status, 200)
    assert third == again
    assert len(port.actors.told(ExitByHand)) == 2


@pytest.mark.parametrize(
    ("code", "seconds"),
    [("reduce_only", "60"), ("latch_unwritten", "60"), ("no_price", "1"), ("no_position", None)],
)
async def test_what_bids_wait_says_for_how_long_under_a_request_id_too(tmp_path, code, seconds):
    async with open_port(tmp_path, {ExitByHand: lambda _: Declined(code, "no")}) as port:
        waits = [
            (await port.ask("POST", EXIT, json={}, headers=headers))[2].get("Retry-After")
            for headers in ({}, ID, ID)
        ]

    assert waits == [seconds] * 3


@pytest.mark.parametrize(
    "other",
    [
        {"json": {"lots": 2}},
        {"path": "/api/strategies/straddle/stop", "json": {}},
        {"role": "trader", "json": {"lots": 1}},
    ],
)
async def test_the_same_id_for_another_request_is_refused(tmp_path, other):
    async with open_port(tmp_path, {ExitByHand: exits}) as port:
        await bytes_of(port, "POST", EXIT, json={"lots": 1})
        role, path = other.pop("role", None), other.pop("path", EXIT)
        headers = port.token(role) if role else {}
        status, body, _ = await bytes_of(port, "POST", path, headers=headers, **other)

    assert status == 422
    assert b"request_reused" in body
    assert len(port.actors.told(ExitByHand)) == 1


async def test_sixty_four_at_a_time_act_once_and_answer_the_same_bytes(tmp_path):
    async with open_port(tmp_path, {ExitByHand: exits}) as port:
        answers = await asyncio.gather(
            *(bytes_of(port, "POST", EXIT, json={"lots": 1}) for _ in range(64))
        )

    assert len(set(answers)) == 1
    assert len(port.actors.told(ExitByHand)) == 1


async def test_an_id_is_forgotten_after_a_day_of_host_time(tmp_path):
    async with open_port(tmp_path, {ExitByHand: exits}) as port:
        await bytes_of(port, "POST", EXIT, json={"lots": 1})
        port.clock.advance(DAY_NS - 1)
        await bytes_of(port, "POST", EXIT, json={"lots": 1})
        assert len(port.actors.told(ExitByHand)) == 1
        port.clock.advance(1)
        await bytes_of(port, "POST", EXIT, json={"lots": 1})

    assert len(port.actors.told(ExitByHand)) == 2


async def test_a_request_that_a_stop_cut_off_is_not_carried_out_again(tmp_path):
    async with open_port(tmp_path, {ExitByHand: exits}) as port:
        await bytes_of(port, "POST", EXIT, json={"lots": 1})
        port.actors.recorded = [
            fact for fact in port.actors.recorded if not isinstance(fact, RequestAnswered)
        ]
        port.actors.restart()
        status, body, _ = await bytes_of(port, "POST", EXIT, json={"lots": 1})

    assert [type(fact) for fact in port.actors.recorded] == [RequestBegun]
    assert (status, b"request_begun" in body) == (409, True)
    assert len(port.actors.told(ExitByHand)) == 1


async def test_without_an_id_every_request_acts(tmp_path):
    async with open_port(tmp_path, {ExitByHand: exits}) as port:
        await port.ask("POST", EXIT, json={})
        await port.ask("POST", EXIT, json={})

    assert len(port.actors.told(ExitByHand)) == 2
    assert port.actors.recorded == []


async def test_what_cannot_be_understood_does_not_use_its_id_up(tmp_path):
    async with open_port(tmp_path, {ExitByHand: exits}) as port:
        wrong = await bytes_of(port, "POST", EXIT, json={"lots": 0})
        right = await bytes_of(port, "POST", EXIT, json={"lots": 1})

    assert (wrong[0], right[0]) == (422, 200)


async def test_an_answer_leaves_only_once_it_is_durable(tmp_path, monkeypatch):
    monkeypatch.setattr("daemon.control.line._PATIENCE_S", 0.05)
    async with open_port(tmp_path, {TakeEntries: lambda _: Done()}) as port:
        port.actors.durable = False
        status, body, _ = await bytes_of(port, "POST", "/api/strategies/straddle/start")

    assert (status, b"no_answer" in body) == (504, True)


async def test_an_actor_that_does_not_answer_is_told_as_such_every_time(tmp_path, monkeypatch):
    monkeypatch.setattr("daemon.control.line._PATIENCE_S", 0.02)
    async with open_port(tmp_path) as port:
        body = {"stop": 10.5, "leg_id": "ce"}
        adjust = "/api/strategies/straddle/adjust"
        first = await bytes_of(port, "POST", adjust, json=body)
        port.actors.answers[AdjustByHand] = lambda _: Done()
        again = await bytes_of(port, "POST", adjust, json=body)

    assert first == again
    assert first[0] == 504
    assert len(port.actors.told(AdjustByHand)) == 1


async def test_a_defect_leaves_the_request_begun(tmp_path):
    def defective(_):
        raise ZeroDivisionError

    async with open_port(tmp_path, {ExitByHand: defective}) as port:
        first = await bytes_of(port, "POST", EXIT, json={})
        again = await bytes_of(port, "POST", EXIT, json={})

    assert (first[0], again[0]) == (500, 409)
    assert len(port.actors.told(ExitByHand)) == 1


async def test_a_kill_repeats_its_id_and_pulls_one_latch(tmp_path):
    async with open_port(tmp_path) as port:
        first = await bytes_of(port, "POST", "/api/kill", json=KILL)
        again = await bytes_of(port, "POST", "/api/kill", json=KILL)

    assert first == again
    assert first[0] == 202
    assert len(kill.standing(tmp_path)) == 1


@pytest.mark.parametrize("path", ["/api/kill", "/api/admin/kill-switch"])
async def test_a_kill_works_while_nothing_becomes_durable(tmp_path, monkeypatch, path):
    monkeypatch.setattr("daemon.control.line._PATIENCE_S", 0.05)
    async with open_port(tmp_path) as port:
        port.actors.durable = False
        status, _, _ = await bytes_of(port, "POST", path, json=KILL)

    assert status == 202
    assert len(kill.standing(tmp_path)) == 1
    assert len(port.actors.told(PullLatch)) == 2


async def test_a_kill_waits_for_no_clerk(tmp_path, monkeypatch):
    monkeypatch.setattr(once, "_BRAKE_WAITS_S", 0.02)
    monkeypatch.setattr("daemon.control.line._PATIENCE_S", 0.05)
    async with open_port(tmp_path) as port:
        port.actors.clerk.handle = lambda message, now_ns: ()
        status, _, _ = await bytes_of(port, "POST", "/api/kill", json=KILL)

    assert status == 202
    assert len(kill.standing(tmp_path)) == 1


@pytest.mark.parametrize(("path", "body", "status"), [("/api/kill", KILL, 202), (EXIT, {}, 429)])
async def test_a_clerk_that_can_remember_no_more_stops_everything_but_the_brakes(
    tmp_path, monkeypatch, path, body, status
):
    monkeypatch.setattr("daemon.actors.request_clerk.MOST", 0)
    async with open_port(tmp_path, {ExitByHand: exits}) as port:
        answered, told, _ = await bytes_of(port, "POST", path, json=body)

    assert answered == status
    assert (b"too_many" in told) == (status == 429)


async def test_a_brake_does_not_take_the_id_of_another_request(tmp_path):
    async with open_port(tmp_path, {ExitByHand: exits}) as port:
        await bytes_of(port, "POST", EXIT, json={})
        status, body, _ = await bytes_of(port, "POST", "/api/kill", json=KILL)

    assert (status, b"request_reused" in body) == (422, True)
