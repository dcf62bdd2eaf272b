"""Checks of how accounts log in: who does so without a person is told what that means."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.brokers.steps import STEPS
from daemon.jobs.preflight.findings import Finding, warn
from daemon.settings import Settings


def headless(settings: Settings) -> Iterator[Finding]:
    """Warn of every account that logs in without a person."""
    for account in settings.accounts:
        if account.headless_login:
            yield warn(
                "log-in",
                f"{account.id} {STEPS[account.broker].warning}",
                "take headless_login out of its [[accounts]], and log in by hand: `ordo login`",
            )
