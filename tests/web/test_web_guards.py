"""What every request passes: names, origins, credentials in addresses, ids; what answers carry."""

from __future__ import annotations

import re

import pytest

from daemon.domain.instants import SECOND_NS
from daemon.errors.catalogue import CATALOGUE
from daemon.messages import PullLatch
from daemon.runtime.budget import Window
from daemon.settings.web import Web
from daemon.telemetry.metrics import Metrics
from daemon.web import strangers
from tests.kit.control_port import open_port

KILL = {"scope": "all", "reason": "a test"}
PAGE = "https://page.example"
FOREIGN = {
    "evil": {"Origin": "https://evil.example"},
    "null": {"Origin": "null"},
    "suffix": {"Origin": "{own}.evil.example"},
    "other port": {"Origin": "http://127.0.0.1:1"},
    "other name of ours": {"Origin": "http://localhost:{port}"},
    "other scheme": {"Origin": "https://127.0.0.1:{port}"},
    "two": {"Origin": "{own}, https://evil.example"},
    "cross-site without an origin": {"Sec-Fetch-Site": "cross-site"},
    "same-site without an origin": {"Sec-Fetch-Site": "same-site"},
}


def filled(headers: dict[str, str], port) -> dict[str, str]:
    own = {"own": port.served.url, "port": port.served.port}
    return {name: value.format(**own) for name, value in headers.items()}


@pytest.mark.parametrize("name", FOREIGN)
async def test_a_foreign_page_may_not_act(tmp_path, name):
    async with open_port(tmp_path) as port:
        headers = filled(FOREIGN[name], port)
        status, told, _ = await port.ask("POST", "/api/kill", json=KILL, headers=headers)

    assert (status, told["code"]) == (403, "cross_site")
    assert port.actors.told(PullLatch) == []


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "{own}"}, {"Origin": PAGE}, {"Sec-Fetch-Site": "same-origin"}]
)
async def test_programs_our_own_page_and_allowed_ones_may_act(tmp_path, headers):
    settings = Web(port=0, allowed_origins=(PAGE,))
    async with open_port(tmp_path, settings=settings) as port:
        headers = filled(headers, port)
        status, _, _ = await port.ask("POST", "/api/kill", json=KILL, headers=headers)

    assert status == 202


FRAMED = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}
LED = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", **FRAMED}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site", **LED}, 200),
        ({"Sec-Fetch-Site": "cross-site", "Origin": PAGE}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({}, 200),
    ],
    ids=[
        *("a page that reads no answer", "a page of the same site", "a frame", "a foreign origin"),
        *("whoever is led here", "an allowed page", "our page", "a person", "a program"),
    ],
)
async def test_a_foreign_page_may_not_even_ask_what_is_open_to_anybody(tmp_path, headers, expected):
    """Each answer costs the daemon time, though such a page can read none."""
    settings = Web(port=0, allowed_origins=(PAGE,))
    async with open_port(tmp_path, settings=settings) as port:
        status, _, _ = await port.bare("GET", "/api/health", headers=headers)

    assert status == expected


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example", ""]
)
async def test_a_name_that_is_not_ours_is_not_served(tmp_path, host):
    async with open_port(tmp_path) as port:
        status, told, _ = await port.ask("GET", "/api/health", headers={"Host": host})

    assert (status, told["code"]) == (421, "misdirected")


@pytest.mark.parametrize("host", ["LocalHost:{port}", "[::1]:{port}", "ordo.example"])
async def test_the_loopback_names_and_allowed_ones_are_served(tmp_path, host):
    settings = Web(port=0, allowed_hosts=("ordo.example",))
    async with open_port(tmp_path, settings=settings) as port:
        headers = filled({"Host": host}, port)
        status, _, _ = await port.bare("GET", "/api/health", headers=headers)

    assert status == 200


@pytest.mark.parametrize(
    "query",
    ["token=x", "API_KEY=x", "code=x", "ticket=x", "q=ordo_12345678_secret", "Ordo_Session_1=x"],
)
async def test_a_credential_in_an_address_is_refused(tmp_path, query):
    async with open_port(tmp_path) as port:
        status, told, _ = await port.ask("GET", f"/api/status?{query}")

    assert (status, told["code"]) == (400, "credential_in_url")
    assert "secret" not in port.log.getvalue()


async def test_an_answer_repeats_the_request_id_that_it_was_given(tmp_path):
    async with open_port(tmp_path) as port:
        given = {"X-Request-Id": "a.b-c_d:1"}
        _, _, headers = await port.bare("GET", "/api/health", headers=given)
        _, _, made = await port.bare("GET", "/api/health")

    assert headers["X-Request-Id"] == "a.b-c_d:1"
    assert re.fullmatch("[0-9a-f]{16}", made["X-Request-Id"])
    assert float(headers["X-Process-Time"]) >= 0


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "é", "a/b", 'a"b'])
async def test_a_request_id_of_another_form_is_refused(tmp_path, given):
    async with open_port(tmp_path) as port:
        status, told, headers = await port.ask(
            "GET", "/api/status", headers={"X-Request-Id": given}
        )

    assert (status, told["code"]) == (400, "bad_request_id")
    assert headers["X-Request-Id"] == told["request_id"] != given


