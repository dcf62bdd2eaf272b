"""Whose records a ledger holds is looked at, and what is advised helps where they lie."""

from __future__ import annotations

from contextlib import closing

import pytest

from daemon.errors import SettingsError
from daemon.storage.migrating import POSTGRES
from daemon.storage.owned import require_owner
from tests.kit.stores import Kept, ledger_of


@pytest.fixture
def annas(kept) -> Kept:
    with closing(ledger_of(kept, "anna")) as ledger:
        ledger.begin_epoch(1)
    return kept


def test_the_records_of_another_owner_alone_are_refused_with_what_names_others(annas):
    require_owner(annas.store, "anna")
    setting = "[ledger] url" if annas.store.dialect == POSTGRES else "[daemon] state_dir"

    with pytest.raises(SettingsError, match="are those of owner anna, and") as refused:
        require_owner(annas.store, "meera")
    assert 'write owner = "anna" again' in str(refused.value)
    assert f"name another {setting} for a record of his own" in str(refused.value)
