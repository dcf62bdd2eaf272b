"""Who comes in: codes, sessions, tickets, tokens; and who knocks too often."""

from __future__ import annotations

import json
import stat

import pytest
from aiohttp import web

from daemon.domain.instants import SECOND_NS
from daemon.errors import SettingsError
from daemon.messages import SeeAccount, SeeRisk, SeeStrategy
from daemon.settings.web import Web
from daemon.web.admission.sessions import CODE_NS, SESSION_NS, TICKET_NS
from daemon.web.admission.throttle import FREE
from daemon.web.admission.tokens import OPERATOR_FILE, Role, create_token, list_tokens, revoke_token
from daemon.web.table import Route
from tests.kit.control_port import HOST_NS, open_port
from tests.kit.seen import ANSWERS

LED = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
ADMISSION = "daemon.web.admission"
WHO = Route(
    method="GET",
    path="/ws/who",
    role=Role.VIEWER,
    summary="who asks",
    upgrade=True,
    raw=lambda request, who: told(who),
)


async def told(who) -> web.Response:
    return web.json_response([who.name, who.role.word])


async def code_of(port) -> str:
    return port.served.ready_url.partition("#code=")[2]


async def cookie_of(port, origin: str | None = None) -> dict[str, str]:
    """Return the headers of our page in a browser that has logged in."""
    body = {"code": await code_of(port)}
    origin = origin or port.served.url
    _, _, headers = await port.bare("POST", "/api/login", json=body, headers={"Origin": origin})
    return {"Cookie": headers["Set-Cookie"].partition(";")[0], "Origin": origin}


async def test_a_code_becomes_a_session_once(tmp_path):
    async with open_port(tmp_path) as port:
        code = await code_of(port)
        first = await port.bare("POST", "/api/login", json={"code": code})
        again = await port.bare("POST", "/api/login", json={"code": code})

    assert first[:2] == (200, {"name": "operator", "role": "admin"})
    cookie = first[2]["Set-Cookie"]
    assert [part in cookie for part in ("HttpOnly", "SameSite=Strict", "Path=/")] == [True] * 3
    assert "Secure" not in cookie
    assert (again[0], again[1]["code"]) == (401, "bad_login")


async def test_a_code_counts_for_ten_minutes(tmp_path):
    async with open_port(tmp_path) as port:
        code = await code_of(port)
        port.clock.advance(CODE_NS)
        status, _, _ = await port.bare("POST", "/api/login", json={"code": code})

    assert status == 401


async def test_a_page_that_came_by_tls_is_given_a_secure_cookie(tmp_path):
    settings = Web(port=0, allowed_hosts=("ordo.example",))
    async with open_port(tmp_path, settings=settings) as port:
        headers = {"Host": "ordo.example", "Origin": "https://ordo.example"}
        body = {"code": await code_of(port)}
        _, _, given = await port.bare("POST", "/api/login", json=body, headers=headers)

    assert "Secure" in given["Set-Cookie"]


@pytest.mark.parametrize(
    ("host", "scheme", "status"),
    [
        ("ordo.lan:8787", "http", 403),
        ("192.168.1.7:8787", "http", 403),
        ("localhost.lan:8787", "http", 403),
        ("[fd00::1]:8787", "http", 403),
        ("ordo.lan:8787", "https", 200),
        ("localhost:9000", "http", 200),
        ("ordo.localhost:9000", "http", 200),
        ("[::1]:9000", "http", 200),
    ],
)
async def test_a_page_that_came_in_the_clear_from_elsewhere_takes_no_code_and_says_what_to_do(
    tmp_path, host, scheme, status
):
    """No browser says on its requests there whose page asks, so the session could not count."""
    async with open_port(tmp_path, settings=Web(port=0, allowed_hosts=(host,))) as port:
        headers, body = (
            {"Host": host, "Origin": f"{scheme}://{host}"},
            {"code": await code_of(port)},
        )
        first, told, given = await port.bare("POST", "/api/login", json=body, headers=headers)
        again, _, _ = await port.bare("POST", "/api/login", json=body)

    assert (first, again) == (status, 401 if status == 200 else 200)
    if status != 200:
        assert told["code"] == "plain_http"
        assert "come through a tunnel" in told["detail"]
        assert "Set-Cookie" not in given


