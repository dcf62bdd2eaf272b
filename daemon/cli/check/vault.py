"""What `ordo check` says of the vault: whether it can be opened, by whom, and how much is in it."""

from __future__ import annotations

from daemon.app.at_brokers.accounts import logins
from daemon.app.machine.host import this_host
from daemon.app.opening import require_credentials
from daemon.brokers.steps import STEPS
from daemon.errors import SettingsError, VaultError
from daemon.errors.catalogue import entry_of
from daemon.jobs.preflight.findings import Finding, fail, ok, warn
from daemon.settings import Settings
from daemon.storage.vault import Place, Vault
from daemon.storage.vault_keys import handed_passphrase

_CHECK = "vault"


def vault(settings: Settings) -> Finding:
    """Say whether each credential is there and can be opened; on paper there need be no vault."""
    none_needed = all(broker not in STEPS for _, broker in logins(settings))
    place = Place(settings.daemon.state_dir, this_host().credentials)
    held = Vault(place)
    if none_needed and not held.path.is_symlink() and not held.path.exists():
        return ok(_CHECK, f"none yet at {held.path}; on paper none is needed")
    try:
        rows = held.rows()
        require_credentials(settings, held)
        if held.asks_passphrase() and handed_passphrase(place.credentials) is None:
            evidence = f"{held.path} opens with a passphrase, which only a person has here"
            return warn(_CHECK, evidence, "hand it over as the credential vault.passphrase")
        held.check()
    except VaultError as error:
        # The unit may be handed the key; whoever asks here is not.
        told = warn if error.code == "no_vault_key" else fail
        return told(_CHECK, str(error), entry_of(error.code).mend)
    except SettingsError as error:
        return fail(_CHECK, str(error), entry_of(error.code).mend)
    known = ", ".join(dict.fromkeys(row.account for row in rows))
    counted = f"credentials of {known}: {len(rows)}" if rows else "nothing is in it"
    return ok(_CHECK, f"{held.path} opens with {held.opened_by()}: {counted}")
