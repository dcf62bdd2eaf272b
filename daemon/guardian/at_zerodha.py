"""How the guardian reaches an account at Zerodha: its own way, by the session that is kept."""

from __future__ import annotations

from collections.abc import Callable

from daemon.brokers.zerodha.broker import Zerodha
from daemon.brokers.zerodha.client import Client
from daemon.brokers.zerodha.contracts import Contracts
from daemon.brokers.zerodha.resuming import Resuming
from daemon.brokers.zerodha.transport import ROOT, way_to
from daemon.runtime.clock import MonotonicClock, WallClock
from daemon.settings import Account, Settings
from daemon.storage.contract_file import ContractFile
from daemon.storage.sealed import Sealed
from daemon.storage.vault import Vault


def at_zerodha(
    settings: Settings,
    account: Account,
    vault: Vault,
    now_ns: Callable[[], int],
    refused: Callable[[int], None],
) -> Zerodha:
    """Return an account at Zerodha that uses the session that is kept, and can make none.

    Nor does it keep contracts, but uses those that the daemon kept.

    Args:
        settings: tell where the broker is, or a stand-in.
        account: which.
        vault: holds its session.
        now_ns: tells market time.
        refused: is told of a session that the broker refuses.
    """
    terms = settings.brokers[account.broker]
    client = Client(way_to(terms), MonotonicClock(), refused)
    resuming = Resuming(client, Sealed(vault, account.id, WallClock()), now_ns)
    file = ContractFile(settings.daemon.state_dir, account.id, terms.api_root or ROOT)
    return Zerodha(client, Contracts(file.find), resuming, now_ns)