async def test_a_program_that_shows_no_page_may_log_in_wherever_it_is(tmp_path):
    settings = Web(port=0, allowed_hosts=("ordo.lan:8787",))
    async with open_port(tmp_path, settings=settings) as port:
        headers, body = {"Host": "ordo.lan:8787"}, {"code": await code_of(port)}
        status, _, _ = await port.bare("POST", "/api/login", json=body, headers=headers)

    assert status == 200


async def test_a_foreign_page_cannot_log_in(tmp_path):
    async with open_port(tmp_path) as port:
        headers = {"Origin": "https://evil.example"}
        code = await code_of(port)
        status, _, _ = await port.bare("POST", "/api/login", json={"code": code}, headers=headers)
        mine, _, _ = await port.bare("POST", "/api/login", json={"code": code})

    assert (status, mine) == (403, 200)


async def test_a_session_acts_for_the_operator_until_it_is_over(tmp_path):
    async with open_port(tmp_path) as port:
        cookie = await cookie_of(port)
        body = {"scope": "all", "reason": "a test"}
        inside, _, _ = await port.bare("POST", "/api/kill", json=body, headers=cookie)
        port.clock.advance(SESSION_NS)
        over, _, _ = await port.bare("POST", "/api/kill", json=body, headers=cookie)

    assert (inside, over) == (202, 401)


async def test_a_session_that_is_used_goes_on_and_so_does_its_cookie(tmp_path):
    async with open_port(tmp_path, ANSWERS) as port:
        _, _, given = await port.bare("POST", "/api/login", json={"code": await code_of(port)})
        cookie = {"Cookie": given["Set-Cookie"].split(";")[0], "Origin": port.served.url}
        seen = []
        for _ in range(3):
            port.clock.advance(SESSION_NS - 1)
            seen.append((await port.bare("GET", "/api/status", headers=cookie))[0])
    async with open_port(tmp_path, ANSWERS) as port:
        headers = {"Cookie": cookie["Cookie"], "Sec-Fetch-Site": "same-origin"}
        port.clock.advance(4 * (SESSION_NS - 1))
        after, _, _ = await port.bare("GET", "/api/status", headers=headers)

    assert "Max-Age=604800;" in given["Set-Cookie"]
    assert (seen, after) == ([200] * 3, 200)


async def test_a_session_that_is_used_is_written_once_an_hour_at_most(tmp_path, monkeypatch):
    written = []
    async with open_port(tmp_path, ANSWERS) as port:
        cookie = await cookie_of(port)
        monkeypatch.setattr(
            "daemon.web.admission.sessions.write_secret", lambda *file: written.append(file)
        )
        for _ in range(6):
            port.clock.advance(1_200 * SECOND_NS)
            await port.bare("GET", "/api/status", headers=cookie)

    assert len(written) == 2


async def test_a_session_outlives_the_daemon(tmp_path):
    async with open_port(tmp_path, ANSWERS) as port:
        cookie = (await cookie_of(port))["Cookie"]
    async with open_port(tmp_path, ANSWERS) as port:
        headers = {"Cookie": cookie, "Sec-Fetch-Site": "same-origin"}
        status, _, _ = await port.bare("GET", "/api/status", headers=headers)

    assert status == 200
    assert cookie.partition("=")[2] not in (tmp_path / "sessions.json").read_text()


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, 401),
        ({"Origin": "https://evil.example"}, 401),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", **LED}, 401),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
    ],
)
async def test_a_cookie_counts_only_where_the_browser_says_that_the_page_is_ours(
    tmp_path, headers, expected
):
    async with open_port(tmp_path, ANSWERS) as port:
        cookie = await cookie_of(port)
        headers = {"Cookie": cookie["Cookie"], **headers}
        status, _, _ = await port.bare("GET", "/api/status", headers=headers)

    assert status == expected


async def test_a_cookie_that_somebody_typed_into_an_address_does_not_act(tmp_path):
    async with open_port(tmp_path) as port:
        cookie = await cookie_of(port)
        headers = {"Cookie": cookie["Cookie"], "Sec-Fetch-Site": "none"}
        body = {"scope": "all", "reason": "a test"}
        status, _, _ = await port.bare("POST", "/api/kill", json=body, headers=headers)

    assert status == 401


