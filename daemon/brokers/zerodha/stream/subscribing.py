"""What is said to the ticker so that it shows what is wanted.

Nothing of it is answered. What is subscribed comes in quote mode until it is told otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from daemon.brokers.zerodha.packets import Mode

AT_ONCE = 200
"""So many instruments are named in one message."""


def changes(before: Mapping[int, Mode], after: Mapping[int, Mode]) -> list[str]:
    """Return what to say so that one set is shown instead of another.

    What is no longer wanted goes first, so that there is room for the rest.
    """
    gone = sorted(before.keys() - after.keys())
    new = sorted(after.keys() - before.keys())
    shown = dict(before) | dict.fromkeys(new, Mode.QUOTE)
    said = [_said("unsubscribe", batch) for batch in _batches(gone)]
    said += [_said("subscribe", batch) for batch in _batches(new)]
    for mode in Mode:
        moved = sorted(t for t, wanted in after.items() if wanted is mode and shown[t] is not mode)
        said += [_said("mode", (mode, batch)) for batch in _batches(moved)]
    return said


def _batches(tokens: Sequence[int]) -> Iterator[Sequence[int]]:
    return (tokens[first : first + AT_ONCE] for first in range(0, len(tokens), AT_ONCE))


def _said(what: str, of: Any) -> str:
    return msgspec.json.encode({"a": what, "v": of}).decode()
