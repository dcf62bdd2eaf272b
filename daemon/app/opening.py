"""How the accounts of one run are opened, and that their credentials are there."""

from __future__ import annotations

from collections.abc import Mapping

from daemon.app.at_brokers.accounts import logins
from daemon.app.at_brokers.at_zerodha import Say, Tell, at_zerodha
from daemon.app.at_brokers.connections import Opener
from daemon.app.given.assignment import Assignment
from daemon.brokers.steps import STEPS
from daemon.errors import SettingsError
from daemon.runtime.clock import Clock
from daemon.settings import Broker, Settings
from daemon.storage.vault import Vault


def openers_of(
    given: Assignment, vault: Vault, tell: Tell, wall: Clock, say: Say
) -> Mapping[str, Opener]:
    """Return how an account is opened, by the canonical id of its broker.

    Args:
        given: what is run; what it names itself comes first.
        vault: holds the credentials.
        tell: brings word of a refused session to an actor.
        wall: host time.
        say: tells whoever runs the daemon.
    """
    kite = given.settings.brokers.get("zerodha", Broker())
    return {"zerodha": at_zerodha(vault, tell, wall, kite, say), **given.openers}


def require_credentials(settings: Settings, vault: Vault) -> None:
    """Refuse accounts whose credentials were never put in.

    Whether they are right only the broker knows, and a session is made while the daemon runs.

    Args:
        settings: the accounts, some of which may log in without a person.
        vault: holds the credentials.

    Raises:
        VaultError: the vault cannot be read.
        SettingsError: some are not there.
    """
    alone = {each.id for each in settings.accounts if each.headless_login}
    needed = [
        (account, field)
        for account, broker in logins(settings)
        if (step := STEPS.get(broker)) is not None
        for field in (*step.needs, *(step.alone if account in alone else ()))
    ]
    held = {(row.account, row.field) for row in vault.rows()} if needed else set()
    missing = [f"{field} of {account}" for account, field in needed if (account, field) not in held]
    if missing:
        raise SettingsError(
            f"the vault at {vault.path} has no {', '.join(missing)}: put them in with "
            "`ordo vault init` and `ordo vault put ACCOUNT`, as docs/live.md says"
        )
