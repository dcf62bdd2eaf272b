"""The ledger bench measures what it says, on a ledger that is whole afterwards."""

from __future__ import annotations

import pytest

from daemon.bench import ledger
from tests.kit.stores import InSchema, audited


def test_each_store_is_measured_with_facts_one_by_one_and_in_groups(postgres, monkeypatch):
    monkeypatch.setattr(ledger, "ROUNDS", 1)
    monkeypatch.setattr(ledger, "_COMMITS", 5)
    kept = InSchema(postgres)
    told = ledger.bench(kept.url)

    assert list(told) == ["sqlite", "postgres"]
    assert all(each["each_per_s"] > 0 and each["group_per_s"] > 0 for each in told.values())
    assert audited(kept).count == 5 + 5 * ledger.WAITING
    assert audited(kept).broken is None


@pytest.mark.untraced
def test_without_a_server_the_file_alone_is_measured(monkeypatch):
    monkeypatch.setattr(ledger, "ROUNDS", 1)

    assert list(ledger.bench()) == ["sqlite"]
