"""Checks: what would hinder a start, or a day, each with evidence and the mend."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from daemon.jobs.preflight import egress, logins, machine, market
from daemon.jobs.preflight.findings import Finding
from daemon.settings import Settings


def preflight(settings: Settings, day: date) -> Iterator[Finding]:
    """Yield what a running daemon finds out about itself before a day.

    Args:
        settings: everything that was set.
        day: that is traded.
    """
    yield market.strategies(settings, day)
    yield machine.state_folder(settings)
    yield machine.ledger(settings)
    yield machine.latches(settings)
    yield from machine.guardian(settings)
    yield machine.clock()
    yield market.calendar_reach(day)
    yield market.rates(settings)
    yield from logins.headless(settings)
    yield from market.brokers(settings)
    yield egress.static_ip(settings)
