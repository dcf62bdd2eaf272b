"""Secrets are planted wherever one may lie, a daemon is asked well and badly, and none comes out.

What the contract hands out is left aside: the code in the ready address, the answers that hold a
ticket or a session, the operator's own file, and the file of the vault's key.
"""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import aiohttp
import pytest
from msgspec import Struct, field

from daemon.storage.vault import Place, Vault
from daemon.storage.vault_rows import ASKED
from daemon.telemetry.redaction import Secret
from tests.kit.canary import OWN_FILES, planted
from tests.kit.commands import ended, ordo, told
from tests.kit.control_port import open_port
from tests.kit.daemon_process import DaemonProcess, running

BROKER_KEY = planted("broker-key")
WRONG_TOKEN = "ordo_00000000_" + "Wr0ng" * 8 + "abc"
WRONG_CODE = "Wr0ngCode" * 4 + "abcdefg"
IN_FILE = {field: planted(f"in-the-file-{field}") for field in ASKED}
POSTED = {field: planted(f"posted-{field}") for field in ASKED}
PIPED = planted("through-a-pipe")
BROUGHT = "canary0Of0A0Request0Token"
STATE = "canary0Of0A0State"
CREDENTIALS = "/api/broker/credentials"
LOGIN = "/api/sessions/paper/login"
COMMANDS = (
    *(("vault", "list"), ("vault", "list", "--json"), ("vault", "rotate")),
    *(("status",), ("orders",), ("pnl", "--json"), ("alerts",), ("check",), ("why", "--list")),
    *(("audit", "verify"), ("audit", "export"), ("db", "rebuild"), ("outbox", "dead")),
    *(("exit", "nifty-short-straddle"), ("pause", "--account", "paper"), ("kill", "--no-wait")),
    ("vault", "remove", "paper", "app_id"),
)
"""Whatever may be asked on a machine where a vault lies, the deeds last."""


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


async def put_in(visitor: Visitor) -> None:
    """Put credentials in as it is meant, again under one id, and in every wrong way."""
    good = {"account": "paper", "credentials": POSTED}
    for _ in range(2):
        headers = {**visitor.headers, "X-Request-Id": "credentials-1"}
        answer = await visitor.ask("POST", CREDENTIALS, json=good, headers=headers)
        assert answer.status == 200
    for wrong in (
        {**good, "account": "papre"},
        {**good, POSTED["pin"]: 1},
        {**good, "credentials": {POSTED["pin"]: "x"}},
        {**good, "credentials": {"pin": [POSTED["pin"]]}},
        {**good, "credentials": {"access_token": POSTED["pin"]}},
        POSTED["pin"],
    ):
        assert (await visitor.ask("POST", CREDENTIALS, json=wrong)).status in (404, 422)
    assert (await visitor.ask("POST", CREDENTIALS, data=POSTED["pin"])).status == 415
    await visitor.ask("POST", CREDENTIALS, json=good, headers={})
    await visitor.ask("GET", CREDENTIALS)


async def log_in(visitor: Visitor) -> None:
    """Bring what a broker's page leads to, where nobody waits for it, and in every wrong way."""
    for path, status in (
        (f"/login?request_token={BROUGHT}&state={STATE}", 400),
        (f"/login/{STATE}?request_token={BROUGHT}", 404),
        (f"/login/?request_token={BROUGHT}", 404),
        (f"{LOGIN}?request_token={BROUGHT}", 405),
    ):
        assert (await visitor.ask("GET", path, headers={})).status == status
    for body in ({"request_token": BROUGHT}, {"request_token": [BROUGHT]}, {BROUGHT: STATE}):
        assert (await visitor.ask("POST", LOGIN, json=body)).status in (409, 422, 400, 404)


def ask_around(found: Found, process: DaemonProcess) -> None:
    """Give every command that a vault could come out of; the vault is rotated meanwhile."""
    found.told["its command"] = Path(f"/proc/{process.pid}/cmdline").read_bytes()
    for args in COMMANDS:
        done = told(*args)
        assert done.code == 0 or args[0] == "exit", done
        found.told["ordo " + " ".join(args)] = (done.out + done.err).encode()
    refused = told("login", "paper", "--request-token", BROUGHT)
    assert refused.code == 1
    found.told["ordo login"] = (refused.out + refused.err).encode()
    found.secrets["the new key"] = (process.state / "vault.key").read_text().strip()
    for args, stdin in (
        (("put", "paper", "pin"), PIPED),
        (("put", "paper"), f'{{"pni": "{PIPED}"}}'),
        (("put", "paper", PIPED), PIPED),
        (("put", "paper"), PIPED),
    ):
        done = told("vault", *args, stdin=stdin.encode())
        where = f"ordo vault {args} {stdin[:1]}".replace(PIPED, "a secret")
        # What a person gives as an argument is quoted to him, as usage is.
        told_back = done.out + ("" if PIPED in args else done.err)
        found.told[where] = told_back.encode()


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
    (session,) = login.cookies.values()
    secrets["the session"] = session.value
    ticket = await visitor.hush("POST", "/api/ws-ticket")
    secrets["the ticket"] = (await ticket.json())["ticket"]
    cookie = {"Cookie": f"{session.key}={session.value}", "Sec-Fetch-Site": "same-origin"}
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


