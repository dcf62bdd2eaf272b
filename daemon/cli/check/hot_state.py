"""What `ordo check` says of the hot state: whether it can be had, and is safe."""

from __future__ import annotations

import asyncio

from daemon.app.machine.host import this_host
from daemon.app.shown.hot_state import Where, store_of
from daemon.errors import HotStateError, SettingsError
from daemon.jobs.preflight.findings import Finding, fail, ok, warn, worst
from daemon.settings import FeedKind, Mode, Settings
from daemon.storage.hot.words import Hazard, HotStore
from daemon.telemetry.redaction import Secrets

_CHECK = "hot state"


def hot_state(settings: Settings) -> Finding:
    """Say whether the hot state can be had, and is safe; one that cannot hinders no start."""
    where = Where(
        settings=settings.hot_state,
        mode=settings.daemon.mode,
        folder=settings.daemon.state_dir,
        replays=settings.feed.kind is FeedKind.REPLAY,
    )
    try:
        store = store_of(where, this_host(), Secrets().know)
        hazards = asyncio.run(_hazards(store)) if store is not None else ()
    except HotStateError as error:
        mend = "see to it; until then every position is guarded from memory"
        return warn(_CHECK, str(error), mend)
    except SettingsError as error:
        return fail(_CHECK, str(error), "see to that file")
    if settings.hot_state.password_file is not None and settings.hot_state.redis is None:
        unread = f"{settings.hot_state.url} has no password, and password_file is not read"
        return warn(_CHECK, unread, "take it out, or let [hot_state] url name a Redis")
    if store is None:
        return ok(_CHECK, "none is kept")
    told = fail if settings.daemon.mode is not Mode.PAPER else warn
    found = [
        (told if each.certain else warn)(_CHECK, each.sentence, "see to the server")
        for each in hazards
    ]
    return worst(_CHECK, found, f"{store.kind}, {settings.hot_state.url}")


async def _hazards(store: HotStore) -> tuple[Hazard, ...]:
    try:
        return await store.hazards()
    finally:
        await store.close()
