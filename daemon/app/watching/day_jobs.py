"""The jobs of a day, for one running daemon."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import partial

from daemon.actors.session_keeper import Session
from daemon.app.given.assignment import Assignment
from daemon.app.given.records import Records
from daemon.control import Line
from daemon.control.asked_session import session_of
from daemon.jobs.port import Jobs, Office
from daemon.runtime.words import Port


def day_jobs(
    given: Assignment, kept: Records, now_ns: Callable[[], int], line: Callable[[], Line]
) -> Port:
    """Return what does the jobs of a day.

    Args:
        given: what the daemon runs.
        kept: its records.
        now_ns: market time.
        line: returns that to the actors, once they run.
    """
    accounts = tuple(each.id for each in given.accounts)
    logins = (*accounts, given.prices.id) if given.prices is not None else accounts
    office = Office(
        folder=given.folder,
        accounts=accounts,
        ledger=kept.ledger,
        store=kept.store,
        now_ns=now_ns,
        settings=given.settings,
        logins=logins,
        lost=partial(_sessionless, line, logins),
    )
    return Jobs(office).ask


async def _sessionless(line: Callable[[], Line], accounts: Iterable[str]) -> Collection[str]:
    """Return the accounts whose keeper has no session; who does not answer has none either."""
    to = line()
    return [each for each in accounts if await session_of(to, each) != Session.READY]
