"""The outbox: dead letters that a person wants delivered after all."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from daemon.web.answers.asks import Taken
from daemon.web.table import Call
from daemon.web.told.shapes import Told

_SinkName = Annotated[str, Meta(max_length=32, pattern="^[a-z0-9-]*$")]
_Number = Annotated[int, Meta(ge=0, le=2**53)]


class ReplayBody(Taken, frozen=True):
    """Which dead letters; without a sink those of all, without a number all of them."""

    sink: _SinkName = ""
    number: _Number = 0


class ReplayedTold(Told, frozen=True):
    """How many dead letters are given to their sinks again."""

    ok: bool
    count: int
    text: str


async def replay(call: Call) -> ReplayedTold:
    """Have dead letters delivered after all."""
    body: ReplayBody = call.body
    count = await call.house.replay(body.sink, body.number)
    letters = "dead letter is" if count == 1 else "dead letters are"
    text = f"{count} {letters} given to its sink again"
    return ReplayedTold(ok=True, count=count, text=text, mode=call.mode)
