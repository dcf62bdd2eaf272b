"""The jobs of a day, for one running daemon."""

from __future__ import annotations

from collections.abc import Callable

from daemon.app.assignment import Assignment
from daemon.app.records import Records
from daemon.jobs.port import Jobs, Office
from daemon.runtime.words import Port


def day_jobs(given: Assignment, kept: Records, now_ns: Callable[[], int]) -> Port:
    """Return what does the jobs of a day.

    Args:
        given: what the daemon runs.
        kept: its records.
        now_ns: market time.
    """
    office = Office(
        folder=given.folder,
        accounts=tuple(each.id for each in given.accounts),
        ledger=kept.ledger,
        store=kept.store,
        now_ns=now_ns,
        settings=given.settings,
    )
    return Jobs(office).ask
