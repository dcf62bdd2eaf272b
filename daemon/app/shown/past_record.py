"""What sinks are told past the record, once the ledger has failed: alerts and kills.

Whoever would mend the disk and restart the daemon is paged by just these. The next start finds the
same facts in the record and gives them again, under the ids that they have there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, Final

from daemon.app.shown.outbox_store import body_of, key_of
from daemon.messages.outbox import Event

URGENT: Final = frozenset({"alert", "kill"})
"""The kinds of events that wait for no restart."""


class PastRecord:
    """Makes events that are of no record.

    Their ids begin with a word, and those of records with a number; and no two runs have the same.

    Args:
        now_ns: host time.
    """

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._run = now_ns()
        self._numbers = count(1)

    def urgent(self, items: Sequence[dict[str, Any]]) -> tuple[Event, ...]:
        """Return the events of the lines that wait for no restart, in their order."""
        return tuple(self._event(item) for item in items if item["kind"] in URGENT)

    def _event(self, item: dict[str, Any]) -> Event:
        number = next(self._numbers)
        event_id = f"emergency-{self._run}-{number}"
        body = body_of(event_id, 0, item)
        return Event(-number, event_id, item["kind"], key_of(item), body)
