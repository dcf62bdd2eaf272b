"""The daemon's programs as processes that need not load what all of them load.

To load the daemon takes half a second and more of a processor, and tests start hundreds. So one
process of each worker has loaded it, and forks for each that is asked for: the fork takes over
arguments, environment, folder and streams, and runs the module as `python -m` does. What else it
inherits is what was loaded, and a command line that is not its own. Where those matter a process is
started the long way, by `tests.kit.commands.ordo`. Two such processes take turns, which seed hashes
differently: a daemon and the one that recovers after it order no set alike by chance.
"""

from __future__ import annotations

import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cache
from importlib import import_module
from itertools import cycle
from pathlib import Path
from typing import IO, NoReturn

import msgspec
from msgspec import Struct

from tests.kit.commands import surroundings
from tests.kit.plans import ROOT

LOADED = ("daemon.app", "daemon.cli.run", "daemon.cli.twin", "daemon.cli.backtest")
_MOST_BYTES = 100_000
_RUNNING = ExitStack()
_SEEDS = cycle(("1", "2"))


class Asked(Struct):
    """What process is wanted.

    Attributes:
        argv: the module, and its arguments.
        environ: all of its environment.
        folder: where it is started.
    """

    argv: list[str]
    environ: dict[str, str]
    folder: str


class WarmProcess:
    """A forked process, with what is used of `subprocess.Popen`.

    Args:
        status: tells its process id, then how it ended.
        stdout: what it says.
        stderr: what else it writes.

    Attributes:
        pid: its process id, which is no other's until its end was seen here.
        returncode: how it ended, a signal as a negative number; None: not yet seen.
    """

    def __init__(self, status: socket.socket, stdout: IO[str], stderr: IO[str]) -> None:
        self._status = status
        self._seen = threading.Lock()
        self.pid = int(status.recv(_MOST_BYTES))
        self.returncode: int | None = None
        self.stdout, self.stderr = stdout, stderr

    def poll(self) -> int | None:
        """Look whether it has ended."""
        return self._look(0)

    def wait(self, timeout: float) -> int:
        """Wait until it has ended.

        Raises:
            TimeoutExpired: it has not.
        """
        code = self._look(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout)
        return code

    def _look(self, patience_s: float) -> int | None:
        with self._seen:
            if self.returncode is None:
                self._status.settimeout(patience_s)
                try:
                    told = self._status.recv(_MOST_BYTES)
                except (BlockingIOError, TimeoutError):
                    return None
                assert told, "the process that forks has ended"
                self.returncode = int(told)
                self._status.close()
        return self.returncode

    def send_signal(self, name: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, name)

    def communicate(self, timeout: float) -> tuple[str, str]:
        """Read all that it writes, and wait until it has ended.

        Args:
            timeout: from when both streams have ended.

        Raises:
            TimeoutExpired: it has not.
        """
        with self.stdout, self.stderr, ThreadPoolExecutor(1) as beside:
            said = beside.submit(self.stdout.read)
            told = self.stderr.read()
            texts = said.result(), told
        self.wait(timeout)
        return texts


def ordo(
    *args: str | Path, cwd: Path, environ: Mapping[str, str] | None = None, module: str = "daemon"
) -> WarmProcess:
    """Start `python -m daemon`, or another of its programs, as a fork; its streams are pipes."""
    given = surroundings(environ or {})
    reads, writes = zip(*(os.pipe() for _ in range(2)), strict=True)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        asked = Asked([module, *map(str, args)], given, str(cwd))
        socket.send_fds(
            _forks(next(_SEEDS)), [msgspec.json.encode(asked)], [*writes, theirs.fileno()]
        )
    for end in writes:
        os.close(end)
    stdout, stderr = (open(end, encoding="utf-8") for end in reads)  # noqa: PTH123, SIM115
    return WarmProcess(ours, stdout, stderr)


@cache
def _forks(seed: str) -> socket.socket:
    """Start a process that forks, and return what it is asked by: it ends with that."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(theirs.fileno())],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )
    _RUNNING.callback(process.wait)
    return _RUNNING.enter_context(ours)


def end() -> None:
    """End the processes that fork, once no test of this process needs it any more."""
    _forks.cache_clear()
    _RUNNING.close()


def main(asks: socket.socket) -> None:
    """Fork for whoever asks, until nobody can any more; each fork is what was asked for."""
    for name in LOADED:
        import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        told, fds, _, _ = socket.recv_fds(asks, _MOST_BYTES, 3)
        if not told:
            return None
        if os.fork():
            for fd in fds:
                os.close(fd)
            continue
        asks.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        *streams, status = fds
        if pid := os.fork():
            _watch(pid, streams, socket.socket(fileno=status))
        os.close(status)
        return _be(msgspec.json.decode(told, type=Asked), streams)


def _watch(pid: int, streams: list[int], status: socket.socket) -> NoReturn:
    """Tell of a process how it ended; it stays a zombie, its id its own, until that was seen."""
    for stream in streams:
        os.close(stream)
    status.send(str(pid).encode())
    ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert ended is not None, "it was waited for"
    code = ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
    status.send(str(code).encode())
    status.recv(1)
    os.waitpid(pid, 0)
    os._exit(0)


def _be(asked: Asked, streams: list[int]) -> None:
    """Be the process that was asked for."""
    for fd, stream in enumerate(streams, start=1):
        os.dup2(stream, fd)
        os.close(stream)
    os.environ.clear()
    os.environ.update(asked.environ)
    time.tzset()
    os.chdir(asked.folder)
    sys.path[0] = asked.folder
    sys.argv = asked.argv
    runpy.run_module(asked.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
