"""What forbids an entry, as the door asks it anew for each: a latch, a missing arm, no opt-in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from daemon.app.at_brokers.accounts import Account
from daemon.domain.instants import day_of
from daemon.domain.orders.arming import unarmed, unwilling
from daemon.domain.orders.reconcile import LOOSE
from daemon.domain.plans.schema import Plan
from daemon.kill import forbids
from daemon.storage import arms


class Permission:
    """Knows what entries may leave.

    A person who sends an order by hand opts in by that, so only the arm is asked of it.

    Args:
        state_dir: in which latches and arms lie; None: there are none, as in a backtest.
        accounts: those that are traded in.
        plans: the strategies that trade in them.
        now_ns: tells market time.
    """

    def __init__(
        self,
        state_dir: Path | None,
        accounts: Iterable[Account],
        plans: Iterable[Plan],
        now_ns: Callable[[], int],
    ) -> None:
        self._state_dir = state_dir
        self._live = frozenset(each.id for each in accounts if each.terms.live)
        self._opted_in = {plan.id: plan.live for plan in plans} | dict.fromkeys(LOOSE, True)
        self._now_ns = now_ns

    def know(self, plan: Plan) -> None:
        """Go by a strategy as it is written from here on."""
        self._opted_in[plan.id] = plan.live

    def forbids(self, account: str, strategy_id: str) -> str:
        """Return what forbids entries of a strategy in an account; empty: nothing does."""
        there = self._state_dir
        latched = forbids(there, account, strategy_id) if there is not None else ""
        if latched or account not in self._live:
            return latched
        if not self._opted_in.get(strategy_id, False):
            return unwilling(strategy_id)
        arm = arms.of(there, account) if there is not None else None
        return unarmed(account, arm.day if arm else None, day_of(self._now_ns()))
