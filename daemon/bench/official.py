"""Zerodha's own ticker client, in a process of its own, as a judge of ours.

It is started as a file, with the folder that holds it: what it brings along stays out of ours. It
says that it is ready, then reads a request a line and writes an answer a line, in JSON: `[frame in
hex]` is answered with the ticks that it makes of the frame, null where it fails on it, and `[frame
in hex, n]` with the seconds that it takes to read the frame n times.
"""

from __future__ import annotations

import json
import struct
import sys
import time
from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

FOLDER = Path(sys.prefix) / "servers" / "kite"
"""Where `make servers` fetches it to."""
READY = "ready"
"""The first line: without it the client cannot run here."""

Read = Callable[[bytes], list[dict[str, Any]]]


def timed(read: Callable[[bytes], object], frame: bytes, times: int) -> float:
    """Return how many seconds of the processor it takes to read a frame so often.

    Neither side waits for anything, so what else runs on the machine is left out.
    """
    begun = time.process_time()
    for _ in range(times):
        read(frame)
    return time.process_time() - begun


def _answer(read: Read, text: str, times: int = 0) -> object:
    frame = bytes.fromhex(text)
    if times:
        return timed(read, frame, times)
    try:
        return read(frame)
    except struct.error:
        return None


def _plain(value: object) -> object:
    """Return an instant as whole seconds since 1970; it is the only word that JSON lacks."""
    return round(value.timestamp()) if isinstance(value, datetime) else str(value)


def main(folder: str) -> None:
    """Answer until there are no more requests."""
    sys.path.insert(0, folder)
    read = import_module("kiteconnect").KiteTicker("key", "token")._parse_binary  # noqa: SLF001
    _say(READY)
    for line in sys.stdin:
        _say(_answer(read, *json.loads(line)))


def _say(answer: object) -> None:
    sys.stdout.write(json.dumps(answer, default=_plain) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
