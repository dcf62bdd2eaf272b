"""The live side: what must be in order before an account of a live broker may be armed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from daemon.domain.orders.arming import PAPER
from daemon.jobs.preflight import egress, machine, market
from daemon.jobs.preflight.findings import Finding, ok, warn
from daemon.settings import Settings

TERMS = {
    "zerodha": "its API terms, read on 2026-10-09 by others: clause 2(e), no fully automated "
    "trading without the exchange's approval; clause 4(b), no permanent copies of what it sends",
}
"""What the user of a broker must settle with it himself, by its canonical id."""


def hindrances(settings: Settings, day: date) -> Iterator[Finding]:
    """Yield what concerns live trading of all that is checked.

    The record is not verified here: that takes as long as it is long, and each evening does it.

    Args:
        settings: everything that was set.
        day: that is traded.
    """
    yield market.strategies(settings, day)
    yield machine.state_folder(settings)
    yield machine.clock()
    yield market.calendar_reach(day)
    yield market.rates(settings)
    yield from market.brokers(settings)
    yield egress.static_ip(settings)


def terms(settings: Settings) -> Finding:
    """Say what a user must settle with his brokers before money is traded with."""
    check = "live"
    live = sorted({each.broker for each in settings.accounts} - {PAPER})
    if not live:
        return ok(check, "every account is on paper; docs/live.md says what live trading needs")
    told = [f"{name}: {TERMS[name]}" for name in live if name in TERMS]
    opted = "each account needs `ordo arm` each day, each strategy `live = true`"
    mend = "settle that with the broker in writing, step by step in docs/live.md"
    return warn(check, "; ".join((*told, opted)), mend)