async def test_a_problem_has_every_member_of_the_contract(tmp_path):
    async with open_port(tmp_path) as port:
        status, told, headers = await port.bare("GET", "/api/status")

    assert status == 401
    assert headers["Content-Type"].startswith("application/problem+json")
    assert headers["WWW-Authenticate"].startswith("Bearer")
    assert headers["Cache-Control"] == "no-store"
    assert {**told, "detail": "", "request_id": ""} == {
        "type": "urn:ordo:problem:unauthorised",
        "title": "No credential that counts",
        "status": 401,
        "detail": "",
        "code": "unauthorised",
        "category": "access",
        "severity": "warning",
        "recoverable": False,
        "retry_after": None,
        "request_id": "",
        "mend": CATALOGUE["unauthorised"].mend,
    }


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/nothing", 404, "no_route"),
        ("GET", "/../state/operator.token", 404, "no_route"),
        ("GET", "/%2e%2e/operator.token", 404, "no_route"),
        ("PATCH", "/api/status", 405, "not_allowed"),
        ("TRACE", "/api/status", 405, "not_allowed"),
    ],
)
async def test_what_is_not_served_is_a_problem(tmp_path, method, path, status, code):
    async with open_port(tmp_path) as port:
        answered, told, headers = await port.ask(method, path)

    assert (answered, told["code"]) == (status, code)
    assert ("Allow" in headers) == (status == 405)


PREFLIGHT = {"Access-Control-Request-Method": "POST"}


async def test_an_allowed_page_is_told_by_preflight_that_it_may_act(tmp_path):
    settings = Web(port=0, allowed_origins=(PAGE,))
    async with open_port(tmp_path, settings=settings) as port:
        asked = {"Origin": PAGE, **PREFLIGHT}
        status, _, headers = await port.bare("OPTIONS", "/api/kill", headers=asked)
        _, _, read = await port.ask("GET", "/api/health", headers={"Origin": PAGE})

    assert status == 204
    assert headers["Access-Control-Allow-Origin"] == PAGE
    assert "X-Request-Id" in headers["Access-Control-Allow-Headers"]
    assert (read["Access-Control-Allow-Origin"], read["Vary"]) == (PAGE, "Origin")
    assert "Access-Control-Allow-Credentials" not in read


async def test_any_other_page_is_told_nothing(tmp_path):
    async with open_port(tmp_path) as port:
        asked = {"Origin": "https://evil.example", **PREFLIGHT}
        status, told, headers = await port.bare("OPTIONS", "/api/kill", headers=asked)
        _, _, read = await port.ask(
            "GET", "/api/health", headers={"Origin": "https://evil.example"}
        )

    assert (status, told["code"]) == (403, "cross_site")
    assert "Access-Control-Allow-Origin" not in [*headers, *read]


async def test_each_request_is_a_line_of_the_log_without_secrets(tmp_path):
    async with open_port(tmp_path) as port:
        await port.ask("POST", "/api/kill", json={"scope": "all", "reason": "hush"})
        line = port.lines()[-1]

    assert {**line, "latency_ms": 0, "at": ""} == {
        "at": "",
        "event": "request",
        "level": "info",
        "method": "POST",
        "route": "/api/kill",
        "client": "127.0.0.1",
        "status": 202,
        "latency_ms": 0,
        "request_id": line["request_id"],
        "user": "operator",
    }
    assert "hush" not in port.log.getvalue()
    assert port.admin["Authorization"] not in port.log.getvalue()


@pytest.mark.parametrize(
    ("method", "path", "named"),
    [
        ("GET", "/api/orders/OR1", {"route": "/api/orders/{order_id}", "order_id": "OR1"}),
        (
            *("POST", "/api/strategies/straddle/start"),
            {"route": "/api/strategies/{strategy_id}/start", "strategy_id": "straddle"},
        ),
        ("GET", "/api/none?code=x", {"route": "unmatched", "path": "/api/none"}),
    ],
)
async def test_a_line_names_the_template_of_the_route_and_what_the_address_names(
    tmp_path, method, path, named
):
    async with open_port(tmp_path) as port:
        await port.bare(method, path)
        line = port.lines()[-1]

    assert named.items() <= line.items()
    assert "?" not in line.get("path", "")


async def test_of_a_flood_that_nobody_was_let_in_for_most_is_counted_and_not_written(
    tmp_path, monkeypatch
):
    """Whoever is let in has a line for each request all the same."""
    monkeypatch.setattr(strangers, "LINES", Window(3, SECOND_NS))
    metrics = Metrics()
    async with open_port(tmp_path, metrics=metrics) as port:
        for _ in range(5):
            await port.bare("GET", "/api/health")
        await port.ask("POST", "/api/kill", json=KILL)
        routes = [line["route"] for line in port.lines()]

    assert routes == ["/api/health"] * 3 + ["/api/kill"]
    assert b'http_requests_total{route="/api/health",status="200"} 5.0' in metrics.text()


async def test_a_path_cannot_break_out_of_its_line_of_the_log(tmp_path):
    async with open_port(tmp_path) as port:
        await port.bare("GET", "/api/x%0a%1b%5b2J%e2%80%ae")

        assert len(port.lines()) == 1
        assert port.lines()[0]["path"] == "/api/x\\n\\x1b[2J\\u202e"
