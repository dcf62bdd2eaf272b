"""The vault of a daemon, where it lies and what it tells the log to leave out."""

from __future__ import annotations

from daemon.app.given.assignment import Assignment
from daemon.app.machine.host import Host
from daemon.app.machine.telemetry import Telemetry
from daemon.storage.vault import Place, Vault


def vault_of(given: Assignment, host: Host, telemetry: Telemetry) -> Vault:
    """Return the vault of a daemon; nothing of it is read yet."""
    return Vault(Place(given.state_dir, host.credentials, know=telemetry.know))
