"""What a daemon knows of live trading: whose money it is, at which brokers, and what hinders it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from daemon.app.assignment import Assignment
from daemon.control import LiveTerms
from daemon.domain.instants import day_of
from daemon.jobs.preflight.findings import Verdict
from daemon.jobs.preflight.live import hindrances


def live_terms(given: Assignment, now_ns: Callable[[], int]) -> LiveTerms:
    """Return what whoever arms an account must know.

    Args:
        given: what is run.
        now_ns: tells market time.
    """

    def check() -> Sequence[str]:
        found = hindrances(given.settings, day_of(now_ns()))
        amiss = [each for each in found if each.verdict is Verdict.FAIL]
        return [f"{each.check}: {each.evidence}; {each.mend}" for each in amiss]

    brokers = {account.id: account.broker for account in given.accounts}
    roots = {name: each.api_root for name, each in given.settings.brokers.items() if each.api_root}
    alone = frozenset(account.id for account in given.accounts if account.headless_login)
    return LiveTerms(given.settings.daemon.mode, brokers, check, roots, alone)
