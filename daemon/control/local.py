"""The kill socket: the brakes through a local socket of their own, whatever becomes of the web.

A unix-domain socket in the state folder, for its own user and root alone. A connection carries one
request, one JSON line, and one answer, another; a request is read whole before anything is done.
Only what brakes is here, and what a person must see while it does.
"""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import socket
import stat
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from struct import Struct as Layout
from typing import Any

import msgspec
from msgspec import Struct

from daemon.control.brakes import Brakes, because
from daemon.control.line import Refusal
from daemon.control.reads import Reads
from daemon.errors import DiskFails, OrdoError, SettingsError
from daemon.kill import LatchUnwritten
from daemon.messages import AccountSeen, Scope
from daemon.settings.kill_socket import LINE_BYTES, SOCKET, socket_path
from daemon.storage import failing

CONNECTIONS = 16
PATIENCE_S = 5.0
BUSY = "busy"
"""The code where there are too many connections; whoever must brake takes the latch itself."""
_PEER = Layout("3i")  # process, user, group
_ROOT = 0


class Asked(Struct, frozen=True, forbid_unknown_fields=True):
    """One request.

    Attributes:
        verb: `kill`, `pause`, `cancel_all`, `rearm`, `kill_stage` or `latches`.
        scope: how far it reaches.
        id: of the account or strategy; empty for all.
        reason: why.
        latch_id: of the latch that is meant, for `rearm` and `kill_stage`.
    """

    verb: str
    scope: Scope = Scope.ALL
    id: str = ""
    reason: str = ""
    latch_id: str = ""


Answer = dict[str, Any]
_decoder = msgspec.json.Decoder(Asked)


