"""The description: made of the rows, and whole. That answers keep to it, the fuzz holds."""

from __future__ import annotations

import json
import re

from daemon.web import routes
from daemon.web.routes import ROUTES
from daemon.web.table import Writes
from tests.kit.control_port import open_port
from tests.web.test_web_door import cookie_of


async def description(tmp_path) -> dict:
    async with open_port(tmp_path) as port:
        status, told, _ = await port.bare("GET", "/api/openapi.json")

    assert status == 200
    return told


async def test_every_row_that_is_built_is_described_and_no_other(tmp_path):
    told = await description(tmp_path)

    described = {
        (method.upper(), path) for path, methods in told["paths"].items() for method in methods
    }
    assert told["openapi"] == "3.1.0"
    assert described == {(row.method, row.path) for row in ROUTES if row.handler}


async def test_whatever_is_referred_to_is_there(tmp_path):
    told = await description(tmp_path)
    referred = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(told)))

    assert referred <= set(told["components"]["schemas"])
    assert "ProblemDocument" in referred


async def test_a_row_tells_its_role_its_credentials_and_its_request_id(tmp_path):
    paths = (await description(tmp_path))["paths"]
    order, health = paths["/api/order"]["post"], paths["/api/health"]["get"]

    assert (order["x-role"], health["x-role"]) == ("trader", "none")
    assert (order["security"], health["security"]) == ([{"bearer": []}, {"cookie": []}], [])
    assert [p["required"] for p in order["parameters"] if p["name"] == "X-Request-Id"] == [True]
    assert "207" in order["responses"]


async def test_the_cookie_is_described_by_the_name_that_it_has_here(tmp_path):
    async with open_port(tmp_path) as port:
        _, told, _ = await port.bare("GET", "/api/openapi.json")
        cookie = (await cookie_of(port))["Cookie"]

    assert told["components"]["securitySchemes"]["cookie"]["name"] == cookie.partition("=")[0]


async def test_every_write_may_carry_a_request_id(tmp_path):
    paths = (await description(tmp_path))["paths"]

    for row in ROUTES:
        if row.handler and row.writes is not Writes.NO:
            operation = paths[row.path][row.method.lower()]
            assert "X-Request-Id" in [each["name"] for each in operation["parameters"]]


async def test_what_anybody_may_ask_for_is_made_once(tmp_path, monkeypatch):
    made, describe = [], routes.describe
    monkeypatch.setattr(routes, "describe", lambda *of: made.append(of) or describe(*of))
    routes._described.cache_clear()
    async with open_port(tmp_path) as port:
        first, again = [await port.bare("GET", "/api/openapi.json") for _ in range(2)]

    assert first[:2] == again[:2]
    assert len(made) == 1
