"""Whose money it is stands on every answer, and on every message of a stream: one table of all."""

from __future__ import annotations

import io

import pytest
from msgspec.structs import fields

from daemon.messages import (
    AdjustByHand,
    CancelAll,
    Done,
    ExitByHand,
    ReleaseLatch,
    TakeEntries,
    TakeNoEntries,
)
from daemon.messages.modes import Modes
from daemon.telemetry.log import make_log
from daemon.web.answers import door
from daemon.web.routes import ROUTES
from daemon.web.streaming.hub import Hub
from daemon.web.streaming.stream import Stream, Watcher
from daemon.web.told.shapes import Told
from tests.kit.control_port import open_port
from tests.kit.transports import Wire

BOTH = Modes({"paper": "paper", "second": "live"})
OF_NO_MONEY = (door.LoggedIn, door.TicketDocument, door.CodeDocument, door.Nothing)
"""Who comes in, and that somebody is there; the header of the answer says it all the same."""


@pytest.mark.parametrize(
    "route",
    [each for each in ROUTES if each.handler],
    ids=lambda each: f"{each.method} {each.path}",
)
def test_every_answer_says_whose_money_it_is_about(route):
    if route.path == "/api/openapi.json" or route.answer in OF_NO_MONEY:
        return
    assert issubclass(route.answer, Told)
    assert "mode" in {each.name for each in fields(route.answer) if each.required}


def done(_: object) -> Done:
    return Done("it is so")


STRADDLE = "/api/strategies/straddle"
ASKED = {
    (f"{STRADDLE}/start", ()): "paper",
    (f"{STRADDLE}/stop", ()): "paper",
    (f"{STRADDLE}/exit", ()): "paper",
    (f"{STRADDLE}/adjust", (("stop", 5),)): "paper",
    (f"{STRADDLE}/kill", (("reason", "a test"),)): "paper",
    ("/api/kill", (("scope", "all"), ("reason", "a test"))): "live",
    ("/api/kill", (("scope", "account"), ("id", "paper"), ("reason", "a test"))): "paper",
    ("/api/pause", (("scope", "account"), ("id", "second"), ("reason", "a test"))): "live",
    ("/api/pause", (("scope", "strategy"), ("id", "straddle"), ("reason", "a test"))): "paper",
    ("/api/cancel-all", (("scope", "account"), ("id", "paper"))): "paper",
    ("/api/cancel-all", (("scope", "all"),)): "live",
}


@pytest.mark.parametrize(("asked", "mode"), ASKED.items(), ids=[each[0] for each in ASKED])
async def test_a_deed_has_the_word_of_the_account_or_strategy_that_it_names(tmp_path, asked, mode):
    answers = dict.fromkeys((TakeEntries, TakeNoEntries, ExitByHand, AdjustByHand, CancelAll), done)
    async with open_port(tmp_path, answers) as port:
        port.actors.line.names.modes = BOTH
        _, told, headers = await port.ask("POST", asked[0], json=dict(asked[1]))

    assert told["mode"] == mode
    assert headers["X-Ordo-Mode"] == "live"


async def test_a_latch_that_is_released_has_the_word_that_it_had(tmp_path):
    body = {"scope": "account", "id": "paper", "reason": "a test"}
    async with open_port(tmp_path, {ReleaseLatch: done}) as port:
        port.actors.line.names.modes = BOTH
        _, killed, _ = await port.ask("POST", "/api/kill", json=body)
        _, released, _ = await port.ask("POST", "/api/rearm", json=killed)

    assert (killed["mode"], released["mode"]) == ("paper", "paper")


async def test_every_message_of_every_stream_says_whose_money_is_traded_with(tmp_path):
    hub = Hub(lambda **_: None, lambda: 0, BOTH, make_log(io.StringIO(), lambda: 0))
    streams = [each for each in vars(hub).values() if isinstance(each, Stream)]
    for stream in (*streams, hub.ticks(["NIFTY"])):
        stream.publish({}, 0)
        wire = Wire()
        hub.join(stream, Watcher(wire, 0.0))
        await stream.send()
        assert {each["mode"] for each in wire.told} == {"live"}, stream.kind
