from __future__ import annotations

from hashlib import sha256

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.chain import GENESIS, verify
from daemon.errors import StoreError
from daemon.messages import EpochBegan, ExitLegs
from daemon.storage.codec import TICKS, Row, TicksTaken, decode, linked
from daemon.storage.recorder import Recorder
from tests.kit.facts import NOW, ORIGIN, tick

FACT = EpochBegan(1, NOW)


def recorded(steps: list, block_limit: int = 4_096) -> tuple[list[Row], Recorder]:
    """Rows and recorder after these: a number is a tick, a fact is itself."""
    rows: list[Row] = []
    recorder = Recorder("owner", rows.append, block_limit=block_limit)
    for step in steps:
        if isinstance(step, int):
            recorder.take(tick(step))
        else:
            recorder.append((step,), ORIGIN, NOW)
    return rows, recorder


def test_ticks_are_chained_as_a_block_before_the_next_fact():
    rows, _ = recorded([3, 4, FACT])
    stream = b"".join(msgspec.msgpack.encode(tick(number)) for number in (3, 4))

    assert [decode(row.body) for row in rows] == [
        TicksTaken(NOW + 3, NOW + 4, 2, sha256(stream).hexdigest()),
        FACT,
    ]


def test_a_row_says_whose_it_is_and_where_it_comes_from():
    rows, _ = recorded([3, FACT])

    assert [row[:7] for row in rows] == [
        (1, "owner", NOW + 3, "TicksTaken", TICKS.actor, 0, 0),
        (2, "owner", NOW, "EpochBegan", ORIGIN.actor, ORIGIN.message, ORIGIN.cause),
    ]


@pytest.mark.parametrize(
    ("steps", "counts"),
    [
        ([], []),
        ([1, 2], []),
        ([1, 2, 3], [3]),
        ([1, 2, 3, 4, 5, 6, 7], [3, 3]),
        ([1, FACT, FACT, 2, 3, 4], [1, 3]),
    ],
)
def test_a_full_block_ends_and_an_empty_one_is_never_written(steps, counts):
    rows, _ = recorded(steps, block_limit=3)
    blocks = [decode(row.body) for row in rows if row.kind == "TicksTaken"]

    assert [block.count for block in blocks] == counts


def test_a_digest_covers_every_tick_of_the_run():
    """Not only those of its own block, so it does not depend on where blocks end."""
    apart, _ = recorded([1, FACT, 2, FACT])
    together, _ = recorded([1, 2, FACT])

    assert decode(apart[2].body).digest == decode(together[0].body).digest


@given(st.lists(st.one_of(st.integers(0, 9), st.just(FACT)), max_size=20), st.integers(1, 4))
def test_the_rows_are_a_sound_chain_that_ends_in_its_head(steps, block_limit):
    rows, recorder = recorded(steps, block_limit)

    chain = [(row.number, linked(row), row.link) for row in rows]
    assert (verify(chain, recorder.head), len(rows)) == (None, recorder.head.count)


def test_facts_are_entered_all_or_none():
    """What cannot be recorded takes those beside it along."""
    rows, recorder = recorded([])
    with pytest.raises(StoreError, match="not a fact"):
        recorder.append((FACT, ExitLegs("s", (), "manual")), ORIGIN, NOW)

    assert (rows, recorder.head) == ([], GENESIS)