async def test_a_session_is_new_at_each_log_in_and_the_one_before_ends(tmp_path):
    async with open_port(tmp_path, ANSWERS) as port:
        first = await cookie_of(port)
        body = {"code": await code_of(port)}
        _, _, given = await port.bare("POST", "/api/login", json=body, headers=first)
        second = {**first, "Cookie": given["Set-Cookie"].partition(";")[0]}
        old, _, _ = await port.bare("GET", "/api/status", headers=first)
        new, _, _ = await port.bare("GET", "/api/status", headers=second)

    assert first["Cookie"] != second["Cookie"]
    assert (old, new) == (401, 200)


async def test_two_daemons_of_one_host_leave_each_other_the_session(tmp_path):
    """A browser sends both of them the cookies of both, for it knows no port of a cookie."""
    async with (
        open_port(tmp_path / "one", ANSWERS) as one,
        open_port(tmp_path / "other", ANSWERS) as other,
    ):
        cookies = [(await cookie_of(port))["Cookie"] for port in (one, other)]
        jar = dict(cookie.split("=") for cookie in cookies)
        sent = "; ".join(f"{name}={secret}" for name, secret in jar.items())
        headers = {"Cookie": sent, "Sec-Fetch-Site": "same-origin"}
        seen = [await port.bare("GET", "/api/status", headers=headers) for port in (one, other)]
        _, _, ended = await other.bare(
            "POST", "/api/logout", headers={"Cookie": sent, "Origin": other.served.url}
        )
        after, _, _ = await one.bare("GET", "/api/status", headers=headers)

    assert [status for status, _, _ in seen] == [200, 200]
    assert ended["Set-Cookie"].startswith(cookies[1].partition("=")[0] + "=")
    assert after == 200


async def test_to_log_out_ends_the_session(tmp_path):
    async with open_port(tmp_path, ANSWERS) as port:
        cookie = await cookie_of(port)
        status, _, headers = await port.bare("POST", "/api/logout", headers=cookie)
        after, _, _ = await port.bare("GET", "/api/status", headers=cookie)

    assert (status, after) == (200, 401)
    assert "Max-Age=0" in headers["Set-Cookie"]


async def test_an_administrator_may_have_another_code(tmp_path):
    async with open_port(tmp_path) as port:
        _, issued, _ = await port.ask("POST", "/api/login-code")
        status, _, _ = await port.bare("POST", "/api/login", json={"code": issued["code"]})

    assert status == 200
    assert issued["expires_at"] == "2025-11-24T21:40:00+05:30"


async def test_a_ticket_opens_one_web_socket_within_half_a_minute(tmp_path):
    async with open_port(tmp_path, more=(WHO,)) as port:
        cookie = await cookie_of(port)
        _, first, _ = await port.bare("POST", "/api/ws-ticket", headers=cookie)
        _, late, _ = await port.bare("POST", "/api/ws-ticket", headers=cookie)
        opened = await port.bare("GET", f"/ws/who?ticket={first['ticket']}")
        again = await port.bare("GET", f"/ws/who?ticket={first['ticket']}")
        port.clock.advance(TICKET_NS)
        over = await port.bare("GET", f"/ws/who?ticket={late['ticket']}")

    assert opened[:2] == (200, ["operator", "admin"])
    assert (again[0], over[0]) == (401, 401)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": True}, 200),
        ({"Authorization": True, "Origin": "https://evil.example"}, 403),
        ({"Cookie": True, "Origin": True}, 200),
        ({"Cookie": True}, 401),
        ({"Cookie": True, "Sec-Fetch-Site": "same-origin"}, 401),
        ({"Cookie": True, "Origin": "null"}, 403),
        ({"Cookie": True, "Origin": "https://evil.example"}, 403),
        ({}, 401),
    ],
)
async def test_a_web_socket_is_opened_by_a_program_or_by_our_page(tmp_path, headers, status):
    async with open_port(tmp_path, more=(WHO,)) as port:
        known = {**await cookie_of(port), **port.admin}
        filled = {name: known[name] if text is True else text for name, text in headers.items()}
        answered, _, _ = await port.bare("GET", "/ws/who", headers=filled)

    assert answered == status


WRONG = [
    "Bearer ",
    "Bearer x",
    "Bearer ordo_00000000_" + "a" * 43,
    "Basic b3BlcmF0b3I6eA==",
    "",
    "Bearer " + "é" * 40,
]


