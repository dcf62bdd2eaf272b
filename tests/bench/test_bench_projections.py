"""The projections bench measures what it says, and both stores come to the same rows."""

from __future__ import annotations

from daemon.bench import projections
from tests.kit.stores import InSchema


def test_each_store_is_measured_and_their_rows_are_equal(postgres, monkeypatch):
    monkeypatch.setattr(projections, "ROUNDS", 1)
    monkeypatch.setattr(projections, "_LEGS", 20)
    kept = InSchema(postgres)
    told = projections.bench(kept.url)

    assert list(told) == ["sqlite", "postgres"]
    assert {each["records"] for each in told.values()} == {20 * 14}
    assert all(each["fold_per_s"] > 0 and each["rebuild_per_s"] > 0 for each in told.values())
    assert told["sqlite"]["digest"] == told["postgres"]["digest"]
    assert kept.execute("SELECT count(*), min(net_quantity) FROM trades") == [(20, 0)]


def test_without_a_server_the_file_alone_is_measured(monkeypatch):
    monkeypatch.setattr(projections, "ROUNDS", 1)
    monkeypatch.setattr(projections, "_LEGS", 1)

    assert list(projections.bench()) == ["sqlite"]