def held_and_sent(process: DaemonProcess) -> Found:
    """What a started daemon holds, and what is sent to it."""
    return Found(
        {
            "the token": (process.state / "operator.token").read_text().strip(),
            "the code": process.url.partition("#code=")[2],
            "a wrong token": WRONG_TOKEN,
            "a wrong code": WRONG_CODE,
            "a broker's key": BROKER_KEY,
            "the key of the vault": (process.state / "vault.key").read_text().strip(),
            "what came through a pipe": PIPED,
            "what a broker's page led to": BROUGHT,
            "what came back with it": STATE,
            **{f"{field} in the file": text for field, text in IN_FILE.items()},
            **{f"{field} posted": text for field, text in POSTED.items()},
        }
    )


def vault_of(state: Path) -> Vault:
    """The vault of a state folder, with a secret in every field of the account."""
    state.mkdir(mode=0o700)
    vault = Vault(Place(state))
    vault.begin(1)
    vault.put("paper", {field: Secret(text) for field, text in IN_FILE.items()}, 1)
    return vault


async def test_no_secret_comes_out_of_a_daemon(tmp_path, monkeypatch):
    environ = {"KITE_API_SECRET": BROKER_KEY}
    vault = vault_of(tmp_path / "state")
    monkeypatch.chdir(tmp_path)
    with running(tmp_path, "--speed", "20", environ=environ, start=ordo) as process:
        process.wait_ready()
        found = held_and_sent(process)
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
            visitor = Visitor(client, process, found)
            await visit(visitor, found)
            await put_in(visitor)
            await log_in(visitor)
            assert {vault.open("paper", field).reveal() for field in ASKED} == set(POSTED.values())
            path = f"/ws/pnl?ticket={found.secrets['the ticket']}"
            url = process.url.partition("/#")[0]
            async with client.ws_connect(url + path) as socket:
                found.told["ws"] = "".join([await receive(socket) for _ in range(3)]).encode()
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await client.ws_connect(url + path)  # it counts once
            async with client.ws_connect(url + "/ws/events", headers=visitor.headers) as socket:
                found.told["ws events"] = (await receive(socket)).encode()
        monkeypatch.setenv("ORDO_WEB__PORT", url.rpartition(":")[2])
        await asyncio.to_thread(ask_around, found, process)
        assert process.end(signal.SIGTERM) == 0
    found.told["stdout"] = "\n".join(
        line for line in process.lines if not line.startswith("ordo ready")
    ).encode()
    found.told["stderr"] = "\n".join((*process.log, *map(str, process.events))).encode()
    kept = [path for path in process.state.rglob("*") if path.is_file()]
    found.told |= {path.name: path.read_bytes() for path in kept if path.name not in OWN_FILES}

    assert {"ledger.sqlite", "sessions.json", "stderr", "ws", "vault.json"} <= set(found.told)
    assert b"put into the vault by operator" in found.told["ws events"]
    assert b"CredentialsKept" in found.told["ordo audit export"]
    assert b'"event":"request"' in found.told["stderr"]
    assert any(name.startswith("ordo-20") for name in found.told)
    assert len(found.told) > 25
    assert found.leaks() == []


async def test_no_secret_comes_out_of_a_defect_while_credentials_are_put_in(tmp_path, monkeypatch):
    """A port that falls over is told of with a trace, in which its values do not stand."""

    def fall(*_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(Vault, "put", fall)
    async with open_port(tmp_path) as port:
        body = {"account": "paper", "credentials": POSTED}
        status, answered, _ = await port.ask("POST", CREDENTIALS, json=body)
        lines = port.log.getvalue()

    assert status == 500
    assert "a defect" in lines
    assert [text for text in POSTED.values() if text in lines + str(answered)] == []


@pytest.mark.parametrize("broken", ["sealed", "key", "mode"])
def test_no_secret_comes_out_of_a_vault_that_cannot_be_opened(tmp_path, broken):
    vault = vault_of(tmp_path / "state")
    key = (tmp_path / "state/vault.key").read_text().strip()
    match broken:
        case "sealed":
            vault.path.write_text(vault.path.read_text().replace("gAAAA", "gBBBB"))
        case "key":
            (tmp_path / "state/vault.key").write_text(key[:-4])
        case "mode":
            vault.path.chmod(0o666)
    environ = {"ORDO_TRACEBACK": "1", "ORDO_WEB__PORT": "0"}
    for args in (("vault", "rotate"), ("check",)):
        done = ended(ordo(*args, cwd=tmp_path, environ=environ))
        said = done.out + done.err
        assert done.code != 0
        assert [text for text in (key, key[:-4], *IN_FILE.values()) if text in said] == []


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
