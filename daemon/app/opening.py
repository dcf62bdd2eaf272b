"""How the accounts of one run are opened: what a broker needs is there once the run is."""

from __future__ import annotations

from collections.abc import Mapping

from daemon.app.assignment import Assignment
from daemon.app.at_zerodha import Tell, at_zerodha
from daemon.app.connections import Opener
from daemon.brokers.zerodha.stream.socket import ROOT as TICKER_ROOT
from daemon.brokers.zerodha.transport import ROOT
from daemon.runtime.clock import Clock
from daemon.settings import Broker
from daemon.storage.vault import Vault


def openers_of(given: Assignment, vault: Vault, tell: Tell, wall: Clock) -> Mapping[str, Opener]:
    """Return how an account is opened, by the canonical id of its broker.

    Args:
        given: what is run; what it names itself comes first.
        vault: holds the credentials.
        tell: brings word of a refused session to an actor.
        wall: host time.
    """
    kite = given.settings.brokers.get("zerodha", Broker())
    roots = (kite.api_root or ROOT, kite.ws_root or TICKER_ROOT)
    return {"zerodha": at_zerodha(vault, tell, wall, *roots), **given.openers}
