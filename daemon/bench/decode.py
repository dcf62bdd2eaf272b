"""The decode bench: packets of Zerodha's ticker to ticks, ours beside the vendor's own client.

Rounds of the two take turns over the same frames: one of full packets alone, and one of all kinds.
Seconds are those of the processor.
Ours is measured twice: to ticks with the quote that a decision needs, and with the day's figures
and the depth of each as well, which the vendor's client always builds. That one lives in the set-up
for development alone; where it is not, the bench says so.
"""

from __future__ import annotations

import json
import statistics
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from daemon.bench import official
from daemon.brokers.zerodha.packets import decode
from daemon.errors import OrdoError

ROUNDS = 15
PACKETS = 500
_TIMES = 5
_ABSENT = "not here: `make servers` fetches it into .venv, for development"
_LENGTHS = (8, 28, 32, 44, 184)

Ask = Callable[[bytes, int], float]
"""Has a frame read so often, and returns the seconds that it took."""


def bench() -> dict[str, Any]:
    """Measure both, and return what a person compares."""
    frames = {"full": made((184,) * PACKETS), "mixed": made(_LENGTHS * (PACKETS // len(_LENGTHS)))}
    if not official.FOLDER.is_dir():
        return {"official": _ABSENT, **{name: _alone(frame) for name, frame in frames.items()}}
    with _client() as ask:
        return {name: _beside(frame, ask) for name, frame in frames.items()}


def made(lengths: tuple[int, ...]) -> bytes:
    """Return a frame of packets of these lengths, with other numbers in each of them."""
    packets = b"".join(struct.pack(">H", each) + _packet(n, each) for n, each in enumerate(lengths))
    return struct.pack(">H", len(lengths)) + packets


def _packet(number: int, length: int) -> bytes:
    segment = 9 if length in (28, 32) else 2
    words = [(number + 1) << 8 | segment]
    words += [100_000 + (number * 7_919 + place * 104_729) % 900_000 for place in range(45)]
    return struct.pack(">46I", *words)[:length]


def _whole(frame: bytes) -> None:
    for tick in decode(frame):
        tick.figures()
        tick.depth()


def _alone(frame: bytes) -> dict[str, Any]:
    """Return the figures of ours where there is nothing to hold them against."""
    rounds = [[official.timed(read, frame, _TIMES) for read in (decode, _whole)] for _ in _turns()]
    return _told(["ticks_per_s", "whole_per_s"], rounds)


def _beside(frame: bytes, ask: Ask) -> dict[str, Any]:
    rounds = [
        [
            official.timed(decode, frame, _TIMES),
            official.timed(_whole, frame, _TIMES),
            ask(frame, _TIMES),
        ]
        for _ in _turns()
    ]
    told = _told(["ticks_per_s", "whole_per_s", "official_per_s"], rounds)
    times = sorted(theirs / ours for ours, _, theirs in rounds)
    return {
        **told,
        "times_official": round(statistics.median(times), 1),
        "times_official_whole": round(statistics.median(t / w for _, w, t in rounds), 1),
        "times_official_spread": [round(times[0], 1), round(times[-1], 1)],
    }


def _turns() -> range:
    return range(ROUNDS)


def _told(names: list[str], rounds: list[list[float]]) -> dict[str, Any]:
    """Return the packets per second of the median round, under a name each."""
    medians = map(statistics.median, zip(*rounds, strict=True))
    return {
        name: round(PACKETS * _TIMES / seconds)
        for name, seconds in zip(names, medians, strict=True)
    }


@contextmanager
def _client() -> Iterator[Ask]:
    command = [sys.executable, official.__file__, str(official.FOLDER)]
    with subprocess.Popen(  # noqa: S603  our own file
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None, "it was asked for"
        assert process.stdout is not None, "it was asked for"
        asked, answered = process.stdin, process.stdout

        def ask(frame: bytes, times: int) -> float:
            asked.write(json.dumps([frame.hex(), times]) + "\n")
            asked.flush()
            return float(answered.readline())

        if not answered.readline():
            raise OrdoError(f"the vendor's client in {official.FOLDER} cannot run here")
        yield ask
        asked.close()
