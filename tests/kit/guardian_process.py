"""`ordo-guardian` as a process of its own: started, listened to, ended."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.kit.commands import ordo
from tests.kit.daemon_process import PATIENCE_S, host_ns


class GuardianProcess:
    """A running guardian.

    Args:
        folder: where it runs; the state lies in `state`.
        environ: more settings.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        given = {"PYTHONUNBUFFERED": "1", **environ}
        self._process = ordo(cwd=folder, environ=given, module="daemon.guardian")
        self.pid = self._process.pid
        self._news = threading.Condition()
        self._lines: list[str] = []
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    @property
    def lines(self) -> tuple[str, ...]:
        """What it has said so far."""
        with self._news:
            return tuple(self._lines)

    def wait_line(self, part: str) -> None:
        """Wait until it has said something to people."""
        self.wait(lambda: any(part in line for line in self._lines), f"says {part!r}")

    def wait(self, seen: Callable[[], bool], what: str) -> None:
        """Wait until something is seen; fail where the process ends first, or time does."""
        until_ns = host_ns() + int(PATIENCE_S * 1e9)
        with self._news:
            while not seen():
                assert host_ns() < until_ns, f"it never {what}: {self._lines}"
                assert self._thread.is_alive(), f"it ended before it {what}: {self.errors()}"
                self._news.wait(0.02)

    def errors(self) -> str:
        """Return what it said and wrote to its other stream, once it has ended."""
        assert self._process.stderr is not None, "its streams are pipes"
        return "\n".join([*self._lines, self._process.stderr.read()])

    def end(self, how: signal.Signals = signal.SIGKILL) -> int:
        """End it, and return its exit code."""
        if self._process.poll() is None:
            self._process.send_signal(how)
        try:
            return self._process.wait(PATIENCE_S)
        finally:
            self._process.kill()  # it stays behind no test that failed
            self._process.wait()
            self._thread.join(PATIENCE_S)
            assert self._process.stderr is not None, "its streams are pipes"
            self._process.stderr.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None, "its streams are pipes"
        with self._process.stdout as stream:
            for line in stream:
                with self._news:
                    self._lines.append(line.rstrip("\n"))
                    self._news.notify_all()


@contextmanager
def watching(
    folder: Path, silence_s: int = 2, stopped_s: int = 300, speed: str = "60"
) -> Iterator[GuardianProcess]:
    """Let a guardian watch until the block ends.

    Args:
        folder: where it runs.
        silence_s: for so long it waits for a beat.
        stopped_s: the same, of a daemon that was stopped in order.
        speed: market seconds in a second, while it closes.
    """
    environ = {
        "ORDO_GUARDIAN__SILENCE_S": str(silence_s),
        "ORDO_GUARDIAN__STOPPED_S": str(stopped_s),
        "ORDO_FEED__SPEED": speed,
    }
    process = GuardianProcess(folder, environ)
    try:
        process.wait_line("  watches ")
        yield process
    finally:
        process.end()
