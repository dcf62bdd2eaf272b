"""A broker's log-in leads a browser back to the daemon: once, in time, and only if begun here."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from daemon.messages import Declined, Done, TakeStep
from daemon.storage.vault import Place, Vault
from daemon.telemetry.redaction import Secret
from daemon.web.admission.sessions import CODE_NS
from daemon.web.logging_in import login_page
from daemon.web.page_files import POLICY
from tests.kit.canary import remembered
from tests.kit.control_port import HOST_NS, Port, open_port

BEGIN = "/api/sessions/second/login"
BROUGHT = remembered("canary0Token0Brought")
TAKEN = {TakeStep: lambda _: Done("second is logged in")}


@asynccontextmanager
async def opened(tmp_path, answers: Any = None) -> AsyncIterator[Port]:
    """A port before an account at Zerodha whose key lies in the vault."""
    vault = Vault(Place(tmp_path))
    vault.begin(HOST_NS)
    vault.put("second", {"api_key": Secret("canary-Key-01234")}, HOST_NS)
    brokers = {"paper": "paper", "second": "zerodha"}
    async with open_port(tmp_path, answers or TAKEN, brokers=brokers) as port:
        yield port


async def begin(port: Port) -> tuple[str, str]:
    """Begin a log-in; return its name and its state."""
    _, told, _ = await port.ask("POST", BEGIN, json={})
    (more,) = parse_qs(urlsplit(told["page"]).query)["redirect_params"]
    (state,) = parse_qs(more)["state"]
    return told["login_id"], state


def address(state: str, brought: str = f"request_token={BROUGHT}") -> str:
    """The address that the broker leads a browser to."""
    return f"/login?action=login&status=success&{brought}&state={state}"


async def visit(port: Port, path: str) -> tuple[int, str, Any]:
    """Go where a browser is led, as one that holds nothing of ours."""
    status, body, headers = await port.bare("GET", path, allow_redirects=False)
    return status, body.decode(), headers


async def ended(port: Port, login_id: str) -> tuple[int, dict[str, str]]:
    """How far a log-in has come, as `ordo login` asks."""
    status, told, _ = await port.ask("GET", f"{BEGIN}/{login_id}")
    return status, told


async def test_a_browser_that_comes_back_logs_in_and_is_led_on_to_an_address_without_the_token(
    tmp_path,
):
    async with opened(tmp_path) as port:
        login_id, state = await begin(port)
        assert await ended(port, login_id) == (
            200,
            {"stage": "waiting", "text": "", "mode": "paper"},
        )
        status, body, headers = await visit(port, address(state))

        assert (status, body, headers["Location"]) == (303, "", f"/login/{login_id}")
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert port.actors.asked == [("session_keeper:second", TakeStep("operator"))]
        assert await ended(port, login_id) == (
            200,
            {"stage": "logged_in", "text": "second is logged in", "mode": "paper"},
        )
        status, page, headers = await visit(port, f"/login/{login_id}")
        assert (status, "You are logged in" in page) == (200, True)
        assert headers["Content-Security-Policy"] == POLICY
        said = port.log.getvalue() + page + str(headers) + repr(port.actors.recorded)
        assert [secret for secret in (BROUGHT, state) if secret in said] == []
    assert Vault(Place(tmp_path)).open("second", "request_token").reveal() == BROUGHT


async def test_a_state_counts_once_and_a_reload_shows_what_came_of_it(tmp_path):
    async with opened(tmp_path) as port:
        login_id, state = await begin(port)
        await visit(port, address(state))
        status, _, headers = await visit(port, address(state, "request_token=another0Token"))

        assert (status, headers["Location"]) == (303, f"/login/{login_id}")
        assert len(port.actors.asked) == 1


@pytest.mark.parametrize("state", ["", "x" * 43, "\ud800", "%00"])
async def test_who_comes_back_from_a_log_in_that_was_not_begun_here_brings_nothing(tmp_path, state):
    async with opened(tmp_path) as port:
        await begin(port)
        quoted = state.encode("utf-8", "surrogatepass").hex()
        for shown in (f"&state={quoted}", f"&state={state}" if state.isascii() else "", ""):
            status, page, _ = await visit(port, f"/login?request_token={BROUGHT}{shown}")
            assert (status, "not begun here" in page) == (400, True)
            assert "`ordo login ACCOUNT` begins a new one" in page
            assert BROUGHT not in page + port.log.getvalue()
        assert port.actors.asked == []


async def test_nobody_is_waited_for_longer_than_ten_minutes(tmp_path):
    async with opened(tmp_path) as port:
        login_id, state = await begin(port)
        port.clock.advance(CODE_NS)
        status, page, _ = await visit(port, address(state))

        assert (status, "older than ten minutes" in page) == (400, True)
        assert (await ended(port, login_id))[1]["stage"] == "over"
        assert "Nobody came back to log second in" in (await visit(port, f"/login/{login_id}"))[1]
        assert port.actors.asked == []


async def test_a_later_log_in_of_the_account_takes_the_place_of_an_earlier_one(tmp_path):
    async with opened(tmp_path) as port:
        earlier, state = await begin(port)
        later, _ = await begin(port)

        assert (await visit(port, address(state)))[0] == 400
        assert (await ended(port, earlier))[1]["code"] == "unknown_login"
        assert (await ended(port, later))[1]["stage"] == "waiting"
        assert (await visit(port, f"/login/{earlier}"))[0] == 404


async def test_what_was_pasted_ends_the_wait_for_the_browser(tmp_path):
    async with opened(tmp_path) as port:
        login_id, state = await begin(port)
        await port.ask("POST", BEGIN, json={"request_token": BROUGHT})

        assert (await visit(port, address(state)))[0] == 400
        assert (await ended(port, login_id))[0] == 404
        assert len(port.actors.asked) == 1


@pytest.mark.parametrize("brought", ["", "request_token=", "request_token=no!", "status=cancelled"])
async def test_a_browser_that_was_given_nothing_ends_its_log_in_and_is_told_what_to_do(
    tmp_path, brought
):
    async with opened(tmp_path) as port:
        login_id, state = await begin(port)
        _, _, headers = await visit(port, address(state, brought))
        page = (await visit(port, headers["Location"]))[1]

        assert "You are not logged in" in page
        assert "`ordo login second` begins a new one" in page
        assert (await ended(port, login_id))[1]["stage"] == "refused"
        assert port.actors.asked == []


async def test_what_the_broker_did_not_take_is_told_as_text_and_not_as_markup(tmp_path):
    refused = {TakeStep: lambda _: Declined("session_refused", "<b>used up</b>")}
    async with opened(tmp_path, refused) as port:
        login_id, state = await begin(port)
        _, _, headers = await visit(port, address(state))
        page = (await visit(port, headers["Location"]))[1]

        assert "&lt;b&gt;used up&lt;/b&gt;" in page
        told = {"stage": "refused", "text": "<b>used up</b>", "mode": "paper"}
        assert (await ended(port, login_id))[1] == told


async def test_while_the_broker_is_asked_the_page_looks_again_by_itself(tmp_path):
    async with opened(tmp_path) as port:
        login_id, _ = await begin(port)
        page = (await visit(port, f"/login/{login_id}"))[1]

        assert '<meta http-equiv="refresh" content="2">' in page
        assert "second is being logged in" in page


async def test_a_browser_of_another_machine_brings_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(login_page, "is_local", lambda _: False)
    async with opened(tmp_path) as port:
        login_id, state = await begin(port)
        for path in (address(state), f"/login/{login_id}"):
            status, page, _ = await visit(port, path)
            assert (status, "come through a tunnel" in page) == (403, True)
        assert port.actors.asked == []
        assert (await ended(port, login_id))[1]["stage"] == "waiting"


async def test_a_log_in_that_cannot_be_begun_is_not_waited_for(tmp_path):
    async with opened(tmp_path) as port:
        _, told, _ = await port.ask("POST", "/api/sessions/paper/login", json={})
        status, _, _ = await port.ask("GET", f"/api/sessions/paper/login/{'0' * 16}")

        assert (told["code"], status) == ("no_login", 404)
        assert json.dumps(told).count("canary") == 0
