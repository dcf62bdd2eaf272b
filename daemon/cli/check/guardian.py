"""What `ordo check` says of the guardian: whether one watches, and what it has left word of."""

from __future__ import annotations

from daemon.guardian.telling import ALERT
from daemon.guardian.ways import at_brokers
from daemon.jobs.preflight.findings import Finding, fail, ok, warn
from daemon.settings import Settings
from daemon.storage.stood_in_for import MEND, unlike, watched

_CHECK = "guardian"


def guardian(settings: Settings) -> Finding:
    """Say whether a guardian watches the state folder; on paper alone there need be none."""
    if other := unlike(settings):
        return fail(_CHECK, other, MEND)
    state_dir = settings.daemon.state_dir
    alert = state_dir / ALERT
    there = watched(state_dir)
    watches = f"one {'watches' if there else 'does not watch'} {state_dir}"
    if alert.exists():
        mend = f"look what it did, and remove {alert} then"
        return warn(_CHECK, f"{watches}; it has left word in {alert}", mend)
    if not there and at_brokers(settings):
        mend = (
            "start `ordo-guardian`: without it nobody closes what a daemon that is gone left open"
        )
        return warn(_CHECK, watches, mend)
    return ok(_CHECK, watches)
