"""The daemon as people run it: a process of its own, on the generated market of the presets."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests.kit.plans import ROOT

_PATIENCE_S = 60
_READY = "ordo ready "


class Daemon:
    """`ordo run` in a folder; killed or stopped, it is started again on the port it had.

    Args:
        folder: where it runs, and keeps its state.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = 0
        self._process: Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._lines: asyncio.Queue[str] = asyncio.Queue()

    async def start(self, speed: int) -> str:
        """Start it, wait until it is ready, and return the address it prints.

        Args:
            speed: market seconds in one second.
        """
        self._process = process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "daemon", "run", "--speed", str(speed)),
            cwd=self._folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "ORDO_WEB__PORT": str(self._port)},
            stdout=PIPE,
            stderr=DEVNULL,
        )
        self._lines = asyncio.Queue()
        self._reading = asyncio.create_task(self._read(process))
        url = (await self.line(_READY)).removeprefix(_READY)
        port = urlsplit(url).port
        assert port is not None
        self._port = port
        return url

    async def line(self, text: str) -> str:
        """Return the next line it prints that holds a text."""
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                printed = await self._lines.get()
                assert printed, f"it ended before it said: {text}"
                if text in printed:
                    return printed.rstrip("\n")

    async def end(self, number: signal.Signals) -> int:
        """Send it a signal that ends it, and return its exit status."""
        assert self._process is not None
        assert self._reading is not None
        if self._process.returncode is None:
            self._process.send_signal(number)
        await self._reading
        return await self._process.wait()

    async def _read(self, process: Process) -> None:
        assert process.stdout is not None
        async for printed in process.stdout:
            self._lines.put_nowait(printed.decode())
        self._lines.put_nowait("")


@asynccontextmanager
async def before_the_entry(folder: Path) -> AsyncIterator[Daemon]:
    """A daemon that was stopped half a minute of market time before the day's first entry.

    A first run begins half a minute of real time before it, whatever the speed: at the market's
    own speed that is the same half minute, which then passes at any other.
    """
    daemon = Daemon(folder)
    try:
        await daemon.start(speed=1)
        await daemon.line("opens")
        assert await daemon.end(signal.SIGTERM) == 0
        yield daemon
    finally:
        await daemon.end(signal.SIGKILL)
