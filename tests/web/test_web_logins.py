"""A person is told which page to open, and what he brings goes into the vault alone."""

from __future__ import annotations

import json

import pytest

from daemon.control import LiveTerms
from daemon.domain.instants import SECOND_NS
from daemon.messages import Declined, Done, TakeStep
from daemon.runtime.clock import VirtualClock
from daemon.storage.vault import Place, Vault
from daemon.telemetry.redaction import Secret
from daemon.web.logging_in.logins import read_login
from tests.kit.canary import remembered
from tests.kit.control_port import HOST_NS, open_port

PATH = "/api/sessions/second/login"
KEY, BROUGHT = "canary-Key-01234", remembered("canary0Token0Brought")
ZERODHA = {"paper": "paper", "second": "zerodha"}
TAKEN = {TakeStep: lambda _: Done("second is logged in")}


@pytest.fixture
def vault(tmp_path) -> Vault:
    made = Vault(Place(tmp_path))
    made.begin(HOST_NS)
    made.put("second", {"api_key": Secret(KEY)}, HOST_NS)
    return made


def said(port) -> str:
    return port.log.getvalue() + repr(port.actors.asked) + repr(port.actors.recorded)


async def test_who_brings_nothing_is_told_which_page_to_open(tmp_path, vault):
    async with open_port(tmp_path, TAKEN, brokers=ZERODHA) as port:
        status, told, _ = await port.ask("POST", PATH, json={})

        assert (status, told["logged_in"]) == (200, False)
        page = f"https://kite.zerodha.com/connect/login?v=3&api_key={KEY}&redirect_params=state%3D"
        assert told["page"].startswith(page)
        assert f"http://127.0.0.1:{port.served.port}/login" in told["text"]
        assert port.actors.asked == []
        assert KEY not in said(port)


@pytest.mark.parametrize("pasted", [BROUGHT, f"http://127.0.0.1/?request_token={BROUGHT}&x=1"])
async def test_what_is_brought_is_kept_and_the_keeper_told_without_it(tmp_path, vault, pasted):
    async with open_port(tmp_path, TAKEN, brokers=ZERODHA) as port:
        status, told, _ = await port.ask("POST", PATH, json={"request_token": pasted})

        assert (status, told["text"]) == (200, "second is logged in")
        assert port.actors.asked == [("session_keeper:second", TakeStep("operator"))]
        assert BROUGHT not in said(port) + json.dumps(told)
    assert vault.open("second", "request_token").reveal() == BROUGHT


async def test_a_one_time_code_is_kept_and_the_keeper_told_without_it(tmp_path, vault):
    alone = LiveTerms(alone=frozenset({"second"}))
    async with open_port(tmp_path, TAKEN, brokers=ZERODHA, terms=alone) as port:
        status, told, _ = await port.ask("POST", PATH, json={"otp": "123 456"})

        assert (status, told["text"]) == (200, "second is logged in")
        assert port.actors.asked == [("session_keeper:second", TakeStep("operator"))]
        assert "123" not in repr(port.actors.asked) + repr(port.actors.recorded)
    assert vault.open("second", "otp").reveal() == "123456"


@pytest.mark.parametrize("brought", [{"otp": "123456"}, {"request_token": BROUGHT}])
async def test_what_is_brought_is_dated_by_the_clock_that_tells_how_old_it_is(
    tmp_path, vault, brought
):
    """The machine was asleep, or its clock was set, since the daemon began."""
    now = VirtualClock(HOST_NS + 3_600 * SECOND_NS)
    alone = LiveTerms(alone=frozenset({"second"}))
    async with open_port(tmp_path, TAKEN, brokers=ZERODHA, terms=alone, wall=now) as port:
        assert (await port.ask("POST", PATH, json=brought))[0] == 200

    (field,) = brought
    assert [r.written_ns for r in vault.rows() if r.field == field] == [now.now_ns()]


@pytest.mark.parametrize(("alone", "code"), [((), "no_login"), (("second",), "credential_refused")])
async def test_a_code_is_taken_of_accounts_that_log_in_by_it_and_where_it_is_one(
    tmp_path, vault, alone, code
):
    terms = LiveTerms(alone=frozenset(alone))
    async with open_port(tmp_path, TAKEN, brokers=ZERODHA, terms=terms) as port:
        _, told, _ = await port.ask("POST", PATH, json={"otp": BROUGHT})

        assert (told["code"], port.actors.asked) == (code, [])
        assert BROUGHT not in said(port) + json.dumps(told)
    assert [row.field for row in vault.rows()] == ["api_key"]


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/api/sessions/paper/login", {}, "no_login"),
        ("/api/sessions/gone/login", {}, "unknown_account"),
        (PATH, {"request_token": f"no {BROUGHT}!"}, "credential_refused"),
        (PATH, {"request_token": ""}, "invalid"),
        (PATH, {"token": BROUGHT}, "invalid"),
        (PATH, {"request_token": BROUGHT, "otp": "123456"}, "invalid"),
    ],
)
async def test_a_step_that_is_none_is_refused_unquoted(tmp_path, vault, path, body, code):
    async with open_port(tmp_path, TAKEN, brokers=ZERODHA) as port:
        _, told, _ = await port.ask("POST", path, json=body)

        assert told["code"] == code
        assert BROUGHT not in said(port) + json.dumps(told)


async def test_what_the_broker_did_not_take_is_told(tmp_path, vault):
    refused = {TakeStep: lambda _: Declined("session_refused", "the token is used up")}
    async with open_port(tmp_path, refused, brokers=ZERODHA) as port:
        _, told, _ = await port.ask("POST", PATH, json={"request_token": BROUGHT})

    assert (told["code"], told["detail"]) == ("session_refused", "the token is used up")


@pytest.mark.parametrize("body", [{}, {"request_token": BROUGHT}])
async def test_without_a_vault_nothing_is_told_or_taken(tmp_path, body):
    async with open_port(tmp_path, TAKEN, brokers=ZERODHA) as port:
        _, told, _ = await port.ask("POST", PATH, json=body)

        assert told["code"] == "no_vault"
        assert port.actors.asked == []


@pytest.mark.parametrize("role", ["viewer", "trader"])
async def test_only_an_administrator_logs_in(tmp_path, vault, role):
    async with open_port(tmp_path, TAKEN, brokers=ZERODHA) as port:
        status, _, _ = await port.bare("POST", PATH, json={}, headers=port.token(role))

        assert (status, port.actors.asked) == (403, [])


def test_a_body_shows_nothing_where_a_defect_tells_of_it():
    body = read_login(json.dumps({"request_token": BROUGHT}).encode())

    assert repr(body) == str(body) == "StepBody(***)"
    assert read_login(b"").request_token is None
