"""What a daemon knows of live trading: whose money it is, what hinders it, whose orders are its."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain

from daemon.app.given.assignment import Assignment
from daemon.app.machine.host import Host
from daemon.control import LiveTerms
from daemon.domain.instants import day_of
from daemon.domain.orders.arming import PAPER
from daemon.domain.orders.ids import CHANCE_BITS, drawn, parse
from daemon.jobs.preflight.findings import Verdict
from daemon.jobs.preflight.live import hindrances
from daemon.twin.file import TwinFile


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


def least_epoch(given: Assignment, host: Host, files: Mapping[str, TwinFile]) -> int:
    """Return the least epoch of a run that begins now.

    At a broker it is drawn, for a daemon with another folder may trade in the same account. An
    exchange on paper lies in the folder, so there runs are counted, and can be played again; behind
    those that it knows of, which may be more than a ledger does that began anew beside it.

    Args:
        given: what is run.
        host: the machine.
        files: where the exchanges on paper keep the books of their accounts.

    Raises:
        StoreError: one of them cannot be read.
    """
    if all(account.broker == PAPER for account in given.accounts):
        return max((1, *(each + 1 for each in _epochs(files.values()))))
    return drawn(host.wall.now_ns(), host.chance(CHANCE_BITS))


def _epochs(files: Iterable[TwinFile]) -> Iterator[int]:
    """Yield the epochs of the orders that exchanges have, or that are on their way there."""
    for file in files:
        saved = file.load()
        sent = (arrival.request.client_id for arrival in saved.arrivals)
        for found in map(parse, chain((order.client_id for order in saved.orders), sent)):
            if found is not None:
                yield found.epoch
