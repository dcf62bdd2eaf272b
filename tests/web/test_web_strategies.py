"""Strategies over HTTP: judged as a file is, refused with every place, answered once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from daemon.domain.plans.parsing import TEXT_MOST, encode, parse
from daemon.messages import (
    ChangeStrategy,
    DeclarationSeen,
    DeclareStrategy,
    Declined,
    Done,
    JudgeChange,
    RemoveStrategy,
    SeeDeclaration,
    SeeOpen,
    SeeStrategy,
    StrategySeen,
)
from daemon.web.house import Health
from tests.kit.control_port import Port, open_port
from tests.kit.plans import ROOT

ALL = "/api/strategies"
ONE = f"{ALL}/straddle"
SHIPPED = (ROOT / "strategies" / "nifty_short_straddle.toml").read_text()
PLAN = parse(SHIPPED.replace("nifty-short-straddle", "straddle"))
WRITTEN = encode(PLAN).decode()
ANSWERS: dict[type, Any] = {
    **dict.fromkeys(
        (DeclareStrategy, ChangeStrategy, RemoveStrategy, JudgeChange), lambda _: Done()
    ),
    SeeStrategy: lambda _: StrategySeen("straddle", False, "stopped"),
    SeeOpen: lambda _: (),
    SeeDeclaration: lambda about: DeclarationSeen(about.strategy_id, WRITTEN, ""),
}


async def send(port: Port, method: str, path: str, body: str | bytes, **headers: str) -> Any:
    """Send these bytes as JSON."""
    given = {"Content-Type": "application/json", **headers}
    status, told, _ = await port.ask(method, path, data=body, headers=given)
    return status, told


async def test_a_strategy_is_declared_changed_and_removed(tmp_path):
    """Each is told to the register, with the plan as it was judged, in one way of writing."""
    async with open_port(tmp_path, ANSWERS) as port:
        declared = await send(port, "POST", ALL, WRITTEN)
        changed = await send(port, "PUT", ONE, WRITTEN)
        removed = await send(port, "DELETE", ONE, "")

    idle = "it takes no entries until somebody starts it: `ordo start straddle`"
    assert declared == (201, {"ok": True, "text": f"straddle is declared; {idle}", "mode": "paper"})
    assert changed == (200, {"ok": True, "text": f"straddle is changed; {idle}", "mode": "paper"})
    assert removed == (200, {"ok": True, "text": "straddle is removed", "mode": "paper"})
    assert port.actors.asked == [
        ("strategy_register", DeclareStrategy("straddle", WRITTEN, "operator")),
        ("strategy_register", JudgeChange("straddle")),
        ("runner:straddle", SeeStrategy()),
        ("router:paper", SeeOpen("straddle")),
        ("router:second", SeeOpen("straddle")),
        ("strategy_register", ChangeStrategy("straddle", WRITTEN, "operator")),
        ("strategy_register", JudgeChange("straddle")),
        ("runner:straddle", SeeStrategy()),
        ("router:paper", SeeOpen("straddle")),
        ("router:second", SeeOpen("straddle")),
        ("strategy_register", RemoveStrategy("straddle", "operator")),
    ]


async def test_what_is_told_of_a_strategy_can_be_sent_back_as_it_is(tmp_path):
    async with open_port(tmp_path, ANSWERS) as port:
        status, told, _ = await port.ask("GET", ONE)
        again = await send(port, "PUT", ONE, json.dumps(told["declaration"]))

    assert status == 200
    assert {key: told[key] for key in ("strategy_id", "account", "taking", "status", "source")} == {
        "strategy_id": "straddle",
        "account": "paper",
        "taking": False,
        "status": "stopped",
        "source": "declared",
    }
    assert again[0] == 200
    assert port.actors.told(ChangeStrategy) == [ChangeStrategy("straddle", WRITTEN, "operator")]


async def test_a_number_is_told_with_the_digits_that_it_was_written_with(tmp_path):
    written = DeclarationSeen("straddle", '{"stop":12.3400}', "mine.toml")
    async with open_port(tmp_path, {**ANSWERS, SeeDeclaration: lambda _: written}) as port:
        answer = await port.client.get(port.served.url + ONE, headers=port.admin)
        text = await answer.text()

    assert '"declaration":{"stop":12.3400},"source":"file"' in text


async def test_every_fault_is_told_at_once_with_its_place(tmp_path):
    body = json.loads(WRITTEN)
    body["underlying"], body["legs"][0]["lots"], body["colour"] = "nifty", 0, "red"
    body["entry"]["signal"] = {}
    async with open_port(tmp_path, ANSWERS) as port:
        status, told = await send(port, "POST", ALL, json.dumps(body))

    assert (status, told["code"]) == (422, "invalid")
    places = [each.partition(":")[0] for each in told["faults"]]
    assert sorted(places) == ["colour", "entry.signal", "legs[0].lots", "underlying"]
    assert told["detail"] == "; ".join(told["faults"])
    assert "`signal` comes in a later version (D)" in told["detail"]
    assert port.actors.asked == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code", "says"),
    [
        ("POST", ALL, "", 400, "bad_json", "line 1: Expecting value"),
        ("POST", ALL, "{", 400, "bad_json", "line 1: Expecting property name"),
        ("POST", ALL, '{"id":1,"id":2}', 400, "bad_json", "body: the key 'id' stands twice"),
        ("POST", ALL, '{"id":NaN}', 400, "bad_json", "body: NaN is no number of JSON"),
        ("POST", ALL, "[" * 60_000, 400, "bad_json", "body: its lists or tables are nested too"),
        ("POST", ALL, b'{"id": "\xff"}', 400, "bad_json", "is not UTF-8"),
        ("POST", ALL, " " * (TEXT_MOST + 1), 413, "too_large", "at most 65,536 bytes"),
        ("POST", ALL, "[]", 422, "invalid", "body: expected a table"),
        ("POST", ALL, "{}", 422, "invalid", "id: is required"),
        ("POST", ALL, '{"id":"\\ud800"}', 422, "invalid", "id: expected letters"),
        (
            "POST",
            ALL,
            WRITTEN.replace('"straddle"', '"manual"'),
            422,
            "invalid",
            'id: "manual" is what counts for no strategy; choose another id',
        ),
        (
            "POST",
            ALL,
            WRITTEN.replace("{", '{"accounts":["none"],', 1),
            422,
            "invalid",
            "accounts: this run trades in paper, second, not in none",
        ),
        (
            "PUT",
            f"{ALL}/other",
            WRITTEN,
            422,
            "invalid",
            "id: the body is straddle, and the address names other",
        ),
        ("DELETE", ONE, "{}", 422, "invalid", "takes no body"),
    ],
)
async def test_what_is_no_strategy_is_refused_and_nobody_is_asked(
    tmp_path, method, path, body, status, code, says
):
    async with open_port(tmp_path, ANSWERS) as port:
        got, told = await send(port, method, path, body)

    assert (got, told["code"]) == (status, code)
    assert says in told["detail"]
    assert port.actors.asked == []


async def test_another_account_of_the_run_may_be_named(tmp_path):
    body = WRITTEN.replace("{", '{"accounts":["second"],', 1)
    async with open_port(tmp_path, ANSWERS) as port:
        assert (await send(port, "POST", ALL, body))[0] == 201


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("strategy_known", 409),
        ("strategy_of_a_file", 409),
        ("strategy_busy", 409),
        ("too_many_strategies", 409),
        ("unknown_strategy", 404),
    ],
)
async def test_what_the_register_declines_is_told_in_its_words(tmp_path, code, status):
    answers = {**ANSWERS, DeclareStrategy: lambda _: Declined(code, "because")}
    async with open_port(tmp_path, answers) as port:
        got, told = await send(port, "POST", ALL, WRITTEN)

    assert (got, told["code"], told["detail"]) == (status, code, "because")


@pytest.mark.parametrize(
    ("about", "answer", "says"),
    [
        (SeeStrategy, StrategySeen("straddle", True, ""), "`ordo stop straddle` first"),
        (SeeOpen, ("ce holds -65 X",), "ce holds -65 X; `ordo exit straddle`, and wait"),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_what_is_not_at_rest_is_neither_changed_nor_removed(
    tmp_path, method, about, answer, says
):
    async with open_port(tmp_path, {**ANSWERS, about: lambda _: answer}) as port:
        status, told = await send(port, method, ONE, WRITTEN if method == "PUT" else "")

    assert (status, told["code"], told["recoverable"]) == (409, "strategy_busy", True)
    assert says in told["detail"]
    assert port.actors.told(ChangeStrategy) + port.actors.told(RemoveStrategy) == []


async def test_a_request_that_is_sent_again_acts_once(tmp_path):
    async with open_port(tmp_path, ANSWERS) as port:
        first = await send(port, "POST", ALL, WRITTEN, **{"X-Request-Id": "one"})
        again = await send(port, "POST", ALL, WRITTEN, **{"X-Request-Id": "one"})
        other = await send(port, "POST", ALL, WRITTEN + " ", **{"X-Request-Id": "one"})

    assert first == again
    assert (first[0], other[0], other[1]["code"]) == (201, 422, "request_reused")
    assert len(port.actors.told(DeclareStrategy)) == 1


@pytest.mark.parametrize(("method", "path"), [("POST", ALL), ("PUT", ONE)])
async def test_while_the_ledger_has_failed_nothing_new_is_taken(tmp_path, method, path):
    """What is left of the emergency file is for exits."""
    async with open_port(tmp_path, ANSWERS, health=lambda: Health(False, ())) as port:
        status, told = await send(port, method, path, WRITTEN)

    assert (status, told["code"], port.actors.asked) == (503, "reduce_only", [])


@pytest.mark.parametrize(("method", "path"), [("POST", ALL), ("PUT", ONE), ("DELETE", ONE)])
async def test_a_viewer_changes_nothing(tmp_path, method, path):
    async with open_port(tmp_path, ANSWERS) as port:
        headers = {**port.token("viewer"), "Content-Type": "application/json"}
        status, told, _ = await port.bare(method, path, headers=headers)

    assert (status, told["code"]) == (403, "forbidden")


async def test_a_plan_is_described_as_it_is_taken(tmp_path):
    """Amounts are numbers, nothing is null, and a pattern is one of JSON schemas."""
    async with open_port(tmp_path, ANSWERS) as port:
        _, told, _ = await port.ask("GET", "/api/openapi.json")

    forms = told["components"]["schemas"]
    taken = told["paths"][ALL]["post"]["requestBody"]
    assert taken["required"] is True
    assert taken["content"]["application/json"]["schema"]["$ref"].endswith("/Plan")
    assert forms["Stop"]["properties"]["points"] == {
        "anyOf": [{"description": "points above 0, such as 12.5", "type": "number"}]
    }
    assert forms["Plan"]["properties"]["id"]["pattern"] == "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"
    assert forms["Plan"]["required"] == ["id", "underlying", "entry", "exit", "legs"]
    assert forms["DeclarationTold"]["properties"]["declaration"]["$ref"].endswith("/Plan")
    assert "null" not in json.dumps([forms[name] for name in ("Plan", "Leg", "Risk", "Entry")])
