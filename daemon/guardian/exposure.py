"""Whether anything is open, by the exchange's own files, which are read beside whoever writes."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from daemon.brokers.paper_exchange import exchange
from daemon.domain.market.calendar import may_trade
from daemon.errors import OrdoError, StoreError
from daemon.guardian.decision import Exposure
from daemon.settings import Settings
from daemon.storage.stored import Stored
from daemon.storage.stores import store_of
from daemon.twin.exchange import Exchange
from daemon.twin.file import SeenFile
from daemon.twin.latency import Latency
from daemon.twin.words import Status

FILES = "exchange*.sqlite"
"""The books that the exchange on paper keeps in a state folder, one of each account."""


def exposure_of(settings: Settings) -> Exposure:
    """Return what is open in all accounts.

    Market time stands where it stood last, so a market that was closed then stays closed.
    """
    reached_ns, is_open = _recorded_ns(settings), False
    try:
        for path in sorted(settings.daemon.state_dir.glob(FILES)):
            twin = seen(path)
            reached_ns = max(reached_ns, twin.reached_ns())
            is_open = is_open or bool(open_in(twin))
    except (OrdoError, OSError):
        return Exposure.UNREAD
    if not is_open:
        return Exposure.FLAT
    return Exposure.OPEN if may_trade(reached_ns) else Exposure.WAITING


def _recorded_ns(settings: Settings) -> int:
    """Return how far the ledger has come; 0: there is none, or it cannot be read now."""
    store = store_of(settings, settings.daemon.state_dir)
    try:
        owner = settings.accounts[0].owner
        return Stored(store, owner).reached_ns() if store.exists() else 0
    except (StoreError, OSError):
        return 0


def seen(path: Path) -> Exchange:
    """Return an exchange as its file stands now, whoever has that open; it is for looking alone.

    Raises:
        StoreError: it cannot be read.
    """
    with closing(SeenFile(path)) as file:
        return exchange(0, Latency(), file)


def open_in(twin: Exchange) -> list[str]:
    """Return what is open at an exchange, in words: positions, and orders that rest."""
    held = [
        f"{position.net_quantity:+d} {position.symbol}"
        for position in twin.positions()
        if position.net_quantity
    ]
    rests = [
        f"{order.side} {order.quantity - order.filled_quantity} {order.symbol} rests"
        for order in twin.orders()
        if order.status is Status.WORKING
    ]
    return [*held, *rests]
