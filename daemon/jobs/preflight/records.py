"""The record's side: whether a start would take up what is recorded, by the settings of now."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.orders.words import OrderFact
from daemon.errors import SettingsError, StoreError
from daemon.errors.catalogue import entry_of
from daemon.jobs.preflight import machine
from daemon.jobs.preflight.findings import Finding, Verdict, fail, worst
from daemon.messages import CodeLoaded
from daemon.messages.strays import strays
from daemon.settings import FeedKind, Settings
from daemon.storage.codec import decode_fact
from daemon.storage.owned import require_owner
from daemon.storage.store import Store
from daemon.storage.stored import Stored
from daemon.storage.stores import store_of

_EITHER = "do one of the two; until then nothing starts"


def ledger(settings: Settings) -> Finding:
    """Say whether a start would take the ledger up: whole, known to this version, and guarded.

    A recording is played with a record of its own, so it goes by no other.
    """
    chain = machine.ledger(settings)
    if chain.verdict is not Verdict.OK or settings.feed.kind is FeedKind.REPLAY:
        return chain
    store = store_of(settings, settings.daemon.state_dir)
    refused = _refused(chain.check, settings, store) if store.exists() else ()
    return worst(chain.check, list(refused), chain.evidence)


def _refused(check: str, settings: Settings, store: Store) -> Iterator[Finding]:
    """Yield why a start would refuse records that are whole, by what it asks itself."""
    owner = settings.accounts[0].owner
    try:
        require_owner(store, owner)
        facts = map(decode_fact, Stored(store, owner).bodies())
        telling = [fact for fact in facts if isinstance(fact, OrderFact | CodeLoaded)]
    except SettingsError as error:
        yield fail(check, str(error), _EITHER)
    except StoreError as error:
        yield fail(check, str(error), entry_of(error.code).mend)
    else:
        found = strays(telling, settings.accounts).values()
        yield from (fail(check, sentence, _EITHER) for sentence in found)
