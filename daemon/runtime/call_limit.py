"""The last limit of a call: a port without one of its own leaves its actor unanswered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from daemon.errors import PortSilent
from daemon.runtime.words import Call


@contextmanager
def limited(call: Call, fail: Callable[[PortSilent], None]) -> Iterator[None]:
    """Tell of a call that outlasts its limit while the block runs.

    Nothing is called off, for such a port may not heed that either.

    Args:
        call: what was asked.
        fail: is told, once.
    """
    if call.within_s is None:
        yield
        return
    asked = type(call.request).__name__
    text = f"{call.port} has neither answered {asked} within {call.within_s} s nor said why"
    late = asyncio.get_running_loop().call_later(call.within_s, fail, PortSilent(text))
    try:
        yield
    finally:
        late.cancel()
