"""What several benches stand on: a folder with an event loop, and the legs of a condor."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import uvloop

_Told = TypeVar("_Told")
_LEG = """
[[legs]]
id = "{id}"
side = "{side}"
instrument = "{instrument}"
strike = {{ {strike} }}
"""
_STOP = "stop = { percent = 100 }\n"


def on_its_own(measure: Callable[[Path], Coroutine[Any, Any, _Told]]) -> _Told:
    """Measure on an event loop and in a folder that are gone afterwards."""
    with (
        TemporaryDirectory(prefix="ordo-bench-") as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        return runner.run(measure(Path(folder)))


def condor_legs(*, hedges: tuple[str, str], shorts: tuple[str, str]) -> str:
    """Return the legs of a condor as part of a plan's text.

    Args:
        hedges: the strikes of the call and the put that are bought.
        shorts: those of the ones that are sold, each with a stop.
    """
    return "".join(
        _LEG.format(id=f"{name}_{kind.lower()}", side=side, instrument=kind, strike=strike) + stop
        for name, side, strikes, stop in (
            ("hedge", "buy", hedges, ""),
            ("short", "sell", shorts, _STOP),
        )
        for kind, strike in zip(("CE", "PE"), strikes, strict=True)
    )