@pytest.mark.parametrize("header", WRONG)
async def test_a_wrong_token_is_nobody(tmp_path, header):
    async with open_port(tmp_path) as port:
        headers = {"Authorization": header}
        status, told_, _ = await port.bare("GET", "/api/status", headers=headers)

    assert (status, told_["code"]) == (401, "unauthorised")


async def test_a_token_with_the_right_name_and_another_secret_is_nobody(tmp_path):
    async with open_port(tmp_path) as port:
        forged = port.admin["Authorization"][:-43] + "a" * 43
        status, _, _ = await port.bare("GET", "/api/status", headers={"Authorization": forged})

    assert status == 401


async def test_sixty_bad_log_ins_are_slowed_down_and_the_owner_is_not(tmp_path):
    async with open_port(tmp_path, ANSWERS) as port:
        answers = [
            await port.bare("POST", "/api/login", json={"code": f"guess {number}"})
            for number in range(60)
        ]
        owner, _, _ = await port.ask("GET", "/api/status")
        code = await code_of(port)
        browser, _, _ = await port.bare("POST", "/api/login", json={"code": code})

    waits = [told_["retry_after"] for _, told_, _ in answers]
    assert [status for status, _, _ in answers] == [401] * FREE + [429] * (60 - FREE)
    assert waits[FREE : FREE + 3] == [2, 4, 8]
    assert max(waits[FREE:]) == 300
    assert answers[-1][2]["Retry-After"] == "300"
    assert (owner, browser) == (200, 200)
    assert [line["event"] for line in port.lines()].count("failed attempts") == 60 - FREE


async def test_failed_attempts_are_forgotten_after_a_quarter_of_an_hour(tmp_path):
    async with open_port(tmp_path) as port:
        for _ in range(FREE):
            await port.bare("GET", "/api/status", headers={"Authorization": "Bearer x"})
        port.clock.advance(901 * SECOND_NS)
        status, _, _ = await port.bare("POST", "/api/login", json={"code": "x"})

    assert status == 401


async def test_what_another_process_revokes_counts_no_more_at_once(tmp_path):
    async with open_port(tmp_path, ANSWERS) as port:
        token = create_token(tmp_path, "desk", "viewer", HOST_NS)
        headers = {"Authorization": f"bearer {token}"}
        before, _, _ = await port.bare("GET", "/api/status", headers=headers)
        revoke_token(tmp_path, "desk", HOST_NS)
        after, _, _ = await port.bare("GET", "/api/status", headers=headers)

    assert (before, after) == (200, 401)


async def handed_out(port, headers) -> tuple[str, dict[str, str], str]:
    """Return what a token leads to: a code, the cookie of a browser that came in, its ticket."""
    used, code = [
        (await port.bare("POST", "/api/login-code", headers=headers))[1]["code"] for _ in range(2)
    ]
    _, _, given = await port.bare("POST", "/api/login", json={"code": used})
    cookie = {"Cookie": given["Set-Cookie"].split(";")[0], "Sec-Fetch-Site": "same-origin"}
    _, told_, _ = await port.bare("POST", "/api/ws-ticket", headers=cookie)
    return code, cookie, told_["ticket"]


async def test_what_was_handed_out_for_a_token_ends_with_it(tmp_path):
    """A session, a ticket and a code would else let in whoever was to be kept out, for good."""
    async with open_port(tmp_path, ANSWERS, more=(WHO,)) as port:
        headers = {"Authorization": f"Bearer {create_token(tmp_path, 'ann', 'admin', HOST_NS)}"}
        code, cookie, ticket = await handed_out(port, headers)
        before, _, _ = await port.bare("GET", "/api/status", headers=cookie)
        revoke_token(tmp_path, "ann", HOST_NS)
        after = [
            (await port.bare("GET", "/api/status", headers=cookie))[0],
            (await port.bare("POST", "/api/login-code", headers=cookie))[0],
            (await port.bare("POST", "/api/login", json={"code": code}))[0],
            (await port.bare("GET", f"/ws/who?ticket={ticket}"))[0],
        ]

    assert (before, after) == (200, [401, 401, 401, 401])


async def test_a_new_token_of_the_same_name_brings_nothing_back(tmp_path):
    async with open_port(tmp_path, ANSWERS, more=(WHO,)) as port:
        headers = {"Authorization": f"Bearer {create_token(tmp_path, 'ann', 'admin', HOST_NS)}"}
        code, cookie, ticket = await handed_out(port, headers)
        revoke_token(tmp_path, "ann", HOST_NS)
        create_token(tmp_path, "ann", "admin", HOST_NS)
        after = [
            (await port.bare("GET", "/api/status", headers=cookie))[0],
            (await port.bare("POST", "/api/login", json={"code": code}))[0],
            (await port.bare("GET", f"/ws/who?ticket={ticket}"))[0],
        ]

    assert after == [401, 401, 401]


