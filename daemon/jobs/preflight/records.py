"""The record's side: whether a start would take up what is recorded, by the settings of now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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
from daemon.storage.left_behind import lacking_beside, waiting
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
    if chain.verdict is Verdict.FAIL or settings.feed.kind is FeedKind.REPLAY:
        return chain
    folder = settings.daemon.state_dir
    try:
        stored = _stored(store_of(settings, folder), settings.accounts[0].owner)
        lacking = lacking_beside(folder, stored)
        telling = [fact for fact in _facts(stored, lacking) if isinstance(fact, _TELLING)]
    except SettingsError as error:
        return fail(chain.check, str(error), _EITHER)
    except StoreError as error:
        return _refusal(chain.check, error)
    beside = f"; and {waiting(len(lacking), folder)}" if lacking else ""
    amiss = list(_refused(chain.check, settings, telling))
    if chain.verdict is Verdict.WARN:
        amiss.append(chain)
    return worst(chain.check, amiss, chain.evidence + beside)


def _refused(check: str, settings: Settings, telling: Sequence[Fact]) -> Iterator[Finding]:
    """Yield why a start would refuse records that can be read, by what it asks itself."""
    found = strays(telling, settings.accounts).values()
    yield from (fail(check, sentence, _EITHER) for sentence in found)
    yield from _exchanges(check, settings, home_of(telling, settings.accounts[0].id))


def _stored(store: Store, owner: str) -> Stored | None:
    """Return what a ledger holds, of its owner; None: there is none yet."""
    if not store.exists():
        return None
    require_owner(store, owner)
    return Stored(store, owner)


def _facts(stored: Stored | None, lacking: Sequence[Fact]) -> Iterator[Fact]:
    """Yield all that a start goes on with: the ledger, and what an emergency left behind."""
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
