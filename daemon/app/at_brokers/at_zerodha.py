"""How an account is opened at Zerodha: its way there, and its credentials in the vault."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

from daemon.app.at_brokers.accounts import Account
from daemon.app.at_brokers.connections import Opened, Opener
from daemon.brokers.zerodha.broker import Zerodha
from daemon.brokers.zerodha.client import Client
from daemon.brokers.zerodha.contracts import Contracts
from daemon.brokers.zerodha.headless import Headless
from daemon.brokers.zerodha.login import SITE
from daemon.brokers.zerodha.prices import Prices
from daemon.brokers.zerodha.signing_in import SigningIn
from daemon.brokers.zerodha.stream.socket import ROOT as TICKER_ROOT
from daemon.brokers.zerodha.stream.socket import Access, access
from daemon.brokers.zerodha.stream.ticker import Around, Ticker
from daemon.brokers.zerodha.transport import ROOT, way_to
from daemon.errors import SessionRefused
from daemon.messages import RenewSession
from daemon.runtime.clock import Clock, MonotonicClock
from daemon.settings import Broker
from daemon.storage.contract_file import ContractFile
from daemon.storage.sealed import Sealed
from daemon.storage.vault import Vault
from daemon.twin.file import TwinFile

Tell = Callable[[str, RenewSession], object]
"""Brings word to an actor."""
Say = Callable[[str], object]
"""Tells whoever runs the daemon."""


class _Market:
    """Market time as a clock.

    Args:
        now_ns: tells it.
    """

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self.now_ns = now_ns


def at_zerodha(vault: Vault, tell: Tell, wall: Clock, terms: Broker, say: Say) -> Opener:
    """Return how accounts are opened at Zerodha.

    Args:
        vault: holds their credentials, and keeps their sessions; beside it lie their contracts.
        tell: brings word of a refused session to the keeper of that account.
        wall: host time.
        terms: what was set for the broker.
        say: is told what is amiss with their contracts, and with orders.
    """
    root, ticker_root = terms.api_root or ROOT, terms.ws_root or TICKER_ROOT

    def open_account(account: Account, _: TwinFile | None, now_ns: Callable[[], int]) -> Opened:
        def refused(generation: int) -> None:
            tell(f"session_keeper:{account.id}", RenewSession(account.id, generation))

        client = Client(way_to(terms), MonotonicClock(), refused)
        file = ContractFile(vault.path.parent, account.id, root)
        contracts = Contracts(file.find, file.keep)
        sealed = Sealed(vault, account.id, wall)
        headless = Headless(sealed, now_ns, wall, SITE if root == ROOT else root)
        alone = headless if account.headless_login else None
        signing_in = SigningIn(client, sealed, now_ns, alone)
        broker = Zerodha(client, contracts, signing_in, now_ns)
        around = Around(
            access=partial(_access, client, ticker_root),
            running=MonotonicClock(),
            market=_Market(now_ns),
            dice=random.Random(wall.now_ns()),  # noqa: S311  no secret hangs on it
        )
        ticker = Ticker(around, contracts.of_symbol)
        prices = Prices(ticker, contracts, broker.quotes, broker.keep_up)
        broker.on_ready = partial(prices.ready, renewed=True)
        contracts.on_fetched, contracts.on_amiss = partial(prices.ready, renewed=False), say
        client.on_amiss = say
        return Opened(broker, close=broker.close, market=prices)

    return open_account


def _access(client: Client, root: str) -> Access | None:
    """Return what opens the ticker with the present session; None: there is none."""
    try:
        session = client.standing()
    except SessionRefused:
        return None
    return access(session.generation, session.api_key, session.access_token, root)
