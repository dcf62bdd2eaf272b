"""How the guardian reaches an account at Zerodha: its own way, by the session that is kept."""

from __future__ import annotations

from collections.abc import Callable

from daemon.brokers.zerodha.broker import Zerodha
from daemon.brokers.zerodha.client import Client
from daemon.brokers.zerodha.contracts import Contracts
from daemon.brokers.zerodha.resuming import Resuming
from daemon.brokers.zerodha.transport import ROOT, Transport
from daemon.errors import BrokerMisused, SettingsError, VaultError
from daemon.runtime.clock import MonotonicClock
from daemon.settings import Account, Settings
from daemon.storage.vault import Vault
from daemon.telemetry.redaction import Secret

_MISSING = "no_credential"


class _Sealed:
    """What the vault keeps of one account; it is only looked at.

    Args:
        vault: keeps it.
        account: whose.
    """

    def __init__(self, vault: Vault, account: str) -> None:
        self._vault = vault
        self._account = account

    def find(self, field: str) -> Secret | None:
        """Return a credential; None: there is none.

        Raises:
            BrokerMisused: the vault cannot be opened; with what to do about it.
        """
        try:
            return self._vault.open(self._account, field)
        except (VaultError, SettingsError) as error:
            if error.code == _MISSING:
                return None
            raise BrokerMisused(str(error)) from error


def at_zerodha(
    settings: Settings,
    account: Account,
    vault: Vault,
    now_ns: Callable[[], int],
    refused: Callable[[int], None],
) -> Zerodha:
    """Return an account at Zerodha that uses the session that is kept, and can make none.

    Args:
        settings: tell where the broker is, or a stand-in.
        account: which.
        vault: holds its session.
        now_ns: tells market time.
        refused: is told of a session that the broker refuses.
    """
    root = settings.brokers[account.broker].api_root or ROOT
    client = Client(Transport(root), MonotonicClock(), refused)
    resuming = Resuming(client, _Sealed(vault, account.id), now_ns)
    return Zerodha(client, Contracts(), resuming, now_ns)
