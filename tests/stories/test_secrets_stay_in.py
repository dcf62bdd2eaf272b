"""Secrets are planted wherever one may lie, a daemon is asked well and badly, and none comes out.

What the contract hands out is left aside: the code in the ready address, the answers that hold a
ticket or a session, and the operator's own file.
"""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import aiohttp
import pytest
from msgspec import Struct, field

from tests.kit.commands import ended, ordo
from tests.kit.daemon_process import DaemonProcess, running

BROKER_KEY = "kite-Key-0123456789-canary"
WRONG_TOKEN = "ordo_00000000_" + "Wr0ng" * 8 + "abc"
WRONG_CODE = "Wr0ngCode" * 4 + "abcdefg"
OWN_FILES = ("operator.token",)


class Found(Struct):
    """What was planted, and everything that came out.

    Attributes:
        secrets: by what they are.
        told: by where it came out.
    """

    secrets: dict[str, str] = field(default_factory=dict)
    told: dict[str, bytes] = field(default_factory=dict)

    def leaks(self) -> list[tuple[str, str]]:
        """Return which secret came out where."""
        return [
            (what, where)
            for what, secret in self.secrets.items()
            for where, text in self.told.items()
            if secret.encode() in text
        ]


class Visitor:
    """Somebody who asks a daemon, and keeps every answer."""

    def __init__(self, client: aiohttp.ClientSession, process: DaemonProcess, found: Found) -> None:
        self._client = client
        self._url = process.url.partition("/#")[0]
        self._found = found
        self.headers = {"Authorization": f"Bearer {found.secrets['the token']}"}

    async def ask(self, method: str, path: str, **more) -> aiohttp.ClientResponse:
        """Ask, keep the answer, and return it."""
        answer = await self.hush(method, path, **more)
        where = f"{len(self._found.told)} {method} {path.partition('?')[0]} {answer.status}"
        self._found.told[where] = str(answer.headers).encode() + await answer.read()
        return answer

    async def hush(self, method: str, path: str, **more) -> aiohttp.ClientResponse:
        """Ask for what holds a secret by contract."""
        headers = more.pop("headers", self.headers)
        answer = await self._client.request(method, self._url + path, headers=headers, **more)
        await answer.read()
        return answer


async def receive(socket: aiohttp.ClientWebSocketResponse) -> str:
    """Return the next message of a stream."""
    async with asyncio.timeout(60):
        return await socket.receive_str()


async def visit(visitor: Visitor, found: Found) -> None:
    """Come in by every way, and be refused by every other."""
    secrets, nobody = found.secrets, {}
    login = await visitor.hush(
        "POST", "/api/login", headers=nobody, json={"code": secrets["the code"]}
    )
    secrets["the session"] = login.cookies["ordo_session"].value
    ticket = await visitor.hush("POST", "/api/ws-ticket")
    secrets["the ticket"] = (await ticket.json())["ticket"]
    cookie = {"Cookie": f"ordo_session={secrets['the session']}", "Sec-Fetch-Site": "same-origin"}
    await visitor.ask("GET", "/api/status", headers=cookie)
    await visitor.ask("POST", "/api/kill", headers=cookie, json={"scope": "none"})
    for code in (secrets["the code"], WRONG_CODE):  # used up, and never ours
        await visitor.ask("POST", "/api/login", headers=nobody, json={"code": code})
    for header in (f"Bearer {WRONG_TOKEN}", f"Basic {secrets['the token']}"):
        await visitor.ask("GET", "/api/status", headers={"Authorization": header})
    for name in ("token", "ticket", "x"):
        await visitor.ask("GET", f"/api/orders?{name}={secrets['the token']}")
    await visitor.ask("POST", "/api/order", json={"symbol": 3, "password": BROKER_KEY})
    await visitor.ask(
        "POST",
        "/api/broker/credentials",
        json={"broker": "zerodha", "api_key": BROKER_KEY},
    )
    for path in ("/api/admin/health", "/api/nothing", "/metrics", "/api/openapi.json", "/"):
        await visitor.ask("GET", path)


def planted(process: DaemonProcess) -> Found:
    """What a started daemon holds, and what is sent to it."""
    return Found(
        {
            "the token": (process.state / "operator.token").read_text().strip(),
            "the code": process.url.partition("#code=")[2],
            "a wrong token": WRONG_TOKEN,
            "a wrong code": WRONG_CODE,
            "a broker's key": BROKER_KEY,
        }
    )


async def test_no_secret_comes_out_of_a_daemon(tmp_path):
    environ = {"KITE_API_SECRET": BROKER_KEY}
    with running(tmp_path, "--speed", "20", environ=environ) as process:
        process.wait_ready()
        found = planted(process)
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
            visitor = Visitor(client, process, found)
            await visit(visitor, found)
            path = f"/ws/pnl?ticket={found.secrets['the ticket']}"
            url = process.url.partition("/#")[0]
            async with client.ws_connect(url + path) as socket:
                found.told["ws"] = "".join([await receive(socket) for _ in range(3)]).encode()
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await client.ws_connect(url + path)  # it counts once
        assert process.end(signal.SIGTERM) == 0
    found.told["stdout"] = "\n".join(
        line for line in process.lines if not line.startswith("ordo ready")
    ).encode()
    found.told["stderr"] = "\n".join((*process.log, *map(str, process.events))).encode()
    kept = [path for path in process.state.rglob("*") if path.is_file()]
    found.told |= {path.name: path.read_bytes() for path in kept if path.name not in OWN_FILES}

    assert {"ledger.sqlite", "sessions.json", "stderr", "ws"} <= set(found.told)
    assert b'"event":"request"' in found.told["stderr"]
    assert any(name.startswith("ordo-20") for name in found.told)
    assert len(found.told) > 25
    assert found.leaks() == []


@pytest.mark.parametrize("traceback", ["", "1"])
def test_no_secret_comes_out_of_a_start_that_fails(tmp_path, traceback):
    """The settings name a key that comes later, with a secret; and a ledger is no ledger."""
    environ = {"ORDO_TRACEBACK": traceback, "KITE_API_SECRET": BROKER_KEY}
    (tmp_path / "settings.toml").write_text(f'[brokers.paper]\napi_secret = "{BROKER_KEY}"\n')
    refused = ended(ordo("run", cwd=tmp_path, environ=environ))
    (tmp_path / "settings.toml").unlink()
    broken(tmp_path / "state")
    fallen = ended(ordo("run", cwd=tmp_path, environ={**environ, "ORDO_WEB__PORT": "0"}))

    assert (refused.code, fallen.code) == (2, 1)
    assert "api_secret" in refused.err
    assert BROKER_KEY not in refused.err + refused.out + fallen.err + fallen.out


def broken(state: Path) -> None:
    """Lay a ledger down that is none."""
    state.mkdir(mode=0o700)
    (state / "ledger.sqlite").write_bytes(b"no ledger" * 1_000)
