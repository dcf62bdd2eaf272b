"""Who there is to talk to in one running daemon."""

from __future__ import annotations

from daemon.app.at_brokers.accounts import logins, traded_in, watchdog_of
from daemon.app.given.assignment import Assignment
from daemon.app.given.declared import Declared
from daemon.app.given.wiring import cells_of
from daemon.control import Names
from daemon.domain.orders.reconcile import LOOSE
from daemon.messages.modes import Modes


def names_of(given: Assignment, declared: Declared, modes: Modes) -> Names:
    """Return the addresses of a daemon.

    Args:
        given: what it runs.
        declared: the strategies that its records add.
        modes: whose money each account trades with, that at home first.
    """
    plans = (*given.plans, *declared.plans)
    every = tuple(each.id for each in given.accounts)
    reached = dict.fromkeys((*LOOSE, *declared.once), every)
    traded = {plan.id: tuple(a.id for a in traded_in(plan, given.accounts)) for plan in plans}
    names = Names(
        state_dir=given.state_dir,
        routers={each.id: each.router for each in given.accounts},
        strategies={plan.id: f"runner:{plan.id}" for plan in plans},
        accounts=reached | traded,
        watchdogs={
            cell.account: watchdog_of(cell) for cell in cells_of(given.accounts, modes.home)
        },
    )
    names.sessions = tuple(account for account, _ in logins(given.settings))
    names.modes = modes
    for strategy_id, marks in declared.traded.items():
        names.reach(strategy_id, map(names.marked, sorted(marks)))
    names.left_out = {**given.refused, **declared.left_out, **given.left_out}
    return names
