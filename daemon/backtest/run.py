"""A backtest: recorded days through the engine on the pump, then the report of its facts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from daemon.app import Account, Run, build
from daemon.app.given.assignment import tell_of
from daemon.backtest.report import Document, report
from daemon.domain.plans.schema import Plan
from daemon.feeds.replay import Recording
from daemon.runtime.clock import VirtualClock
from daemon.runtime.pump import Pump
from daemon.runtime.supervisor import Supervisor
from daemon.storage.memory import MemoryLedger
from daemon.worlds import Recorded


def backtest(
    account: Account,
    plan: Plan,
    recording: Recording,
    days: Sequence[date],
    progress: Callable[[date], None],
) -> Document:
    """Play days and return what came of them.

    Args:
        account: what the strategy trades under.
        plan: the strategy.
        recording: the market.
        days: which of its days.
        progress: told each day before it is played.
    """
    ledger, clock = MemoryLedger(account.owner), VirtualClock()
    tell_of(recording, days, ledger)
    app = build([account], [plan], Run(recording, days, epoch=1), clock.now_ns, show=None)
    pump = Pump(Supervisor(app.specs, ledger), ledger, app.around, clock)
    assert isinstance(app.world, Recorded), "days that were recorded are played back"
    for step in app.world.steps():
        if step.jump:
            progress(step.message.day)
        pump.tell(step.to, step.message, step.at_ns)
    ledger.flush()
    return report(plan, ledger.facts(), ledger.journal_sha256())
