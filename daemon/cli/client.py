"""The local commands' way to a running daemon: plain HTTP on the standard library.

`ordo status` is typed often and must be quick, so nothing is imported here that a server needs.
The token comes from a file that only its owner can read, never from arguments, which every user of
a machine can see, and it is never shown.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import Struct

from daemon.cli.kill_line import AS_ANOTHER, who_is_there
from daemon.cli.options import settings_to_ask
from daemon.errors import DaemonUnreachable, OrdoError
from daemon.settings import Settings
from daemon.storage.unused import seen_from_here

TOKEN_FILE = "ORDO_TOKEN_FILE"  # noqa: S105  the name of a variable
"""In the environment it names another file that the token is read from."""
_PATIENCE_S = 10
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  who listens there is met here
_PROBLEM = "application/problem+json"


class Address(Struct, frozen=True):
    """Where the daemon listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """It as a person writes it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


class Client:
    """Asks a running daemon.

    Args:
        address: where it listens.
        token_path: the file that holds the bearer token; read when something is asked.
        patience_s: how long an answer may take; 0: as long as most need.
        state_dir: of the daemon; None: nobody looks whether one starts there.
    """

    def __init__(
        self,
        address: Address,
        token_path: Path,
        patience_s: int = 0,
        state_dir: Path | None = None,
    ) -> None:
        self.address = address
        self._state_dir = state_dir
        self._patience_s = patience_s or _PATIENCE_S
        self._token_path = token_path

    def get(self, path: str) -> bytes:
        """Return a document as the daemon wrote it.

        Raises:
            DaemonUnreachable: nobody answers.
            OrdoError: it was refused.
        """
        return self._ask("GET", path, None, {})

    def post(self, path: str, document: Mapping[str, Any]) -> bytes:
        """Have something done once, and return the answer as the daemon wrote it.

        Args:
            path: the verb.
            document: what it takes; empty: no body is sent.

        Raises:
            DaemonUnreachable: nobody answers; perhaps it was done.
            OrdoError: it was refused.
        """
        once = secrets.token_hex(16)  # sim-ok: a command of a person's is a new one each time
        headers = {"X-Request-Id": once}
        if not document:
            return self._ask("POST", path, None, headers)
        headers["Content-Type"] = "application/json"
        return self._ask("POST", path, msgspec.json.encode(document), headers)

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> bytes:
        token = read_token(self._token_path)
        if token:
            headers = headers | {"Authorization": f"Bearer {token}"}
        connection = HTTPConnection(self.address.host, self.address.port, timeout=self._patience_s)
        with closing(connection):
            try:
                connection.connect()
            except OSError as error:
                raise self._absent(error) from error
            try:
                connection.request(method, path, body, headers)
                answer = connection.getresponse()
                content = answer.read()
            except (OSError, HTTPException) as error:
                raise self._cut(method, error) from error
        if answer.status < HTTPStatus.BAD_REQUEST:
            return content
        raise self._refusal(answer, content, bool(token))

    def _absent(self, error: OSError) -> DaemonUnreachable:
        absent = DaemonUnreachable(f"no daemon answers at {self.address.url}: {self._why(error)}")
        there, who, has = "gone", "", ""
        if self._state_dir is not None:
            there, who = who_is_there(self._state_dir)
            has = f"{who} has {self._state_dir.absolute()}"
        match there:
            case "starting":
                note = f"{has}; where it starts it reads its record first: wait, and ask again"
            case "guardian":
                note = f"{has}, and closes everything; a start waits until it is done"
            case _:
                note = "start it with `ordo run`; where it listens is said by [web] host and port"
        absent.add_note(note)
        return absent

    def _cut(self, method: str, error: Exception) -> DaemonUnreachable:
        cut = DaemonUnreachable(
            f"the daemon at {self.address.url} did not answer: {self._why(error)}"
        )
        if method == "GET":
            cut.add_note("`ordo check` says whether it is the daemon that listens there")
        else:
            cut.add_note("perhaps it was done: look with `ordo status` before you repeat it")
        return cut

    def _refusal(self, answer: HTTPResponse, content: bytes, had_token: bool) -> OrdoError:  # noqa: FBT001
        if answer.getheader("Content-Type", "").partition(";")[0].strip() != _PROBLEM:
            foreign = OrdoError(
                f"{self.address.url} answers {answer.status} {answer.reason}, not as Ordo does",
                "not_ordo",
            )
            foreign.add_note("another program may have that port; [web] port says which is Ordo's")
            return foreign
        problem = read_document(content)
        detail = problem.get("detail") or problem.get("title") or answer.reason
        code = problem.get("code")
        refused = OrdoError(f"{code or answer.status}: {detail}", str(code or ""))
        if answer.status == HTTPStatus.UNAUTHORIZED:
            held = "the token is read from" if had_token else "a token is wanted, and none is in"
            refused.add_note(f"{held} {self._token_path}; {TOKEN_FILE} names another file")
            folder = self._token_path.parent
            if not had_token and folder == self._state_dir and not folder.is_absolute():
                refused.add_note(f"{folder.absolute()} is meant: {seen_from_here(folder)}")
        if problem.get("mend"):
            refused.add_note(str(problem["mend"]))
        if problem.get("retry_after"):
            refused.add_note(f"it may be tried again in {problem['retry_after']} s")
        return refused

    def _why(self, error: Exception) -> str:
        if isinstance(error, TimeoutError):
            return f"nothing came within {self._patience_s} s"
        if isinstance(error, OSError) and error.strerror:
            return error.strerror
        return str(error) or type(error).__name__


def connect(settings_path: Path | None, patience_s: int = 0) -> Client:
    """Return a client for the daemon that these settings run, and how long it waits for an answer.

    Raises:
        SettingsError: something in them is wrong.
        DaemonUnreachable: they give it no address that is known beforehand.
    """
    return client_of(settings_to_ask(settings_path), patience_s)


def client_of(settings: Settings, patience_s: int = 0) -> Client:
    """Return a client for the daemon of these settings.

    Raises:
        DaemonUnreachable: they give it no address that is known beforehand.
    """
    if not settings.web.enabled:
        shut = DaemonUnreachable("the daemon has no control port: [web] enabled is false")
        shut.add_note("write [web] enabled = true and start it anew; `ordo kill` works without")
        raise shut
    if not settings.web.port:
        anywhere = DaemonUnreachable("[web] port is 0, so the daemon listens on any free port")
        anywhere.add_note("tell which: ORDO_WEB__PORT is the number in its line `ordo ready`")
        raise anywhere
    state_dir = settings.daemon.state_dir
    return Client(address_of(settings), token_path(settings), patience_s, state_dir)


def address_of(settings: Settings) -> Address:
    """Return where the daemon of these settings listens, as seen from this machine."""
    web = settings.web
    return Address(_EVERYWHERE.get(web.host, web.host), web.port)


def token_path(settings: Settings) -> Path:
    """Return the file that the local commands read their token from."""
    named = os.environ.get(TOKEN_FILE)
    return Path(named) if named else settings.daemon.state_dir / "operator.token"


def read_token(path: Path) -> str:
    """Return the token that a file holds; empty where there is no such file.

    Raises:
        OrdoError: it cannot be read, or holds what cannot be a token; it is never shown.
    """
    try:
        token = path.read_text("ascii").strip()
    except FileNotFoundError:
        return ""
    except OSError as error:
        text = f"the token cannot be read from {path}: {error.strerror}"
        unreadable = OrdoError(text, "token_unreadable")
        if isinstance(error, PermissionError):
            unreadable.add_note(f"this user may not look there: {AS_ANOTHER}")
        raise unreadable from error
    except UnicodeDecodeError:
        token = ""
    if not token or not token.isprintable() or " " in token:
        text = f"{path} holds no token; remove it, and the next `ordo run` makes one"
        raise OrdoError(text, "token_unreadable")
    return token


def read_document(content: bytes) -> dict[str, Any]:
    """Return what an answer holds.

    Raises:
        OrdoError: it is no JSON object, so it is not the daemon's.
    """
    try:
        return msgspec.json.decode(content, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        text = f"the answer cannot be read: {error}; `ordo check` may say why"
        raise OrdoError(text, "not_ordo") from error


def segment(name: str) -> str:
    """Return a name as one segment of a path, whatever it holds."""
    return quote(name, safe="")