async def test_the_operators_sessions_end_with_his_token(tmp_path):
    async with open_port(tmp_path, ANSWERS) as port:
        cookie = (await cookie_of(port))["Cookie"]
    (tmp_path / OPERATOR_FILE).unlink()
    async with open_port(tmp_path, ANSWERS) as port:
        headers = {"Cookie": cookie, "Sec-Fetch-Site": "same-origin"}
        status, _, _ = await port.bare("GET", "/api/status", headers=headers)

    assert status == 401


async def test_the_last_use_of_a_token_is_kept_to_the_hour(tmp_path):
    async with open_port(tmp_path, ANSWERS) as port:
        token = create_token(tmp_path, "desk", "viewer", HOST_NS)
        headers = {"Authorization": f"Bearer {token}"}
        await port.bare("GET", "/api/status", headers=headers)
        port.clock.advance(3_599 * SECOND_NS)
        await port.bare("GET", "/api/status", headers=headers)
        (first,) = list_tokens(tmp_path)
        port.clock.advance(SECOND_NS)
        await port.bare("GET", "/api/status", headers=headers)
        (second,) = list_tokens(tmp_path)

    assert (first.last_used_ns, second.last_used_ns) == (HOST_NS, HOST_NS + 3_600 * SECOND_NS)
    asked = {type(about) for _, about in port.actors.asked}
    assert asked == {SeeAccount, SeeStrategy, SeeRisk}


async def test_nothing_that_is_kept_holds_a_secret_but_the_operators_own_file(tmp_path):
    async with open_port(tmp_path) as port:
        token = create_token(tmp_path, "desk", "trader", HOST_NS)
        cookie = await cookie_of(port)
        _, issued, _ = await port.bare("POST", "/api/ws-ticket", headers=cookie)
        secrets = (token, cookie["Cookie"].partition("=")[2], issued["ticket"])
        operator = port.admin["Authorization"].partition(" ")[2]
        kept = {path: path.read_text() for path in tmp_path.iterdir() if path.is_file()}
        said = port.log.getvalue() + json.dumps(kept[tmp_path / "tokens.json"])

    assert [secret in "".join([said, *kept.values()]) for secret in secrets] == [False] * 3
    assert [path.name for path, text in kept.items() if operator in text] == ["operator.token"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}


async def test_a_file_of_tokens_that_goes_bad_lets_in_the_operator_alone(tmp_path):
    async with open_port(tmp_path, ANSWERS) as port:
        headers = port.token("admin")
        before, _, _ = await port.bare("GET", "/api/status", headers=headers)
        (tmp_path / "tokens.json").chmod(0o644)
        other, _, _ = await port.bare("GET", "/api/status", headers=headers)
        operator, _, _ = await port.ask("GET", "/api/status")
        (tmp_path / "tokens.json").chmod(0o600)
        mended, _, _ = await port.bare("GET", "/api/status", headers=headers)
        told_ = [line for line in port.lines() if line["event"] == "tokens not read"]

    assert (before, other, operator, mended) == (200, 401, 200, 200)
    assert ["open to others" in line["because"] for line in told_] == [True, False]


async def test_a_disk_that_refuses_keeps_nobody_from_the_brakes(tmp_path, monkeypatch):
    def refuse(path, data):
        raise SettingsError("the disk is full")

    async with open_port(tmp_path, ANSWERS) as port:
        headers, code = port.token("trader"), await code_of(port)
        monkeypatch.setattr(f"{ADMISSION}.tokens.write_secret", refuse)
        monkeypatch.setattr(f"{ADMISSION}.sessions.write_secret", refuse)
        body = {"scope": "all", "reason": "a test"}
        killed, _, _ = await port.bare("POST", "/api/kill", json=body, headers=headers)
        inside, _, _ = await port.bare("POST", "/api/login", json={"code": code})
        events = [line["event"] for line in port.lines() if line["level"] == "error"]

    assert (killed, inside) == (202, 200)
    assert events == ["tokens not written", "sessions not written"]
