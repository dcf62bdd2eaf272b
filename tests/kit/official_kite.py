"""The client that Zerodha publishes, asked from a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from daemon.bench import official

Ticks = list[dict[str, Any]]


@contextmanager
def official_ticker() -> Iterator[Callable[[bytes], Ticks | None]]:
    """Yield what turns a frame into the official ticks, None where the official client fails.

    Without that client the test is skipped, with the mend.
    """
    if not official.FOLDER.is_dir():
        pytest.skip("the broker's own client is not here: `make servers` fetches it")
    with subprocess.Popen(
        [sys.executable, official.__file__, str(official.FOLDER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"TZ": "UTC"},
    ) as process:

        def ask(frame: bytes) -> Ticks | None:
            process.stdin.write(json.dumps([frame.hex()]) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield ask
        process.stdin.close()
