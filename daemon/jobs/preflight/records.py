"""The record's side: whether a start would take up what is recorded, by the settings of now."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from daemon.domain.orders.arming import PAPER
from daemon.domain.orders.words import OrderFact
from daemon.errors import SettingsError, StoreError
from daemon.errors.catalogue import entry_of
from daemon.jobs.preflight import machine
from daemon.jobs.preflight.findings import Finding, Verdict, fail, worst
from daemon.messages import BasketOpened, CodeLoaded, Fact
from daemon.messages.cells import home_of
from daemon.messages.strays import strays
from daemon.settings import FeedKind, Settings
from daemon.storage.codec import decode_fact
from daemon.storage.left_behind import lacking_beside
from daemon.storage.owned import require_owner
from daemon.storage.store import Store
from daemon.storage.stored import Stored
from daemon.storage.stores import store_of
from daemon.twin.file import name_of, require_usable

_TELLING = OrderFact | BasketOpened | CodeLoaded
_EITHER = "do one of the two; until then nothing starts"


def ledger(settings: Settings) -> Finding:
    """Say whether a start would take the ledger up: whole, known to this version, and guarded.

    A recording is played with a record of its own, so it goes by no other.
    """
    chain = machine.ledger(settings)
    if chain.verdict is not Verdict.OK or settings.feed.kind is FeedKind.REPLAY:
        return chain
    return worst(chain.check, list(_refused(chain.check, settings)), chain.evidence)


def _refused(check: str, settings: Settings) -> Iterator[Finding]:
    """Yield why a start would refuse records that are whole, by what it asks itself."""
    folder = settings.daemon.state_dir
    try:
        facts = _facts(store_of(settings, folder), settings.accounts[0].owner, folder)
        telling = [fact for fact in facts if isinstance(fact, _TELLING)]
    except SettingsError as error:
        yield fail(check, str(error), _EITHER)
    except StoreError as error:
        yield _refusal(check, error)
    else:
        found = strays(telling, settings.accounts).values()
        yield from (fail(check, sentence, _EITHER) for sentence in found)
        yield from _exchanges(check, settings, home_of(telling, settings.accounts[0].id))


def _facts(store: Store, owner: str, folder: Path) -> Iterator[Fact]:
    """Yield all that a start goes on with: the ledger, and what an emergency left behind."""
    stored = Stored(store, owner) if store.exists() else None
    if stored is not None:
        require_owner(store, owner)
    lacking = lacking_beside(folder, stored)
    if stored is not None:
        yield from map(decode_fact, stored.bodies())
    yield from lacking


def _exchanges(check: str, settings: Settings, home: str) -> Iterator[Finding]:
    """Yield why a start would refuse what the exchange on paper keeps of an account."""
    for account in settings.accounts:
        path = settings.daemon.state_dir / name_of("" if account.id == home else account.id)
        if account.broker == PAPER and path.exists():
            try:
                require_usable(path)
            except StoreError as error:
                yield _refusal(check, error)


def _refusal(check: str, error: StoreError) -> Finding:
    return fail(check, str(error), entry_of(error.code).mend)
