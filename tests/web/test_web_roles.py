"""Every route with every role: what is not allowed by the table is not allowed."""

from __future__ import annotations

import re

import pytest

from daemon.web.admission.tokens import Role
from daemon.web.routes import ROUTES
from daemon.web.table import Route, Writes
from tests.kit.control_port import open_port

PUBLIC = {"/api/health", "/api/ready", "/api/login", "/api/openapi.json"}
MATRIX = [(route, role) for route in ROUTES for role in Role]


def address(route: Route) -> str:
    return re.sub(r"{rest:\.\*}", "anything", re.sub(r"{\w+}", "straddle", route.path))


@pytest.mark.parametrize(
    ("route", "role"), MATRIX, ids=lambda each: getattr(each, "path", None) or each.name
)
async def test_a_route_lets_in_its_role_and_those_above(tmp_path, route, role):
    async with open_port(tmp_path) as port:
        headers = port.token(role.word) if role is not Role.NONE else {}
        headers |= {"X-Request-Id": "x"} if route.writes is not Writes.NO else {}
        status, told, _ = await port.bare(
            route.method, address(route), headers=headers, json={"strange": 1}
        )

    if role >= route.role:
        assert status not in (401, 403) or told["code"] == "bad_login"
    else:
        assert (status, told["code"]) == (
            (401, "unauthorised") if role is Role.NONE else (403, "forbidden")
        )
        assert port.actors.asked == []


async def test_who_may_not_reads_which_role_may(tmp_path):
    async with open_port(tmp_path) as port:
        _, told, _ = await port.bare(
            "POST", "/api/rearm", headers=port.token("trader"), json={"kill_id": "kill-1"}
        )

    assert told["detail"].endswith(" has the role trader; this needs the role admin")


def test_nothing_but_what_is_named_here_is_open_to_anybody():
    assert {route.path for route in ROUTES if route.role is Role.NONE} == PUBLIC


def test_whatever_acts_is_for_traders_and_above():
    acting = [route for route in ROUTES if route.writes is not Writes.NO]

    assert {route.role for route in acting} == {Role.TRADER, Role.ADMIN}
    admins = [route.path for route in acting if route.role is Role.ADMIN]
    assert admins == ["/api/arm", "/api/rearm"]


@pytest.mark.parametrize("route", [each for each in ROUTES if not (each.handler or each.raw)])
async def test_what_is_not_built_yet_says_so_by_its_name(tmp_path, route):
    async with open_port(tmp_path) as port:
        status, told, _ = await port.ask(route.method, address(route))

    assert (status, told["code"]) == (501, "not_built")
    assert told["category"] == "daemon"
    assert told["detail"] == f"{route.method} {address(route)} comes with a later version"
