"""The history of prices on each store: candles as they were traded, whatever cut the writing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest
from msgspec.structs import replace

from daemon.domain.instants import DAY_NS, SECOND_NS, day_of
from daemon.domain.market.frames import Frame, Quote
from daemon.errors import StoreError
from daemon.jobs import history
from daemon.jobs.history import HISTORY, SPAN_NS, History
from daemon.storage.sqlite import SqliteStore
from tests.kit.acting import DAY, clock
from tests.kit.stores import InSchema

OPEN = clock("09:15:00")
PRICES = (100, 103, 98, 101, 99, 102, 104, 97, 100)
"""One every twenty seconds."""


def frames(days: int = 0) -> list[Frame]:
    """Three minutes of two symbols, of which one is not traded at first."""
    return [
        Frame(
            OPEN + days * DAY_NS + at * 20 * SECOND_NS,
            {"A": Quote(price, 90, 75, 110, 75), "B": Quote(price if at > 4 else 0)},
        )
        for at, price in enumerate(PRICES)
    ]


def begun(kept, keep_days: int = 30, owner: str = "owner", **how: bool) -> closing[History]:
    return closing(History(kept.store, owner, keep_days, **how))


def candles(kept, symbol: str = "A", owner: str = "owner") -> list[tuple[int, ...]]:
    """Minute of each, open, high, low, close and how many prices."""
    with begun(kept, owner=owner) as read:
        query = """
            SELECT open_ns, open_e4, high_e4, low_e4, close_e4, prices FROM candles
            WHERE owner_id = ? AND symbol = ? ORDER BY open_ns
        """
        found = list(read.tables.select(query, (owner, symbol)))
    return [((opened - OPEN) // SPAN_NS, *rest) for opened, *rest in found]


EXPECTED = [(0, 100, 103, 98, 98, 3), (1, 101, 102, 99, 102, 3), (2, 104, 104, 97, 100, 3)]


def test_a_minute_of_prices_is_a_candle(kept):
    with begun(kept) as kept_history:
        kept_history.write(frames())

    assert candles(kept) == EXPECTED
    assert candles(kept, "B") == [(1, 102, 102, 102, 102, 1), EXPECTED[2]]


@pytest.mark.parametrize("size", [1, 2, 4])
def test_a_crash_between_two_batches_changes_no_candle(kept, size):
    """A candle that was cut is gone on with, and what comes once more is not counted twice."""
    told = frames()
    for at in range(0, len(told), size):
        with begun(kept) as again:
            again.write(told[max(0, at - 1) : at + size])

    assert candles(kept) == EXPECTED


def test_a_price_of_before_is_not_taken_again(kept):
    with begun(kept) as kept_history:
        kept_history.write(frames())
        kept_history.write(frames())
        kept_history.write([])

    assert candles(kept) == EXPECTED


def test_every_quote_is_kept_where_it_is_wanted(kept):
    with begun(kept, ticks=True) as kept_history:
        kept_history.write(frames())
        query = "SELECT at_ns, ltp_e4, bid_e4 FROM ticks WHERE symbol = ? ORDER BY at_ns LIMIT 2"
        assert list(kept_history.tables.select(query, ("A",))) == [
            (OPEN, 100, 90),
            (OPEN + 20 * SECOND_NS, 103, 90),
        ]
    assert candles(kept) == EXPECTED


def test_of_two_that_write_the_late_one_is_told(kept):
    with begun(kept) as one, begun(kept) as another:
        one.write(frames())
        with pytest.raises(StoreError, match="another program writes to the history"):
            another.write(frames())


def test_days_that_are_over_are_let_go_of(kept):
    with begun(kept, keep_days=2) as kept_history:
        for days in range(4):
            kept_history.write(frames(days))
        query = "SELECT DISTINCT open_ns FROM candles WHERE symbol = 'A'"
        found = {day_of(opened) for (opened,) in kept_history.tables.select(query)}

    assert found == {DAY + timedelta(days=2), DAY + timedelta(days=3)}


def test_a_symbol_that_is_quoted_no_more_is_not_remembered(kept):
    """Each expiry brings symbols of its own."""
    with begun(kept) as kept_history:
        kept_history.write(frames())
        kept_history.write([replace(each, quotes={"C": Quote(100)}) for each in frames(1)])

        assert kept_history._candles.keys() == {"C"}


def test_one_owners_days_stay_where_another_lets_go_of_his(kept):
    with begun(kept, owner="careful") as careful, begun(kept, keep_days=1) as other:
        careful.write(frames())
        other.write(frames())
        other.write(frames(1))

    assert candles(kept, owner="careful") == EXPECTED
    assert len(candles(kept)) == len(EXPECTED)


def parts(kept) -> Iterator[str]:
    query = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = ?::regclass"
    return (name.rpartition(".")[2] for (name,) in kept.execute(query, "candles"))


def test_postgres_keeps_each_day_apart_and_drops_it_whole(postgres):
    kept = InSchema(postgres)
    with begun(kept, keep_days=2) as kept_history:
        for days in range(4):
            kept_history.write(frames(days))
        plan = kept_history.tables.select(
            "EXPLAIN SELECT * FROM candles WHERE owner_id = 'owner' AND open_ns >= ?::bigint",
            (OPEN + 3 * DAY_NS,),
        )
        read = "\n".join(line for (line,) in plan)

    days = [f"candles_{DAY + timedelta(days=each):%Y%m%d}" for each in (2, 3)]
    assert sorted(parts(kept)) == days
    assert days[1] in read
    assert days[0] not in read


def test_a_range_of_time_is_found_by_an_index(kept):
    with begun(kept) as kept_history:
        kept_history.write(frames())
        query = "SELECT * FROM candles WHERE owner_id = 'owner' AND open_ns BETWEEN ? AND ?"
        if isinstance(kept.store, SqliteStore):
            (step,) = kept_history.tables.select(f"EXPLAIN QUERY PLAN {query}", (OPEN, OPEN))
            assert "USING INDEX candles_by_open_ns" in step[-1]
            return
        list(kept_history.tables.select("SET enable_seqscan = off"))
        plan = kept_history.tables.select(f"EXPLAIN {query}", (OPEN, OPEN))
        assert "owner_id_open_ns_idx" in "\n".join(line for (line,) in plan)


def test_a_history_of_another_version_is_never_dropped(kept, monkeypatch):
    with begun(kept) as kept_history:
        kept_history.write(frames())
    with monkeypatch.context() as other:
        other.setattr(history, "HISTORY", replace(HISTORY, form=2))
        with pytest.raises(StoreError, match=r"the history in .* is of another version"):
            History(kept.store, "owner", 30)

    assert candles(kept) == EXPECTED
