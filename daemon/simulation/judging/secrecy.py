"""A planted secret: the key that the way to the broker carries, and names when it refuses.

It is held as every secret is, so whoever writes it into a sentence writes stars.
"""

from __future__ import annotations

from collections.abc import Iterable

from daemon.messages.outbox import Event
from daemon.simulation.judging.judge import Violated
from daemon.storage.codec import Row
from daemon.telemetry.redaction import Secret

_TEXT = "simulated-Key-0123456789-canary"
KEY = Secret(_TEXT)


def nothing_secret_was_told(rows: Iterable[Row], events: Iterable[Event]) -> None:
    """I19: no secret stands in a record, nor in what a sink was told.

    Raises:
        Violated: one does.
    """
    secret = _TEXT.encode()
    for row in rows:
        if secret in row.body:
            raise Violated("I19", f"the record {row.number}, a {row.kind}, holds a secret")
    for event in events:
        if _TEXT in str(event):
            raise Violated("I19", f"a sink was told a secret with {event.event_id}")


def nothing_secret_is_shown(view: object) -> None:
    """I19: no secret is shown to anybody.

    Raises:
        Violated: one is.
    """
    if _TEXT in str(view):
        raise Violated("I19", f"a {type(view).__name__} shows a secret")