class LocalSocket:
    """Serves the brakes on a unix-domain socket; use it as an asynchronous context.

    Args:
        state_dir: where the socket is made; the caller holds that folder for itself alone.
        brakes: what is asked for.
        reads: how far it has come.
        patience_s: how long a request may take to arrive, and its answer to be taken.
    """

    def __init__(
        self, state_dir: Path, brakes: Brakes, reads: Reads, patience_s: float = PATIENCE_S
    ) -> None:
        self.path = state_dir / SOCKET
        self._brakes = brakes
        self._reads = reads
        self._patience_s = patience_s
        self._serving: set[asyncio.Task[Any]] = set()
        self._server: asyncio.Server | None = None
        self._node = 0
        self._verbs: Mapping[str, Callable[[Asked, str], Awaitable[Answer]]] = {
            "kill": self._kill,
            "pause": self._pause,
            "cancel_all": self._cancel_all,
            "rearm": self._rearm,
            "kill_stage": self._kill_stage,
            "latches": self._latches,
        }

    async def __aenter__(self) -> LocalSocket:
        """Begin to serve.

        Raises:
            SettingsError: the socket cannot be made there, or another daemon answers on it.
        """
        listening = _listen(self.path)
        self._node = self.path.stat().st_ino
        self._server = await asyncio.start_unix_server(
            self._serve, sock=listening, limit=LINE_BYTES
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Serve no more; what is under way is cut."""
        assert self._server is not None, "it was entered"
        if self.path.exists() and self.path.stat().st_ino == self._node:
            self.path.unlink()
        self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "a connection is served by a task"
        self._serving.add(task)
        try:
            answer = await self._answer(reader, writer)
            if answer is not None:
                async with asyncio.timeout(self._patience_s):
                    writer.write(json.dumps(answer).encode("ascii") + b"\n")
                    await writer.drain()
        except (TimeoutError, ConnectionError):
            pass  # whoever asked has gone, or takes no answer
        finally:
            self._serving.discard(task)
            writer.close()

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Answer | None:
        """Return what a connection is answered; None: it asked nothing."""
        user = _user_of(writer)
        if user not in (os.geteuid(), _ROOT):
            return _no("forbidden", "only the user that the daemon runs as, and root, may brake")
        if len(self._serving) > CONNECTIONS:
            return _no(BUSY, f"{CONNECTIONS} connections are open already; try again")
        try:
            async with asyncio.timeout(self._patience_s):
                line = await reader.readline()
        except TimeoutError:
            return _no("too_slow", f"no whole line came within {self._patience_s:g} s")
        except ValueError:
            return _no("too_long", f"a request has at most {LINE_BYTES} bytes")
        if not line:
            return None
        return await self._obey(line, f"local:{_name_of(user)}")

    async def _obey(self, line: bytes, by: str) -> Answer:
        if not line.endswith(b"\n"):
            return _no("bad_request", "the line was cut; nothing was done")
        try:
            asked = _decoder.decode(line)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            return _no("bad_request", f"a request is one JSON object of verb and words: {error}")
        verb = self._verbs.get(asked.verb)
        if verb is None:
            known = ", ".join(self._verbs)
            return _no("unknown_verb", f"there is no {asked.verb[:100]!r}; there are: {known}")
        if (asked.scope is Scope.ALL) != (asked.id == ""):
            return _no("bad_request", "scope all has no id, and every other scope has one")
        try:
            # A latch that is released does not say any more whom it was about.
            mode = self._brakes.mode(asked.scope, asked.id, asked.latch_id)
            return {"ok": True, "mode": mode, **await verb(asked, by)}
        except Refusal as refusal:
            return _no(refusal.code, str(refusal))
        except LatchUnwritten as error:
            return _no(
                "latch_unwritten",
                f"{error}; the running daemon was told, and it stands in its record alone",
            )
        except OrdoError as error:
            return _no(error.code, str(error))

    async def _kill(self, asked: Asked, by: str) -> Answer:
        latched = await self._brakes.kill(asked.scope, asked.id, asked.reason, by)
        return {"latch": msgspec.to_builtins(latched)}

    async def _pause(self, asked: Asked, by: str) -> Answer:
        latched = await self._brakes.pause(asked.scope, asked.id, asked.reason, by)
        return {"latch": msgspec.to_builtins(latched)}

    async def _cancel_all(self, asked: Asked, by: str) -> Answer:
        done = await self._brakes.cancel_all(asked.scope, asked.id, asked.reason, by)
        return {"text": done.text}

    async def _rearm(self, asked: Asked, by: str) -> Answer:
        done = await self._brakes.rearm(asked.latch_id, because(by, asked.reason))
        return {"text": done.text}

    async def _kill_stage(self, asked: Asked, by: str) -> Answer:  # noqa: ARG002
        staged = await self._reads.kill_stage(asked.latch_id)
        kept = await self._reads.kept_from_leaving(staged)
        return {"stages": _built(staged), **({"because": kept} if kept else {})}

    async def _latches(self, asked: Asked, by: str) -> Answer:  # noqa: ARG002
        accounts: Sequence[AccountSeen] = ()
        with suppress(Refusal):  # the files are told all the same
            accounts = await self._reads.accounts()
        return {"latches": _built(self._reads.latches(accounts))}


def _listen(path: Path) -> socket.socket:
    socket_path(path.parent)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.parent.stat().st_mode & stat.S_IWOTH:
            raise SettingsError(
                f"others may write to {path.parent}, where the kill socket would be; "
                f"forbid it with: chmod o-w {path.parent}",
                "socket_unusable",
            )
        _make_room(path)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listening.setblocking(False)  # noqa: FBT003
            listening.bind(os.fspath(path))
            path.chmod(0o600)  # nobody can connect before it listens
            listening.listen(CONNECTIONS)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        text = f"the kill socket {path} cannot be made: {error.strerror}"
        if failing.is_setting(error):
            raise SettingsError(text, "socket_unusable") from error
        raise DiskFails(f"{text}; {failing.mend(error)}") from error
    return listening


def _make_room(path: Path) -> None:
    """Remove the socket of a daemon that is gone.

    Raises:
        SettingsError: something else stands there, or somebody answers.
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise SettingsError(f"{path} is no socket; move it away", "socket_unusable")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)  # noqa: FBT003
        try:
            probe.connect(os.fspath(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except BlockingIOError:
            pass  # so many wait for an answer that there is no room
    text = f"another daemon answers on {path}; stop that one first"
    raise SettingsError(text, "already_running")


def _user_of(writer: asyncio.StreamWriter) -> int:
    """Return the user of the process at the other end, as the kernel knows it."""
    descriptor = os.dup(writer.get_extra_info("socket").fileno())
    with socket.socket(fileno=descriptor) as peer:
        raw = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
    _, user, _ = _PEER.unpack(raw)
    return int(user)


def _name_of(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)


def _built(many: Sequence[Any]) -> Any:
    return [msgspec.to_builtins(each) for each in many]


def _no(code: str, sentence: str) -> Answer:
    return {"ok": False, "code": code, "sentence": sentence}
