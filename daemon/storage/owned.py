"""Whose records a ledger holds."""

from __future__ import annotations

from daemon.errors import SettingsError
from daemon.storage.migrating import POSTGRES
from daemon.storage.reader import Wanted
from daemon.storage.store import Store


def require_owner(store: Store, owner: str) -> None:
    """Refuse records of another owner: of what is held by them nothing would be known.

    Where several have recorded, the newest tells who was the last to be guarded.

    Raises:
        SettingsError: they are, with what to do.
        StoreError: they cannot be read.
    """
    with store.reading() as reader:
        newest = list(reader.find(Wanted(newest_first=True, most=1)))
    theirs = newest[0].owner_id if newest else owner
    if theirs != owner:
        other = "[ledger] url" if store.dialect == POSTGRES else "[daemon] state_dir"
        raise SettingsError(
            f"the records in {store.name} are those of owner {theirs}, and [[accounts]] have the "
            f'owner {owner}, for whom nothing of them would be guarded; write owner = "{theirs}" '
            f"again, or name another {other} for a record of his own"
        )
