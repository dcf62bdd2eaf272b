"""The clients that Zerodha publishes, asked from processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from daemon.bench import official
from tests.kit import official_requests, official_tour

Ask = Callable[..., Any]


@contextmanager
def _asked(file: str) -> Iterator[Ask]:
    """Yield what has a line answered by a program.

    Where the client is not, or cannot be imported, the test is skipped.
    """
    if not official.FOLDER.is_dir():
        pytest.skip("the broker's own client is not here: `make servers` fetches it")
    with subprocess.Popen(
        [sys.executable, file, str(official.FOLDER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"TZ": "UTC"},
    ) as process:

        def ask(*words: object) -> Any:
            process.stdin.write(json.dumps(words) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        if not process.stdout.readline():
            pytest.skip("the broker's own client cannot be imported here")
        yield ask
        process.stdin.close()


@contextmanager
def official_ticker() -> Iterator[Callable[[bytes], list[dict[str, Any]] | None]]:
    """Yield what turns a frame into the official ticks, None where the official client fails."""
    with _asked(official.__file__) as ask:
        yield lambda frame: ask(frame.hex())


official_client = partial(_asked, official_requests.__file__)
"""Yields what tells method, path and body of a call, by its name and its arguments."""
official_clients = partial(_asked, official_tour.__file__)
"""Yields what has the clients do a call for real, by its name and its arguments."""
